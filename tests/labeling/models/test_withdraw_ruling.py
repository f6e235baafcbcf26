"""Adjudication.withdraw: the votes decide again, and the ruling stays on record."""

from io import StringIO

import pytest
from django.core.management import call_command

from labeling.models import Adjudication, Candidate, Comment, Consensus
from labeling.rules.conflicts import RulingCorrected
from labeling.rules.consensus import ConsensusStatus
from tests.labeling.world import at_once, settle, vote


def differences():
    """The differences that `manage.py audit` finds; it ends with an error if there are any."""
    output = StringIO()
    call_command("audit", stdout=output)
    return [line for line in output.getvalue().splitlines()[:-1] if line]


def test_the_votes_decide_again_and_the_ruling_stays(candidate, ada, bea, cy, cur, admin):
    settle(candidate, [ada, bea, cy], 4)
    ruling = candidate.adjudicate(cur, 1, "compact")
    ruling.withdraw(admin)
    row = Consensus.objects.get()
    assert (row.label, row.status, row.n_votes) == (4, ConsensusStatus.AGREED, 3)
    ruling.refresh_from_db()
    assert (ruling.curator, ruling.label, ruling.withdrawn_by) == (cur, 1, admin)
    assert ruling.decided_at <= ruling.withdrawn_at
    assert not differences()


def test_a_candidate_without_votes_is_served_again(candidate, ada, cur):
    candidate.adjudicate(cur, 1, "compact").withdraw(cur)
    assert Consensus.objects.get().status == ConsensusStatus.INSUFFICIENT
    assert candidate in Candidate.objects.waiting_for(ada)
    assert not differences()


def test_a_tie_waits_for_curators_again(candidate, ada, bea, cy, cur):
    for label, expert in enumerate([ada, bea, cy], 1):
        vote(candidate, expert, label)
    candidate.adjudicate(cur, 2, "two arms, one core").withdraw(cur)
    assert list(Candidate.objects.for_curators()) == [candidate]


def test_what_it_resolved_is_open_again(candidate, ada, cur):
    vote(candidate, ada, flagged=True)
    candidate.add_comment(ada, "a star?")
    ruling = candidate.adjudicate(cur, 4, "a star")
    assert not Candidate.objects.for_curators().exists()
    ruling.withdraw(cur)
    assert list(Candidate.objects.for_curators()) == [candidate]
    assert Comment.objects.unresolved().exists()


def test_a_second_withdrawal_changes_nothing(candidate, cur, admin):
    ruling = candidate.adjudicate(cur, 1, "compact")
    ruling.withdraw(cur)
    before = Adjudication.objects.values().get()
    ruling.withdraw(admin)
    assert Adjudication.objects.values().get() == before


def test_without_the_correction_no_ruling_counts(candidate, cur, admin):
    first = candidate.adjudicate(cur, 1, "compact")
    second = candidate.adjudicate(admin, 4, "a star after all")
    with pytest.raises(RulingCorrected, match="corrected by admin"):
        first.withdraw(cur)
    assert Consensus.objects.get().label == 4
    second.withdraw(admin)
    assert Consensus.objects.get().label is None
    assert not Adjudication.objects.standing().exists()
    assert not differences()


def test_another_ruling_counts_after_a_withdrawal(candidate, cur):
    candidate.adjudicate(cur, 1, "compact").withdraw(cur)
    last = candidate.adjudicate(cur, 3, "two peaks")
    assert Consensus.objects.get().label == 3
    assert list(Adjudication.objects.standing()) == [last]


@pytest.mark.django_db(transaction=True)
def test_a_correction_and_a_withdrawal_at_once(candidate, cur, admin):
    ruling = candidate.adjudicate(cur, 1, "compact")

    def withdraw():
        try:
            Adjudication.objects.get(pk=ruling.pk).withdraw(cur)
        except RulingCorrected:
            return "corrected"
        return "withdrawn"

    def correct():
        Candidate.objects.get(pk=candidate.pk).adjudicate(admin, 4, "a star")
        return ""

    outcome = "".join(at_once(2, lambda number: (withdraw, correct)[number]()))
    ruling.refresh_from_db()
    assert (ruling.withdrawn_at is None) == (outcome == "corrected")
    assert Consensus.objects.get().label == 4
    assert not differences()
