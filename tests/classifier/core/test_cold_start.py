"""classifier.core.cold_start: a sample of every kind."""

import numpy as np

from classifier.core.cold_start import SPREAD_SIZE, spread_sample


def test_it_begins_with_every_kind():
    columns = np.random.default_rng(0).normal(size=(1000, 3))
    deciles = (columns.argsort(axis=0).argsort(axis=0) * 10) // 1000
    first = spread_sample(columns)[:60]
    for axis in range(3):
        assert set(deciles[first, axis].tolist()) == set(range(10))


def test_one_wrong_magnitude_does_not_hide_the_others():
    columns = np.random.default_rng(0).normal(20, 1, (200, 1))
    columns[0] = -99
    first = columns[spread_sample(columns)[:10]]
    assert np.ptp(first[first > 0]) > 2


def test_missing_values_are_the_median():
    columns = np.array([[0.0, 1], [1, 2], [2, 3], [np.nan, np.nan], [9, np.nan]])
    assert sorted(spread_sample(columns)) == [0, 1, 2, 3, 4]


def test_the_same_rows_and_seed_give_the_same_sample():
    columns = np.random.default_rng(0).normal(size=(500, 3))
    assert spread_sample(columns) == spread_sample(columns)
    assert len(spread_sample(columns)) == SPREAD_SIZE


def test_rows_without_any_value_are_one_kind():
    assert len(spread_sample(np.full((50, 3), np.nan))) == 1
    assert spread_sample(np.empty((0, 3))) == []
