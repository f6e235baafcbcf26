"""Agreement of pairs of raters, as rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from labeling.agreement import CLASSES, Agreement
from labeling.agreement_bootstrap import Interval
from labeling.export.rows import Row
from labeling.plain_json import finite
from labeling.ratings import Pair

_SHARES = (
    "share",
    "share_compact",
    "kappa",
    *(f"agreement_class{label}" for label in CLASSES),
    "agreement_class12",
    "agreement_class34",
)
_RATERS = ("first", "first_kind", "second", "second_kind")
_COUNTS = tuple(f"n_{row}{column}" for row in CLASSES for column in CLASSES)
COLUMNS = (
    *_RATERS,
    "n",
    *(f"{name}{end}" for name in _SHARES for end in ("", "_low", "_high")),
    "share_wilson_low",
    "share_wilson_high",
    *_COUNTS,
)
"""`_low` and `_high` end the bootstrap 95 % interval; `n_12` counts the first rater's class 1 that
is the second's class 2."""


def agreement_rows(pairs: Iterable[Pair]) -> Iterator[Row]:
    """Yield one row for each pair; None where there is nothing to divide by."""
    for pair in pairs:
        found = pair.agreement
        row: Row = {name: getattr(pair, name) for name in _RATERS} | {"n": found.n}
        for name, (value, (low, high)) in zip(_SHARES, _with_intervals(found), strict=True):
            row |= {name: value, f"{name}_low": low, f"{name}_high": high}
        row["share_wilson_low"], row["share_wilson_high"] = found.interval
        counts = (count for counted in found.confusion for count in counted)
        yield finite(row | dict(zip(_COUNTS, counts, strict=True)))


def _with_intervals(found: Agreement) -> list[tuple[float, Interval]]:
    """The figures in the order of their columns."""
    drawn = found.bootstrap
    return [
        (found.share, drawn.share),
        (found.share_compact, drawn.share_compact),
        (found.kappa, drawn.kappa),
        *zip(found.per_class, drawn.per_class, strict=True),
        *zip(found.per_compact, drawn.per_compact, strict=True),
    ]
