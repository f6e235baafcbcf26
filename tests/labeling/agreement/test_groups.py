"""labeling.agreement.groups: figures against the packages, worked examples and a known truth."""

import math
import time

import krippendorff
import numpy as np
import pytest
from statsmodels.stats.inter_rater import fleiss_kappa

from labeling.agreement.groups import (
    fleiss_kappas,
    group_agreement,
    nominal_alphas,
    resample_patterns,
    votes_table,
)
from tests.labeling.crowd import crowd

# Krippendorff 2011, example C without its fifth value: three raters, with gaps.
RATERS = (
    {6: 3, 7: 4, 8: 1, 9: 2, 10: 1, 11: 1, 12: 3, 13: 3, 15: 3},
    {1: 1, 3: 2, 4: 1, 5: 3, 6: 3, 7: 4, 8: 3},
    {3: 2, 4: 1, 5: 3, 6: 4, 7: 4, 9: 2, 10: 1, 11: 1, 12: 3, 13: 3, 15: 4},
)


def test_alpha_agrees_with_the_package_krippendorff():
    agreement = group_agreement(RATERS)
    assert agreement.alpha.value == pytest.approx(0.691358, abs=1e-6)
    assert (agreement.raters, agreement.alpha.n) == (3, 12)


def test_kappa_is_that_of_fleiss_for_equal_numbers_of_votes():
    agreement = group_agreement(RATERS)
    table = votes_table(RATERS)
    assert (agreement.votes_each, agreement.fleiss.n) == (2, 10)
    assert agreement.fleiss.value == pytest.approx(fleiss_kappa(table[table.sum(axis=1) == 2]))


def test_its_kappa_by_hand():
    # Three objects of two raters: agreed on 1, agreed on 2, split between them.
    agreement = group_agreement(({1: 1, 2: 2, 3: 1}, {1: 1, 2: 2, 3: 2}))
    assert agreement.fleiss.value == pytest.approx((2 / 3 - 1 / 2) / (1 - 1 / 2))


def test_figures_of_resamples_are_those_of_the_packages():
    table = votes_table(crowd(200, 4)[1].values())
    patterns, weights = resample_patterns(table, 20)
    kappas, alphas = fleiss_kappas(patterns, weights), nominal_alphas(patterns, weights)
    for drawn, kappa, alpha in zip(weights, kappas, alphas, strict=True):
        whole = np.repeat(patterns, drawn, axis=0)
        expected = krippendorff.alpha(value_counts=whole, level_of_measurement="nominal")
        assert kappa == pytest.approx(fleiss_kappa(whole), abs=1e-12)
        assert alpha == pytest.approx(expected, abs=1e-12)


def test_its_intervals_hold_the_agreement_of_simulated_raters():
    # Who knows the class with probability q, and else guesses evenly, agrees beyond chance by q².
    _, raters = crowd(3000, 5, knows=0.7)
    agreement = group_agreement(raters.values())
    for figure in (agreement.fleiss, agreement.alpha):
        assert figure.value == pytest.approx(0.49, abs=0.02)
        assert figure.interval[0] < 0.49 < figure.interval[1]
        assert figure.interval[1] - figure.interval[0] < 0.04


def test_compact_clusters_are_one_class():
    agreement = group_agreement(({1: 1, 2: 3, 3: 2}, {1: 2, 2: 4, 3: 1}), compact=True)
    assert (agreement.fleiss.value, agreement.alpha.value) == (1, 1)


def test_a_coefficient_that_resamples_lack_has_no_interval():
    # Without the one object that has a vote for class 2, all votes are for class 1.
    first, second = dict.fromkeys(range(20), 1), dict.fromkeys(range(19), 1) | {19: 2}
    agreement = group_agreement((first, second))
    for figure in (agreement.fleiss, agreement.alpha):
        assert math.isfinite(figure.value)
        assert figure.undefined == pytest.approx(1000 * 0.95**20, abs=50)
        assert math.isnan(figure.interval[0])


@pytest.mark.parametrize("objects", [20, 50])
def test_the_intervals_cover_the_figures_of_experts_who_nearly_always_agree(objects):
    rng, truth, hits = np.random.default_rng(5), 0.95**2, []
    for _ in range(150):
        same = rng.integers(1, 5, objects)
        guess = rng.integers(1, 5, (3, objects))
        votes = np.where(rng.random((3, objects)) < 0.95, same, guess)
        agreement = group_agreement([dict(enumerate(row)) for row in votes.tolist()])
        hits += [
            [figure.interval[0] <= truth <= figure.interval[1]]
            for figure in (agreement.fleiss, agreement.alpha)
        ]
    # Without votes by chance 0.8 of those with 20 objects; three binomial errors of 0.93 are 0.062.
    assert np.mean(hits) > 0.93 - 0.062


@pytest.mark.parametrize("raters", [(), ({1: 1},), ({1: 1, 2: 1}, {1: 1, 2: 1})])
def test_no_rater_one_rater_and_one_class_have_no_figures(raters):
    agreement = group_agreement(raters)
    assert math.isnan(agreement.fleiss.value)
    assert math.isnan(agreement.alpha.interval[0])


def test_three_thousand_objects_and_five_raters_take_less_than_a_second():
    raters = crowd(3000, 5)[1].values()
    start = time.perf_counter()
    group_agreement(raters)
    assert time.perf_counter() - start < 1
