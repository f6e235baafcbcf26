"""What an import of a catalogue finds, as JSON: counts by class, band and reason, first rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from classifier.core.bands import BANDS
from classifier.core.classes import MorphologicalClass
from labeling.ingest.candidate_rows import Sources
from labeling.ingest.tables import Catalogue
from labeling.rules.band_rule import BandRule

PREVIEW_ROWS = 5


def catalogue_report(catalogue: Catalogue, sources: Sources, rule: BandRule) -> dict[str, Any]:
    """Return how many rows are put to the vote and why others are not, and what was recognised."""
    counts = np.bincount(sources.reason, minlength=len(sources.reasons)).tolist()
    by_reason = dict(zip(sources.reasons, counts, strict=True))
    detected = _detected(catalogue)
    return {
        "rows": len(catalogue),
        "columns": catalogue.shown_columns or catalogue.columns,
        "candidates": by_reason.pop("", 0),
        "stamps": {"rows": int((sources.pack_row >= 0).sum())},
        "set_aside": dict(sorted(by_reason.items())),
        "references": {
            source: {str(int(k)): int(np.sum(labels == k)) for k in MorphologicalClass}
            for source, labels in catalogue.references.items()
        },
        "bands": {
            band: {
                "observed": int(sources.observed[:, k].sum()),
                "detected": _count(catalogue.magnitudes, band),
            }
            for k, band in enumerate(BANDS)
        },
        "band_rule": {
            "min_observed": rule.min_observed,
            "min_detected": rule.min_detected,
            "by_bands_observed": _histogram(sources.observed.sum(axis=1)),
            "by_bands_detected": _histogram(detected) if catalogue.magnitudes else {},
        },
        "notes": list(catalogue.notes),
        "preview": [
            _row(catalogue, sources, row) for row in range(min(PREVIEW_ROWS, len(catalogue)))
        ],
    }


def _detected(catalogue: Catalogue) -> Any:
    """Return the number of bands with a magnitude, by row."""
    detected = np.zeros(len(catalogue), dtype=np.int64)
    for magnitudes in catalogue.magnitudes.values():
        detected += np.isfinite(magnitudes)
    return detected


def _count(magnitudes: Mapping[str, Any], band: str) -> int | None:
    """Return in how many rows a band has a magnitude; None if the catalogue lacks it."""
    return int(np.isfinite(magnitudes[band]).sum()) if band in magnitudes else None


def _histogram(values: Any) -> dict[str, int]:
    """Return how many rows have each number of bands, the largest number first."""
    counts = np.bincount(values, minlength=len(BANDS) + 1).tolist()
    return {str(n): count for n, count in reversed(list(enumerate(counts))) if count}


def _row(catalogue: Catalogue, sources: Sources, row: int) -> dict[str, Any]:
    """Return one row as it will be stored; pixels count from 1, as in exports."""
    numbers = {
        "x_pix": sources.x[row] + 1,
        "y_pix": sources.y[row] + 1,
        "ra_deg": sources.ra[row],
        "dec_deg": sources.dec[row],
        **{f"mag_{band.lower()}": values[row] for band, values in catalogue.magnitudes.items()},
        **{f"mag_err_{band.lower()}": values[row] for band, values in catalogue.errors.items()},
        "ci": catalogue.ci[row],
    }
    labels = {source: int(values[row]) or None for source, values in catalogue.references.items()}
    return {
        "catalogue_id": catalogue.ids[row],
        **{name: float(value) if np.isfinite(value) else None for name, value in numbers.items()},
        "references": labels,
        "kept": {name: values[row] for name, values in catalogue.kept.items()},
        "set_aside": sources.reasons[sources.reason[row]],
    }
