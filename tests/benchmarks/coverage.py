"""How often the intervals that pages and documents show hold the true value.

Exact where it can be enumerated (a share, a paired difference); else by simulation. Renews two
tables of docs/figures.md.

    PYTHONPATH=. python tests/benchmarks/coverage.py [--quick]
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom, multinomial, norm

from classifier.active.simulated_experts import AGREEMENT, cast_votes, expert_confusion
from classifier.core.atomic_files import write_atomically
from classifier.core.paired_tests import highest_accuracy_loss
from classifier.core.statistics import (
    LEVEL,
    Interval,
    exact_interval,
    paired_difference_interval,
    wilson_interval,
)
from labeling.agreement.bootstrap import cohen_kappas, fold_compact
from labeling.agreement.groups import fleiss_kappas, group_agreement
from labeling.agreement.pairs import pair_agreement
from labeling.rules.gate_comparison import PASS_LEVEL
from labeling.rules.learning_curve import Measurement, advice
from tests.benchmarks import transfer

PAGE = transfer.ROOT / "docs" / "figures.md"

LABELS = (20, 50, 100, 216, 500)
FEW = (5, 10)
CANDIDATES = (20, 50, 200)
EXPERTS = 3
SHARES = np.linspace(0.05, 0.95, 451)
EXTREME_SHARES = np.linspace(0.951, 0.9999, 490)
"""Fine enough to meet the smallest coverage, of shares just beyond an end of the interval."""
DISCORDANT = (0.02, 0.05, 0.1, 0.2, 0.4, 0.7)
OF_THE_FIRST = (0.02, 0.1, 0.2, 0.35, 0.5)
LOOKS = 15
REST = 4
"""Other candidates of a field for each one of the control sample."""


@dataclass(frozen=True)
class Row:
    """Coverage of one interval."""

    interval: str
    question: str
    nominal: float
    covered: dict[int, list[float]] = field(default_factory=dict)
    """By the number of candidates, at each true value of the grid."""

    @property
    def line(self) -> str:
        """Markdown."""
        smallest, number = min((min(shares), n) for n, shares in self.covered.items())
        mean = np.mean([share for shares in self.covered.values() for share in shares])
        numbers = ", ".join(map(str, self.covered))
        return (
            f"| {self.interval} | {self.question} | {numbers} | {self.nominal:.3g} "
            f"| {smallest:.2f} ({number}) | {mean:.2f} |"
        )


def share_coverage(
    count: int,
    shares: NDArray[np.float64],
    *,
    limits: Callable[[int, int], Interval] = wilson_interval,
    others: int = 0,
) -> list[float]:
    """Return the exact coverage of the interval of a share, for each true share.

    With `others`, of the share among so many other candidates instead.
    """
    right_R = np.arange(count + 1)
    low_R, high_R = np.array([limits(int(k), count) for k in right_R]).T
    if not others:
        return [
            float(binom.pmf(right_R, count, p)[(low_R <= p) & (p <= high_R)].sum()) for p in shares
        ]
    first_R, last_R = np.ceil(low_R * others - 1e-9), np.floor(high_R * others + 1e-9)
    return [
        float(
            binom.pmf(right_R, count, p)
            @ (binom.cdf(last_R, others, p) - binom.cdf(first_R - 1, others, p))
        )
        for p in shares
    ]


def difference_coverage(count: int, limits: Callable[[int, int, int], Interval]) -> list[float]:
    """Return the exact coverage of an interval of a paired difference, over the grid."""
    counts = [(b, c) for b, c in product(range(count + 1), repeat=2) if b + c <= count]
    low, high = np.array([limits(b, c, count) for b, c in counts]).T
    tables = np.array([(b, c, count - b - c) for b, c in counts])
    covered = []
    for discordant, first in product(DISCORDANT, OF_THE_FIRST):
        for p_first in {first * discordant, (1 - first) * discordant}:
            p_second = discordant - p_first
            pmf = multinomial.pmf(tables, count, (p_first, p_second, 1 - discordant))
            difference = p_first - p_second
            covered.append(float(pmf[(low <= difference) & (difference <= high)].sum()))
    return covered


def loss_limit(level: float) -> Callable[[int, int, int], Interval]:
    """Return the limits of the gate's "loss not excluded"."""
    return lambda losses, gains, count: (-1.0, highest_accuracy_loss(losses, gains, count, level))


