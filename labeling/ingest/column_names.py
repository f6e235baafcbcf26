"""The standard names of a catalogue's columns, and the names that files have for them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches

from classifier.core.bands import BANDS, FILTERS, band_of

_ALIASES: dict[str, tuple[str, ...]] = {
    "id": ("catalogue_id", "source_id", "number", "objid", "recno"),
    "x": ("x_pix", "x_image", "xpos", "x_px"),
    "y": ("y_pix", "y_image", "ypos", "y_px"),
    "ra": ("ra_deg", "ra_icrs", "raj2000", "_raj2000", "ra_j2000", "alpha_j2000", "radeg"),
    "dec": ("dec_deg", "de_icrs", "dej2000", "_dej2000", "dec_j2000", "delta_j2000", "dedeg"),
    "ci": ("concentration_index",),
}
"""Other names, in small letters, by standard name; the first that the table has is used."""

_FILTER = r"f\d{3}w"
_MAGNITUDES = tuple(
    re.compile(pattern)
    for pattern in (
        r"mag_(?P<filter>\w+)",
        rf"(?P<filter>{_FILTER})_?(?:mag|vega)",
        rf"m_?(?P<filter>{_FILTER})",
    )
)
_ERRORS = tuple(
    re.compile(pattern)
    for pattern in (
        r"err_(?P<filter>\w+)",
        rf"(?:e|err|mag_?err|e_mag)_?(?P<filter>{_FILTER})(?:_?mag)?",
        rf"mag_(?P<filter>{_FILTER})_err",
        rf"(?P<filter>{_FILTER})_?(?:mag_?|vega_)?err",
    )
)


def is_standard(name: str) -> bool:
    """True for id, x, y, ra, dec, ci, and for mag_ or err_ with a filter or band."""
    if name in _ALIASES:
        return True
    kind, _, band = name.partition("_")
    if kind not in {"mag", "err"}:
        return False
    try:
        band_of(band)
    except ValueError:
        return False
    return True


def standard_names() -> list[str]:
    """Return all standard names, filters by those of each band."""
    words = [*BANDS, *FILTERS.values(), "F435W", "F606W"]
    return [*_ALIASES, *(f"{kind}_{word}" for kind in ("mag", "err") for word in words)]


def aliases(name: str) -> tuple[str, ...]:
    """Return the names, in small letters, by which a file's column is taken for this one."""
    return (name.lower(), *_ALIASES.get(name, ()))


def photometry_of(column: str) -> tuple[str, str] | None:
    """Return `mag` or `err` and the filter or band of a column by its name, or None."""
    for kind, patterns in (("err", _ERRORS), ("mag", _MAGNITUDES)):
        for pattern in patterns:
            match = pattern.fullmatch(column.lower())
            if match and not (kind == "mag" and match["filter"].endswith("_err")):
                return kind, match["filter"]
    return None


def near(name: str, candidates: Iterable[str], n: int = 3) -> str:
    """Return a clause that offers names like this one; empty if there is none."""
    by_lower = {candidate.lower(): candidate for candidate in candidates}
    matches = get_close_matches(name.lower(), by_lower, n=n, cutoff=0.5)
    return f"; did you mean {' or '.join(by_lower[match] for match in matches)}?" if matches else ""
