"""classifier.evaluation.calibration: on probabilities whose right temperature is known."""

import json

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.metrics import log_loss

from classifier.core.temperature import apply_temperature
from classifier.evaluation.calibration import (
    BINS,
    Reliability,
    calibrate,
    fit_temperature,
    negative_log_likelihood,
)
from tests.classifier.evaluation.test_metrics import manifest_of, predictions_with


def drawn(count, classes=4, seed=0):
    """Probabilities (N, K), and labels (N,) drawn by them: as calibrated as can be."""
    rng = np.random.default_rng(seed)
    probability = softmax(1.5 * rng.normal(size=(count, classes)), axis=1)
    return probability, (probability.cumsum(axis=1) < rng.random(count)[:, None]).sum(axis=1) + 1


def calibrated(probability, labels, **options):
    return calibrate(predictions_with(probability[None]), manifest_of(labels), **options)


def ece_by_hand(probability, labels):
    """Expected calibration error, one candidate at a time."""
    bins = {}
    for row, label in zip(probability, labels, strict=True):
        number = int(np.ceil(row.max() * BINS - 1e-12))
        bins.setdefault(number, []).append((row.max(), row.argmax() + 1 == label))
    gaps = (
        abs(sum(c for c, _ in members) - sum(r for _, r in members)) for members in bins.values()
    )
    return sum(gaps) / len(labels)


@pytest.mark.parametrize("temperature", [0.5, 2.0])
def test_it_finds_the_inverse_of_an_applied_temperature(temperature):
    probability, labels = drawn(8000)
    calibration = calibrated(apply_temperature(probability, 1 / temperature), labels)
    # The standard error of T is about 0.02 T for so many candidates.
    assert calibration.temperature == pytest.approx(temperature, rel=0.06)
    assert calibration.fold_temperatures == pytest.approx([temperature] * 5, rel=0.1)


@pytest.mark.parametrize("temperature", [0.5, 2.0])
def test_cross_fitting_lowers_both_errors(temperature):
    probability, labels = drawn(2000, seed=1)
    calibration = calibrated(apply_temperature(probability, 1 / temperature), labels)
    before, after = calibration.before, calibration.after
    assert after.expected_calibration_error < before.expected_calibration_error / 2
    assert after.negative_log_likelihood < before.negative_log_likelihood


def test_calibrated_probabilities_stay():
    probability, labels = drawn(8000, seed=2)
    calibration = calibrated(probability, labels)
    assert calibration.temperature == pytest.approx(1, abs=0.06)
    assert calibration.before.expected_calibration_error < 0.02
    assert calibration.after.expected_calibration_error < 0.02


def test_the_error_after_is_of_candidates_that_were_not_fitted():
    probability, labels = drawn(40, seed=3)
    calibration = calibrated(apply_temperature(probability, 0.3), labels)
    fitted = apply_temperature(apply_temperature(probability, 0.3), calibration.temperature)
    assert calibration.after.negative_log_likelihood > negative_log_likelihood(fitted, labels)


def test_the_temperature_is_where_the_likelihood_is_highest():
    probability, labels = drawn(300, seed=4)
    best = fit_temperature(probability, labels)
    losses = [log_loss(labels, apply_temperature(probability, best * f)) for f in (0.98, 1, 1.02)]
    assert losses[1] == min(losses)


def test_a_temperature_scales_the_odds():
    probability = np.array([[0.8, 0.2], [0.5, 0.5], [1.0, 0.0]])
    np.testing.assert_allclose(apply_temperature(probability, 1), probability, atol=1e-11)
    # The square root of odds of 4 is 2.
    np.testing.assert_allclose(apply_temperature(probability, 2)[0], [2 / 3, 1 / 3])
    np.testing.assert_allclose(apply_temperature(probability, 1e9), 0.5, atol=1e-6)
    assert np.isfinite(np.log(apply_temperature(probability, 0.05))).all()


