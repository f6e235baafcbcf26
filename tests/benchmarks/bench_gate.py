"""How often the gate is right; `make gate` renews the tables of docs/gate.md.

Networks that are known to lose 0, 5, 10 or 15 points of accuracy are judged on 20 to 216 labels, by
the gate as it is and as it was before. Intervals of error rates follow from the repetitions.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from classifier.core import paired_tests, statistics
from classifier.core.atomic_files import write_atomically
from classifier.core.statistics import PairedAccuracy, Proportion, wilson_interval
from labeling.rules import gate
from tests.benchmarks import gate_choices, report, transfer
from tests.benchmarks.gate_heads import field_heads
from tests.benchmarks.gate_networks import CLASSES, SIGNAL, World

PAGE = transfer.ROOT / "docs" / "gate.md"

LABELS = (20, 50, 100, 216)
LOSSES = (0.0, 0.05, 0.10, 0.15)
RETRAININGS, STEP = 15, 0.02
FIRST_ACCURACIES = (0.25, 0.55, 0.65)

NONE = np.full(CLASSES, np.nan)

DRAWS = round((RETRAININGS + 1) / gate.MAX_CHANCE)
"""Of permutations: as many as the last look of a chain needs to be shown better than chance."""


def outcome_now(
    truth_N: NDArray[np.int64],
    new_NK: NDArray[np.float64],
    promoted_NK: NDArray[np.float64],
    former: dict[int, NDArray[np.float64]] | None = None,
    looks: int = 1,
) -> str:
    """Return what the gate does with a network."""
    verdict = gate.judge(truth_N, new_NK, promoted_NK, former, looks)
    return "refused" if verdict.refused else "passes" if verdict.judged else "too few labels"


def outcome_before(
    truth_N: NDArray[np.int64],
    new_NK: NDArray[np.float64],
    promoted_NK: NDArray[np.float64],
    *_: object,
) -> str:
    """Return what the gate did until version 0.2 with a network."""
    right_N = new_NK.argmax(axis=1) + 1 == truth_N
    both_N = np.isfinite(promoted_NK.sum(axis=1))
    promoted_right_N = both_N & (np.nan_to_num(promoted_NK).argmax(axis=1) + 1 == truth_N)
    chance = gate._chance(truth_N, new_NK.argmax(axis=1) + 1)
    difference = PairedAccuracy.measure(right_N[both_N], promoted_right_N[both_N])
    bad = [
        chance is not None and chance > gate.MAX_CHANCE,
        difference.high is not None and difference.high < 0,
        new_NK.max(axis=1).mean() - wilson_interval(int(right_N.sum()), len(right_N))[1]
        > gate.MAX_OVERCONFIDENCE,
    ]
    for label, floor in enumerate(gate.FLOORS, start=1):
        share = Proportion.measure(int(right_N[truth_N == label].sum()), (truth_N == label).sum())
        bad.append(share.high is not None and share.high < floor)
    return "refused" if any(bad) else "too few labels" if chance is None else "passes"


Rule = Callable[..., str]
RULES: dict[str, Rule] = {"before": outcome_before, "now": outcome_now}


def look_rates(world: World, labels: int, loss: float, repetitions: int) -> dict[str, Counter[str]]:
    """Count the outcomes of networks that lose so much accuracy, by both rules."""
    rng = np.random.default_rng([labels, round(100 * loss)])
    counts: dict[str, Counter[str]] = {name: Counter() for name in RULES}
    for _ in range(repetitions):
        sample = world.draw(labels, [0, loss], rng)
        promoted_NK, new_NK = sample.networks
        for name, rule in RULES.items():
            counts[name][rule(sample.truth_N, new_NK, promoted_NK)] += 1
    return counts


def first_rates(labels: int, accuracy: float, repetitions: int) -> dict[str, Counter[str]]:
    """Count the outcomes of the first network of a field; at 25 % its answers are permuted."""
    rng = np.random.default_rng([labels, round(100 * accuracy)])
    counts: dict[str, Counter[str]] = {name: Counter() for name in RULES}
    shuffled = accuracy == FIRST_ACCURACIES[0]
    world = replace(SIGNAL, accuracy=0.65 if shuffled else accuracy)
    for _ in range(repetitions):
        sample = world.draw(labels, [0], rng)
        new_NK = sample.networks[0]
        if shuffled:
            new_NK = rng.permutation(new_NK)
        for name, rule in RULES.items():
            counts[name][rule(sample.truth_N, new_NK, np.tile(NONE, (labels, 1)))] += 1
    return counts


@dataclass(frozen=True)
class Chain:
    """Retrainings of one field on one control sample, to the first refusal."""

    refused_at: int | None
    """Number of the retraining that was refused."""
    passed: int
    """Retrainings that passed in a row, from the first."""


def chain(world: World, rule: Rule, labels: int, step: float, rng: np.random.Generator) -> Chain:
    """Retrain a field, each network worse by a step; whatever is not refused is promoted."""
    sample = world.draw(labels, [step * k for k in range(RETRAININGS + 1)], rng)
    passed, in_a_row = 0, True
    for k in range(1, RETRAININGS + 1):
        former = dict(enumerate(sample.networks[: k - 1]))
        outcome = rule(sample.truth_N, sample.networks[k], sample.networks[k - 1], former, k + 1)
        if outcome == "refused":
            return Chain(k, passed)
        in_a_row = in_a_row and outcome == "passes"
        passed += in_a_row
    return Chain(None, passed)


def chains(world: World, name: str, labels: int, step: float, repetitions: int) -> list[Chain]:
    """Return so many chains by a rule."""
    rng = np.random.default_rng([labels, round(100 * step), 7])
    return [chain(world, RULES[name], labels, step, rng) for _ in range(repetitions)]


def _shares(counts: Counter[str]) -> str:
    total = counts.total()
    names = ("refused", "passes", "too few labels")
    return " / ".join(f"{100 * counts[name] / total:.0f}" for name in names)


def look_table(world: World, repetitions: int) -> Iterator[str]:
    """Yield the lines of the table of single looks."""
    yield f"Percent of {repetitions} networks: refused / passes / too few labels.\n"
    heading = " | ".join(f"{100 * loss:.0f} points worse" for loss in LOSSES)
    yield f"| labels | gate | {heading} |"
    yield "|---|---|" + "---|" * len(LOSSES)
    for labels in LABELS:
        rates = [look_rates(world, labels, loss, repetitions) for loss in LOSSES]
        for name in RULES:
            cells = " | ".join(_shares(counts[name]) for counts in rates)
            yield f"| {labels} | {name} | {cells} |"


def first_table(repetitions: int) -> Iterator[str]:
    """Yield the lines of the table of first networks."""
    yield f"Percent of {repetitions} networks: refused / passes / too few labels.\n"
    heading = " | ".join(f"{100 * accuracy:.0f} % right" for accuracy in FIRST_ACCURACIES[1:])
    yield f"| labels | gate | permuted answers | {heading} |"
    yield "|---|---|" + "---|" * len(FIRST_ACCURACIES)
    for labels in LABELS:
        rates = [first_rates(labels, accuracy, repetitions) for accuracy in FIRST_ACCURACIES]
        for name in RULES:
            cells = " | ".join(_shares(counts[name]) for counts in rates)
            yield f"| {labels} | {name} | {cells} |"


def chain_table(world: World, repetitions: int) -> Iterator[str]:
    """Yield the lines of the table of chains."""
    yield f"{repetitions} chains of {RETRAININGS} retrainings on one control sample.\n"
    yield (
        "| labels | gate | points lost before the first refusal: median (90 % of the chains) | "
        "chains without a refusal | points lost while all pass | "
        "chains of equal networks with a refusal |"
    )
    yield "|---|---|---|---|---|---|"
    for labels in LABELS:
        for name in RULES:
            worse = chains(world, name, labels, STEP, repetitions)
            equal = chains(world, name, labels, 0, repetitions)
            lost = [100 * STEP * ((c.refused_at or RETRAININGS + 1) - 1) for c in worse]
            never = np.mean([c.refused_at is None for c in worse])
            passed = np.median([100 * STEP * c.passed for c in worse])
            refused = np.mean([c.refused_at is not None for c in equal])
            yield (
                f"| {labels} | {name} | {np.median(lost):.0f} ({np.quantile(lost, 0.9):.0f}) | "
                f"{100 * never:.0f} % | {passed:.0f} | {100 * refused:.0f} % |"
            )


def _make_fast() -> None:
    """Draw less for each p-value: thousands are averaged here."""
    gate.DRAWS, paired_tests.FLIPS = DRAWS, 999
    statistics.wilson_interval = cache(statistics.wilson_interval)


def brief() -> None:
    """Record the rates of good networks refused and bad ones refused at 100 labels."""
    for loss in (0.0, 0.10):
        counts = look_rates(SIGNAL, 100, loss, 200)
        before, now = (counts[name]["refused"] / 200 for name in RULES)
        points = f"{100 * loss:.0f} points worse"
        report.record(f"refused at 100 labels, {points}", now, "share", before, file="gate")


def main() -> None:
    """Renew the tables of the page."""
    field = field_heads()
    tables = {
        "choices": lambda: gate_choices.table(field, 200),
        "heads": lambda: look_table(field, 600),
        "signal": lambda: look_table(SIGNAL, 500),
        "first": lambda: first_table(400),
        "chains": lambda: chain_table(SIGNAL, 100),
    }
    for name, lines in tables.items():
        text = "\n".join(lines()) + "\n"
        sys.stdout.write(f"{name}\n{text}\n")
        page = transfer.renewed(PAGE.read_text(encoding="utf-8"), name, text)
        write_atomically(PAGE, page.encode())


if __name__ == "__main__":
    _make_fast()
    if "--full" in sys.argv[1:]:
        main()
    else:
        brief()
