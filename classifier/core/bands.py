"""The five bands of every candidate, and the filters that map to them."""

from collections.abc import Collection
from types import MappingProxyType

BANDS = ("NUV", "U", "B", "V", "I")
"""Order of the band axis everywhere: stamps, magnitudes, network input."""

FILTERS = MappingProxyType({"NUV": "F275W", "U": "F336W", "B": "F438W", "V": "F555W", "I": "F814W"})
"""WFC3/UVIS filter of each band, the surveys' usual choice."""

_BAND_OF_FILTER = MappingProxyType(
    {
        "F275W": "NUV",
        "F336W": "U",
        "F435W": "B",
        "F438W": "B",
        "F555W": "V",
        "F606W": "V",
        "F814W": "I",
    }
)


def band_of(name: str) -> str:
    """Return the band of a filter (`F435W`, in any case) or of a band's own name (`B`).

    Raises ValueError, naming the filters that have one, for anything else.
    """
    word = name.strip().upper()
    if word in BANDS:
        return word
    if word not in _BAND_OF_FILTER:
        filters = ", ".join(sorted(_BAND_OF_FILTER))
        raise ValueError(f"{name!r} is not a filter of the five bands (known: {filters})")
    return _BAND_OF_FILTER[word]


def reference_band(bands: Collection[str]) -> str:
    """Return the band to whose frame catalogue positions refer: V if present."""
    return "V" if "V" in bands else next(band for band in BANDS if band in bands)