def exact_rows() -> Iterator[Row]:
    """Yield the rows that are enumerated."""
    wilson = "a share (Wilson)"
    for question, numbers, shares in (
        ("true share 0.05 to 0.95", LABELS, SHARES),
        ("the same, of a class with few candidates", FEW, SHARES),
        ("true share 0.951 to 0.9999", LABELS, EXTREME_SHARES),
        ("the same, of a class with few candidates", FEW, EXTREME_SHARES),
    ):
        yield Row(wilson, question, LEVEL, {n: share_coverage(n, shares) for n in numbers})
    yield Row(
        wilson,
        f"the share among {REST} times as many other candidates, true share 0.05 to 0.95",
        LEVEL,
        {n: share_coverage(n, SHARES, others=REST * n) for n in LABELS},
    )
    each = 1 - (1 - LEVEL) / LOOKS
    for name, interval in (
        ("accuracy for all looks (Clopper and Pearson, Bonferroni)", exact_interval),
        ("the same by Wilson (not used)", wilson_interval),
    ):
        limits = partial(interval, level=each)
        together = {n: share_coverage(n, SHARES, limits=limits) for n in LABELS}
        yield Row(
            name,
            f"all {LOOKS} runs; the lower bound of the probability",
            LEVEL,
            {n: [1 - LOOKS * (1 - share) for share in shares] for n, shares in together.items()},
        )
    yield Row(
        "difference of two runs or arms (Bonett and Price)",
        "2 to 70 % of the answers differ",
        LEVEL,
        {n: difference_coverage(n, paired_difference_interval) for n in LABELS},
    )
    for looks in (1, LOOKS):
        level = PASS_LEVEL / looks
        yield Row(
            "loss not excluded, of the gate (Bonett and Price, one-sided)",
            f"the same, {looks} look{'s' if looks > 1 else ''}",
            1 - level,
            {n: difference_coverage(n, loss_limit(level)) for n in LABELS},
        )


def experts_of(right: float | None) -> NDArray[np.float64]:
    """Return the confusion (4, 4) of an expert: as in the paper, or right with this probability."""
    if right is None:
        return expert_confusion(4)
    return np.asarray(right * np.eye(4) + (1 - right) * (1 - np.eye(4)) / 3)


def agreement_rows(repetitions: int, rng: np.random.Generator) -> Iterator[Row]:
    """Yield the rows of the figures of agreement."""
    names = ("Cohen's κ", "κ, 1 + 2 or not", "Fleiss' κ", "Krippendorff's α")
    size_K = np.array(AGREEMENT[4].class_sizes) / sum(AGREEMENT[4].class_sizes)
    for question, right in (
        ("three experts who agree as in Wei et al. 2020 (κ 0.44)", None),
        ("three experts who are right for 90 % (κ 0.74)", 0.9),
        ("three experts who are right for 97 % (κ 0.92)", 0.97),
    ):
        confusion_KK = experts_of(right)
        # (truth, first, second) -> (first, second)
        joint_KK = np.einsum("t,ta,tb->ab", size_K, confusion_KK, confusion_KK)
        compact_22 = fold_compact(joint_KK[None])
        truths = [float(cohen_kappas(joint_KK[None])[0]), float(cohen_kappas(compact_22)[0])]
        many = cast_votes(rng.choice(4, 400_000, p=size_K) + 1, confusion_KK, EXPERTS, rng)
        patterns, times = np.unique(_table(many), axis=0, return_counts=True)
        truths += [float(fleiss_kappas(patterns, times[None])[0])] * 2
        hits = {
            n: _agreement_hits(n, size_K, confusion_KK, truths, repetitions, rng)
            for n in CANDIDATES
        }
        for position, name in enumerate(names):
            covered = {n: [float(hits[n][position])] for n in CANDIDATES}
            yield Row(f"{name} (bootstrap)", question, LEVEL, covered)


