"""The gate: whether a network may be promoted, judged on the control sample.

No network is trained on the control sample. One is refused if it is shown to be bad: if its answers
could be chance, if it is less accurate than the promoted run or than another that was promoted
before, if it finds too few candidates of a class, or if it is far more confident than accurate. It
passes if it is shown to be better than chance and to lose less than `MARGIN` of accuracy against
each of those networks. Otherwise the labels are too few, and a person decides; with fewer than
`MIN_LABELS` nothing is judged at all.

Shapes  N candidates, K = 4 classes, numbered from 1.
Sources chance: Fisher's permutation test of the pairing, on the number of right answers. Other
        networks: `labeling.rules.gate_comparison`. Intervals: `classifier.core.statistics`. Least
        shares of a class: half of the lowest agreement between people
        (`classifier.core.published`). Error rates of all of it: docs/gate.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from math import log
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray
from scipy.special import gammaln

from classifier.core.classes import MorphologicalClass
from classifier.core.published import CLASS_AGREEMENT
from classifier.core.statistics import LEVEL, Interval, Proportion, exact_interval, wilson_interval
from labeling.rules.gate_comparison import (
    MARGIN,
    MIN_LABELS,
    GateComparison,
    compare_with_others,
    predicted,
    probable_answers,
)

FLOORS = tuple(lowest / 2 for lowest, _ in CLASS_AGREEMENT.values())
"""Least share of the candidates of each class that a network must find."""

MAX_CHANCE = 0.01
"""Highest probability of permuted answers as often right with which a network is shown to be better
than chance; `allowed_chance` has it for several runs judged on the same control sample."""

KNOWN_SHARE = 0.3
"""Share of the classes that a useful network must at least know, if it guesses the others: the
middle of the agreement that Landis and Koch (1977, Biometrics 33, 159) call fair."""

MAX_IGNORANCE = 0.05
"""Probability that such a network is right as rarely, below which one is refused as chance."""

MAX_OVERCONFIDENCE = 0.3
"""Highest allowed difference of mean confidence and accuracy."""

DRAWS = 9999
"""Of permutations, and of networks that guess."""


@dataclass(frozen=True)
class SampleAccuracy:
    """Accuracy of the new and of the promoted run on all candidates, or on those of a class."""

    name: str
    new: Proportion
    live: Proportion | None
    """Of the promoted run, on the candidates it has predictions for; None without one."""
    floor: float | None = None


@dataclass(frozen=True)
class GateVerdict:
    """The gate's decision on a network, and its reasons."""

    of: int
    """Labelled control candidates that the network was judged on."""
    reasons: list[str]
    """Why it is refused, a sentence each; empty if it is not."""
    shares: list[SampleAccuracy]
    """Accuracy over all classes, then in each class."""
    chance: float | None
    """Probability that permuted answers are right as often; None if the labels cannot test it."""
    confidence: float | None
    """Mean probability of the most probable class."""
    doubts: list[str] = field(default_factory=list)
    """Conditions that the labels are too few to show, a sentence each."""
    comparisons: list[GateComparison] = field(default_factory=list)
    """With the promoted run, and with the most accurate of the others promoted before."""
    looks: int = 1
    """Runs that were judged on this control sample, this one included."""
    all_looks: tuple[float, float] | None = None
    """Interval of the accuracy that holds for all these runs together."""

    @property
    def difference(self) -> tuple[float, float, float] | None:
        """Accuracy less that of the promoted run, and its interval; None if not compared."""
        return next((c.difference for c in self.comparisons if c.run is None), None)

    @property
    def judged(self) -> bool:
        """True if the labels were enough to refuse it or to let it pass."""
        return self.of >= MIN_LABELS and (self.refused or not self.doubts)

    @property
    def refused(self) -> bool:
        """True if the network must not be promoted automatically."""
        return bool(self.reasons)

    @property
    def sentence(self) -> str:
        """Return the decision in one sentence."""
        if self.refused:
            return f"The gate refuses it: {' '.join(self.reasons)}"
        if self.judged:
            return "The gate lets it pass."
        if self.of < MIN_LABELS:
            return f"The gate cannot judge it: {self.of} control labels, {MIN_LABELS} are needed."
        return f"The gate cannot judge it, the control labels are too few: {' '.join(self.doubts)}"

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {**asdict(self), "difference": self.difference, "judged": self.judged}


