"""How well estimates and tests of docs/figures.md hold, by simulation; `make coverage` renews it.

Labels      the estimated share of right labels, with simulated experts whose truth is known.
Properties  how often a planted trend of the accuracy is seen.
Samples     coverage of the bootstrap over control samples, and over sky cells.
Chance      calibration error by chance of probabilities that are perfectly calibrated.

    PYTHONPATH=. python tests/benchmarks/simulated_figures.py [--quick]
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classifier.active import label_efficiency
from classifier.active.label_efficiency import EfficiencyCurves, crossing, efficiencies
from classifier.active.simulated_experts import (
    AGREEMENT,
    cast_votes,
    expert_confusion,
    majority_labels,
)
from classifier.core.atomic_files import write_atomically
from classifier.core.statistics import cluster_bootstrap, percentile_interval
from classifier.evaluation import calibration
from classifier.evaluation.calibration import Reliability
from classifier.evaluation.properties import accuracy_by_property
from labeling.agreement import label_accuracy as estimate
from tests.benchmarks import split_optimism, transfer
from tests.classifier.evaluation.test_calibration import drawn
from tests.classifier.evaluation.test_properties import world

PAGE = transfer.ROOT / "docs" / "figures.md"

EXPERTS = 3
MISLEADING = 0.1
"""Share of the candidates that look like another class to all voters."""
SKILLS = (1.4, 1.0, 0.6)
"""Errors of the voters of different skill, as multiples of those of the others."""

Vote = Callable[[NDArray[np.int64], np.random.Generator], NDArray[np.int64]]
"""Returns votes (N, 3) on candidates with classes (N,)."""


def alike(truth_N: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Votes of experts of whom pairs agree as in Wei et al. 2020."""
    return cast_votes(truth_N, expert_confusion(4), EXPERTS, rng)


