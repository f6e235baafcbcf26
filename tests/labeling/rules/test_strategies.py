"""labeling.rules.strategies: acquisition values, and the queue that they order."""

from importlib import import_module
from math import isnan, log, nan

import numpy as np
import pytest
from django.apps import apps
from django.core.management import call_command
from django.utils import timezone
from scipy.stats import entropy as shannon

from labeling.models import Field, Lease, Prediction, Refresh
from labeling.rules.sampling import random_value
from labeling.rules.strategies import RELIABILITY, Opinions, Strategy, acquisition_values
from tests.labeling.world import (
    arrays_of,
    entropy_after,
    lease_next,
    make_field,
    make_run,
    only_sample,
    promote,
    settle,
    vote,
)

NO_VOTES = (0, 0, 0, 0)

# p of each class, mutual information, diversity: each strategy puts another one first.
OPINIONS = [
    ((0.4, 0.3, 0.2, 0.1), 0.1, 0.2),
    ((0.49, 0.49, 0.01, 0.01), 0.2, 0.3),
    ((0.6, 0.2, 0.1, 0.1), 0.9, 0.1),
    ((0.7, 0.1, 0.1, 0.1), 0.3, 0.9),
]
FIRST = {Strategy.ENTROPY: 0, Strategy.MARGIN: 1, Strategy.BALD: 2, Strategy.DIVERSE: 3}


@pytest.fixture
def pool(admin):
    """A field of candidates of the training pool, with a promoted run."""
    field = make_field("pool", 4 * len(OPINIONS))
    training_pool = field.candidates.filter(control=False).order_by("pk")
    ids = list(training_pool.values_list("pk", flat=True)[: len(OPINIONS)])
    field.candidates.exclude(pk__in=ids).delete()
    run = make_run(field, admin)
    p, information, diversity = zip(*OPINIONS, strict=True)
    run.write_predictions(
        arrays_of(ids, p, mutual_information_N=information, diversity_N=diversity), [field]
    )
    run.promote_unjudged(by=admin)
    field.refresh_from_db()
    return field


def order(field):
    """Positions in OPINIONS of the candidates, in the order of the queue."""
    ids = list(field.candidates.order_by("pk").values_list("pk", flat=True))
    waiting = Prediction.objects.filter(queue=field).order_by("-priority")
    return [ids.index(pk) for pk in waiting.values_list("candidate_id", flat=True)]


def set_strategy(field, strategy):
    """Change the field's strategy as the administrator does."""
    Field.objects.filter(pk=field.pk).update(strategy=strategy)
    field.refresh_from_db()
    Refresh.objects.apply_strategy(field)


@pytest.mark.parametrize("strategy", FIRST)
def test_each_strategy_has_another_first_candidate(pool, strategy):
    set_strategy(pool, strategy)
    assert order(pool)[0] == FIRST[strategy]


def test_the_random_strategy_has_an_order_of_its_own(pool):
    set_strategy(pool, Strategy.RANDOM)
    expected = sorted(range(4), key=lambda k: -random_value(pool.candidates.order_by("pk")[k].pk))
    assert order(pool) == expected


def test_the_migration_restores_the_random_order_of_an_earlier_version(pool, ada, capsys):
    set_strategy(pool, Strategy.RANDOM)
    vote(pool.candidates.order_by("pk")[2], ada, 3)
    before = order(pool)
    waiting = Prediction.objects.exclude(queue=None)
    for number, row in enumerate(waiting.order_by("priority")):
        waiting.filter(pk=row.pk).update(priority=-number)
    import_module("labeling.migrations.0008_by_chance").place(apps, None)
    assert order(pool) == before
    call_command("audit")


@pytest.mark.parametrize("strategy", Strategy)
def test_the_audit_finds_nothing_after_votes(pool, strategy, ada, bea, cy, capsys):
    set_strategy(pool, strategy)
    vote(pool.candidates.order_by("pk")[2], ada, 3)
    settle(pool.candidates.order_by("pk")[1], (ada, bea, cy), 2)
    vote(pool.candidates.order_by("pk")[0], bea, 4)
    call_command("audit")
    assert "0 differences" in capsys.readouterr().out


