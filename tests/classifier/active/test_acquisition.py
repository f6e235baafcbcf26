"""Scores have the values that theory gives, and rank as they should."""

import time
import tracemalloc
from math import log

import numpy as np
import pytest
from scipy.stats import rankdata

from classifier.active.acquisition import (
    STRATEGIES,
    Pool,
    bald,
    diverse,
    entropy,
    margin,
    random,
    ranked,
    spread,
)

SURE, EVEN, OTHER = [1.0, 0, 0, 0], [0.25] * 4, [0, 1.0, 0, 0]
HALVES = [0.5, 0.5, 0, 0]


def members(*by_member):
    """(M, N, K) from each member's rows."""
    return np.array(by_member, dtype=float)


def test_entropy_of_a_uniform_guess_is_the_logarithm_of_the_classes():
    np.testing.assert_allclose(entropy(members([SURE, EVEN, HALVES])), [0, log(4), log(2)])


def test_entropy_is_that_of_the_mean():
    np.testing.assert_allclose(entropy(members([SURE], [OTHER])), [log(2)])


def test_margin_is_one_less_the_lead():
    p = members([[0.6, 0.3, 0.1, 0], SURE, HALVES])
    np.testing.assert_allclose(margin(p), [0.7, 0, 1])


def test_margin_and_entropy_rank_differently():
    # Two classes at odds, against a lead with doubt about everything else.
    p = members([[0.5, 0.5, 0, 0], [0.4, 0.2, 0.2, 0.2]])
    assert ranked(margin(p))[0] == 0
    assert ranked(entropy(p))[0] == 1


def test_mutual_information_is_of_members_that_are_sure_of_different_classes():
    p = members([SURE, EVEN, HALVES], [OTHER, EVEN, HALVES])
    np.testing.assert_allclose(bald(p), [log(2), 0, 0], atol=1e-12)


def test_mutual_information_is_never_negative():
    p = np.random.default_rng(0).dirichlet([0.01] * 4, size=(3, 500))
    assert bald(p).min() >= 0
    assert (bald(p) <= entropy(p) + 1e-12).all()


@pytest.fixture
def pairs():
    """Ten candidates, each twice over but for a little noise (20, 200), all as uncertain."""
    rng = np.random.default_rng(1)
    once = rng.normal(size=(10, 200))
    twice = np.concatenate([once, once + rng.normal(scale=1e-2, size=once.shape)])
    return twice.astype(np.float32)


def test_near_duplicates_are_not_both_early(pairs):
    p = members([HALVES] * 20)
    first = ranked(diverse(p, pairs))[:10]
    assert len({int(place) % 10 for place in first}) == 10


def test_entropy_alone_takes_near_duplicates_together(pairs):
    confidence = np.linspace(0.9, 0.6, 10).tolist() * 2
    p = members([[c, 1 - c] for c in confidence])
    assert {int(place) % 10 for place in ranked(entropy(p))[:2]} == {9}
    assert {int(place) % 10 for place in ranked(diverse(p, pairs))[:2]} != {9}


def test_a_diverse_ranking_begins_with_the_most_uncertain(pairs):
    confidence = np.linspace(0.95, 0.55, 20)
    p = members([[c, 1 - c] for c in confidence])
    scores = diverse(p, pairs)
    assert ranked(scores)[0] == 19
    assert scores[19] == pytest.approx(entropy(p)[19], rel=1e-6)
    assert (scores <= entropy(p) + 1e-6).all()


def test_what_is_not_picked_one_by_one_follows(pairs):
    p = members([[c, 1 - c] for c in np.linspace(0.95, 0.55, 20)])
    few, all_of_them = diverse(p, pairs, greedy=5), diverse(p, pairs)
    np.testing.assert_array_equal(ranked(few)[:5], ranked(all_of_them)[:5])
    assert np.isfinite(few).all()
    assert few[ranked(few)[5:]].max() <= few[ranked(few)[4]]


@pytest.fixture
def many():
    """Probabilities (3, 5000, 4), and embeddings (5000, 1024) far from zero."""
    rng = np.random.default_rng(0)
    p = rng.dirichlet([1] * 4, size=(3, 5000))
    return p, 5 + rng.standard_normal((5000, 1024), dtype=np.float32)