def of_different_skill(truth_N: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Votes of experts who err more and less often than those."""
    confusion_KK = expert_confusion(4)
    votes = []
    for skill in SKILLS:
        wrong_KK = skill * confusion_KK * (1 - np.eye(4))
        own_KK = wrong_KK + np.diag(1 - wrong_KK.sum(axis=1))
        votes.append(cast_votes(truth_N, own_KK, 1, rng))
    return np.concatenate(votes, axis=1)


def misled(truth_N: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Votes where some candidates look like another class to all."""
    wrong_KK = expert_confusion(4) * (1 - np.eye(4)) + 1e-6
    wrong_KK /= wrong_KK.sum(axis=1, keepdims=True)
    look_N = cast_votes(truth_N, wrong_KK, 1, rng)[:, 0]
    return alike(np.where(rng.random(len(truth_N)) < MISLEADING, look_N, truth_N), rng)


VOTES: dict[str, tuple[Vote, tuple[int, ...]]] = {
    "pairs agree as in Wei et al. 2020": (alike, (20, 50, 100, 216, 1000)),
    "voters of different skill": (of_different_skill, (50, 216)),
    "one candidate in ten misleads all voters alike": (misled, (216,)),
}


def classes(count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return true classes (N,) in the proportions of the paper."""
    size_K = np.array(AGREEMENT[4].class_sizes)
    return rng.choice(4, count, p=size_K / size_K.sum()) + 1


def label_lines(repetitions: int, rng: np.random.Generator) -> Iterator[str]:
    """Yield the table of the estimated share of right labels."""
    truth_N = classes(200_000, rng)
    label_N = majority_labels(alike(truth_N, rng), 4)
    right = (label_N == truth_N)[label_N > 0].mean()
    yield (
        f"The votes of the first row settle {100 * (label_N > 0).mean():.1f} % of 200 000 "
        f"candidates, and {100 * right:.1f} % of these rightly. {repetitions} repetitions.\n"
    )
    yield "| simulated votes | candidates | mean error of the estimate, points | coverage |"
    yield "|---|---:|---:|---:|"
    for name, (vote, counts) in VOTES.items():
        for count in counts:
            trials = [label_trial(vote, count, rng) for _ in range(repetitions)]
            error, held = np.mean(trials, axis=0)
            yield f"| {name} | {count} | {100 * error:+.1f} | {held:.2f} |"


def label_trial(vote: Vote, count: int, rng: np.random.Generator) -> tuple[float, bool]:
    """Return the error of one estimate, and whether its interval holds the truth."""
    truth_N = classes(count, rng)
    votes_NE = vote(truth_N, rng)
    label_N = majority_labels(votes_NE, 4)
    counts_NK = (votes_NE[:, :, None] == np.arange(1, 5)).sum(axis=1)
    labels = {int(n): int(label_N[n]) for n in np.flatnonzero(label_N)}
    result = estimate.label_accuracy(dict(enumerate(map(tuple, counts_NK.tolist()))), labels)
    assert result is not None
    right = float((label_N == truth_N)[label_N > 0].mean())
    return result.value - right, result.low <= right <= result.high


ACCURACIES: dict[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]] = {
    "0.7 throughout, any of six properties": lambda v: 0.7 + 0 * v,
    "0.8, and 0.4 fainter than V = 23": lambda v: np.where(v > 23, 0.4, 0.8),
    "0.85, and 0.35 fainter than V = 23": lambda v: np.where(v > 23, 0.35, 0.85),
    "falling from 0.9 to 0.5": lambda v: 0.9 - 0.08 * (v - 19),
    "falling from 0.9 to 0.3": lambda v: 0.9 - 0.12 * (v - 19),
}


def property_lines(repetitions: int) -> Iterator[str]:
    """Yield the table of planted trends with V."""
    counts = (100, 216, 500)
    yield f"| planted accuracy | {' | '.join(f'{count} labels' for count in counts)} |"
    yield "|---|" + "---:|" * len(counts)
    for position, (name, chance_of) in enumerate(ACCURACIES.items()):
        planted = position > 0
        shares = []
        for count in counts:
            trends = [
                [
                    a.name
                    for a in accuracy_by_property(*world(seed, chance_of, count))
                    if a.has_trend
                ]
                for seed in range(repetitions)
            ]
            shares.append(np.mean(["v" in names if planted else bool(names) for names in trends]))
        yield f"| {name} | {' | '.join(f'{share:.2f}' for share in shares)} |"


@dataclass(frozen=True)
class Noise:
    """Standard deviations of what repeated measurements share on a control sample, and do not."""

    shared: float
    own: float


REPEATS = 4
NOISES = (Noise(1, 0), Noise(1, 1), Noise(0.3, 1))


def mean_coverage(samples: int, noise: Noise, repetitions: int, rng: np.random.Generator) -> float:
    """Return how often the interval of a mean over control samples holds the true mean, 0."""
    sample_N = np.repeat(np.arange(samples), REPEATS)
    held = []
    for _ in range(repetitions):
        x_N = rng.normal(0, noise.shared, samples)[sample_N] + rng.normal(
            0, noise.own, len(sample_N)
        )
        means = [x_N[chosen].mean() for chosen in cluster_bootstrap(sample_N, 400, rng)]
        low, high = percentile_interval(np.array(means))
        held.append(low <= 0 <= high)
    return float(np.mean(held))


VOTES_V = np.arange(216, 3601, 216.0)
RANDOM_V, BETTER_V = (0.64 - 0.2 * np.exp(-VOTES_V / votes) for votes in (900, 450))


def replay_trial(samples: int, rng: np.random.Generator) -> tuple[bool, bool, float]:
    """Simulate the replays of two orders of labelling, of which one needs half the votes.

    Returns whether the intervals of the ratio of votes to 98 % and of the gain at half of the votes
    hold the true ones, and the ratio of votes to 100 %.
    """
    sample_R = np.repeat(np.arange(samples), 2)
    shared_R1 = rng.normal(0, 0.015, (samples, 1))[sample_R]
    accuracy = {
        name: curve
        + shared_R1
        + rng.normal(0, 0.006, (samples, 1))[sample_R] * np.exp(-VOTES_V / 1500)
        + rng.normal(0, 0.006, (len(sample_R), len(VOTES_V)))
        for name, curve in (("random", RANDOM_V), ("margin", BETTER_V))
    }
    # With all labels every order ends in the same training.
    accuracy["random"][:, -1] = accuracy["margin"][:, -1]
    curves = EfficiencyCurves(VOTES_V, accuracy, accuracy["margin"][:, -1], sample_R)
    row = efficiencies(curves, seed=int(rng.integers(2**31)))[1]
    target = 0.98 * BETTER_V[-1]
    ratio = crossing(VOTES_V, BETTER_V, target) / crossing(VOTES_V, RANDOM_V, target)
    half = int(np.searchsorted(VOTES_V, VOTES_V[-1] / 2))
    gain = float(BETTER_V[half] - RANDOM_V[half])
    whole, almost = (reached.ratio for reached in row.reached)
    held = [
        e.low is not None and e.low <= true <= (np.inf if e.high is None else e.high)
        for e, true in ((almost, ratio), (row.half_way_gain, gain))
    ]
    return held[0], held[1], np.nan if whole.value is None else whole.value


def cell_coverage(cells: int, shared: float, repetitions: int, rng: np.random.Generator) -> float:
    """Return how often the interval of `make optimism` holds the true mean, 0."""
    seeds, candidates = 5, 1500
    held = []
    for _ in range(repetitions):
        cell_N = rng.integers(cells, size=candidates)
        effect_SN = rng.normal(0, shared, cells)[cell_N] + rng.normal(0, 0.5, (seeds, candidates))
        used = np.ones((seeds, candidates), dtype=bool)
        _, low, high = split_optimism.mean_with_interval(effect_SN, used, cell_N)
        held.append(low <= 0 <= high)
    return float(np.mean(held))


def sample_lines(repetitions: int, rng: np.random.Generator) -> Iterator[str]:
    """Yield the table of bootstraps over control samples and over sky cells."""
    yield f"{repetitions} repetitions; ranges are over sizes of the noise.\n"
    yield "| simulated | control samples or cells | coverage |"
    yield "|---|---:|---:|"
    for samples in (4, 5, 8, 12):
        rates = [mean_coverage(samples, noise, repetitions, rng) for noise in NOISES]
        narrow = " (too narrow, not shown anywhere)" if samples < 5 else ""
        yield f"| mean of four repeats on each{narrow} | {samples} | {_range(rates)} |"
    whole = {}
    for samples in (5, 10):
        trials = np.array([replay_trial(samples, rng) for _ in range(repetitions)])
        whole[samples] = np.nanmedian(trials[:, 2])
        for column, name in (
            (0, "ratio of votes to 98 % of the accuracy"),
            (1, "gain at half of the votes"),
        ):
            yield f"| {name}, simulated curves | {samples} | {trials[:, column].mean():.2f} |"
    for cells in (49, 69):
        rates = [cell_coverage(cells, shared, repetitions, rng) for shared in (0.05, 0.2)]
        yield f"| difference that varies from sky cell to sky cell | {cells} | {_range(rates)} |"
    medians = " and ".join(f"{median:.2f} with {n}" for n, median in whole.items())
    yield (
        "\nThe simulated curves need half of the votes to any accuracy; the ratio to 100 % of the "
        f"accuracy comes out as {medians} control samples (median)."
    )


def _range(rates: list[float]) -> str:
    low, high = f"{min(rates):.2f}", f"{max(rates):.2f}"
    return low if low == high else f"{low}–{high}"


def chance_lines(repetitions: int) -> Iterator[str]:
    """Yield the table of calibration errors by chance."""
    yield "| labels | error by chance | within its 95 % range | p < 0.05 |"
    yield "|---:|---:|---:|---:|"
    for count in (20, 50, 100, 216, 1000):
        measured = [Reliability.measure(*drawn(count, seed=seed)) for seed in range(repetitions)]
        errors = [(r.expected_calibration_error, r.chance) for r in measured]
        mean = np.mean([chance.mean for _, chance in errors])
        held = np.mean([chance.low <= error <= chance.high for error, chance in errors])
        low_p = np.mean([chance.p_value < 0.05 for _, chance in errors])
        yield f"| {count} | {mean:.2f} | {held:.2f} | {low_p:.2f} |"


def main(repetitions: int, *, renew: bool) -> None:
    """Measure everything, and renew the tables."""
    # As without the rule that too few labels give no estimate.
    estimate.MIN_CANDIDATES = 0
    # Enough for a coverage, which is a mean over all repetitions.
    label_efficiency.BOOTSTRAP_SAMPLES, split_optimism.BOOTSTRAPS = 100, 500
    calibration.CHANCE_DRAWS = 300
    tables = {
        "labels": lambda: label_lines(repetitions, np.random.default_rng(22)),
        "properties": lambda: property_lines(repetitions),
        "samples": lambda: sample_lines(repetitions, np.random.default_rng(23)),
        "chance": lambda: chance_lines(repetitions),
    }
    for name, lines in tables.items():
        text = "\n".join([*lines(), ""])
        sys.stdout.write(f"{name}\n{text}\n")
        sys.stdout.flush()
        if renew:
            page = transfer.renewed(PAGE.read_text(encoding="utf-8"), name, text)
            write_atomically(PAGE, page.encode())


if __name__ == "__main__":
    quick = "--quick" in sys.argv[1:]
    main(20 if quick else 200, renew=not quick)
