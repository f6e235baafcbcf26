"""labeling.rules.sampling: samples and random order, from the names alone and for ever."""

from itertools import pairwise
from statistics import pstdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling.rules.sampling import (
    CONTROL_SHARE,
    in_control_sample,
    random_value,
    shuffle_key,
    takes_control,
    takes_repeat,
)

names = st.text(max_size=12)
experts = st.integers(1, 2**31)


def test_its_samples_never_change():
    # Literal on purpose: with another salt, runs would be measured on what others trained on.
    control = [n for n in range(1, 41) if in_control_sample("ngc1566", str(n))]
    assert control == [3, 5, 8, 12, 14, 15, 16, 30, 32, 38]
    assert [n for n in range(1, 41) if in_control_sample("ngc628c", str(n))] != control


def test_its_random_order_never_changes():
    assert [shuffle_key("ngc1566", n) for n in ("1", "2", "abc")] == [
        685946081549947931,
        5477533418031922178,
        4436382820315267147,
    ]


def test_a_fifth_is_the_control_sample():
    count = 20_000
    control = sum(in_control_sample("ngc1566", str(n)) for n in range(count))
    # Five standard deviations of a binomial proportion.
    tolerance = 5 * (CONTROL_SHARE * (1 - CONTROL_SHARE) / count) ** 0.5
    assert control / count == pytest.approx(0.2, abs=tolerance)


def test_the_random_order_does_not_know_the_sample():
    places = [shuffle_key("ngc1566", str(n)) for n in range(20_000)]
    control = [place for n, place in enumerate(places) if in_control_sample("ngc1566", str(n))]
    # The mean of n uniform numbers is off by 1 / sqrt(12 n); five of those.
    assert sum(control) / len(control) / 2**63 == pytest.approx(0.5, abs=5 / (48_000**0.5))
    assert len(set(places)) == len(places)


def test_chance_puts_neighbours_anywhere():
    places = [random_value(n) for n in range(20_000)]
    assert all(0 <= place < 1 for place in places)
    # Of independent uniform numbers two neighbours are 1/3 apart on average, give or take
    # sqrt(1/18); five standard errors. On a lattice they are always as far apart.
    apart = [abs(a - b) for a, b in pairwise(places)]
    assert sum(apart) / len(apart) == pytest.approx(1 / 3, abs=5 * (1 / 18 / 20_000) ** 0.5)
    assert pstdev(apart) == pytest.approx((1 / 18) ** 0.5, rel=0.05)


def test_field_and_id_cannot_run_into_each_other():
    assert shuffle_key("ngc1", "23") != shuffle_key("ngc12", "3")


@given(names, names)
def test_a_key_fits_a_bigint(field, catalogue_id):
    assert 0 <= shuffle_key(field, catalogue_id) < 2**63


@given(st.integers(0, 200), st.floats(0, 1), experts)
def test_the_control_sample_is_spread_evenly(served, share, expert):
    taken = sum(takes_control(n, share, expert) for n in range(served))
    assert abs(taken - served * share) < 1 + 0.02


def test_nobody_can_count_when_the_control_sample_comes():
    places = [[n % 5 for n in range(500) if takes_control(n, 0.2, who)] for who in (1, 2)]
    assert places[0] != places[1]
    assert all(8 < each.count(place) < 32 for each in places for place in range(5))


@pytest.mark.parametrize(("share", "taken"), [(0.0, 0), (0.2, 20), (0.5, 50), (1.0, 100)])
def test_of_a_hundred_it_takes_the_share(share, taken):
    assert sum(takes_control(n, share, 7) for n in range(100)) == taken


@given(st.integers(0, 200), st.floats(0, 1), st.floats(0, 0.5), experts)
def test_repeats_have_their_share_as_far_as_the_pool_goes(served, control, repeats, expert):
    pool = [n for n in range(served) if not takes_control(n, control, expert)]
    taken = sum(takes_repeat(n, repeats, control, expert) for n in pool)
    assert abs(taken - served * min(repeats, 1 - control)) < 2 + 0.04
