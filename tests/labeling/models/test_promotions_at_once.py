"""Runs that go live, and fields that others lock, at the same moment."""

import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest
from django.contrib.admin import site
from django.db import transaction

from labeling.admin import FieldAdmin
from labeling.models import Field, RefusedByGate, RunStatus
from labeling.rules import gate
from tests.labeling.models.test_gate_of_runs import answers, labelled  # noqa: F401
from tests.labeling.world import at_once, make_field, make_run, only_sample, running_run, vote

pytestmark = pytest.mark.django_db(transaction=True)


def trained(field, admin, right):
    """A run that is right with this probability, as a worker leaves it."""
    run = running_run(field, admin)
    run.succeed(answers(field, right), {})
    return run


def test_of_two_concurrent_promotions_the_worse_run_is_judged_beside_the_better(
    labelled,  # noqa: F811
    admin,
    monkeypatch,
):
    trained(labelled, admin, 0.6)
    runs = [trained(labelled, admin, right) for right in (1, 0.7)]
    assert [run.status for run in runs] == [RunStatus.READY] * 2
    judge = gate.judge

    def slowly(truth_N, new_NK, *others, **looks):
        verdict = judge(truth_N, new_NK, *others, **looks)
        # The worse one takes longer, and would come to be in use at last.
        time.sleep(0.6 if np.any(new_NK.argmax(axis=1) + 1 != truth_N) else 0.2)
        return verdict

    def put_to_use(k):
        try:
            runs[k].promote(admin)
        except RefusedByGate:
            return "refused"
        return "in use"

    monkeypatch.setattr(gate, "judge", slowly)
    said = at_once(2, put_to_use)
    assert Field.objects.get().promoted_run == runs[0], said


@pytest.mark.postgresql
@pytest.mark.parametrize("verb", ["promote", "roll back"])
def test_promotions_and_roll_backs_lock_fields_in_one_order(admin, verb):
    # By name the other way round than by number.
    first, second = (make_field(name, 1) for name in ("z", "a"))
    run = make_run(first, admin)
    run.fields.add(second)
    if verb == "roll back":
        run.promote_unjudged(by=admin)

    def act(k):
        time.sleep(0.3 * k)
        with transaction.atomic():
            if k == 0:
                Field.objects.lock_rows([first])
                time.sleep(0.9)
            elif k == 1:
                Field.objects.lock_rows([first, second])
            elif verb == "promote":
                run.promote_unjudged(by=admin)
            else:
                run.roll_back()
        return k

    assert at_once(3, act) == [0, 1, 2]


@pytest.mark.postgresql
def test_continuous_votes_do_not_block_a_promotion(admin, ada):
    field = make_field("busy", 8)
    run, candidates = make_run(field, admin), list(field.candidates.all())
    done = threading.Event()

    def vote_on_and_on(candidate):
        until = time.monotonic() + 6
        while not done.is_set() and time.monotonic() < until:
            with transaction.atomic():
                vote(candidate, ada)
                time.sleep(0.02)

    def act(k):
        if k < 8:
            return vote_on_and_on(candidates[k])
        time.sleep(0.3)
        began = time.monotonic()
        run.promote_unjudged(by=admin)
        done.set()
        return time.monotonic() - began

    assert at_once(9, act)[8] < 2
    assert Field.objects.get().promoted_run == run


def test_a_vote_that_waits_for_a_change_of_the_rules_uses_the_new_ones(admin, ada, bea):
    field = make_field("ruled", 1)
    only_sample(field, control=False)
    candidate = field.candidates.get()
    vote(candidate, ada, 1)
    changed = threading.Event()

    def change_the_rules():
        field = Field.objects.get()
        field.votes_needed = 2
        form = SimpleNamespace(changed_data=["votes_needed"])
        with transaction.atomic():
            FieldAdmin(Field, site).save_model(None, field, form, change=True)
            changed.set()
            time.sleep(0.5)

    def act(k):
        if k:
            changed.wait(20)
            return vote(candidate, bea, 1)
        return change_the_rules()

    at_once(2, act)
    candidate.refresh_from_db()
    assert (candidate.consensus.label, candidate.open) == (1, False)
