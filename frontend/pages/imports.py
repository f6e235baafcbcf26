"""The data of the pages of imports: progress, and what a preview shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from classifier.core.bands import BANDS
from labeling.models import ImportJob
from labeling.number_texts import share_text


@dataclass(frozen=True)
class ImportProgress:
    """What a worker is doing for an import; the share is None where it is unknown."""

    step: str
    share: float | None
    complete: int
    total: int
    seconds_left: float | None


def import_progress(job: ImportJob) -> ImportProgress | None:
    """Return the worker's last report; None before the first one."""
    report = job.progress
    if not report:
        return None
    complete, total = report["complete"], report["total"]
    share = complete / total if total else None
    return ImportProgress(report["step"], share, complete, total, report.get("seconds_left"))


@dataclass(frozen=True)
class Points:
    """Positions on the map, as the path of an SVG, and their colour's name."""

    name: str
    path: str


@dataclass(frozen=True)
class PreviewDescription:
    """What a preview shows, in the order of the page."""

    mosaics: list[dict[str, Any]]
    catalogue: Mapping[str, Any]
    header: list[str]
    rows: list[list[Any]]
    bands: list[tuple[str, Any, Any]]
    notes: list[str]
    points: list[Points]
    map: Mapping[str, Any]
    stamps: list[Mapping[str, Any]]
    selection: Sequence[str]
    """What was detected on the mosaics, and what each cut removes."""


def describe_preview(job: ImportJob) -> PreviewDescription | None:
    """Return what the job's preview shows; None if nothing was read yet."""
    preview = job.preview
    if not preview:
        return None
    catalogue = preview.get("catalogue", {})
    header, rows = _first_rows(catalogue.get("preview", []))
    frame = preview.get("map", {})
    plan = preview.get("field", {})
    return PreviewDescription(
        mosaics=[_mosaic(mosaic) for mosaic in plan.get("mosaics", [])],
        catalogue=catalogue,
        header=header,
        rows=rows,
        bands=_bands(catalogue),
        notes=[*plan.get("notes", []), *catalogue.get("notes", [])],
        points=_paths(preview.get("points", {}), frame),
        map=frame,
        stamps=[
            {**stamp, "picture": f"stamp-{number}"}
            for number, stamp in enumerate(preview.get("stamps", []), 1)
        ],
        selection=preview.get("selection", {}).get("sentences", []),
    )


def _mosaic(mosaic: dict[str, Any]) -> dict[str, Any]:
    """Return a mosaic with its file's name, and as a text how it lies to the reference band."""
    name = str(mosaic.get("path", "")).rpartition("/")[2]
    dx, dy = mosaic.get("offset_px") or (0.0, 0.0)
    offset = "same frame" if not (dx or dy) else f"{dx:+.3g}, {dy:+.3g} px"
    if (share := mosaic.get("covered_share", 1.0)) < 1:
        offset += f", covers {share_text(share)}"
    return {**mosaic, "name": name, "offset": offset.replace("-", "−")}


def _bands(catalogue: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    """Return each band with the numbers of rows that it covers and detects."""
    counts = catalogue.get("bands", {})
    return [
        (band, counts[band].get("observed"), counts[band].get("detected"))
        for band in BANDS
        if band in counts
    ]


def _first_rows(rows: Sequence[Mapping[str, Any]]) -> tuple[list[str], list[list[Any]]]:
    """Return names and cells of the first rows, as they will be stored; without empty columns."""
    flat = []
    for row in rows:
        cells = {k: v for k, v in row.items() if k not in {"references", "kept", "set_aside"}}
        cells |= row.get("references", {})
        cells |= row.get("kept", {})
        flat.append({**cells, "set aside": row.get("set_aside", "")})
    names = [name for name in (flat[0] if flat else {}) if any(row[name] for row in flat)]
    return names, [[_cell(row[name]) for name in names] for row in flat]


def _cell(value: Any) -> Any:
    return f"{value:.10g}" if isinstance(value, float) else value


def _radius(frame: Mapping[str, Any]) -> int:
    """Return the radius of the rings on the map, in px of the mosaic."""
    longest: int = max(frame.get("width", 1), frame.get("height", 1))
    return max(2, round(longest / 110))


def _paths(points: Mapping[str, Any], frame: Mapping[str, Any]) -> list[Points]:
    """Return rings about the positions as paths of an SVG, whose y axis points down."""
    height = frame.get("height", 0)
    r = _radius(frame)
    ring = f"a{r} {r} 0 1 0 {2 * r} 0a{r} {r} 0 1 0 {-2 * r} 0"
    return [
        Points(name, "".join(f"M{x - r:g} {height - 1 - y:g}{ring}" for x, y in points[name]))
        for name in ("set_aside", "used")
        if points.get(name)
    ]