def refit(field, prior, number):
    """Set the probabilities of refitted heads for one candidate in OPINIONS."""
    run = field.promoted_run
    refresh = Refresh.objects.create(field=field, run=run, n_labels=0, claimed_at=timezone.now())
    assert refresh.reorder({field.candidates.order_by("pk")[number].pk: prior}, 1)


@pytest.mark.parametrize("strategy", FIRST)
def test_a_candidate_that_refitted_heads_are_certain_of_is_last(pool, strategy, ada, capsys):
    set_strategy(pool, strategy)
    refit(pool, (0.997, 0.001, 0.001, 0.001), FIRST[strategy])
    assert order(pool)[-1] == FIRST[strategy]
    vote(pool.candidates.order_by("pk")[FIRST[strategy]], ada, 1)
    call_command("audit")
    assert "0 differences" in capsys.readouterr().out


def test_the_random_strategy_drops_and_needs_no_refresh(pool, ada, bea, cy):
    refit(pool, (0.997, 0.001, 0.001, 0.001), 0)
    set_strategy(pool, Strategy.RANDOM)
    assert not Refresh.objects.exists()
    assert not Prediction.objects.exclude(prior_class1=None).exists()
    pool.promoted_run.embeddings_path.parent.mkdir(parents=True)
    pool.promoted_run.embeddings_path.write_bytes(b"")
    settle(pool.candidates.order_by("pk")[1], (ada, bea, cy), 2)
    Field.objects.update(refresh_after=1)
    assert Refresh.objects.due() == []
    set_strategy(pool, Strategy.ENTROPY)
    assert Refresh.objects.due() == [pool.pk]


def test_a_lease_keeps_the_strategy_that_served_it(pool, ada, bea):
    set_strategy(pool, Strategy.BALD)
    (lease,) = lease_next(pool, ada, 1)
    assert (lease.strategy, lease.sample) == ("bald", "pool")
    Field.objects.update(promoted_run=None)
    (lease,) = lease_next(Field.objects.get(), bea, 1)
    assert Lease.objects.get(pk=lease.pk).strategy == "random"


def test_candidates_without_a_prediction_are_served_at_random(pool, ada):
    set_strategy(pool, Strategy.BALD)
    Prediction.objects.all().delete()
    (lease,) = lease_next(pool, ada, 1)
    assert (lease.strategy, lease.sample) == ("random", "pool")


def test_a_vote_keeps_the_strategy_of_its_lease(pool, ada):
    set_strategy(pool, Strategy.DIVERSE)
    (lease,) = lease_next(pool, ada, 1)
    cast = vote(lease.candidate, ada, 1)
    assert (cast.strategy, cast.sample) == ("diverse", "pool")
    Lease.objects.all().delete()
    unrequested = vote(pool.candidates.exclude(pk=lease.candidate_id).first(), ada, 1)
    assert (unrequested.strategy, unrequested.sample) == ("", "")


def test_a_run_of_one_network_is_ordered_by_entropy(admin):
    field = only_sample(make_field("one", 3), control=False)
    entropies = dict(
        zip(field.candidates.values_list("pk", flat=True), (0.2, 0.9, 0.5), strict=True)
    )
    promote(field, admin, entropies)
    before = order(field)
    set_strategy(field, Strategy.BALD)
    assert order(field) == before


def scalar_value(strategy, opinion, counts):
    """Value of one candidate by the formulas, with scipy's entropy; votes can only raise it."""
    candidate, prior, refitted, own_entropy, information, diversity = opinion

    def posterior(votes):
        odds = 3 * RELIABILITY / (1 - RELIABILITY)
        weights = [p * odds**n for p, n in zip(prior, votes, strict=True)]
        return [weight / sum(weights) for weight in weights]

    def value(votes):
        second, first = sorted(posterior(votes))[-2:]
        if strategy == Strategy.MARGIN:
            return 1 - (first - second)
        stated = {Strategy.BALD: information, Strategy.DIVERSE: diversity}.get(strategy, nan)
        left = shannon(posterior(votes))
        if isnan(stated):
            return left if refitted or any(votes) else own_entropy
        before = own_entropy if refitted else shannon(posterior(NO_VOTES))
        return stated * left / before if before else 0

    if strategy == Strategy.RANDOM:
        return random_value(candidate)
    return max(value(NO_VOTES), value(counts))


