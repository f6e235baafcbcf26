"""The gate's error rates, on networks that are known to lose so much accuracy.

docs/gate.md has the same from more repetitions; the bounds here are three standard errors wide.
"""

from functools import cache

import numpy as np
import pytest

from classifier.core import paired_tests, statistics
from labeling.rules import gate
from tests.benchmarks.gate_networks import SignalWorld

REPETITIONS = 100
SIGNAL = SignalWorld("signal", accuracy=0.65, shared=0.6)


@pytest.fixture(autouse=True)
def few_draws(monkeypatch):
    monkeypatch.setattr(paired_tests, "FLIPS", 499)
    monkeypatch.setattr(gate, "DRAWS", 499)
    monkeypatch.setattr(statistics, "wilson_interval", cache(statistics.wilson_interval))


@cache
def rates(labels, loss):
    """Shares of networks that are refused, and that pass."""
    rng = np.random.default_rng([labels, round(100 * loss)])
    verdicts = []
    for _ in range(REPETITIONS):
        sample = SIGNAL.draw(labels, [0, loss], rng)
        promoted, new = sample.networks
        verdicts.append(gate.judge(sample.truth_N, new, promoted))
    refused = np.mean([verdict.refused for verdict in verdicts])
    return refused, np.mean([verdict.judged and not verdict.refused for verdict in verdicts])


@pytest.mark.parametrize("labels", [20, 100, 300])
def test_at_most_one_in_twenty_good_networks_is_refused(labels):
    refused, _ = rates(labels, 0)
    assert refused <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / REPETITIONS)


@pytest.mark.parametrize("labels", [20, 100])
def test_at_most_one_in_twenty_networks_that_lose_the_margin_passes(labels):
    _, passes = rates(labels, 0.10)
    assert passes <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / REPETITIONS)


def test_a_network_that_is_ten_points_worse_is_refused_at_100_labels():
    refused, _ = rates(100, 0.10)
    # About 80 % in docs/gate.md, and 49 % by the gate of version 0.1.
    assert refused >= 0.65


def test_a_good_network_passes_with_300_labels():
    _, passes = rates(300, 0)
    assert passes >= 0.8


@pytest.mark.parametrize(
    ("labels", "earlier", "least"),
    [(100, 1, 0.8), (100, 6, 0.8), (20, 1, 0.66)],
    ids=["one earlier run", "six earlier runs", "few labels"],
)
def test_the_smallest_loss_seen_is_refused_as_often_as_is_stated(labels, earlier, least):
    rng = np.random.default_rng(earlier)

    def comparisons(loss):
        """Comparisons with the promoted run; the others promoted lose as much as the new one."""
        sample = SIGNAL.draw(labels, [0, *[loss] * earlier], rng)
        promoted, new, *former = sample.networks
        verdict = gate.judge(sample.truth_N, new, promoted, dict(enumerate(former)))
        return verdict.comparisons

    seen = np.mean([comparisons(0.12)[0].smallest_visible_loss for _ in range(30)])
    refused = np.mean([any(c.is_worse for c in comparisons(seen)) for _ in range(REPETITIONS)])
    # The level is divided by the number of networks, which refuses no less than is stated.
    assert refused >= least - 3 * np.sqrt(least * (1 - least) / REPETITIONS)
