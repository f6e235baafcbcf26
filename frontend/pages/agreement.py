"""The tables and bars of the agreement pages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classifier.core.classes import CLASSES
from classifier.core.published import (
    CLASS_AGREEMENT,
    COMPACT_AGREEMENT,
    SAME_EXPERT,
    PublishedPair,
)
from classifier.core.statistics import Interval
from frontend.pages.confusion import MatrixRow, counted_rows
from frontend.templatetags.formats import bootstrap_interval
from labeling.agreement.raters import CONSENSUS, EXPERT, NETWORK, REFERENCE, REPEATS, RaterPair

BAR_WIDTH, BAR_HEIGHT = 400, 18
"""Units of the view box of a bar from 0 to 100 %."""


@dataclass(frozen=True)
class Kind:
    """A kind of rater that experts are compared with: titles by reader, and a note."""

    second_kind: str
    title: str
    personal_title: str
    note: str = ""
    published: PublishedPair | None = None


_KINDS = (
    Kind(EXPERT, "Experts with each other", "You and the other experts"),
    Kind(
        CONSENSUS,
        "Experts and the consensus of the others",
        "You and the consensus of the others",
        "The consensus is computed without the expert’s own vote.",
    ),
    Kind(
        REPEATS,
        "Experts and themselves",
        "You and yourself",
        "Some candidates are shown a second time, without notice; rows are the first vote, "
        "columns the second. First votes that were taken back are left out.",
        SAME_EXPERT,
    ),
    Kind(REFERENCE, "Experts and published catalogues", "You and published catalogues"),
    Kind(
        NETWORK,
        "Experts and the promoted network",
        "You and the promoted network",
        "On the control sample only.",
    ),
)


@dataclass(frozen=True)
class Matrix:
    """A pair of raters and its confusion matrix."""

    pair: RaterPair
    rows: list[MatrixRow]

    @property
    def caption(self) -> str:
        """Return whose classes the rows are, and whose the columns."""
        return f"{self.pair.first} (rows) and {self.pair.second} (columns)"

    @property
    def by_class(self) -> list[tuple[float, str]]:
        """The share in each class, and in 1 + 2, with its interval as text."""
        agreement = self.pair.agreement
        shares = (*agreement.per_class, agreement.per_compact[0])
        intervals = (*agreement.bootstrap.per_class, agreement.bootstrap.per_compact[0])
        return [
            (share, bootstrap_interval(interval, unit="%"))
            for share, interval in zip(shares, intervals, strict=True)
        ]


@dataclass(frozen=True)
class Section:
    """Pairs of the same kind, and the published pair of that kind, if there is one."""

    title: str
    note: str
    matrices: list[Matrix]
    published: PublishedPair | None = None


@dataclass(frozen=True)
class PairDot:
    """One pair's agreement on a class, as a dot on its bar."""

    x: float
    title: str


@dataclass(frozen=True)
class ClassBar:
    """The agreement of two experts on a class: all pairs together, each pair, and published."""

    name: str
    share: float
    lowest: float
    highest: float
    published: str
    band_x: float
    band_width: float
    dots: list[PairDot]


def sections(pairs: Iterable[RaterPair], *, personal: bool) -> list[Section]:
    """Return the pairs by kind, in each the pair with most candidates first.

    The titles of a personal page speak to the expert.
    """
    matrices = [Matrix(pair, counted_rows(pair.agreement.confusion)) for pair in pairs]
    matrices.sort(key=lambda matrix: -matrix.pair.agreement.n)
    by_kind = [
        Section(
            kind.personal_title if personal else kind.title,
            kind.note,
            [m for m in matrices if _kinds(m.pair) == (EXPERT, kind.second_kind)],
            kind.published,
        )
        for kind in _KINDS
    ]
    without_experts = Section(
        "Consensus, catalogues and the promoted network",
        "The network on the control sample only.",
        [m for m in matrices if m.pair.first_kind != EXPERT],
    )
    return [section for section in (*by_kind, without_experts) if section.matrices]


def percent_range(interval: Interval) -> str:
    """Return a range of shares as text: 70–80 %."""
    low, high = interval
    return f"{low * 100:.0f}–{high * 100:.0f} %"


def class_bars(pairs: Iterable[RaterPair]) -> list[ClassBar]:
    """Return a bar for each class and for 1 + 2; none without a pair of experts."""
    experts = [pair for pair in pairs if _kinds(pair) == (EXPERT, EXPERT)]
    if not experts:
        return []
    matrices = np.array([pair.agreement.confusion for pair in experts])
    names = [f"{pair.first} and {pair.second}" for pair in experts]
    compact = np.add.reduceat(np.add.reduceat(matrices, [0, 2], axis=1), [0, 2], axis=2)
    bars = [
        _bar(str(label), matrices, label - 1, CLASS_AGREEMENT[label], names) for label in CLASSES
    ]
    return [*bars, _bar("1+2", compact, 0, COMPACT_AGREEMENT, names)]


def _kinds(pair: RaterPair) -> tuple[str, str]:
    return pair.first_kind, pair.second_kind


def _bar(
    name: str,
    matrices_PKK: NDArray[np.int_],
    k: int,
    published: tuple[float, float],
    names: list[str],
) -> ClassBar:
    """Return the bar of class `k`, from the matrices of P pairs of experts.

    The share counts both directions: of the candidates that one of the two puts in the class,
    those that the other puts there too.
    """
    both_P = 2 * matrices_PKK[:, k, k]
    either_P = matrices_PKK[:, k, :].sum(axis=1) + matrices_PKK[:, :, k].sum(axis=1)
    used_P = either_P > 0
    shares = (both_P[used_P] / either_P[used_P]).tolist()
    low, high = published
    return ClassBar(
        name=name,
        share=float(both_P.sum() / either_P.sum()) if shares else float("nan"),
        lowest=min(shares, default=float("nan")),
        highest=max(shares, default=float("nan")),
        published=percent_range(published),
        band_x=low * BAR_WIDTH,
        band_width=(high - low) * BAR_WIDTH,
        dots=[
            PairDot(share * BAR_WIDTH, f"{pair}: {100 * share:.0f} %")
            for pair, share in zip(np.array(names)[used_P].tolist(), shares, strict=True)
        ],
    )
