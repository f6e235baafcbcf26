"""Cells that hold no value: empty ones, words such as INDEF, and numbers such as 99.999 or -9999.

Magnitudes and their errors have numbers for "no value" that differ from survey to survey: LEGUS has
99.999 (not detected), 66.666 (outside the frame) and 44.444 (no aperture correction), SExtractor
99, PHANGS-HST -9999. No star cluster is brighter than 5 mag or fainter than 40.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from labeling.ingest.table_data import Chunk
from labeling.number_texts import count_text

Numbers = NDArray[np.float64]

MISSING_WORDS = frozenset(
    {"", "nan", "null", "none", "n/a", "na", "indef", "undef", "-", "--", "---", "...", "…"}
)
"""Cells of text, in small letters, that mean no value."""
SENTINELS = (99.999, 66.666, 44.444)
"""LEGUS's magnitudes for missing: not detected, outside the frame, no aperture correction."""
BRIGHTEST, FAINTEST = 5.0, 40.0
"""Apparent magnitudes of any source in a catalogue."""
LARGEST_ERROR = 2.5 / np.log(10)
"""Error of a magnitude at a signal-to-noise ratio of 1; beyond it, nothing was detected."""

_LEAST_SENTINEL = 90.0
"""Of any magnitude or error of this size, either sign, the only meaning is "no value"."""
_TOLERANCE = 1e-4


@dataclass
class MissingValues:
    """Decides which cells of one table hold no value, and counts them by column and value."""

    words: frozenset[str] = MISSING_WORDS
    numbers: tuple[float, ...] = ()
    counts: dict[str, Counter[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, cells: Collection[str]) -> MissingValues:
        """Return the usual ones and those of an option or a description."""
        numbers = []
        for cell in cells:
            try:
                numbers.append(float(cell))
            except ValueError:
                continue
        words = MISSING_WORDS | {cell.strip().lower() for cell in cells}
        return cls(words=words, numbers=tuple(numbers))

    def count(self, column: str, values: Counter[str]) -> None:
        """Add cells of a column that hold no value."""
        if values:
            counter = self.counts.setdefault(column, Counter())
            for cell, n in values.items():
                counter[_shown(cell)] += n

    def stated(self, values: Numbers) -> NDArray[np.bool_]:
        """Return True where a number is one that the options or the description name."""
        is_missing = np.zeros(values.shape, dtype=bool)
        for number in self.numbers:
            is_missing |= np.isclose(values, number, rtol=0, atol=_TOLERANCE)
        return is_missing

    def remove(self, column: str, values: Numbers, where: NDArray[np.bool_]) -> None:
        """Set the values there to NaN, and count them."""
        where = where & ~np.isnan(values)
        distinct, counts = np.unique(values[where], return_counts=True)
        for value, n in zip(distinct, counts, strict=True):
            self.counts.setdefault(column, Counter())[f"{value:g}"] += int(n)
        values[where] = np.nan

    def notes(self, shown: Callable[[str], str] = str) -> list[str]:
        """Return a sentence for each column with cells that hold no value.

        `shown` returns a column as sentences name it.
        """
        notes = []
        for column, counter in self.counts.items():
            listing = ", ".join(f"{n} × {value}" for value, n in counter.most_common(6))
            more = f" and {len(counter) - 6} more" if len(counter) > 6 else ""
            cells = count_text(counter.total(), "cell")
            notes.append(f"Column {shown(column)}: no value in {cells} ({listing}{more}).")
        return notes


def _shown(cell: str) -> str:
    """Return a cell as it is shown in a sentence: a number as a number, a word in quotes."""
    try:
        return f"{float(cell):g}"
    except ValueError:
        return repr(cell)


def is_sentinel(values: Numbers) -> NDArray[np.bool_]:
    """Return True where a magnitude or an error is a number that stands for no value."""
    with np.errstate(invalid="ignore"):
        is_missing = np.abs(values) >= _LEAST_SENTINEL
    for sentinel in SENTINELS:
        is_missing |= np.isclose(values, sentinel, rtol=0, atol=_TOLERANCE)
    return is_missing


def is_negative_sentinel(values: Numbers) -> NDArray[np.bool_]:
    """Return True for -99, -999.9, -9999 and their like, which are no coordinates or classes."""
    is_missing = np.zeros(values.shape, dtype=bool)
    for digits in (99, 99.9, 99.99, 99.999, 999, 999.9, 999.99, 9999):
        is_missing |= np.isclose(values, -digits, rtol=0, atol=1e-9)
    return is_missing


def texts_of(chunk: Chunk) -> list[str | None]:
    """Return cells as text; None where one is masked."""
    mask = np.ma.getmaskarray(chunk)
    data = np.ma.getdata(chunk)
    return [
        None if masked else (cell.decode() if isinstance(cell, bytes) else str(cell))
        for cell, masked in zip(
            data.tolist() if data.dtype.kind in "SU" else data, mask, strict=True
        )
    ]
