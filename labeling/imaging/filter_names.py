"""The filter of an image, as headers write it: `F814W`, `CLEAR1L;F814W`, `WFC3/F555W`, PHOTMODE."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from astropy.io import fits

from classifier.core.bands import band_of

FILE_NAME = "file name"
"""Source of a filter that no header names; a person must confirm it."""
KEYWORDS = ("FILTER", "FILTNAM1", "FILTNAM2", "FILTER1", "FILTER2")
_HUBBLE = re.compile(r"(?<![A-Z0-9])F(?:R|Q)?\d{3,4}(?:LP|[MNWX])(?![A-Z0-9])")
_NO_FILTER = re.compile(r"CLEAR|N/A|NONE|OPEN|-|UNDEFINED|\d+(\.\d*)?$")


def filter_name(headers: Sequence[fits.Header], path: Path) -> tuple[str, str]:
    """Return the filter and where it was read: a keyword, or FILE_NAME as the last resort.

    `headers` are those of the image and of the primary HDU; the first that names a filter counts.
    Two filters in one beam give both names. Two empty texts if nothing names a filter.
    """
    for header in headers:
        for keywords in (KEYWORDS, ("PHOTMODE",), ("EXTNAME",)):
            texts = {word: str(header.get(word, "")).strip().upper() for word in keywords}
            if name := _hubble_filter(" ".join(texts.values())):
                sources = [word for word, text in texts.items() if name.split()[0] in text]
                return name, sources[0]
        for word in KEYWORDS:
            text = str(header.get(word, "")).strip()
            if text and not _NO_FILTER.match(text.upper()):
                return text.upper(), word
    name = _hubble_filter(re.sub(r"[_-]", " ", path.name.upper()))
    return (name, FILE_NAME) if name and " " not in name else ("", "")


def filter_in_name(path: Path) -> str:
    """Return the filter that a file's name holds; empty without one, or with several."""
    return filter_name([], path)[0]


def filters_by_band(text: str) -> dict[str, str]:
    """Return the filters, or names of bands, in a text by band, as in `CLEAR1L;F814W` or `V`."""
    filters = {}
    for word in re.split(r"[^A-Za-z0-9]+", text):
        with suppress(ValueError):
            filters[band_of(word)] = word.upper()
    return filters


def _hubble_filter(text: str) -> str:
    """Return the filters in a text, in the order in which they come."""
    return " and ".join(dict.fromkeys(_HUBBLE.findall(text.replace("_", " "))))
