"""Agreement of pairs of raters, and of the group, as rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from classifier.core.classes import CLASSES
from classifier.core.statistics import Interval
from labeling.agreement.groups import GroupAgreement
from labeling.agreement.pairs import PairAgreement
from labeling.agreement.raters import RaterPair
from labeling.export.rows import Row
from labeling.files.json_values import nonfinite_to_none

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
    *(f"{name}_undefined" for name in _SHARES[2:]),
)
"""`_low` and `_high` are the ends of the 95 % interval: Wilson's of shares, a bootstrap's of kappa,
empty if too many resamples lack it; `_undefined` is the number of those without the figure. `n_12`
counts candidates in class 1 of the first rater and class 2 of the second."""

_COEFFICIENTS = ("fleiss", "alpha")
GROUP_COLUMNS = (
    "what",
    "raters",
    "votes_each",
    *(f"{name}{end}" for name in _COEFFICIENTS for end in ("", "_low", "_high", "_n")),
    *(f"{name}_undefined" for name in _COEFFICIENTS),
)
"""`what` is `classes` (1 to 4) or `compact` (1 or 2, or not); `_n` is the number of candidates."""


def agreement_rows(pairs: Iterable[RaterPair]) -> Iterator[Row]:
    """Yield one row for each pair; undefined figures are None."""
    for pair in pairs:
        agreement = pair.agreement
        row: Row = {name: getattr(pair, name) for name in _RATERS} | {"n": agreement.n}
        for name, (value, (low, high)) in zip(_SHARES, _with_intervals(agreement), strict=True):
            row |= {name: value, f"{name}_low": low, f"{name}_high": high}
        row["share_wilson_low"], row["share_wilson_high"] = agreement.interval
        counts = (count for counts_of_class in agreement.confusion for count in counts_of_class)
        undefined = agreement.bootstrap.undefined
        numbers = (
            undefined.kappa,
            undefined.kappa_compact,
            *undefined.per_class,
            *undefined.per_compact,
        )
        row |= dict(zip((f"{name}_undefined" for name in _SHARES[2:]), numbers, strict=True))
        yield nonfinite_to_none(row | dict(zip(_COUNTS, counts, strict=True)))


def group_rows(groups: Mapping[str, GroupAgreement]) -> Iterator[Row]:
    """Yield one row for each grouping of the classes; undefined figures are None."""
    for grouping, group in groups.items():
        row: Row = {"what": grouping, "raters": group.raters, "votes_each": group.votes_each}
        for name in _COEFFICIENTS:
            coefficient = getattr(group, name)
            low, high = coefficient.interval
            row |= {name: coefficient.value, f"{name}_low": low, f"{name}_high": high}
            row |= {f"{name}_n": coefficient.n, f"{name}_undefined": coefficient.undefined}
        yield nonfinite_to_none(row)


def _with_intervals(agreement: PairAgreement) -> list[tuple[float, Interval]]:
    """Return the figures and their intervals in the order of their columns."""
    intervals = agreement.bootstrap
    return [
        (agreement.share, intervals.share),
        (agreement.share_compact, intervals.share_compact),
        (agreement.kappa, intervals.kappa),
        (agreement.kappa_compact, intervals.kappa_compact),
        *zip(agreement.per_class, intervals.per_class, strict=True),
        *zip(agreement.per_compact, intervals.per_compact, strict=True),
    ]
