"""Strategies: what the queue asks about first, and that votes, audits and promotions agree."""

from importlib import import_module
from math import log

import pytest
from django.apps import apps
from django.core.management import call_command
from django.utils import timezone

from labeling.models import Field, Lease, Prediction, Refresh
from labeling.rules.posterior import worth
from labeling.rules.sampling import random_value
from labeling.rules.strategies import Opinion, Strategy, in_proportion, margin, value
from tests.labeling.world import (
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
SAID = [
    ((0.4, 0.3, 0.2, 0.1), 0.1, 0.2),
    ((0.49, 0.49, 0.01, 0.01), 0.2, 0.3),
    ((0.6, 0.2, 0.1, 0.1), 0.9, 0.1),
    ((0.7, 0.1, 0.1, 0.1), 0.3, 0.9),
]
FIRST = {Strategy.ENTROPY: 0, Strategy.MARGIN: 1, Strategy.BALD: 2, Strategy.DIVERSE: 3}


@pytest.fixture
def pool(admin):
    """A field in training with a run of several opinions in use."""
    field = make_field("pool", 4 * len(SAID))
    in_training = field.candidates.filter(control=False).order_by("pk")
    ids = list(in_training.values_list("pk", flat=True)[: len(SAID)])
    field.candidates.exclude(pk__in=ids).delete()
    run = make_run(field, admin)
    run.write_predictions(
        {
            "candidate_id": pk,
            "label": 1,
            **{f"p_class{k}": x for k, x in enumerate(p, 1)},
            "entropy": -sum(x * log(x) for x in p),
            "ensemble_agreement": 1.0,
            "mutual_information": information,
            "diversity": diversity,
        }
        for pk, (p, information, diversity) in zip(ids, SAID, strict=True)
    )
    run.promote_unjudged(by=admin)
    field.refresh_from_db()
    return field


def order(field):
    """Places of the candidates in SAID, as the queue has them."""
    ids = list(field.candidates.order_by("pk").values_list("pk", flat=True))
    waiting = Prediction.objects.filter(queue=field).order_by("-priority")
    return [ids.index(pk) for pk in waiting.values_list("candidate_id", flat=True)]


def follow(field, strategy):
    """Change the field's strategy as the administrator does."""
    Field.objects.filter(pk=field.pk).update(strategy=strategy)
    field.refresh_from_db()
    Refresh.objects.apply_strategy(field)


@pytest.mark.parametrize("strategy", FIRST)
def test_each_puts_its_own_first(pool, strategy):
    follow(pool, strategy)
    assert order(pool)[0] == FIRST[strategy]


def test_chance_keeps_its_order(pool):
    follow(pool, Strategy.RANDOM)
    expected = sorted(range(4), key=lambda k: -random_value(pool.candidates.order_by("pk")[k].pk))
    assert order(pool) == expected


def test_places_of_chance_of_an_earlier_version_are_set_anew(pool, ada, capsys):
    follow(pool, Strategy.RANDOM)
    vote(pool.candidates.order_by("pk")[2], ada, 3)
    before = order(pool)
    waiting = Prediction.objects.exclude(queue=None)
    for place, row in enumerate(waiting.order_by("priority")):
        waiting.filter(pk=row.pk).update(priority=-place)
    import_module("labeling.migrations.0008_by_chance").place(apps, None)
    assert order(pool) == before
    call_command("audit")


@pytest.mark.parametrize("strategy", Strategy)
def test_votes_and_the_audit_agree(pool, strategy, ada, bea, cy, capsys):
    follow(pool, strategy)
    vote(pool.candidates.order_by("pk")[2], ada, 3)
    settle(pool.candidates.order_by("pk")[1], (ada, bea, cy), 2)
    vote(pool.candidates.order_by("pk")[0], bea, 4)
    call_command("audit")
    assert "0 differences" in capsys.readouterr().out


def refit(field, prior, number):
    """Heads refitted on newer labels say this of one candidate in SAID."""
    run = field.promoted_run
    refresh = Refresh.objects.create(field=field, run=run, n_labels=0, claimed_at=timezone.now())
    assert refresh.reorder({field.candidates.order_by("pk")[number].pk: prior}, 1)


@pytest.mark.parametrize("strategy", FIRST)
def test_refitted_heads_that_are_sure_of_the_first_put_it_last(pool, strategy, ada, capsys):
    follow(pool, strategy)
    refit(pool, (0.997, 0.001, 0.001, 0.001), FIRST[strategy])
    assert order(pool)[-1] == FIRST[strategy]
    vote(pool.candidates.order_by("pk")[FIRST[strategy]], ada, 1)
    call_command("audit")
    assert "0 differences" in capsys.readouterr().out


def test_chance_follows_no_label_and_says_nothing_of_it(pool, ada, bea, cy):
    refit(pool, (0.997, 0.001, 0.001, 0.001), 0)
    follow(pool, Strategy.RANDOM)
    assert not Refresh.objects.exists()
    assert not Prediction.objects.exclude(prior_class1=None).exists()
    pool.promoted_run.embeddings_path.parent.mkdir(parents=True)
    pool.promoted_run.embeddings_path.write_bytes(b"")
    settle(pool.candidates.order_by("pk")[1], (ada, bea, cy), 2)
    Field.objects.update(refresh_after=1)
    assert Refresh.objects.due() == []
    follow(pool, Strategy.ENTROPY)
    assert Refresh.objects.due() == [pool.pk]


def test_a_lease_says_what_put_it_first(pool, ada, bea):
    follow(pool, Strategy.BALD)
    (lease,) = lease_next(pool, ada, 1)
    assert (lease.strategy, lease.sample) == ("bald", "pool")
    Field.objects.update(promoted_run=None)
    (lease,) = lease_next(Field.objects.get(), bea, 1)
    assert Lease.objects.get(pk=lease.pk).strategy == "random"


def test_what_the_network_could_not_read_came_by_chance(pool, ada):
    follow(pool, Strategy.BALD)
    Prediction.objects.all().delete()
    (lease,) = lease_next(pool, ada, 1)
    assert (lease.strategy, lease.sample) == ("random", "pool")


def test_a_vote_keeps_what_had_put_its_candidate_first(pool, ada):
    follow(pool, Strategy.DIVERSE)
    (lease,) = lease_next(pool, ada, 1)
    cast = vote(lease.candidate, ada, 1)
    assert (cast.strategy, cast.sample) == ("diverse", "pool")
    Lease.objects.all().delete()
    unasked = vote(pool.candidates.exclude(pk=lease.candidate_id).first(), ada, 1)
    assert (unasked.strategy, unasked.sample) == ("", "")


def test_a_run_of_one_network_has_only_entropy(admin):
    field = only_sample(make_field("one", 3), control=False)
    entropies = dict(
        zip(field.candidates.values_list("pk", flat=True), (0.2, 0.9, 0.5), strict=True)
    )
    promote(field, admin, entropies)
    before = order(field)
    follow(field, Strategy.BALD)
    assert order(field) == before


def test_margin_is_one_where_two_classes_are_alike():
    assert margin((0.5, 0.5, 0, 0), NO_VOTES) == pytest.approx(1)
    assert margin((1, 0, 0, 0), NO_VOTES) == 0
    assert margin((0.4, 0.3, 0.2, 0.1), NO_VOTES) == pytest.approx(0.9)
    assert margin((0.4, 0.3, 0.2, 0.1), (3, 0, 0, 0)) < 0.1


def opinion(prior, *, own=True, entropy=1.0):
    return Opinion(1, prior, own, entropy, mutual_information=0.5, diversity=0.5)


def test_what_votes_leave_is_in_proportion_to_the_entropy():
    prior = (0.4, 0.3, 0.2, 0.1)
    assert in_proportion(0.5, opinion(prior), NO_VOTES) == 0.5
    left = worth(prior, (2, 0, 0, 0)) / worth(prior, NO_VOTES)
    assert in_proportion(0.5, opinion(prior), (2, 0, 0, 0)) == pytest.approx(0.5 * left)
    assert in_proportion(0.5, opinion((1, 0, 0, 0)), NO_VOTES) == 0


@pytest.mark.parametrize("strategy", [Strategy.BALD, Strategy.DIVERSE])
def test_what_refitted_heads_leave_is_in_proportion_to_the_entropy(strategy):
    sure, unsure = (0.97, 0.01, 0.01, 0.01), (0.25, 0.25, 0.25, 0.25)
    for prior in (sure, unsure):
        refitted = opinion(prior, own=False, entropy=0.8)
        assert value(strategy, refitted, NO_VOTES) == 0.5 * worth(prior, NO_VOTES) / 0.8
    assert value(strategy, opinion(sure, own=False, entropy=0.0), NO_VOTES) == 0