@pytest.mark.parametrize("features", [50, 1024])
def test_in_parts_embeddings_are_as_diverse_as_in_one(many, features):
    p, embeddings = many[0], many[1][:, :features]
    before = embeddings.copy()
    found = diverse(p, np.array_split(embeddings, 7), greedy=20)
    np.testing.assert_allclose(found, diverse(p, embeddings, greedy=20), atol=1e-5)
    np.testing.assert_array_equal(embeddings, before)


def test_the_projection_comes_before_the_mean_as_well_as_after(many):
    p, embeddings = many
    centred = embeddings - embeddings.mean(axis=0, dtype=np.float64)
    found = diverse(p, embeddings, greedy=20)
    np.testing.assert_allclose(found, diverse(p, centred, greedy=20), atol=1e-5)


def test_the_embeddings_of_a_field_are_never_in_memory_at_once(many):
    p, embeddings = many
    parts = (embeddings[first : first + 500].copy() for first in range(0, 5000, 500))
    tracemalloc.start()
    diverse(p, parts, greedy=20)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # A part is 2 MB, projections are 1.3 MB three times; the embeddings are 20 MB.
    assert peak < 8e6


def test_a_whole_field_is_ranked_in_seconds():
    rng = np.random.default_rng(0)
    p = rng.dirichlet([1] * 4, size=(3, 20_000))
    embeddings = rng.standard_normal((20_000, 1024), dtype=np.float32)
    start = time.process_time()
    scores = diverse(p, embeddings)
    assert np.isfinite(scores).all()
    # 1 s of one core; several times that where others work on it too.
    assert time.process_time() - start < 8


def first_of(columns, count, seed=0):
    """The candidates with which a spread start begins."""
    return ranked(spread(columns, np.random.default_rng(seed)))[:count]


def test_spread_leaves_smaller_holes_than_chance():
    columns = np.random.default_rng(0).normal(size=(500, 3))
    place = rankdata(columns, axis=0) / 500

    def hole(picks):
        """How far the candidate that is least like any pick is from its nearest."""
        return np.linalg.norm(place[:, None] - place[picks], axis=2).min(axis=1).max()

    by_chance = [hole(np.random.default_rng(k).permutation(500)[:40]) for k in range(20)]
    assert max(hole(first_of(columns, 40, seed)) for seed in range(5)) < min(by_chance)


def test_spread_takes_what_is_missing_for_the_median():
    columns = np.array([[0.0, 1], [1, 2], [2, 3], [np.nan, np.nan], [9, np.nan]])
    assert np.isfinite(spread(columns, np.random.default_rng(0))).all()
    assert len(set(first_of(columns, 5))) == 5


def test_spread_of_columns_that_nobody_measured_is_at_random():
    scores = spread(np.full((50, 3), np.nan), np.random.default_rng(0))
    assert len(np.unique(scores)) == 50


def test_spread_of_nothing_is_nothing():
    assert spread(np.empty((0, 3)), np.random.default_rng(0)).shape == (0,)


def test_one_wrong_magnitude_does_not_hide_the_others():
    columns = np.random.default_rng(0).normal(20, 1, (200, 1))
    columns[0] = -99
    first = columns[first_of(columns, 10)]
    assert np.ptp(first[first > 0]) > 2


def test_random_is_a_function_of_its_generator():
    first, again = (random(5, np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(first, again)


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_strategy_scores_every_candidate(name):
    rng = np.random.default_rng(0)
    pool = Pool(
        rng.dirichlet([1] * 4, size=(3, 30)),
        rng.standard_normal((30, 8), dtype=np.float32),
        rng.normal(size=(30, 3)),
    )
    scores = STRATEGIES[name](pool, rng)
    assert scores.shape == (30,)
    assert np.isfinite(scores).all()


@pytest.mark.parametrize("name", STRATEGIES)
def test_of_nobody_there_is_no_score(name):
    pool = Pool(np.empty((3, 0, 4)), np.empty((0, 8), dtype=np.float32), np.empty((0, 3)))
    assert STRATEGIES[name](pool, np.random.default_rng(0)).shape == (0,)
