"""What the agreement pages show, from pairs of raters and from the diagnosis."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np

from classifier.core.published import (
    CLASS_AGREEMENT,
    COMPACT_AGREEMENT,
    SAME_EXPERT,
    PublishedPair,
)
from classifier.core.statistics import Interval
from frontend.pages.run_progress import SHADES, Cell, MatrixRow
from labeling.agreement.pairs import CLASSES
from labeling.agreement.raters import CONSENSUS, EXPERT, NETWORK, REFERENCE, REPEATS, RaterPair

BAR_WIDTH, BAR_HEIGHT = 400, 18
"""Units of the view box of a bar from 0 to 100 %."""

_KINDS = (
    (EXPERT, "Experts with each other", "You and the other experts", ""),
    (
        CONSENSUS,
        "Experts and the consensus of the others",
        "You and the consensus of the others",
        "Computed without the expert’s own vote.",
    ),
    (
        REPEATS,
        "Experts and themselves",
        "You and yourself",
        "Where the same candidate came again, unannounced, and the first answer stands; rows are "
        "the first answer.",
    ),
    (REFERENCE, "Experts and published catalogues", "You and published catalogues", ""),
    (
        NETWORK,
        "Experts and the network in use",
        "You and the network in use",
        "On the control sample only.",
    ),
)
_PUBLISHED = {REPEATS: SAME_EXPERT}
_REST = ("Consensus, catalogues and the network", "The network on the control sample only.")


@dataclass(frozen=True)
class Matrix:
    """A pair and its confusion matrix, ready for a table."""

    pair: RaterPair
    rows: list[MatrixRow]

    @property
    def caption(self) -> str:
        """Whose classes the rows are, and whose the columns."""
        return f"{self.pair.first} (rows) and {self.pair.second}"

    @property
    def by_class(self) -> list[tuple[float, str]]:
        """The share of each class, and of 1+2, with its interval in words, where there is one."""
        found = self.pair.agreement
        shares = (*found.per_class, found.per_compact[0])
        intervals = (*found.bootstrap.per_class, found.bootstrap.per_compact[0])
        return [(share, _between(drawn)) for share, drawn in zip(shares, intervals, strict=True)]


@dataclass(frozen=True)
class Section:
    """Pairs of the same kind, and the published pair of that kind, if there is one."""

    title: str
    note: str
    matrices: list[Matrix]
    published: PublishedPair | None = None


@dataclass(frozen=True)
class Dot:
    """One pair's agreement on a class, along the bar."""

    x: float
    title: str


@dataclass(frozen=True)
class ClassBar:
    """How often two experts agree on a class: all pairs, and the published range."""

    name: str
    share: float
    least: float
    most: float
    published: str
    band_x: float
    band_width: float
    dots: list[Dot]


def sections(pairs: Iterable[RaterPair], *, own: bool) -> list[Section]:
    """The pairs by kind, those with most in common first; titles for an expert of their own."""
    matrices = [Matrix(pair, counted_rows(pair.agreement.confusion)) for pair in pairs]
    matrices.sort(key=lambda matrix: -matrix.pair.agreement.n)
    found = []
    for kind, title, mine, note in _KINDS:
        of_kind = [m for m in matrices if (m.pair.first_kind, m.pair.second_kind) == (EXPERT, kind)]
        found.append(Section(mine if own else title, note, of_kind, _PUBLISHED.get(kind)))
    found.append(Section(*_REST, [m for m in matrices if m.pair.first_kind != EXPERT]))
    return [section for section in found if section.matrices]


def span(share: tuple[float, float]) -> str:
    """A range of shares: 70–80 %."""
    low, high = share
    return f"{low * 100:.0f}–{high * 100:.0f} %"


def _between(drawn: Interval) -> str:
    """An interval of a share, or nothing where it is not known."""
    return span(drawn) if isfinite(drawn[0]) else ""


def counted_rows(confusion: Sequence[Sequence[int]]) -> list[MatrixRow]:
    """A matrix of counts with the percentages of its rows."""
    return [
        _row(label, row, [100 * n / sum(row) if sum(row) else None for n in row])
        for label, row in zip(CLASSES, confusion, strict=True)
    ]


def estimated_rows(matrix: Sequence[Sequence[float]]) -> list[MatrixRow]:
    """A matrix of probabilities, as percentages without counts."""
    return [
        _row(label, [0] * len(row), [100 * share for share in row])
        for label, row in zip(CLASSES, matrix, strict=True)
    ]


def class_bars(pairs: Iterable[RaterPair]) -> list[ClassBar]:
    """For each class, and for 1+2, how often two experts agree; none without two experts."""
    among = [pair for pair in pairs if (pair.first_kind, pair.second_kind) == (EXPERT, EXPERT)]
    if not among:
        return []
    matrices = np.array([pair.agreement.confusion for pair in among])
    names = [f"{pair.first} and {pair.second}" for pair in among]
    one_or_two = np.add.reduceat(np.add.reduceat(matrices, [0, 2], axis=1), [0, 2], axis=2)
    bars = [
        _bar(str(label), matrices, label - 1, CLASS_AGREEMENT[label], names) for label in CLASSES
    ]
    return [*bars, _bar("1+2", one_or_two, 0, COMPACT_AGREEMENT, names)]


def _bar(
    name: str,
    matrices: np.ndarray[tuple[int, ...], np.dtype[np.int_]],
    k: int,
    published: tuple[float, float],
    names: list[str],
) -> ClassBar:
    """Of the candidates that one of two puts in a class, the share that the other does too."""
    both = 2 * matrices[:, k, k]
    either = matrices[:, k, :].sum(axis=1) + matrices[:, :, k].sum(axis=1)
    known = either > 0
    shares = (both[known] / either[known]).tolist()
    low, high = published
    return ClassBar(
        name=name,
        share=float(both.sum() / either.sum()) if known.any() else float("nan"),
        least=min(shares, default=float("nan")),
        most=max(shares, default=float("nan")),
        published=span(published),
        band_x=low * BAR_WIDTH,
        band_width=(high - low) * BAR_WIDTH,
        dots=[
            Dot(share * BAR_WIDTH, f"{who}: {share:.0%}")
            for who, share in zip(np.array(names)[known].tolist(), shares, strict=True)
            if isfinite(share)
        ],
    )


def _row(label: int, counts: Sequence[int], percents: Sequence[float | None]) -> MatrixRow:
    """One row with its shades."""
    cells = [
        Cell(n, percent, None, 0 if percent is None else round(percent / 100 * SHADES))
        for n, percent in zip(counts, percents, strict=True)
    ]
    return MatrixRow(str(label), cells, sum(counts))
