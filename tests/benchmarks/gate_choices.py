"""The figures behind the rules of the gate: a table of docs/gate.md, which `make gate` renews.

Networks are those of `gate_heads` and `gate_networks`, judged on 20 to 216 labels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from classifier.core import paired_tests
from labeling.rules import gate
from labeling.rules.gate_comparison import (
    SCORE_LEVEL,
    GateComparison,
    probable_answers,
)
from tests.benchmarks import transfer
from tests.benchmarks.gate_heads import m31_heads, score_relation
from tests.benchmarks.gate_networks import SIGNAL, HeadWorld, Sample, World

LABELS = (20, 50, 100, 216)
LOSS = 0.10
RUNS = 15
"""Judged one after another on one control sample."""
FORMER = 5
"""Runs that were promoted besides the promoted one."""
FLAT = 0.9
"""Probability of every answer of a network whose probabilities say nothing."""

Trial = Callable[[int, np.random.Generator], bool]
"""True if the event is seen in a new sample of so many labels."""


def losses(sample: Sample, new_NK: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """Return the losses (N, 1) in right answers and in score against the first network."""
    first_NK, truth_N = sample.networks[0], sample.truth_N
    right_N, first_right_N = (1.0 * (probable_answers(p) == truth_N) for p in (new_NK, first_NK))
    score_N, first_score_N = (paired_tests.quadratic_scores(p, truth_N) for p in (new_NK, first_NK))
    return (first_right_N - right_N)[:, None], (score_N - first_score_N)[:, None]


def flat(probability_NK: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the same answers, all with the probability `FLAT`."""
    classes = probability_NK.shape[1]
    flat_NK = np.full_like(probability_NK, (1 - FLAT) / (classes - 1))
    flat_NK[np.arange(len(flat_NK)), probability_NK.argmax(axis=1)] = FLAT
    return flat_NK


def by_right_answers(world: World, level: float) -> Trial:
    """Whether right answers alone show a loss of `LOSS`."""

    def trial(labels: int, rng: np.random.Generator) -> bool:
        sample = world.draw(labels, [0, LOSS], rng)
        loss_N1, _ = losses(sample, sample.networks[1])
        return bool(paired_tests.largest_loss_p_values(loss_N1)[0] <= level)

    return trial


def by_score_alone(world: World) -> Trial:
    """Whether an equally accurate network that is right less often has a worse score."""

    def trial(labels: int, rng: np.random.Generator) -> bool:
        sample = world.draw(labels, [0, 0], rng)
        loss_N1, score_loss_N1 = losses(sample, sample.networks[1])
        p_value = paired_tests.largest_loss_p_values(score_loss_N1)[0]
        return bool(loss_N1.sum() > 0 and p_value <= SCORE_LEVEL)

    return trial


def flat_is(world: World, outcome: str) -> Trial:
    """Whether an equally accurate network whose probabilities say nothing is refused, or passes."""

    def trial(labels: int, rng: np.random.Generator) -> bool:
        sample = world.draw(labels, [0, 0], rng)
        verdict = gate.judge(sample.truth_N, flat(sample.networks[1]), sample.networks[0])
        comparison = verdict.comparisons[0]
        return comparison.is_worse if outcome == "refused" else comparison.is_as_good

    return trial


def any_passes(world: World) -> Trial:
    """Whether one of `RUNS` runs passes that have all lost `LOSS`, each judged at its own look."""

    def trial(labels: int, rng: np.random.Generator) -> bool:
        truth_N, (promoted_NK, *runs) = _parts(world.draw(labels, [0, *[LOSS] * RUNS], rng))
        verdicts = (
            gate.judge(truth_N, new_NK, promoted_NK, looks=look)
            for look, new_NK in enumerate(runs, start=1)
        )
        return any(verdict.judged and not verdict.refused for verdict in verdicts)

    return trial


def visible_loss_refused(world: World, former: int) -> Trial:
    """Whether the smallest loss that is seen beside one run is refused, with so many former runs.

    The former runs have lost as much.
    """
    seen: dict[int, float] = {}

    def trial(labels: int, rng: np.random.Generator) -> bool:
        if labels not in seen:
            seen[labels] = visible_loss(world, labels)
        loss = [seen[labels]] * (former + 1)
        truth_N, (promoted_NK, new_NK, *others) = _parts(world.draw(labels, [0, *loss], rng))
        verdict = gate.judge(truth_N, new_NK, promoted_NK, dict(enumerate(others)))
        return any(comparison.is_worse for comparison in verdict.comparisons)

    return trial