def _table(votes_NE: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the number of votes (N, K) for each class."""
    return np.asarray((votes_NE[:, :, None] == np.arange(1, 5)).sum(axis=1))


def _agreement_hits(
    count: int,
    size_K: NDArray[np.float64],
    confusion_KK: NDArray[np.float64],
    truths: Sequence[float],
    repetitions: int,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Return the share of the intervals of each figure that hold the truth, of those given."""
    limits = []
    for _ in range(repetitions):
        votes_NE = cast_votes(rng.choice(4, count, p=size_K) + 1, confusion_KK, EXPERTS, rng)
        raters = [dict(enumerate(row)) for row in votes_NE.T.tolist()]
        pair, group = pair_agreement(*raters[:2]).bootstrap, group_agreement(raters)
        limits.append((pair.kappa, pair.kappa_compact, group.fleiss.interval, group.alpha.interval))
    low, high = np.array(limits).transpose(2, 0, 1)
    held = np.where(np.isfinite(low), (low <= truths) & (truths <= high), np.nan)
    return np.asarray(np.nanmean(held, axis=0))


CURVES: dict[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]] = {
    "no gain at any number of labels": lambda labels: 0.65 + 0 * labels,
    "5 points for each doubling": lambda labels: 0.45 + 0.05 * np.log2(labels / 25),
    "70 % less 120 points / √labels": lambda labels: 0.7 - 1.2 / np.sqrt(labels),
    "grows to 200 labels, no further": lambda labels: (
        0.65 - 0.075 * np.maximum(0, np.log2(200 / labels))
    ),
}
RUNS = {
    "50, 100, 200": (50, 100, 200),
    "160, 200, …, 360": (160, 200, 240, 280, 320, 360),
    "50, 100, …, 800": (50, 100, 200, 400, 800),
}
SHARED = 0.6
"""Correlation of the answers of two runs on the same candidates."""
MORE_LABELS = 50


def advice_lines(repetitions: int, rng: np.random.Generator) -> Iterator[str]:
    """Yield the lines of the table of the learning curve's advice."""
    for (name, curve), (runs, labels), total in product(CURVES.items(), RUNS.items(), (50, 216)):
        accuracy = curve(np.array(labels, dtype=float))
        ends = curve(np.array([labels[-1], labels[-1] + MORE_LABELS], dtype=float))
        gain = float(ends[1] - ends[0])
        cells = [
            _advice_rates(labels, accuracy, gain, total, shared, repetitions, rng)
            for shared in (0, SHARED)
        ]
        yield (
            f"| {name} | {runs} | {total} | {100 * gain:+.1f} "
            f"| {' | '.join(f'{held:.2f} | {worth:.2f}' for held, worth in cells)} |"
        )


def _advice_rates(
    labels: Sequence[int],
    accuracy: NDArray[np.float64],
    gain: float,
    total: int,
    shared: float,
    repetitions: int,
    rng: np.random.Generator,
) -> tuple[float, float]:
    """Return how often the interval holds the gain, and how often it is said to be worth it."""
    held, worth = [], []
    for _ in range(repetitions):
        own, common = rng.normal(size=(len(labels), total)), rng.normal(size=(1, total))
        skill = np.sqrt(shared) * common + np.sqrt(1 - shared) * own
        right = (skill < norm.ppf(accuracy)[:, None]).sum(axis=1).tolist()
        runs = [Measurement(0, n, k, total) for n, k in zip(labels, right, strict=True)]
        estimate = advice(runs, labels[-1], MORE_LABELS)
        assert estimate is not None
        held.append(abs(estimate.gain - gain) <= 1.96 * estimate.error)
        worth.append(estimate.sentence.endswith(": worth it."))
    return float(np.mean(held)), float(np.mean(worth))


def main() -> None:
    """Measure everything, and renew the tables."""
    repetitions = 100 if "--quick" in sys.argv[1:] else 600
    rng = np.random.default_rng(20)
    rows = [*exact_rows(), *agreement_rows(repetitions, rng)]
    table = [
        "| interval | question | n | nominal | smallest (at n) | mean |",
        "|---|---|---|---:|---:|---:|",
        *(row.line for row in rows),
    ]
    curves = [
        "| true curve | runs with labels | control labels | true gain, points "
        "| independent: coverage | “worth it” | same candidates: coverage | “worth it” |",
        "|---|---|---:|---:|---:|---:|---:|---:|",
        *advice_lines(repetitions, rng),
    ]
    page = PAGE.read_text(encoding="utf-8")
    for name, lines in (("coverage", table), ("advice", curves)):
        page = transfer.renewed(page, name, "\n".join([*lines, ""]))
        sys.stdout.write("\n".join([*lines, "", ""]))
    if "--quick" not in sys.argv[1:]:
        write_atomically(Path(PAGE), page.encode())


if __name__ == "__main__":
    main()
