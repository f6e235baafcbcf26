"""Candidate.adjudicate: curators settle what the votes leave open."""

from labeling.models import Candidate, Consensus
from labeling.rules.consensus import ConsensusStatus
from tests.labeling.world import lease_next, settle, vote


def test_a_ruling_settles_a_tie_and_keeps_the_votes(candidate, ada, bea, cy, cur):
    for label, expert in enumerate([ada, bea, cy], 1):
        vote(candidate, expert, label)
    assert Consensus.objects.ties().count() == 1
    candidate.adjudicate(cur, 2, "two arms, one core")
    found = Consensus.objects.get()
    assert (found.label, found.status, found.n_votes) == (2, ConsensusStatus.ADJUDICATED, 3)


def test_the_latest_ruling_counts(candidate, cur, admin):
    candidate.adjudicate(cur, 1, "compact")
    candidate.adjudicate(admin, 4, "a star after all")
    assert Consensus.objects.get().label == 4
    assert candidate.adjudications.count() == 2


def test_later_votes_do_not_change_a_ruling(candidate, ada, bea, cy, cur):
    candidate.adjudicate(cur, 1, "compact")
    settle(candidate, [ada, bea, cy], 4)
    assert Consensus.objects.get().label == 1


def test_an_adjudicated_candidate_is_not_served(field, candidate, ada, cur):
    candidate.adjudicate(cur, 1, "compact")
    assert candidate not in Candidate.objects.waiting_for(ada)
    assert len(lease_next(field, ada, 10)) == 5