def visible_loss(world: World, labels: int) -> float:
    """Return the mean of the smallest loss that the gate states beside one promoted run."""
    rng = np.random.default_rng([labels, 3])

    def comparison() -> GateComparison:
        truth_N, (promoted_NK, new_NK) = _parts(world.draw(labels, [0, LOSS], rng))
        return gate.judge(truth_N, new_NK, promoted_NK).comparisons[0]

    return float(np.mean([comparison().smallest_visible_loss for _ in range(60)]))


def _parts(sample: Sample) -> tuple[NDArray[np.int64], list[NDArray[np.float64]]]:
    return sample.truth_N, sample.networks


def facts(field: HeadWorld) -> Iterator[str]:
    """Yield what the networks are like, a line each."""
    worlds = {"simulated field": field}
    if transfer.SOURCE.is_dir():
        worlds["M31"] = m31_heads()
    for name, world in worlds.items():
        relation = score_relation(world)
        yield (
            f"- Heads, {name}: loss in score by loss in accuracy, slope {relation.slope:.2f}; nine "
            f"of ten pairs are within {relation.spread:.3f} of a slope of 1."
        )
    rng = np.random.default_rng(0)
    for world, name in ((field, "heads"), (SIGNAL, "networks that see a signal")):
        samples = [world.draw(216, [0, 0], rng) for _ in range(100)]
        differ = np.mean([np.not_equal(*(p.argmax(axis=1) for p in s.networks)) for s in samples])
        yield f"- Equally accurate {name} differ in {100 * differ:.0f} % of their answers."
    flat_loss = [
        losses(s, flat(s.networks[1]))[1].mean()
        for s in (field.draw(216, [0, 0], rng) for _ in range(100))
    ]
    yield (
        f"- A head whose answers all have the probability {FLAT} has a score that is "
        f"{np.mean(flat_loss):.2f} worse than that of an equally accurate head."
    )
    visible = ", ".join(f"{100 * visible_loss(SIGNAL, labels):.0f}" for labels in LABELS)
    yield f"- Smallest loss seen, by the number of labels: {visible} points."


def rows(field: HeadWorld) -> dict[str, Trial]:
    """Return the events whose rates are in the table."""
    points = f"{100 * LOSS:.0f} points worse"
    return {
        f"right answers alone, at 5 %: refused, {points}, heads": by_right_answers(field, 0.05),
        "the same, signal in noise": by_right_answers(SIGNAL, 0.05),
        f"the same, at 5 % / {RUNS}": by_right_answers(SIGNAL, 0.05 / RUNS),
        "a worse score alone: refused, equally accurate heads": by_score_alone(field),
        f"probabilities of {FLAT} throughout: refused as worse, equally accurate heads": flat_is(
            field, "refused"
        ),
        "the same: as good as the promoted run": flat_is(field, "as good"),
        "smallest loss seen: refused, one earlier run": visible_loss_refused(SIGNAL, 0),
        f"the same, and {FORMER} former runs that are as bad": visible_loss_refused(SIGNAL, FORMER),
        f"at least one of {RUNS} runs passes, all {points}": any_passes(SIGNAL),
    }


def rate(trial: Trial, labels: int, repetitions: int) -> float:
    """Return the share of repetitions with the event."""
    rng = np.random.default_rng([labels, 11])
    return float(np.mean([trial(labels, rng) for _ in range(repetitions)]))


def table(field: HeadWorld, repetitions: int) -> Iterator[str]:
    """Yield the lines of the page."""
    yield from facts(field)
    yield f"\nPercent of {repetitions} repetitions, by the number of labels:\n"
    yield f"| event | {' | '.join(map(str, LABELS))} |"
    yield "|---|" + "---:|" * len(LABELS)
    for name, trial in rows(field).items():
        yield f"| {name} | {_percents(trial, repetitions)} |"


def _percents(trial: Trial, repetitions: int) -> str:
    rates: Sequence[float] = [rate(trial, labels, repetitions) for labels in LABELS]
    return " | ".join(f"{100 * value:.0f}" for value in rates)
