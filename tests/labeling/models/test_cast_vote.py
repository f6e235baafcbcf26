"""Candidate.cast_vote and Vote.retract: what an expert says, for ever, counted once."""

from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from labeling.classes import Label
from labeling.models import Candidate, Consensus, Vote, VoteConflict
from labeling.rules.consensus import ConsensusProvenance, ConsensusStatus
from tests.labeling.world import lease_to, promote, settle, vote


def test_it_records_the_vote_and_the_consensus(candidate, ada):
    cast = vote(candidate, ada, 2, comment="elongated", seconds=1.5)
    assert (cast.voter, cast.label, cast.comment, cast.retracted_at) == (ada, 2, "elongated", None)
    assert (candidate.consensus.n_class2, candidate.consensus.n_votes) == (1, 1)
    assert candidate.consensus.status == ConsensusStatus.INSUFFICIENT


def test_enough_votes_settle_a_candidate(candidate, ada, bea, cy):
    settle(candidate, [ada, bea, cy], 3)
    found = Consensus.objects.get(candidate=candidate)
    assert (found.label, found.status) == (3, ConsensusStatus.AGREED)
    assert found.provenance == ConsensusProvenance.SEVERAL


def test_a_change_of_mind_keeps_both_votes_and_counts_one(candidate, ada):
    first, second = vote(candidate, ada, 1), vote(candidate, ada, 4)
    first.refresh_from_db()
    assert first.retracted_at is not None
    assert list(candidate.votes.live()) == [second]
    assert candidate.consensus.n_votes == 1


def test_the_same_vote_twice_is_stored_once(candidate, ada):
    uuid = uuid4()
    first = candidate.cast_vote(ada, uuid, label=2, display={"stretch": "log"})
    again = candidate.cast_vote(ada, uuid, label=2, display={"stretch": "log"})
    assert first.cast_at == again.cast_at
    assert Vote.objects.count() == 1


@pytest.mark.parametrize("change", [{"label": 3}, {"certainty": "possible"}, {"comment": "x"}])
def test_another_answer_under_the_same_uuid_is_a_conflict(candidate, ada, change):
    uuid = uuid4()
    answer = {"label": 2, "certainty": "sure", "comment": ""}
    candidate.cast_vote(ada, uuid, **answer)
    with pytest.raises(VoteConflict):
        candidate.cast_vote(ada, uuid, **answer | change)
    assert Vote.objects.get().label == 2


def test_another_candidate_or_voter_under_the_same_uuid_is_a_conflict(field, ada, bea):
    one, two = field.candidates.all()[:2]
    uuid = uuid4()
    one.cast_vote(ada, uuid, label=1)
    with pytest.raises(VoteConflict):
        two.cast_vote(ada, uuid, label=1)
    with pytest.raises(VoteConflict):
        one.cast_vote(bea, uuid, label=1)
    assert Vote.objects.count() == 1


def test_the_database_itself_refuses_a_second_live_vote(candidate, ada):
    vote(candidate, ada)
    with pytest.raises(IntegrityError), transaction.atomic():
        Vote.objects.create(id=uuid4(), candidate=candidate, voter=ada, label=1)


def test_a_vote_ends_the_voters_lease_and_no_other(field, candidate, ada, bea):
    for expert in (ada, bea):
        lease_to(candidate, expert, "pool")
    vote(candidate, ada)
    assert [lease.expert for lease in candidate.leases.all()] == [bea]


def test_a_vote_without_a_lease_counts(candidate, ada, bea, cy, cur):
    settle(candidate, [ada, bea, cy], 1)
    vote(candidate, cur, 1)
    assert Consensus.objects.get(candidate=candidate).n_votes == 4


def test_a_retraction_restores_the_state_before_the_vote(candidate, ada, bea):
    vote(candidate, bea, 4)
    before = Consensus.objects.values().get(candidate=candidate)
    vote(candidate, ada, 1).retract()
    assert Consensus.objects.values().get(candidate=candidate) == before


def test_retracting_twice_changes_nothing(candidate, ada):
    cast = vote(candidate, ada)
    cast.retract()
    cast.refresh_from_db()
    first = cast.retracted_at
    cast.retract()
    cast.refresh_from_db()
    assert cast.retracted_at == first
    assert Vote.objects.count() == 1


