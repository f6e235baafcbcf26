"""What the queue begins with before there is a network."""

from contextlib import suppress

import numpy as np
import pytest
from django.core.management import call_command

from labeling.models import Field
from labeling.rules import cold_start
from labeling.rules.sampling import shuffle_key
from labeling.rules.strategies import ColdStart
from tests.labeling.world import make_field, only_sample

COUNT = 400


@pytest.fixture
def field(db):
    """A training pool, nearly all of it faint and red; a few are bright or blue."""
    field = only_sample(make_field(candidates=COUNT, control_share=0.0), control=False)
    rng = np.random.default_rng(0)
    candidates = list(field.candidates.all())
    for candidate in candidates:
        candidate.mag_v = rng.normal(24, 0.5)
        candidate.mag_i = candidate.mag_v - rng.normal(1, 0.2)
        candidate.ci = None if candidate.pk % 7 == 0 else rng.normal(1.4, 0.1)
    field.candidates.bulk_update(candidates, ["mag_v", "mag_i", "ci"])
    return field


def begin(field, how):
    """Change the rule as the administrator does."""
    Field.objects.filter(pk=field.pk).update(cold_start=how)
    field.refresh_from_db()
    field.begin_as_set()


def in_order(field):
    return list(field.candidates.in_random_order(control=False).values_list("pk", flat=True))


def misplaced(capsys):
    """How many places in random order the audit complains of."""
    with suppress(SystemExit):
        call_command("audit")
    return capsys.readouterr().out.count("has the wrong place in random order")


def assert_own_order(field, pks):
    keys = [
        shuffle_key(field.name, candidate.catalogue_id)
        for candidate in sorted(field.candidates.filter(pk__in=pks), key=lambda c: pks.index(c.pk))
    ]
    assert keys == sorted(keys)


def test_a_spread_sample_is_first_and_then_all_at_random(field, ada, capsys):
    own = in_order(field)
    begin(field, ColdStart.SPREAD)
    order = in_order(field)
    assert sorted(order) == sorted(own)
    assert order[: cold_start.FIRST] != own[: cold_start.FIRST]
    assert_own_order(field, order[cold_start.FIRST :])
    assert [lease.candidate_id for lease in field.lease_next(ada, 5)] == order[:5]
    assert misplaced(capsys) == 0


def test_it_can_be_taken_back(field):
    own = in_order(field)
    begin(field, ColdStart.SPREAD)
    begin(field, ColdStart.RANDOM)
    assert in_order(field) == own
    assert not field.candidates.filter(shuffle__lt=0).exists()


def test_set_again_it_is_the_same(field):
    begin(field, ColdStart.SPREAD)
    first = in_order(field)
    begin(field, ColdStart.SPREAD)
    assert in_order(field) == first


def test_the_control_sample_stays_as_it_was(field):
    field.candidates.filter(pk__in=in_order(field)[:100]).update(control=True)
    before = set(field.candidates.filter(control=True).values_list("pk", "shuffle"))
    begin(field, ColdStart.SPREAD)
    assert set(field.candidates.filter(control=True).values_list("pk", "shuffle")) == before


def test_places_below_zero_are_a_difference_where_no_sample_begins(field, capsys):
    begin(field, ColdStart.SPREAD)
    Field.objects.update(cold_start=ColdStart.RANDOM)
    assert misplaced(capsys) == cold_start.FIRST


def test_it_begins_with_every_kind():
    rng = np.random.default_rng(0)
    columns = rng.normal(size=(1000, 3))
    deciles = (columns.argsort(axis=0).argsort(axis=0) * 10) // 1000
    first = cold_start.spread(columns)[:60]
    for axis in range(3):
        assert set(deciles[first, axis].tolist()) == set(range(10))


def test_of_what_nobody_measured_there_is_no_kind():
    assert len(cold_start.spread(np.full((50, 3), np.nan))) == 1
    assert cold_start.spread(np.empty((0, 3))) == []
