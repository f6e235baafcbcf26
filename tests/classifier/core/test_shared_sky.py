"""classifier.core.shared_sky: which stamps overlap."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from classifier.core.shared_sky import nearest_distance, shares_sky

points = st.integers(0, 12).flatmap(
    lambda n: arrays(float, (n, 2), elements=st.integers(-300, 300).map(float))
)


def pixels(position, width):
    """The pixels that a square of an even width about a position in whole px covers."""
    first = np.array(position) - width // 2
    return {(int(first[0]) + x, int(first[1]) + y) for x in range(width) for y in range(width)}


@given(points, points, st.integers(1, 80))
def test_it_is_the_nearest_of_all_pairs(first, second, width):
    expected = [any(max(abs(a - b)) < width for b in second) for a in first]
    assert shares_sky(first, second, width).tolist() == expected


def test_stamps_share_sky_where_they_share_a_pixel():
    rng = np.random.default_rng(1)
    first, second = rng.integers(0, 90, (2, 8, 2)).astype(float)
    width = 10
    expected = [any(pixels(a, width) & pixels(b, width) for b in second) for a in first]
    assert shares_sky(first, second, width).tolist() == expected
    assert 0 < sum(expected) < len(expected)


def test_positions_that_are_not_known_share_sky_with_nothing():
    points = np.array([[np.nan, 1.0], [5.0, 5.0]])
    assert nearest_distance(points, points).tolist() == [np.inf, 0.0]
    assert shares_sky(points[:1], points, 50).tolist() == [False]
    assert shares_sky(points, np.empty((0, 2)), 50).tolist() == [False, False]


def test_many_equal_positions_take_no_time():
    points = np.full((200_000, 2), 7.0)
    assert shares_sky(points, points, 1).all()
