"""labeling.rules.selection: cuts on concentration index, errors and absolute magnitude."""

import numpy as np
import pytest

from labeling.rules.selection import (
    Cuts,
    TooFewStars,
    distance_modulus,
    half_sample_mode,
    select,
    stellar_locus,
)

NAN = np.nan
CI = np.array([1.0, 1.3, 1.5, NAN, 1.6])
ERRORS = {
    "NUV": np.array([0.1, 0.4, 0.1, 0.1, NAN]),
    "U": np.array([0.1, 0.4, 0.1, 0.1, 0.2]),
    "B": np.array([0.1, 0.1, 0.3, 0.1, 0.2]),
    "V": np.array([0.1, 0.1, 0.1, 0.1, 0.2]),
    "I": np.array([0.1, 0.1, NAN, 0.1, 0.31]),
}
V = np.array([20.0, 21.0, 24.6, 23.0, 24.5])


def chosen(**cuts):
    return select(Cuts(**cuts), CI, ERRORS, V).selected.tolist()


def test_without_cuts_all_are_candidates():
    assert chosen() == [True] * 5


def test_the_concentration_index_is_at_least_the_threshold():
    assert chosen(min_ci=1.3) == [False, True, True, False, True]


def test_the_error_counts_in_a_number_of_bands():
    assert chosen(max_error_mag=0.3) == [True, False, True, True, False]
    assert chosen(max_error_mag=0.3, min_bands=3) == [True] * 5


def test_the_absolute_magnitude_is_that_at_the_distance():
    # At 13 Mpc the modulus is 30.57: -6 is V = 24.57.
    assert distance_modulus(13) == pytest.approx(30.5697, abs=1e-4)
    assert chosen(faintest_m_v=-6, distance_mpc=13) == [True, True, False, True, True]
    assert chosen(faintest_m_v=-7.5, distance_mpc=13) == [True, True, False, True, False]


@pytest.mark.parametrize(("v", "distance"), [(None, 13.0), (V, None)])
def test_it_rejects_an_absolute_magnitude_without_v_or_distance(v, distance):
    with pytest.raises(ValueError, match="distance"):
        select(Cuts(faintest_m_v=-6, distance_mpc=distance), CI, ERRORS, v)


def test_each_cut_counts_what_it_removes_of_the_rest_and_alone():
    cuts = Cuts(min_ci=1.3, max_error_mag=0.3, faintest_m_v=-6, distance_mpc=13)
    counts = select(cuts, CI, ERRORS, V).counts()
    assert [(row["cut"], row["removed"], row["removed_alone"], row["left"]) for row in counts] == [
        ("ci", 2, 2, 3),
        ("bands", 2, 2, 1),
        ("luminosity", 1, 1, 0),
    ]


def test_no_sources_are_none():
    empty = np.empty(0)
    selection = select(Cuts(min_ci=1.2), empty, {"V": empty}, empty)
    assert selection.counts()[0]["left"] == 0


def sample(rng, stars, clusters):
    return np.concatenate(
        [rng.normal(1.05, 0.03, stars), rng.uniform(1.25, 1.9, clusters), [NAN, NAN]]
    )


@pytest.mark.parametrize("clusters", [0, 100, 300])
def test_the_threshold_lies_three_sigmas_above_stars(clusters):
    locus = stellar_locus(sample(np.random.default_rng(1), 400, clusters))
    assert locus.peak == pytest.approx(1.05, abs=0.03)
    assert locus.sigma == pytest.approx(0.03, rel=0.4)
    assert 1.1 < locus.threshold < 1.2


def test_it_rejects_too_few_stars():
    with pytest.raises(TooFewStars, match="19 bright isolated sources, and 20"):
        stellar_locus(sample(np.random.default_rng(1), 19, 0))


def test_the_mode_is_where_the_values_are_densest():
    values = np.sort([0.0, 5.0, 5.1, 5.2, 5.15, 9.0, 12.0])
    assert 5.1 <= half_sample_mode(values) <= 5.2
