"""classifier.core.paired_tests, against exact probabilities, scipy and simulation."""

import numpy as np
import pytest
from scipy.stats import binom, ttest_1samp

from classifier.core import paired_tests
from classifier.core.paired_tests import (
    highest_accuracy_loss,
    highest_mean,
    largest_loss_p_values,
    quadratic_scores,
    smallest_visible_loss,
)
from classifier.core.statistics import Z, paired_difference_interval

LEVELS = (0.035, 0.05, 0.2)


@pytest.fixture
def rng():
    return np.random.default_rng(20)


@pytest.fixture
def few_flips(monkeypatch):
    monkeypatch.setattr(paired_tests, "FLIPS", 499)


@pytest.mark.parametrize(("losses", "gains"), [(4, 0), (9, 3), (5, 5), (2, 8), (30, 12)])
def test_right_and_wrong_answers_have_mcnemars_mid_p_value(losses, gains):
    loss_N1 = np.repeat([1.0, -1.0, 0.0], (losses, gains, 40))[:, None]
    total = losses + gains
    exact = binom.sf(losses, total, 0.5) + binom.pmf(losses, total, 0.5) / 2
    (p_value,) = largest_loss_p_values(loss_N1)
    # Three standard errors of 9999 flips are at most 0.015.
    assert p_value == pytest.approx(exact, abs=0.015)


def test_equal_networks_have_no_loss():
    assert largest_loss_p_values(np.zeros((30, 2))).tolist() == [1, 1]


def test_the_p_value_of_a_mean_is_students(rng):
    loss_N = rng.normal(0.2, 1, 200)
    (p_value,) = largest_loss_p_values(loss_N[:, None])
    expected = ttest_1samp(loss_N, 0, alternative="greater").pvalue
    assert p_value == pytest.approx(expected, abs=0.005)


def test_the_largest_of_several_losses_is_adjusted_for_their_number(rng):
    loss_NJ = rng.normal(0.15, 1, (200, 10))
    alone = [largest_loss_p_values(loss_NJ[:, [j]])[0] for j in range(10)]
    together = largest_loss_p_values(loss_NJ)
    # Independent losses: the smallest of ten p-values, by Sidak.
    assert together.min() == pytest.approx(1 - (1 - min(alone)) ** 10, abs=0.02)
    assert (together >= alone).all()


def test_copies_of_one_network_cost_nothing(rng):
    loss_N = rng.normal(0.15, 1, 200)
    one, many = (largest_loss_p_values(np.stack([loss_N] * j, axis=1)) for j in (1, 10))
    assert many.tolist() == pytest.approx([one[0]] * 10, abs=0.01)


def test_the_best_of_ten_equal_networks_is_no_evidence(rng, few_flips):
    # At 0.05, 300 samples: 15 expected, 28 is beyond three standard errors.
    def smallest():
        common_N1 = rng.normal(size=(100, 1))
        others_NJ = rng.normal(size=(100, 10)) + common_N1
        new_N1 = rng.normal(size=(100, 1)) + common_N1
        return largest_loss_p_values(others_NJ - new_N1).min()

    assert sum(smallest() <= 0.05 for _ in range(300)) <= 28


def test_the_score_is_briers_where_the_probabilities_are_calibrated(rng):
    p_NK = rng.dirichlet([1, 1, 1, 1], 20_000)
    truth_N = (p_NK.cumsum(axis=1) > rng.random((20_000, 1))).argmax(axis=1) + 1
    brier_N = ((p_NK - np.eye(4)[truth_N - 1]) ** 2).sum(axis=1)
    assert quadratic_scores(p_NK, truth_N) == pytest.approx(brier_N, abs=0.05)


@pytest.mark.parametrize("power", [0.4, 3])
def test_a_network_that_is_too_sure_or_unsure_has_the_same_score(rng, power):
    p_NK = rng.dirichlet([1, 1, 1, 1], 4000)
    truth_N = (p_NK.cumsum(axis=1) > rng.random((4000, 1))).argmax(axis=1) + 1
    changed_NK = p_NK**power / (p_NK**power).sum(axis=1, keepdims=True)
    assert quadratic_scores(changed_NK, truth_N) == pytest.approx(
        quadratic_scores(p_NK, truth_N), abs=0.03
    )


def test_certain_wrong_answers_have_a_finite_score():
    score_N = quadratic_scores(np.eye(4)[[0, 1, 2, 3]], np.array([1, 2, 3, 1]))
    assert np.isfinite(score_N).all()
    assert score_N[3] > score_N[0]


def test_the_highest_loss_is_the_interval_of_the_difference():
    _, high = paired_difference_interval(9, 3, 100)
    assert highest_accuracy_loss(9, 3, 100, 0.025) == high
    assert highest_accuracy_loss(0, 0, 0, 0.025) == 1


def test_the_highest_mean_is_students(rng):
    loss_N = rng.normal(size=30)
    limit = ttest_1samp(loss_N, 0).confidence_interval(0.90).high
    assert highest_mean(loss_N, 0.05) == pytest.approx(limit)
    assert highest_mean(loss_N[:1], 0.05) == 2


def test_of_right_answers_alone_the_smallest_visible_loss_is_that_of_a_z_test():
    # A score as uninformative as can be; a quarter of 400 answers differ.
    loss_N = np.repeat([1.0, -1.0, 0.0], (50, 50, 300))
    score_N = np.tile([100.0, -100.0], 200)
    alone = (0.035, 1e-9, 0.2)
    seen = smallest_visible_loss(loss_N, score_N, levels=alone, tolerance=0.02)
    share = 102 / 402
    expected = (1.812 + 0.842) * np.sqrt((share - seen**2) / 402)
    assert seen == pytest.approx(expected, abs=0.002)
    assert pytest.approx(1.96, abs=0.001) == Z


def test_the_smallest_visible_loss_is_seen_in_four_of_five_cases(rng, few_flips):
    count, correlation = 200, 0.6
    noise_N = rng.normal(size=(4000, 2)) @ np.array([[1, correlation], [0, 0.8]])
    accuracy_N = np.where(np.abs(noise_N[:, 0]) > 1.15, np.sign(noise_N[:, 0]), 0)
    score_N = 0.35 * noise_N[:, 1]
    seen = smallest_visible_loss(accuracy_N[:count], score_N[:count], levels=LEVELS, tolerance=0.02)

    def refused():
        # So many of the gains become losses that the mean is the loss.
        drawn = rng.integers(0, 4000, count)
        loss_N, shifted_N = accuracy_N[drawn], score_N[drawn] + seen
        turned_N = (loss_N < 0) & (rng.random(count) < seen / 2 / np.mean(accuracy_N < 0))
        p, q = (
            largest_loss_p_values(values[:, None])[0]
            for values in (np.where(turned_N, 1, loss_N), shifted_N - 0.02)
        )
        return p <= LEVELS[0] or (q <= LEVELS[1] and p <= LEVELS[2])

    # 300 samples: three standard errors are 0.07; the correlation changes with the answers.
    assert np.mean([refused() for _ in range(300)]) == pytest.approx(0.8, abs=0.08)


def test_without_candidates_every_loss_is_invisible():
    assert smallest_visible_loss(np.empty(0), np.empty(0), levels=LEVELS, tolerance=0.02) == 1


def test_equal_answers_leave_a_loss_invisible_that_is_not_shown():
    equal_N = np.zeros(20)
    assert smallest_visible_loss(equal_N, equal_N, levels=LEVELS, tolerance=0.02) > 0.1
