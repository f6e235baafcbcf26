"""labeling.rules.sampling: samples and random orders depend on the names alone."""

from itertools import pairwise
from statistics import pstdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.core.control_sample import CONTROL_SHARE, in_control_sample
from labeling.rules.sampling import random_value, shuffle_key, takes_control, takes_repeat

names = st.text(max_size=12)
experts = st.integers(1, 2**31)


def test_the_samples_never_change():
    # Literal on purpose: with another salt, runs would be measured on training candidates.
    control = [n for n in range(1, 41) if in_control_sample("ngc1566", str(n))]
    assert control == [3, 5, 8, 12, 14, 15, 16, 30, 32, 38]
    assert [n for n in range(1, 41) if in_control_sample("ngc628c", str(n))] != control


def test_the_random_order_never_changes():
    assert [shuffle_key("ngc1566", n) for n in ("1", "2", "abc")] == [
        685946081549947931,
        5477533418031922178,
        4436382820315267147,
    ]


def test_a_fifth_is_in_the_control_sample():
    count = 20_000
    control = sum(in_control_sample("ngc1566", str(n)) for n in range(count))
    # Five standard deviations of a binomial proportion.
    tolerance = 5 * (CONTROL_SHARE * (1 - CONTROL_SHARE) / count) ** 0.5
    assert control / count == pytest.approx(0.2, abs=tolerance)


def test_the_random_order_is_independent_of_the_sample():
    keys = [shuffle_key("ngc1566", str(n)) for n in range(20_000)]
    control = [key for n, key in enumerate(keys) if in_control_sample("ngc1566", str(n))]
    # The mean of n uniform numbers is off by 1 / sqrt(12 n); five of those.
    assert sum(control) / len(control) / 2**63 == pytest.approx(0.5, abs=5 / (48_000**0.5))
    assert len(set(keys)) == len(keys)


def test_random_values_of_neighbours_are_independent():
    values = [random_value(n) for n in range(20_000)]
    assert all(0 <= value < 1 for value in values)
    # Of independent uniform numbers two neighbours are 1/3 distances on average, give or take
    # sqrt(1/18); five standard errors. On a lattice they are always equally far apart.
    distances = [abs(a - b) for a, b in pairwise(values)]
    assert sum(distances) / len(distances) == pytest.approx(1 / 3, abs=5 * (1 / 18 / 20_000) ** 0.5)
    assert pstdev(distances) == pytest.approx((1 / 18) ** 0.5, rel=0.05)


def test_field_and_id_are_separated_in_the_hash():
    assert shuffle_key("ngc1", "23") != shuffle_key("ngc12", "3")


@given(names, names)
def test_a_key_fits_a_bigint(field, catalogue_id):
    assert 0 <= shuffle_key(field, catalogue_id) < 2**63


@given(st.integers(0, 200), st.floats(0, 1), experts)
def test_the_control_sample_is_spread_evenly(n_leases, share, expert):
    count = sum(takes_control(n, share, expert) for n in range(n_leases))
    assert abs(count - n_leases * share) < 1 + 0.02


def test_the_positions_of_the_control_sample_are_unpredictable():
    slots = [[n % 5 for n in range(500) if takes_control(n, 0.2, expert)] for expert in (1, 2)]
    assert slots[0] != slots[1]
    assert all(8 < expert.count(slot) < 32 for expert in slots for slot in range(5))


@pytest.mark.parametrize(("share", "count"), [(0.0, 0), (0.2, 20), (0.5, 50), (1.0, 100)])
def test_the_share_of_a_hundred_leases_is_exact(share, count):
    assert sum(takes_control(n, share, 7) for n in range(100)) == count


@given(st.integers(0, 200), st.floats(0, 1), st.floats(0, 0.5), experts)
def test_repeats_have_their_share_as_far_as_the_pool_allows(n_leases, control, repeats, expert):
    pool = [n for n in range(n_leases) if not takes_control(n, control, expert)]
    count = sum(takes_repeat(n, repeats, control, expert) for n in pool)
    assert abs(count - n_leases * min(repeats, 1 - control)) < 2 + 0.04