def has_passed(verdict: Mapping[str, Any]) -> bool:
    """Return True if a stored verdict says that the labels sufficed and the run was not refused."""
    return bool(verdict.get("judged")) and not verdict["reasons"]


def judge(
    truth_N: NDArray[np.int64],
    new_NK: NDArray[np.float64],
    promoted_NK: NDArray[np.float64],
    former: Mapping[int, NDArray[np.float64]] | None = None,
    looks: int = 1,
) -> GateVerdict:
    """Judge a network by its probabilities (N, K) for candidates with labels (N,).

    `promoted_NK` are the promoted run's, `former` those of other runs that were ever promoted,
    by number; NaN in rows that they have no prediction for. `looks` is the number of runs judged on
    this control sample, this one included.
    """
    answers_N = probable_answers(new_NK)
    right_N = answers_N == truth_N
    both_N = predicted(promoted_NK)
    shares = list(_accuracies(truth_N, right_N, probable_answers(promoted_NK) == truth_N, both_N))
    if len(truth_N) < MIN_LABELS:
        return GateVerdict(len(truth_N), [], shares, None, None, looks=looks)
    comparisons = compare_with_others(truth_N, new_NK, promoted_NK, former or {}, looks)
    verdict = GateVerdict(
        of=len(truth_N),
        reasons=[],
        shares=shares,
        chance=_chance(truth_N, answers_N),
        confidence=float(new_NK.max(axis=1).mean()),
        comparisons=comparisons,
        looks=looks,
        all_looks=_interval_for_all(int(right_N.sum()), len(right_N), looks),
    )
    verdict.reasons.extend(_reasons(verdict, truth_N, answers_N))
    verdict.doubts.extend(_doubts(verdict))
    return verdict


def allowed_chance(looks: int) -> float:
    """Return the highest probability of chance that lets a network pass after so many looks.

    Permutations cannot show less than one in all that are drawn.
    """
    return max(MAX_CHANCE / looks, 1 / (1 + DRAWS))


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _interval_for_all(right: int, of: int, looks: int) -> Interval:
    """Return the interval of an accuracy that holds for so many runs together (Bonferroni)."""
    if looks == 1:
        return wilson_interval(right, of)
    return exact_interval(right, of, 1 - (1 - LEVEL) / looks)


def _reasons(
    verdict: GateVerdict, truth_N: NDArray[np.int64], answers_N: NDArray[np.int64]
) -> Iterator[str]:
    """Yield the reasons to refuse a network."""
    if verdict.chance is not None and verdict.chance > allowed_chance(verdict.looks):
        ignorance = _ignorance(truth_N, answers_N)
        if ignorance <= MAX_IGNORANCE:
            yield (
                f"Its answers could be chance: permuted among the {verdict.of} control candidates, "
                f"they would be right as often with a probability of {verdict.chance:.2g}; a "
                f"network that knew {_percent(KNOWN_SHARE)} of them and guessed the others would "
                f"be right as rarely with a probability of {ignorance:.2g}."
            )
    yield from (c.reason for c in verdict.comparisons if c.is_worse)
    for share in verdict.shares:
        if share.floor is not None and share.new.high is not None and share.new.high < share.floor:
            yield (
                f"It finds {share.new.right} of {share.new.of} candidates of {share.name}; "
                f"{_percent(share.floor)} is the floor."
            )
    # Wilson's limit: the spread of the answers is zero if all are right or all are wrong.
    accuracy = verdict.shares[0].new
    if accuracy.value is None or accuracy.high is None or verdict.confidence is None:
        return
    if verdict.confidence - accuracy.high > MAX_OVERCONFIDENCE:
        yield (
            f"It expects to be right on {_percent(verdict.confidence)} of the control candidates, "
            f"and is on {_percent(accuracy.value)}: its entropies would mislead the queue."
        )


