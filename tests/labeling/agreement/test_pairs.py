"""labeling.agreement.pairs: the agreement of two raters, computed by hand."""

import math

import pytest

from labeling.agreement.pairs import pair_agreement

FIRST = {1: 1, 2: 1, 3: 2, 4: 3, 5: 4, 6: 4, 7: 2}
SECOND = {1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 8: 1}


def test_it_uses_the_objects_that_both_have_labelled():
    assert pair_agreement(FIRST, SECOND).n == 6


def test_rows_are_the_first_rater_and_columns_the_second():
    assert pair_agreement(FIRST, SECOND).confusion == (
        (1, 1, 0, 0),
        (0, 1, 0, 0),
        (0, 0, 0, 1),
        (0, 0, 0, 2),
    )


def test_its_shares_are_of_four_classes_of_two_and_of_each():
    agreement = pair_agreement(FIRST, SECOND)
    assert agreement.share == pytest.approx(4 / 6)
    assert agreement.share_compact == 1
    assert agreement.per_class == (0.5, 1, 0, 1)


def test_kappa_is_that_of_cohen():
    # Observed 4/6; by chance (2·1 + 1·2 + 1·0 + 2·3) / 36 = 10/36.
    assert pair_agreement(FIRST, SECOND).kappa == pytest.approx((4 / 6 - 10 / 36) / (1 - 10 / 36))


def test_the_interval_is_that_of_wilson():
    n, p, z = 6, 4 / 6, 1.959964
    middle = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    assert pair_agreement(FIRST, SECOND).interval == pytest.approx(
        (middle - half, middle + half), abs=1e-6
    )


def test_without_objects_there_are_no_figures():
    agreement = pair_agreement({1: 1}, {2: 1})
    assert agreement.n == 0
    assert all(math.isnan(x) for x in (agreement.share, agreement.kappa, *agreement.interval))


def test_kappa_is_undefined_where_both_gave_one_class_only():
    agreement = pair_agreement({1: 2, 2: 2}, {1: 2, 2: 2})
    assert agreement.share == 1
    assert math.isnan(agreement.kappa)


def test_kappa_of_compact_clusters_is_that_of_cohen():
    agreement = pair_agreement({1: 1, 2: 2, 3: 3, 4: 4}, {1: 2, 2: 3, 3: 4, 4: 4})
    # Observed 3/4; by chance (2·1 + 2·3) / 16 = 1/2.
    assert agreement.kappa_compact == pytest.approx((3 / 4 - 1 / 2) / (1 - 1 / 2))
    assert math.isnan(pair_agreement({1: 1, 2: 2}, {1: 2, 2: 2}).kappa_compact)


def test_it_compares_compact_clusters_with_the_rest():
    # Both have the objects 1 to 6: three in 1 or 2, three in 3 or 4, by either rater.
    assert pair_agreement(FIRST, SECOND).per_compact == (1, 1)
    assert pair_agreement({1: 1, 2: 2, 3: 3}, {1: 3, 2: 1, 3: 4}).per_compact == (0.5, 1)


def test_the_bootstrap_intervals_contain_the_values():
    agreement = pair_agreement(dict(enumerate([1, 2, 3, 4] * 30)), dict(enumerate([1, 2, 4] * 40)))
    pairs = [
        (agreement.share, agreement.bootstrap.share),
        (agreement.share_compact, agreement.bootstrap.share_compact),
        (agreement.kappa, agreement.bootstrap.kappa),
        (agreement.kappa_compact, agreement.bootstrap.kappa_compact),
        *zip(agreement.per_class, agreement.bootstrap.per_class, strict=True),
        *zip(agreement.per_compact, agreement.bootstrap.per_compact, strict=True),
    ]
    assert all(low <= value <= high for value, (low, high) in pairs)