def test_reliability_by_hand():
    # Two bins: (0.6, 0.6667] with one of two right, (0.8667, 0.9333] with both.
    probability = np.array([[0.65, 0.35], [0.35, 0.65], [0.9, 0.1], [0.1, 0.9]])
    reliability = Reliability.measure(probability, np.array([1, 1, 1, 2]))
    assert [group.count for group in reliability.bins if group.count] == [2, 2]
    tenth = reliability.bins[9]
    assert (tenth.low, tenth.confidence, tenth.accuracy) == pytest.approx((0.6, 0.65, 0.5))
    assert reliability.bins[0].accuracy is None
    assert reliability.expected_calibration_error == pytest.approx((2 * 0.15 + 2 * 0.1) / 4)
    assert reliability.negative_log_likelihood == pytest.approx(
        -np.log(0.65 * 0.35 * 0.9 * 0.9) / 4
    )


def test_errors_agree_with_scikit_learn():
    probability, labels = drawn(500, seed=5)
    reliability = Reliability.measure(probability, labels)
    assert reliability.expected_calibration_error == pytest.approx(ece_by_hand(probability, labels))
    assert reliability.negative_log_likelihood == pytest.approx(log_loss(labels, probability))
    assert sum(group.count for group in reliability.bins) == 500


def test_a_confidence_of_one_is_in_the_last_bin():
    reliability = Reliability.measure(apply_temperature(np.array([[1.0, 0.0]]), 1), np.array([1]))
    assert reliability.bins[-1].count == 1


def test_it_takes_any_number_of_classes():
    probability, labels = drawn(4000, classes=7, seed=6)
    calibration = calibrated(apply_temperature(probability, 0.5), labels)
    assert calibration.temperature == pytest.approx(2, rel=0.1)


def test_too_few_candidates_have_a_note_instead():
    calibration = calibrated(*drawn(19))
    assert calibration.temperature is None and calibration.after is None
    assert calibration.before.negative_log_likelihood > 0
    assert calibration.note == (
        "A temperature needs at least 20 labelled candidates of the control split, and there "
        "are 19."
    )


@pytest.mark.parametrize(("rarest", "folds"), [(1, 2), (2, 2), (3, 3), (9, 5)])
def test_there_are_as_many_folds_as_the_rarest_class_allows(rarest, folds, recwarn):
    labels = np.where(np.arange(60) < rarest, 2, 1)
    # Every third answer is wrong.
    answers = np.where(np.arange(60) % 3, labels, 3)
    probability = 0.1 + 0.6 * np.eye(4)[answers - 1]
    assert len(calibrated(probability, labels).fold_temperatures) == folds
    assert not recwarn


@pytest.mark.parametrize(
    ("probability", "truth", "note"),
    [
        ([0.6, 0.2, 0.1, 0.1], 1, "at 0.05 or less. This happens if no answer is wrong"),
        ([0.97, 0.01, 0.01, 0.01], 1, "at 0.05 or less"),
        ([1, 0, 0, 0], 1, "at 0.05 or less"),
        ([0.6, 0.2, 0.1, 0.1], 4, "at 20 or more. This happens if the probabilities tell nothing"),
        ([1, 0, 0, 0], 4, "at 20 or more"),
        ([0.25, 0.25, 0.25, 0.25], 1, "determine no temperature"),
    ],
)
def test_labels_without_a_best_temperature_are_reported(probability, truth, note):
    # All right: the likelihood rises as T falls to 0; all wrong: as T grows without limit.
    p_NK, truth_N = np.tile(np.array(probability, dtype=float), (20, 1)), np.full(20, truth)
    assert fit_temperature(p_NK, truth_N) is None
    calibration = calibrated(p_NK, truth_N)
    assert (calibration.temperature, calibration.after) == (None, None)
    assert note in calibration.note
    json.dumps(calibration.to_dict(), allow_nan=False)


