"""classifier.active.acquisition: values that rank a pool."""

import time
import tracemalloc

import numpy as np
import pytest
from scipy.stats import rankdata

from classifier.active.acquisition import (
    STRATEGIES,
    Pool,
    diverse,
    random,
    ranked,
    spread,
)
from classifier.core.cold_start import SPREAD_SIZE
from classifier.core.uncertainty import entropy

HALVES = [0.5, 0.5, 0, 0]


def members(*by_member):
    """Probabilities (M, N, K) from the rows of each member."""
    return np.array(by_member, dtype=float)


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
    assert {int(place) % 10 for place in ranked(entropy(p.mean(axis=0)))[:2]} == {9}
    assert {int(place) % 10 for place in ranked(diverse(p, pairs))[:2]} != {9}


def test_a_diverse_ranking_begins_with_the_most_uncertain(pairs):
    confidence = np.linspace(0.95, 0.55, 20)
    p = members([[c, 1 - c] for c in confidence])
    scores = diverse(p, pairs)
    assert ranked(scores)[0] == 19
    assert scores[19] == pytest.approx(entropy(p.mean(axis=0))[19], rel=1e-6)
    assert (scores <= entropy(p.mean(axis=0)) + 1e-6).all()


def test_candidates_after_the_greedy_picks_follow(pairs):
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
    result = diverse(p, np.array_split(embeddings, 7), greedy=20)
    np.testing.assert_allclose(result, diverse(p, embeddings, greedy=20), atol=1e-5)
    np.testing.assert_array_equal(embeddings, before)


def test_the_projection_comes_before_the_mean_as_well_as_after(many):
    p, embeddings = many
    centred = embeddings - embeddings.mean(axis=0, dtype=np.float64)
    result = diverse(p, embeddings, greedy=20)
    np.testing.assert_allclose(result, diverse(p, centred, greedy=20), atol=1e-5)


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


def test_spread_puts_its_sample_first_and_the_rest_at_random():
    columns = np.random.default_rng(0).normal(size=(500, 3))
    values = spread(columns, np.random.default_rng(0))
    first = ranked(values)[:SPREAD_SIZE]
    assert len({*first.tolist()}) == SPREAD_SIZE
    assert (np.delete(values, first) < 1).all()


def test_spread_leaves_smaller_holes_than_random_samples():
    columns = np.random.default_rng(0).normal(size=(500, 3))
    quantiles = rankdata(columns, axis=0) / 500

    def hole(sample):
        """Distance of the candidate that is least like any of the sample from its nearest."""
        return np.linalg.norm(quantiles[:, None] - quantiles[sample], axis=2).min(axis=1).max()

    random_samples = [np.random.default_rng(k).permutation(500)[:40] for k in range(20)]
    samples = [ranked(spread(columns, np.random.default_rng(k)))[:40] for k in range(5)]
    assert max(map(hole, samples)) < min(map(hole, random_samples))


def test_spread_without_any_measurement_is_random():
    scores = spread(np.full((50, 3), np.nan), np.random.default_rng(0))
    assert len(np.unique(scores)) == 50


def test_spread_of_an_empty_pool_is_empty():
    assert spread(np.empty((0, 3)), np.random.default_rng(0)).shape == (0,)


def test_random_is_a_function_of_its_generator():
    first, repeated = (random(5, np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(first, repeated)


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_strategy_gives_every_candidate_a_value(name):
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
def test_an_empty_pool_has_no_values(name):
    pool = Pool(np.empty((3, 0, 4)), np.empty((0, 8), dtype=np.float32), np.empty((0, 3)))
    assert STRATEGIES[name](pool, np.random.default_rng(0)).shape == (0,)
