"""classifier.evaluation.shared_sky: accuracy by whether training candidates are near."""

import numpy as np
import pytest

from classifier.evaluation.shared_sky import SharedSky


def test_each_part_has_its_own_accuracy():
    right = np.array([True, True, False, True, False, False])
    apart = np.array([True, True, True, False, False, True])
    placed = np.array([True, True, True, True, True, False])
    sky = SharedSky.measure(right, apart, placed, 50)
    assert (sky.apart.right, sky.apart.of) == (2, 3)
    assert (sky.shared.right, sky.shared.of) == (1, 2)
    assert (sky.unknown.right, sky.unknown.of) == (0, 1)
    assert sky.shared_share == pytest.approx(2 / 5)
    assert sky.to_dict()["width_px"] == 50


def test_without_candidates_there_is_no_share():
    nothing = np.zeros(0, dtype=bool)
    assert SharedSky.measure(nothing, nothing, nothing, 50).shared_share is None
