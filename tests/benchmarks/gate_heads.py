"""Linear heads on frozen features, to judge the gate by: a simulated field, and stamps of M31.

Shapes   N candidates, K classes, numbered from 1, J networks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import GroupShuffleSplit, train_test_split

from classifier.active import simulated_experts
from classifier.active.imagenet_features import stored_features
from classifier.active.learners import HeadLearner
from classifier.core.paired_tests import quadratic_scores
from tests.benchmarks import report, simulate
from tests.benchmarks.gate_networks import HeadWorld

FIELD_LABELS = (60, 100, 150, 250, 400, 700, 1100, 1500)
M31_LABELS = (20, 30, 50, 80, 120, 200, 300)
SEEDS = 4

ALIKE = 0.2
"""Loss in accuracy up to which two networks are compared: larger ones are seen by any rule."""


@dataclass(frozen=True)
class ScoreRelation:
    """How the loss in score of one network against another follows its loss in accuracy."""

    slope: float
    spread: float
    """Difference of the two losses that nine of ten pairs are within."""


def score_relation(world: HeadWorld) -> ScoreRelation:
    """Compare all pairs of networks that differ by at most `ALIKE` on all candidates."""
    accuracy_J = world.right_JN.mean(axis=1)
    score_J = np.array([quadratic_scores(p_NK, world.truth_N).mean() for p_NK in world.networks])
    first, second = np.triu_indices(len(accuracy_J), k=1)
    loss, score_loss = accuracy_J[first] - accuracy_J[second], score_J[second] - score_J[first]
    alike = np.abs(loss) <= ALIKE
    loss, score_loss = loss[alike], score_loss[alike]
    # A pair in the other order has both losses with the other sign: the line is through zero.
    return ScoreRelation(
        float(loss @ score_loss / (loss @ loss)),
        float(np.quantile(np.abs(score_loss - loss), 0.9)),
    )


def field_heads(candidates: int = 4500, side: int = 5543) -> HeadWorld:
    """Heads that were trained on 60 to 1500 labels of a simulated field, half by experts' votes."""
    simulate.CANDIDATES, simulate.SIDE = candidates, side
    simulate.WORK = report.home() / "gate"
    setting = simulate.field()
    truth_N = setting.manifest.label
    pool, test = train_test_split(
        np.arange(len(truth_N)), train_size=1 / 3, random_state=0, stratify=truth_N
    )
    return _heads(setting, pool, test, FIELD_LABELS, noisy=True)


def m31_heads() -> HeadWorld:
    """Heads that were trained on 20 to 300 labels of M31, judged on sky of their own."""
    simulate.WORK = report.home() / "gate"
    setting = simulate.m31()
    splitter = GroupShuffleSplit(1, test_size=0.6, random_state=0)
    pool, test = next(splitter.split(setting.groups, groups=setting.groups))
    return _heads(setting, pool, test, M31_LABELS, noisy=False)


def _heads(
    setting: simulate.Setting,
    pool: NDArray[np.int64],
    test: NDArray[np.int64],
    counts: Sequence[int],
    *,
    noisy: bool,
) -> HeadWorld:
    config = replace(setting.config, dihedral=False)
    path = simulate.WORK / f"embeddings-{setting.name}.safetensors"
    learner = HeadLearner(stored_features(setting.manifest, config, path), config.classes)
    truth_N = setting.manifest.label
    networks = []
    for count in counts:
        for seed in range(SEEDS):
            label_N = _labels(truth_N, pool, count, seed, by_votes=noisy and seed % 2 == 1)
            networks.append(learner.learn(label_N, seed).member_probability.mean(axis=0)[test])
    return HeadWorld("heads on frozen features", truth_N[test], np.stack(networks))


def _labels(
    truth_N: NDArray[np.int64], pool: NDArray[np.int64], count: int, seed: int, *, by_votes: bool
) -> NDArray[np.int64]:
    """Return labels (N,) of so many candidates of the pool; 0 for the others."""
    rng = np.random.default_rng([count, seed])
    chosen = rng.choice(pool, min(count, len(pool)), replace=False)
    label_N = np.zeros_like(truth_N)
    label_N[chosen] = truth_N[chosen]
    if by_votes:
        classes = int(truth_N.max())
        confusion_KK = simulated_experts.expert_confusion(classes)
        votes = simulated_experts.cast_votes(truth_N[chosen], confusion_KK, 3, rng)
        label_N[chosen] = simulated_experts.majority_labels(votes, classes)
    return label_N
