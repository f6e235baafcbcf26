"""The report of an import of a catalogue, as commands print it."""

from collections.abc import Iterator
from typing import Any

from classifier.core.bands import BANDS
from labeling.number_texts import count_text


def catalogue_lines(report: dict[str, Any]) -> Iterator[str]:
    """Yield the lines of a report."""
    candidates = count_text(report["candidates"], "candidate")
    yield f"{_rows(report['rows'])} read, {candidates} with stamps."
    for reason, n in report["set_aside"].items():
        yield f"  {n} set aside: {reason}"
    for source, counts in report["references"].items():
        classes = ", ".join(f"class {label}: {n}" for label, n in counts.items())
        yield f"  reference “{source}”: {classes}"
    for name, column in report.get("columns", {}).items():
        yield f"  {name}: column {column}"
    # PostgreSQL sorts the keys of JSON.
    of_band = report.get("bands", {})
    for band, counts in ((band, of_band[band]) for band in BANDS if band in of_band):
        detected = counts["detected"]
        magnitudes = "no magnitudes" if detected is None else f"detected in {_rows(detected)}"
        yield f"  {band}: observed in {_rows(counts['observed'])}, {magnitudes}"
    if rule := report.get("band_rule"):
        yield from _band_rule_lines(rule)
    for note in report.get("notes", []):
        yield f"  {note}"


def _band_rule_lines(rule: dict[str, Any]) -> Iterator[str]:
    """Yield the band rule, and how many rows have how many bands."""
    yield (
        f"  Put to the vote if observed in {rule['min_observed']} and detected in "
        f"{count_text(rule['min_detected'], 'band')} (--min-observed, --min-detected)."
    )
    for kind in ("observed", "detected"):
        counts = rule[f"by_bands_{kind}"].items()
        if counts:
            numbers = ", ".join(f"{count_text(int(k), 'band')}: {n}" for k, n in counts)
            yield f"  Rows by bands {kind}: {numbers}"


def _rows(count: int) -> str:
    return count_text(count, "row")
