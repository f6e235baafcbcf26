"""labeling.rules.learning_curve: on measurements that follow the model."""

from math import log

import numpy as np
import pytest

from labeling.rules.learning_curve import MIN_RUNS, Measurement, advice

TOTAL = 400


def measurement(labels, accuracy):
    return Measurement(run=labels, labels=labels, correct=round(TOTAL * accuracy), total=TOTAL)


def from_model(labels, slope=0.1):
    """Accuracy 0.4 at 50 labels, and `slope` more for each factor e."""
    return measurement(labels, 0.4 + slope * log(labels / 50))


def test_it_recovers_the_slope_of_the_model():
    estimate = advice([from_model(n) for n in (50, 100, 200, 400)], labels=400, more_labels=100)
    assert estimate.gain == pytest.approx(0.1 * log(500 / 400), abs=1e-3)
    assert estimate.sentence.startswith("Another 100 votes, about 100 labels, would change")


def test_a_flat_curve_is_not_worth_it():
    estimate = advice([from_model(n, 0.01) for n in (50, 100, 200)], labels=200, more_labels=100)
    assert estimate.sentence.endswith("no more than chance can explain.")


def test_a_steep_curve_is_worth_it():
    estimate = advice([from_model(n, 0.25) for n in (10, 50, 250)], labels=250, more_labels=250)
    assert estimate.sentence.endswith("worth it.")
    assert estimate.gain > 1.96 * estimate.error


def test_the_error_is_that_of_repeated_measurements():
    rng = np.random.default_rng(0)
    labels = (50, 100, 200, 400)
    gains = [
        advice([Measurement(0, n, rng.binomial(TOTAL, 0.6), TOTAL) for n in labels], 400, 100)
        for _ in range(400)
    ]
    assert np.mean([estimate.gain for estimate in gains]) == pytest.approx(0, abs=1e-3)
    spread = np.std([estimate.gain for estimate in gains])
    assert gains[0].error == pytest.approx(spread, rel=0.1)


@pytest.mark.parametrize("labels", [(), (50, 100), (50, 50, 100, 100)])
def test_too_few_runs_give_no_advice(labels):
    assert len(set(labels)) < MIN_RUNS
    assert advice([from_model(n) for n in labels], labels=100, more_labels=10) is None


def test_an_accuracy_of_100_percent_has_an_error():
    assert measurement(10, 1.0).error > 0
    assert advice([measurement(n, 1.0) for n in (10, 20, 40)], 40, 10).gain == pytest.approx(0)


def test_a_curve_that_has_stopped_growing_is_not_worth_it():
    curve = [measurement(50, 0.5), measurement(100, 0.58)]
    flat = [measurement(n, 0.65) for n in (200, 400, 800)]
    estimate = advice([*curve, *flat], labels=800, more_labels=100)
    assert estimate.gain == pytest.approx(0, abs=1e-9)
    assert estimate.sentence.endswith("no more than chance can explain.")


def test_how_often_it_says_worth_it_where_nothing_is_gained():
    rng = np.random.default_rng(1)
    labels = (100, 150, 200, 250, 300)
    said = [
        advice([Measurement(0, n, rng.binomial(216, 0.65), 216) for n in labels], 300, 50).sentence
        for _ in range(1000)
    ]
    # One side of the interval: 2.5 %, with three binomial errors.
    assert np.mean([sentence.endswith(": worth it.") for sentence in said]) < 0.025 + 0.015