def _doubts(verdict: GateVerdict) -> Iterator[str]:
    """Yield what must be shown for a network to pass and is not."""
    if verdict.chance is None:
        yield (
            f"All, or nearly all, of the {verdict.of} control labels are of one class, and cannot "
            "tell its answers from chance."
        )
    elif verdict.chance > (allowed := allowed_chance(verdict.looks)):
        yield (
            "It is not shown to be better than chance: permuted answers are right as often with a "
            f"probability of {verdict.chance:.2g}, and at most {allowed:.2g} is allowed."
        )
    promoted = verdict.shares[0].live
    if promoted is not None and promoted.of < MIN_LABELS:
        yield (
            "Too few labels are shared with the promoted run: it has predictions for "
            f"{promoted.of} of the {verdict.of} labelled control candidates, and {MIN_LABELS} are "
            "needed to compare them."
        )
    for comparison in verdict.comparisons:
        if not comparison.is_as_good:
            yield (
                f"A loss of {100 * MARGIN:.0f} percentage points of accuracy against "
                f"{comparison.name} is not excluded: it could be up to "
                f"{100 * comparison.highest_loss:.1f}."
            )


def _accuracies(
    truth_N: NDArray[np.int64],
    right_N: NDArray[np.bool_],
    promoted_right_N: NDArray[np.bool_],
    both_N: NDArray[np.bool_],
) -> Iterator[SampleAccuracy]:
    """Yield the accuracies on all candidates (N,), then on those of each class."""

    def accuracy(
        name: str, sample_N: NDArray[np.bool_], floor: float | None = None
    ) -> SampleAccuracy:
        right, promoted_right = right_N[sample_N], promoted_right_N[sample_N & both_N]
        return SampleAccuracy(
            name,
            Proportion.measure(int(right.sum()), len(right)),
            Proportion.measure(int(promoted_right.sum()), len(promoted_right))
            if both_N.any()
            else None,
            floor,
        )

    yield accuracy("all classes", np.ones_like(right_N))
    for label, floor in zip(MorphologicalClass, FLOORS, strict=True):
        yield accuracy(f"class {label}", truth_N == label, floor)


def _chance(truth_N: NDArray[np.int64], answers_N: NDArray[np.int64]) -> float | None:
    """Return the probability of as many right answers if the answers were permuted.

    None if it would be above `MAX_CHANCE` for right answers alone, which one order in
    N! / (n_1! … n_K!) gives.
    """
    truth_K, answers_K = (np.bincount(labels)[1:] for labels in (truth_N, answers_N))
    log_orders = float(gammaln(len(truth_N) + 1) - gammaln(truth_K + 1).sum())
    if log_orders < -log(MAX_CHANCE):
        return None
    classes = max(len(truth_K), len(answers_K))
    margins = (np.pad(counts, (0, classes - len(counts))) for counts in (truth_K, answers_K))
    tables_DKK = scipy.stats.random_table(*margins).rvs(DRAWS, random_state=0)
    right_D = np.trace(tables_DKK, axis1=1, axis2=2)
    # The observed order is one of the possible ones.
    return float((1 + (right_D >= (truth_N == answers_N).sum()).sum()) / (1 + DRAWS))


def _ignorance(truth_N: NDArray[np.int64], answers_N: NDArray[np.int64]) -> float:
    """Return the probability that a network that knows `KNOWN_SHARE` is right as rarely.

    It guesses the other classes in the proportions of the answers.
    """
    classes = int(max(truth_N.max(), answers_N.max()))
    truth_K, answers_K = (
        np.bincount(labels, minlength=classes + 1)[1:] for labels in (truth_N, answers_N)
    )
    right_K = KNOWN_SHARE + (1 - KNOWN_SHARE) * answers_K / len(answers_N)
    right_D = np.random.default_rng(0).binomial(truth_K, right_K, (DRAWS, classes)).sum(axis=1)
    return float((1 + (right_D <= (truth_N == answers_N).sum()).sum()) / (1 + DRAWS))
