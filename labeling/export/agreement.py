"""Agreement of pairs of raters, and of the group, as rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from classifier.core.classes import CLASSES
from classifier.core.statistics import Interval
from labeling.agreement.groups import GroupAgreement
from labeling.agreement.pairs import Agreement
from labeling.agreement.raters import RaterPair
from labeling.export.rows import Row
from labeling.files.json_values import finite

_SHARES = (
    "share",
    "share_compact",
    "kappa",
    "kappa_compact",
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

_COEFFICIENTS = ("fleiss", "alpha")
GROUP_COLUMNS = (
    "what",
    "raters",
    "votes_each",
    *(f"{name}{end}" for name in _COEFFICIENTS for end in ("", "_low", "_high", "_n")),
)
"""`what` is `classes` (1 to 4) or `compact` (1 or 2, or not); `_n` ends the number of candidates
behind a figure."""


def agreement_rows(pairs: Iterable[RaterPair]) -> Iterator[Row]:
    """Yield one row for each pair; None where there is nothing to divide by."""
    for pair in pairs:
        found = pair.agreement
        row: Row = {name: getattr(pair, name) for name in _RATERS} | {"n": found.n}
        for name, (value, (low, high)) in zip(_SHARES, _with_intervals(found), strict=True):
            row |= {name: value, f"{name}_low": low, f"{name}_high": high}
        row["share_wilson_low"], row["share_wilson_high"] = found.interval
        counts = (count for counted in found.confusion for count in counted)
        yield finite(row | dict(zip(_COUNTS, counts, strict=True)))


def group_rows(groups: Mapping[str, GroupAgreement]) -> Iterator[Row]:
    """Yield one row for each way to take the classes; None where nothing can be said."""
    for what, group in groups.items():
        row: Row = {"what": what, "raters": group.raters, "votes_each": group.votes_each}
        for name in _COEFFICIENTS:
            found = getattr(group, name)
            low, high = found.interval
            row |= {name: found.value, f"{name}_low": low, f"{name}_high": high}
            row[f"{name}_n"] = found.n
        yield finite(row)


def _with_intervals(found: Agreement) -> list[tuple[float, Interval]]:
    """The figures in the order of their columns."""
    drawn = found.bootstrap
    return [
        (found.share, drawn.share),
        (found.share_compact, drawn.share_compact),
        (found.kappa, drawn.kappa),
        (found.kappa_compact, drawn.kappa_compact),
        *zip(found.per_class, drawn.per_class, strict=True),
        *zip(found.per_compact, drawn.per_compact, strict=True),
    ]