def test_retracting_an_old_vote_leaves_the_newer_one(candidate, ada):
    old, new = vote(candidate, ada, 1), vote(candidate, ada, 2)
    old.retract()
    assert list(candidate.votes.live()) == [new]
    assert Consensus.objects.get(candidate=candidate).n_class2 == 1


def test_unsure_counts_as_an_answer_and_as_no_class(candidate, ada):
    vote(candidate, ada, Label.UNSURE)
    assert (candidate.consensus.n_votes, candidate.consensus.n_unsure) == (1, 1)
    assert candidate.consensus.agreement is None


def test_a_first_vote_is_blind_despite_a_prediction(field, candidate, ada, admin):
    promote(field, admin, {candidate.pk: 0.5})
    candidate.refresh_from_db()
    assert vote(candidate, ada, 1).suggestion_visible is False


def test_a_vote_after_a_disclosure_is_informed_by_the_network(field, candidate, ada, admin):
    promote(field, admin, {candidate.pk: 0.5})
    candidate.refresh_from_db()
    first = vote(candidate, ada, 1)
    Candidate.objects.disclose(ada, [candidate.pk])
    first.retract()
    again = vote(candidate, ada, 2)
    assert (again.suggestion_visible, again.informed) == (True, True)


def test_a_correction_without_a_disclosure_is_blind(field, candidate, ada, bea, cy, admin):
    promote(field, admin, {candidate.pk: 0.5})
    candidate.refresh_from_db()
    vote(candidate, ada, 1).retract()
    again = vote(candidate, ada, 2)
    assert (again.suggestion_visible, again.informed) == (False, False)
    for expert in (bea, cy):
        vote(candidate, expert, 2)
    assert candidate.consensus.provenance == ConsensusProvenance.SEVERAL


def test_a_published_class_that_was_shown_makes_a_vote_informed(candidate, ada):
    candidate.references.create(source="LEGUS", label=3)
    vote(candidate, ada, 1)
    Candidate.objects.disclose(ada, [candidate.pk])
    again = vote(candidate, ada, 3)
    assert (again.informed, again.suggestion_visible, again.votes_visible) == (True, False, 0)


def test_disclosures_to_a_curator_remain_without_the_role(candidate, ada, bea):
    vote(candidate, bea, 1)
    Candidate.objects.disclose(ada, [candidate.pk])
    first = vote(candidate, ada, 1)
    assert (first.informed, first.votes_visible) == (True, 1)


def test_a_disclosure_without_opinions_leaves_votes_blind(candidate, ada):
    vote(candidate, ada, 1)
    Candidate.objects.disclose(ada, [candidate.pk])
    assert vote(candidate, ada, 2).informed is False


def test_a_vote_of_a_curator_is_informed_by_the_network(field, candidate, cur, admin):
    promote(field, admin, {candidate.pk: 0.5})
    candidate.refresh_from_db()
    assert vote(candidate, cur, 1).suggestion_visible is True
    assert candidate.consensus.provenance == ConsensusProvenance.NETWORK_AND_ONE


def test_without_a_prediction_a_vote_is_not_informed_by_the_network(candidate, cur):
    assert vote(candidate, cur, 1).suggestion_visible is False


def test_a_vote_after_a_disclosure_is_informed_by_other_votes(candidate, ada, bea, cy):
    first = [vote(candidate, expert, 1) for expert in (ada, bea, cy)]
    assert [cast.votes_visible for cast in first] == [0, 0, 0]
    assert vote(candidate, bea, 2).votes_visible == 0
    Candidate.objects.disclose(ada, [candidate.pk])
    assert vote(candidate, ada, 2).votes_visible == 2


def test_a_correction_before_any_other_vote_is_blind(candidate, ada, bea):
    vote(candidate, ada, 1)
    assert vote(candidate, ada, 2).votes_visible == 0


def test_a_curator_may_have_seen_every_vote(candidate, ada, cur):
    vote(candidate, ada, 1)
    assert vote(candidate, cur, 1).votes_visible == 1
