"""classifier.core.statistics, against published examples, other packages and exact coverage."""

from itertools import product
from math import isnan

import numpy as np
import pytest
from astropy.stats import binom_conf_interval
from scipy.stats import beta, bootstrap, multinomial, t
from statsmodels.stats.contingency_tables import mcnemar

from classifier.core.statistics import (
    PairedAccuracy,
    Proportion,
    Z,
    cluster_bootstrap,
    clusters_drawn,
    exact_interval,
    mcnemar_p_value,
    paired_difference_interval,
    percentile_interval,
    wilson_interval,
)


def paired(both, only_first, only_second, neither):
    counts = (both, only_first, only_second, neither)
    first = np.repeat([True, True, False, False], counts)
    return PairedAccuracy.measure(first, np.repeat([True, False, True, False], counts))


def limits(only_first, only_second, pairs):
    return paired_difference_interval(only_first, only_second, pairs)


@pytest.mark.parametrize("successes", [0, 1, 37, 80])
def test_one_share_has_wilsons_interval(successes):
    expected = binom_conf_interval(successes, 80, confidence_level=0.95, interval="wilson")
    assert wilson_interval(successes, 80) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("successes", [0, 1, 12, 20])
def test_one_share_has_the_exact_interval_of_beta_quantiles(successes):
    low, high = exact_interval(successes, 20, 0.99)
    assert low == pytest.approx(beta.ppf(0.005, successes, 21 - successes) if successes else 0)
    assert high == pytest.approx(
        beta.ppf(0.995, successes + 1, 20 - successes) if successes < 20 else 1
    )


def test_the_share_of_no_candidate_is_none():
    assert all(isnan(limit) for limit in wilson_interval(0, 0))
    assert Proportion.measure(0, 0) == Proportion(0, 0, None, None, None)


def test_the_difference_of_the_published_example():
    # Cavo et al. 2012: 59, 6, 16 and 80 pairs; Bonett and Price's interval in Fagerland, Lydersen
    # and Laake 2017, Statistical Analysis of Contingency Tables, chapter 8.
    assert limits(6, 16, 161) == pytest.approx((-0.1195, -0.0032), abs=5e-5)


@pytest.mark.parametrize("table", [(12, 0, 4, 4), (40, 12, 5, 30), (0, 3, 3, 0), (20, 0, 0, 5)])
def test_the_interval_is_that_of_a_mean_with_one_more_pair_of_each_discordant_kind(table):
    gains = np.repeat([0, 1, -1, 0], np.add(table, (0, 1, 1, 0)))
    half_width = Z * gains.std() / np.sqrt(len(gains))
    measured = paired(*table)
    expected = (gains.mean() - half_width, gains.mean() + half_width)
    assert (measured.low, measured.high) == pytest.approx(expected)
    assert measured.low < measured.difference < measured.high


def test_the_interval_changes_sides_with_the_networks():
    low, high = limits(12, 5, 87)
    assert limits(5, 12, 87) == pytest.approx((-high, -low))


def test_the_interval_agrees_with_a_bootstrap_of_many_candidates():
    measured = paired(500, 120, 80, 300)
    gains = np.repeat([1, -1, 0], [120, 80, 800])
    drawn = bootstrap((gains,), np.mean, n_resamples=2000, method="basic", rng=0)
    assert (measured.low, measured.high) == pytest.approx(drawn.confidence_interval, abs=0.004)


def coverage(pairs, p_only_first, p_only_second):
    """Return the exact probability that the interval of so many pairs holds the difference."""
    counts = [(b, c) for b, c in product(range(pairs + 1), repeat=2) if b + c <= pairs]
    low, high = np.array([limits(b, c, pairs) for b, c in counts]).T
    difference = p_only_first - p_only_second
    tables = np.array([(b, c, pairs - b - c) for b, c in counts])
    rest = 1 - p_only_first - p_only_second
    probability = multinomial.pmf(tables, pairs, (p_only_first, p_only_second, rest))
    return probability[(low <= difference) & (difference <= high)].sum()


@pytest.mark.parametrize("pairs", [8, 20, 50, 100])
def test_the_interval_holds_the_difference_in_95_percent_of_the_samples(pairs):
    discordant, first = (0.02, 0.05, 0.1, 0.2, 0.4, 0.7), (0.02, 0.1, 0.2, 0.35, 0.5)
    covered = [coverage(pairs, d * s, d * (1 - s)) for d, s in product(discordant, first)]
    assert min(covered) > 0.93
    assert 0.95 < np.mean(covered) < 0.99


@pytest.mark.parametrize("discordant", [(1, 7), (0, 5), (30, 12), (6, 6), (400, 300), (0, 0)])
def test_the_p_value_is_mcnemars(discordant):
    table = [[10, discordant[0]], [discordant[1], 4]]
    expected = mcnemar(table, exact=True).pvalue
    assert paired(10, *discordant, 4).p_value == pytest.approx(expected, rel=1e-12)


def test_the_p_value_of_five_of_five_is_two_sides_of_a_32nd():
    assert mcnemar_p_value(5, 0) == pytest.approx(1 / 16)


def test_no_candidates_have_no_difference():
    measured = paired(0, 0, 0, 0)
    assert (measured.difference, measured.low, measured.high, measured.p_value) == (None,) * 4


def test_a_bootstrap_sample_has_all_members_of_its_clusters():
    cluster = np.array([3, 1, 3, 2, 1, 3])
    for positions in cluster_bootstrap(cluster, 20, np.random.default_rng(0)):
        counts = np.bincount(positions, minlength=6)
        assert counts[0] == counts[2] == counts[5]
        assert counts[1] == counts[4]


def test_of_one_cluster_the_members_are_drawn():
    (positions,) = cluster_bootstrap(np.zeros(50, dtype=np.int64), 1, np.random.default_rng(0))
    assert len(positions) == 50
    assert 20 < len(np.unique(positions)) < 45


@pytest.mark.parametrize("clusters", [6, 8, 10, 20, 60])
def test_the_interval_of_few_clusters_is_as_wide_as_students(clusters):
    values = np.random.default_rng(clusters).normal(size=clusters)
    samples = cluster_bootstrap(np.arange(clusters), 20_000, np.random.default_rng(0))
    width = 2 * Z * np.std([values[positions].mean() for positions in samples])
    student = 2 * t.ppf(0.975, clusters - 1) * values.std(ddof=1) / np.sqrt(clusters)
    # The number of clusters drawn is whole.
    assert width == pytest.approx(student, rel=0.08)
    assert clusters_drawn(clusters) < clusters


@pytest.mark.parametrize("clusters", [5, 10])
def test_the_interval_of_few_clusters_covers_the_mean(clusters):
    rng, trials, hits = np.random.default_rng(1), 300, 0
    cluster = np.repeat(np.arange(clusters), 2)
    for _ in range(trials):
        values = np.repeat(rng.normal(size=clusters), 2) + rng.normal(size=2 * clusters)
        samples = cluster_bootstrap(cluster, 200, rng)
        low, high = percentile_interval(np.array([values[of].mean() for of in samples]))
        hits += low <= 0 <= high
    # The true coverage is 0.93 to 0.95; three standard errors are 0.04.
    assert hits / trials > 0.89
