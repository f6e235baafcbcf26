"""labeling.agreement.pairs: how well two raters agree, worked out by hand."""

import math

import pytest

from labeling.agreement.pairs import compare

OURS = {1: 1, 2: 1, 3: 2, 4: 3, 5: 4, 6: 4, 7: 2}
THEIRS = {1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 8: 1}


def test_it_compares_what_both_have_labelled():
    assert compare(OURS, THEIRS).n == 6


def test_rows_are_the_first_rater_and_columns_the_second():
    assert compare(OURS, THEIRS).confusion == (
        (1, 1, 0, 0),
        (0, 1, 0, 0),
        (0, 0, 0, 1),
        (0, 0, 0, 2),
    )


def test_it_gives_shares_of_four_classes_of_two_and_of_each():
    found = compare(OURS, THEIRS)
    assert found.share == pytest.approx(4 / 6)
    assert found.share_compact == 1
    assert found.per_class == (0.5, 1, 0, 1)


def test_its_kappa_is_cohens():
    # Observed 4/6; by chance (2·1 + 1·2 + 1·0 + 2·3) / 36 = 10/36.
    assert compare(OURS, THEIRS).kappa == pytest.approx((4 / 6 - 10 / 36) / (1 - 10 / 36))


def test_its_interval_is_wilsons():
    n, p, z = 6, 4 / 6, 1.959964
    middle = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    assert compare(OURS, THEIRS).interval == pytest.approx((middle - half, middle + half), abs=1e-6)


def test_of_nothing_it_says_nothing():
    found = compare({1: 1}, {2: 1})
    assert found.n == 0
    assert all(math.isnan(x) for x in (found.share, found.kappa, *found.interval))


def test_kappa_is_undefined_where_both_gave_one_class_only():
    found = compare({1: 2, 2: 2}, {1: 2, 2: 2})
    assert found.share == 1
    assert math.isnan(found.kappa)


def test_its_kappa_of_compact_clusters_is_cohens():
    found = compare({1: 1, 2: 2, 3: 3, 4: 4}, {1: 2, 2: 3, 3: 4, 4: 4})
    # Observed 3/4; by chance (2·1 + 2·3) / 16 = 1/2.
    assert found.kappa_compact == pytest.approx((3 / 4 - 1 / 2) / (1 - 1 / 2))
    assert math.isnan(compare({1: 1, 2: 2}, {1: 2, 2: 2}).kappa_compact)


def test_it_compares_compact_clusters_with_the_rest():
    # Both have the objects 1 to 6: three in 1 or 2, three in 3 or 4, by either rater.
    assert compare(OURS, THEIRS).per_compact == (1, 1)
    assert compare({1: 1, 2: 2, 3: 3}, {1: 3, 2: 1, 3: 4}).per_compact == (0.5, 1)


def test_its_bootstrap_holds_the_figures():
    found = compare(dict(enumerate([1, 2, 3, 4] * 30)), dict(enumerate([1, 2, 4] * 40)))
    pairs = [
        (found.share, found.bootstrap.share),
        (found.share_compact, found.bootstrap.share_compact),
        (found.kappa, found.bootstrap.kappa),
        (found.kappa_compact, found.bootstrap.kappa_compact),
        *zip(found.per_class, found.bootstrap.per_class, strict=True),
        *zip(found.per_compact, found.bootstrap.per_compact, strict=True),
    ]
    assert all(low <= value <= high for value, (low, high) in pairs)
