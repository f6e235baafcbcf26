"""labeling.rules.learning_curve: on measurements whose law is known."""

from math import log

import numpy as np
import pytest

from labeling.rules.learning_curve import FEWEST_RUNS, Measurement, advice

OF = 400


def measured(labels, accuracy):
    return Measurement(run=labels, labels=labels, right=round(OF * accuracy), of=OF)


def on_the_law(labels, slope=0.1):
    """Accuracy 0.4 at 50 labels, and `slope` more for each factor e."""
    return measured(labels, 0.4 + slope * log(labels / 50))


def test_it_finds_the_law_that_the_runs_follow():
    found = advice([on_the_law(n) for n in (50, 100, 200, 400)], labels=400, more=100)
    assert found.gain == pytest.approx(0.1 * log(500 / 400), abs=1e-3)
    assert found.sentence.startswith("Another 100 votes, about 100 labels, would change")


def test_a_flat_curve_is_not_worth_it():
    found = advice([on_the_law(n, 0.01) for n in (50, 100, 200)], labels=200, more=100)
    assert found.sentence.endswith("no more than chance can explain.")


def test_a_steep_curve_is_worth_it():
    found = advice([on_the_law(n, 0.25) for n in (10, 50, 250)], labels=250, more=250)
    assert found.sentence.endswith("worth it.")
    assert found.gain > 1.96 * found.error


def test_its_error_is_that_of_repeated_measurements():
    rng = np.random.default_rng(0)
    labels = (50, 100, 200, 400)
    gains = [
        advice([Measurement(0, n, rng.binomial(OF, 0.6), OF) for n in labels], 400, 100)
        for _ in range(400)
    ]
    assert np.mean([one.gain for one in gains]) == pytest.approx(0, abs=1e-3)
    spread = np.std([one.gain for one in gains])
    assert gains[0].error == pytest.approx(spread, rel=0.1)


@pytest.mark.parametrize("labels", [(), (50, 100), (50, 50, 100, 100)])
def test_too_few_runs_say_nothing(labels):
    assert len(set(labels)) < FEWEST_RUNS
    assert advice([on_the_law(n) for n in labels], labels=100, more=10) is None


def test_runs_that_are_always_right_have_an_error():
    assert measured(10, 1.0).error > 0
    assert advice([measured(n, 1.0) for n in (10, 20, 40)], 40, 10).gain == pytest.approx(0)
