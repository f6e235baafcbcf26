"""labeling.agreement.bootstrap: intervals of figures whose distribution is known."""

import math
import time

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.proportion import proportion_confint

from labeling.agreement.bootstrap import (
    bootstrap_intervals,
    cohen_kappas,
    fold_compact,
    percentile_interval,
    row_shares,
)

MATRIX = np.array([[60, 20, 5, 15], [25, 40, 15, 20], [5, 15, 45, 35], [10, 5, 25, 160]])


def test_the_interval_of_a_share_is_binomial():
    low, high = bootstrap_intervals(MATRIX, resamples=20_000).share
    n, share = MATRIX.sum(), np.trace(MATRIX) / MATRIX.sum()
    half = 1.96 * math.sqrt(share * (1 - share) / n)
    assert (low, high) == pytest.approx((share - half, share + half), abs=0.004)


def test_it_covers_the_truth_95_times_in_100():
    truth = MATRIX / MATRIX.sum()
    kappa = cohen_kappas(MATRIX[None])[0]
    draws = np.random.default_rng(3).multinomial(400, truth.ravel(), size=300).reshape(-1, 4, 4)
    intervals = [bootstrap_intervals(draw, resamples=400).kappa for draw in draws]
    covered = sum(low <= kappa <= high for low, high in intervals)
    assert covered / 300 == pytest.approx(0.95, abs=0.04)


@pytest.mark.parametrize("n", [20, 50, 200])
def test_it_covers_the_kappa_of_raters_who_agree_on_95_of_100_objects(n):
    truth = 0.95 * np.diag([0.2, 0.2, 0.2, 0.4]) + 0.05 * (1 - np.eye(4)) / 12
    two = np.add.reduceat(np.add.reduceat(truth, [0, 2], 0), [0, 2], 1)
    kappas = cohen_kappas(truth[None])[0], cohen_kappas(two[None])[0]
    draws = np.random.default_rng(4).multinomial(n, truth.ravel(), size=200).reshape(-1, 4, 4)
    intervals = [bootstrap_intervals(draw, resamples=400) for draw in draws]
    limits = np.array([(of.kappa, of.kappa_compact) for of in intervals])
    covered = ((limits[..., 0] <= kappas) & (kappas <= limits[..., 1])).mean(axis=0)
    # Without the added object, 0.4 to 0.9; three binomial errors of 0.93 are 0.054.
    assert covered.min() > 0.93 - 0.054


def test_raters_who_never_disagreed_may_yet_do_so():
    low, high = bootstrap_intervals(np.diag([5, 5, 5, 5])).kappa
    assert 0.7 < low < 0.95
    assert high == 1


def test_kappa_agrees_with_scikit_learn():
    matrices = np.random.default_rng(4).integers(0, 9, (50, 4, 4))
    rows, columns = np.indices((4, 4)).reshape(2, 16)
    for matrix, kappa in zip(matrices, cohen_kappas(matrices), strict=True):
        expected = cohen_kappa_score(rows, columns, sample_weight=matrix.ravel())
        assert kappa == pytest.approx(expected, abs=1e-12)


def test_it_folds_four_classes_into_two():
    two = fold_compact(MATRIX[None])[0]
    assert two.tolist() == [[145, 55], [35, 265]]
    assert row_shares(two[None])[0] == pytest.approx([145 / 200, 265 / 300])


def test_the_interval_of_kappa_for_compact_clusters_is_that_of_two_classes():
    two, n = fold_compact(MATRIX[None])[0], MATRIX.sum()
    draws = np.random.default_rng(3).multinomial(n, two.ravel() / n, size=20_000)
    intervals = bootstrap_intervals(MATRIX, resamples=20_000).kappa_compact
    assert intervals == pytest.approx(
        percentile_interval(cohen_kappas(draws.reshape(-1, 2, 2))), abs=0.005
    )


def test_the_same_votes_give_the_same_intervals():
    assert bootstrap_intervals(MATRIX) == bootstrap_intervals(MATRIX.copy())


def test_a_class_without_objects_has_no_interval():
    intervals = bootstrap_intervals(np.diag([5, 5, 0, 0]))
    assert intervals.per_class[0] == pytest.approx(proportion_confint(5, 5, method="wilson"))
    assert all(math.isnan(end) for end in intervals.per_class[2])
    assert all(math.isnan(end) for end in percentile_interval(np.array([math.nan])))


@pytest.mark.parametrize("objects", [1, 2, 3, 5])
def test_a_class_that_resamples_lack_has_wilsons_interval(objects):
    n, resamples = 60, 20_000
    matrix = np.diag([n - objects, objects, 0, 0])
    matrix[1, 0], matrix[1, 1] = 1, objects - 1
    intervals = bootstrap_intervals(matrix, resamples=resamples)
    # No draw of n is of the class, with a probability of (1 - objects / n)^n.
    expected = (1 - objects / n) ** n
    assert intervals.undefined.per_class[1] / resamples == pytest.approx(expected, abs=0.01)
    wilson = proportion_confint(objects - 1, objects, method="wilson")
    assert intervals.per_class[1] == pytest.approx(wilson)
    assert intervals.undefined.per_class[0] == 0
    assert intervals.undefined.per_class[2] == resamples


def test_a_kappa_that_resamples_lack_has_no_interval():
    # Kappa is undefined without the one object in another class: (1 - 1/20)^20 = 0.36.
    matrix = np.array([[19, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]])
    intervals = bootstrap_intervals(matrix)
    assert intervals.undefined.kappa == pytest.approx(360, abs=50)
    assert math.isnan(intervals.kappa[0])
    # Both objects are compact clusters.
    assert intervals.undefined.kappa_compact == 1000
    assert intervals.share == pytest.approx(proportion_confint(20, 20, method="wilson"))


def test_without_objects_there_are_no_figures():
    intervals = bootstrap_intervals(np.zeros((4, 4), int))
    assert len(intervals.per_class) == 4
    assert math.isnan(intervals.kappa[0])
    assert math.isnan(intervals.kappa_compact[0])


def test_three_thousand_objects_take_less_than_a_second():
    start = time.perf_counter()
    bootstrap_intervals(MATRIX * 6)
    assert time.perf_counter() - start < 1
