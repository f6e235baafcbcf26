"""The benchmark of random splits against sky cells: its folds and its interval."""

import numpy as np
import pytest
from scipy.stats import binom

from classifier.core.control_sample import GUARD_PX, sky_groups
from tests.benchmarks import split_optimism
from tests.benchmarks.split_optimism import FOLDS_OF, KnownField, apart, mean_with_interval
from tests.classifier.evaluation.test_metrics import manifest_of

RNG = np.random.default_rng(5)


@pytest.fixture
def field():
    points = RNG.uniform(0, 3000, (600, 2))
    return KnownField("f", "a field", manifest_of(RNG.integers(1, 5, 600)), points)


def test_every_candidate_is_measured_once_in_each_split(field):
    for folds in FOLDS_OF.values():
        controls = [control for control, _ in folds(field, 3)]
        assert np.sum(controls, axis=0).tolist() == [1] * 600


def test_both_splits_train_on_as_many_and_cells_are_apart(field):
    numbers = [
        [(control.sum(), train.sum()) for control, train in folds(field, 3)]
        for folds in FOLDS_OF.values()
    ]
    assert numbers[0] == numbers[1]
    for control, train in FOLDS_OF["cells"](field, 3):
        distance = abs(field.points[control][:, None] - field.points[train]).max(axis=2)
        assert distance.min() >= GUARD_PX


def test_candidates_apart_have_no_training_candidate_near(field):
    (alone,) = apart(field, 1)
    for control, train in FOLDS_OF["random"](field, 0):
        distance = abs(field.points[control][:, None] - field.points[train]).max(axis=2)
        assert alone[control].tolist() == (distance.min(axis=1) >= 50).tolist()


def test_its_interval_holds_for_differences_that_vary_from_cell_to_cell(monkeypatch, field):
    monkeypatch.setattr(split_optimism, "BOOTSTRAPS", 200)
    groups, trials = sky_groups(*field.points.T), 120
    covered = 0
    for _ in range(trials):
        of_cell = RNG.normal(0, 0.05, groups.max() + 1)[groups]
        values = 0.03 + of_cell + RNG.normal(0, 0.3, (3, 600))
        _, low, high = mean_with_interval(values, np.ones((3, 600), dtype=bool), groups)
        covered += low <= 0.03 <= high
    # At least 90 % of 36 cells, within what the trials can tell.
    assert covered >= binom.ppf(0.001, trials, 0.9)