@pytest.mark.parametrize("right", [13, 14, 16, 18, 19])
def test_one_confidence_has_the_temperature_that_gives_its_accuracy(right):
    # Odds of 0.6 to 0.4 / 3 for each other class; the wrong answers are evenly spread.
    p_NK, count = np.tile([0.6, 0.4 / 3, 0.4 / 3, 0.4 / 3], (20, 1)), 20
    truth_N = np.where(np.arange(count) < right, 1, 2 + np.arange(count) % 3)
    accuracy = right / count
    expected = np.log(0.6 / (0.4 / 3)) / np.log(accuracy / ((1 - accuracy) / 3))
    assert fit_temperature(p_NK, truth_N) == pytest.approx(expected, rel=1e-4)


def test_one_wrong_answer_leaves_a_fold_without_a_temperature():
    p_NK = np.tile([0.6, 0.2, 0.1, 0.1], (20, 1))
    calibration = calibrated(p_NK, np.where(np.arange(20) == 7, 2, 1))
    assert calibration.temperature > 0.2
    assert calibration.fold_temperatures.count(None) == 1
    assert calibration.after is None
    assert "no temperature in 1 of 2 cases" in calibration.note
    assert calibration.to_dict()["after"] is None


def test_a_certain_wrong_answer_does_not_make_it_infinite():
    probability, labels = drawn(30)
    probability[0] = np.eye(4)[labels[0] % 4]
    text = json.dumps(calibrated(probability, labels).to_dict(), allow_nan=False)
    assert json.loads(text)["count"] == 30


def test_the_seed_decides_the_folds():
    probability, labels = drawn(100)
    first, repeated, other = (calibrated(probability, labels, seed=seed) for seed in (1, 1, 2))
    assert first == repeated
    assert first.fold_temperatures != other.fold_temperatures
    assert first.temperature == other.temperature


def test_without_labels_there_are_no_figures():
    calibration = calibrated(drawn(3)[0], [0, 0, 0])
    assert (calibration.count, calibration.before) == (0, None)
    assert json.loads(json.dumps(calibration.to_dict(), allow_nan=False))["temperature"] is None


def test_the_error_by_chance_is_that_of_labels_drawn_by_the_probabilities():
    probability, _ = drawn(60, seed=5)
    rng = np.random.default_rng(1)
    draws = [
        (probability.cumsum(axis=1) < rng.random(60)[:, None]).sum(axis=1) + 1 for _ in range(800)
    ]
    errors = [ece_by_hand(probability, labels) for labels in draws]
    chance = Reliability.measure(probability, draws[0]).chance
    # The standard deviation over the draws is 0.026.
    assert chance.mean == pytest.approx(np.mean(errors), abs=0.004)
    expected = np.quantile(errors, [0.025, 0.975])
    assert (chance.low, chance.high) == pytest.approx(expected, abs=0.015)
    assert chance.p_value == pytest.approx(np.mean(np.array(errors) >= errors[0]), abs=0.05)


def test_few_labels_have_a_large_error_by_chance():
    means = []
    for count in (20, 80, 320, 5120):
        probability, labels = drawn(count, seed=6)
        means.append(Reliability.measure(probability, labels).chance.mean)
    assert means == sorted(means, reverse=True)
    assert means[0] > 0.15
    assert means[-1] < 0.02


def test_calibrated_probabilities_seldom_have_more_than_the_error_by_chance():
    cases = 60
    values = [Reliability.measure(*drawn(100, seed=seed)).chance.p_value for seed in range(cases)]
    # Three standard errors of a share of 0.05 above it.
    assert np.mean(np.array(values) < 0.05) < 0.135
    assert np.mean(values) == pytest.approx(0.5, abs=0.12)


def test_wrong_probabilities_have_more_than_the_error_by_chance():
    probability, labels = drawn(300, seed=7)
    reliability = Reliability.measure(apply_temperature(probability, 0.3), labels)
    assert reliability.expected_calibration_error > reliability.chance.high
    assert reliability.chance.p_value < 0.01