def random_opinions(count):
    """Opinions of every kind: certain, refitted, without mutual information or diversity."""
    rng = np.random.default_rng(0)
    prior_NK = rng.dirichlet([0.3] * 4, count)
    prior_NK[:20] = np.eye(4)[rng.integers(0, 4, 20)]
    own_entropy_N = np.where(np.arange(count) % 50 == 0, 0, rng.uniform(0, log(4), count))
    information_N = np.where(rng.random(count) < 0.2, nan, rng.random(count))
    diversity_N = np.where(rng.random(count) < 0.2, nan, rng.random(count))
    return Opinions(
        candidate_N=np.arange(count),
        prior_NK=prior_NK,
        refitted_N=rng.random(count) < 0.3,
        entropy_N=own_entropy_N,
        mutual_information_N=information_N,
        diversity_N=diversity_N,
    )


def random_counts(count):
    rng = np.random.default_rng(1)
    return np.where(rng.random((count, 1)) < 0.5, 0, rng.integers(0, 4, (count, 4)))


@pytest.mark.parametrize("strategy", Strategy)
def test_values_are_those_of_the_formulas(strategy):
    opinions, counts_NK = random_opinions(500), random_counts(500)
    values = acquisition_values(strategy, opinions, counts_NK)
    rows = zip(*(column.tolist() for column in vars(opinions).values()), strict=True)
    expected = [
        scalar_value(strategy, row, counts)
        for row, counts in zip(rows, counts_NK.tolist(), strict=True)
    ]
    np.testing.assert_allclose(values, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("strategy", Strategy)
def test_one_candidate_has_the_value_that_it_has_among_many(strategy):
    opinions, counts_NK = random_opinions(100), random_counts(100)
    together = acquisition_values(strategy, opinions, counts_NK)
    alone = [
        acquisition_values(strategy, opinions[np.arange(100) == k], counts_NK[k : k + 1])[0]
        for k in range(100)
    ]
    assert together.tolist() == alone


def value(strategy, prior, counts=NO_VOTES, *, refitted=False, entropy=1.0):
    """Value of one candidate with a mutual information and a diversity of 0.5."""
    opinions = Opinions(
        candidate_N=np.array([1]),
        prior_NK=np.array([prior]),
        refitted_N=np.array([refitted]),
        entropy_N=np.array([entropy]),
        mutual_information_N=np.array([0.5]),
        diversity_N=np.array([0.5]),
    )
    return acquisition_values(strategy, opinions, np.array([counts]))[0]


def test_the_value_by_margin_is_one_for_two_equal_probabilities():
    assert value(Strategy.MARGIN, (0.5, 0.5, 0, 0)) == pytest.approx(1)
    assert value(Strategy.MARGIN, (1.0, 0, 0, 0)) == 0
    assert value(Strategy.MARGIN, (0.4, 0.3, 0.2, 0.1)) == pytest.approx(0.9)


def test_votes_that_contradict_raise_the_value_in_proportion_to_the_entropy():
    prior, counts = (0.7, 0.1, 0.1, 0.1), (0, 1, 0, 0)
    assert value(Strategy.BALD, prior) == 0.5
    more = entropy_after(prior, counts) / entropy_after(prior, NO_VOTES)
    assert value(Strategy.BALD, prior, counts) == pytest.approx(0.5 * more)
    assert value(Strategy.BALD, (1.0, 0, 0, 0)) == 0


@pytest.mark.parametrize("strategy", [Strategy.BALD, Strategy.DIVERSE])
def test_refitted_heads_scale_the_value_in_proportion_to_the_entropy(strategy):
    for prior in ((0.97, 0.01, 0.01, 0.01), (0.25, 0.25, 0.25, 0.25)):
        expected = 0.5 * entropy_after(prior, NO_VOTES) / 0.8
        assert value(strategy, prior, refitted=True, entropy=0.8) == pytest.approx(expected)
    assert value(strategy, (0.97, 0.01, 0.01, 0.01), refitted=True, entropy=0.0) == 0
