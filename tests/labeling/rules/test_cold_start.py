"""The order of a field's training pool without a promoted run."""

from contextlib import suppress

import numpy as np
import pytest
from django.core.management import call_command

from classifier.core.cold_start import SPREAD_SIZE
from labeling.models import Field
from labeling.rules.sampling import shuffle_key
from labeling.rules.strategies import ColdStart
from tests.labeling.world import lease_next, make_field, only_sample

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
    field.set_cold_start_order()


def in_order(field):
    return list(field.candidates.in_random_order(control=False).values_list("pk", flat=True))


def misplaced(capsys):
    """Number of candidates that the audit reports in the wrong random order."""
    with suppress(SystemExit):
        call_command("audit")
    return capsys.readouterr().out.count("has the wrong place in random order")


def assert_own_order(field, pks):
    keys = [
        shuffle_key(field.name, candidate.catalogue_id)
        for candidate in sorted(field.candidates.filter(pk__in=pks), key=lambda c: pks.index(c.pk))
    ]
    assert keys == sorted(keys)


def test_a_spread_sample_comes_first_and_the_others_at_random(field, ada, capsys):
    own = in_order(field)
    begin(field, ColdStart.SPREAD)
    order = in_order(field)
    assert sorted(order) == sorted(own)
    assert order[:SPREAD_SIZE] != own[:SPREAD_SIZE]
    assert_own_order(field, order[SPREAD_SIZE:])
    assert [lease.candidate_id for lease in lease_next(field, ada, 5)] == order[:5]
    assert misplaced(capsys) == 0


def test_the_spread_sample_has_no_candidates_of_the_guard(field):
    guards = field.candidates.filter(pk__in=in_order(field)[::4])
    guards.update(guard=True)
    begin(field, ColdStart.SPREAD)
    assert field.candidates.filter(shuffle__lt=0).count() == SPREAD_SIZE
    assert not field.candidates.filter(shuffle__lt=0, guard=True).exists()


def test_the_spread_order_can_be_removed(field):
    own = in_order(field)
    begin(field, ColdStart.SPREAD)
    begin(field, ColdStart.RANDOM)
    assert in_order(field) == own
    assert not field.candidates.filter(shuffle__lt=0).exists()


def test_the_spread_order_is_deterministic(field):
    begin(field, ColdStart.SPREAD)
    first = in_order(field)
    begin(field, ColdStart.SPREAD)
    assert in_order(field) == first


def test_the_spread_sample_of_a_large_field_comes_from_a_random_part(field, monkeypatch):
    own = in_order(field)
    monkeypatch.setattr("labeling.models.field._SPREAD_POOL", 50)
    begin(field, ColdStart.SPREAD)
    order = in_order(field)
    assert set(order[:50]) == set(own[:50])
    assert order[50:] == own[50:]


def test_the_spread_order_does_not_change_the_control_sample(field):
    field.candidates.filter(pk__in=in_order(field)[:100]).update(control=True)
    before = set(field.candidates.filter(control=True).values_list("pk", "shuffle"))
    begin(field, ColdStart.SPREAD)
    assert set(field.candidates.filter(control=True).values_list("pk", "shuffle")) == before


def test_the_audit_reports_negative_numbers_in_a_field_without_a_spread_sample(field, capsys):
    begin(field, ColdStart.SPREAD)
    Field.objects.update(cold_start=ColdStart.RANDOM)
    assert misplaced(capsys) == SPREAD_SIZE
