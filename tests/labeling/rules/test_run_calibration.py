"""labeling.rules.run_calibration: calibrated probabilities, and why there are none."""

import numpy as np
import pytest

from classifier.core.temperature import apply_temperature
from labeling.rules.run_calibration import RunCalibration
from tests.benchmarks.calibrated_probabilities import measure

STORED = {
    "temperature": 1.6,
    "count": 140,
    "note": "",
    "before": {"negative_log_likelihood": 1.1, "expected_calibration_error": 0.2, "chance": {}},
    "after": {"negative_log_likelihood": 0.9, "expected_calibration_error": 0.1},
}
P = [0.9, 0.05, 0.05, 0.0]


def test_they_are_those_of_the_temperature():
    calibrated = RunCalibration.of_run(STORED, "").calibrated(P)
    assert calibrated == pytest.approx(apply_temperature(np.array([P]), 1.6)[0], abs=1e-6)
    assert sum(calibrated) == pytest.approx(1, abs=3e-6)


@pytest.mark.parametrize("temperature", [0.05, 20.0])
def test_the_limits_of_the_search_overflow_nothing(temperature):
    calibration = RunCalibration.of_run(STORED | {"temperature": temperature}, "")
    expected = apply_temperature(np.array([P]), temperature)[0]
    assert calibration.calibrated(P) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("stored", "network", "note"),
    [
        (STORED, "StarcNet", "was trained elsewhere"),
        (None, "", "was not measured"),
        (
            STORED | {"temperature": None, "note": "The labels determine none."},
            "",
            "determine none",
        ),
        (STORED | {"after": None, "note": "The error after is unknown."}, "", "is unknown"),
        (STORED | {"before": STORED["after"]}, "", "of an earlier version"),
        (
            STORED | {"temperature": None, "after": None, "count": 12, "note": "At least 20."},
            "",
            "50 control labels are needed, and there were 12",
        ),
        (STORED | {"count": 49}, "", "50 control labels are needed, and there were 49"),
        (STORED | {"after": STORED["before"]}, "", "no better"),
    ],
)
def test_there_are_none(stored, network, note):
    calibration = RunCalibration.of_run(stored, network)
    assert calibration.calibrated(P) is None
    assert calibration.labels == 0
    assert note in calibration.note
    assert note in calibration.sentence


def test_the_sentence_names_the_labels():
    sentence = RunCalibration.of_run(STORED, "").sentence
    assert sentence == "Calibrated with the temperature 1.60, fitted to 140 control labels."


def test_they_are_better_for_overconfident_networks_and_hardly_worse_for_others():
    overconfident = measure(2.0, 60, repetitions=12)
    assert overconfident.given.mean() > 0.6
    assert (overconfident.likelihood[overconfident.given] < 0).all()
    # A network that needs no calibration: a few hundredths of a nat at most, as the table says.
    calibrated = measure(1.0, 60, repetitions=12)
    assert calibrated.given.mean() < 0.6
    assert (calibrated.likelihood * calibrated.given).mean() < 0.02
