"""Many experts vote on a field until no candidate waits: quotas, order, and final consensus."""

import random

import pytest

from labeling.rules.consensus import ConsensusStatus
from tests.soak.expert import call_in_parallel

pytestmark = pytest.mark.postgresql

VOTES_NEEDED = 3
ENDED = {ConsensusStatus.AGREED, ConsensusStatus.MAJORITY, ConsensusStatus.TIE}


def vote_to_the_end(expert):
    """Vote as the page does: lease several in advance, skip some, send some votes twice."""
    rng = random.Random(expert.name)
    while items := expert.next(rng.randint(1, 4)):
        for item in items:
            if rng.random() < 0.05:
                expert.skip(item)
                continue
            uuid, body = expert.vote(item["candidate"])
            if rng.random() < 0.1:
                expert.put(uuid, body)


def test_sixteen_experts_vote_until_no_candidate_waits(ledger, short_or_long):
    candidates = short_or_long(80, 2000)
    # The control sample is soon used up, and then all candidates come from the pool.
    rules = {"votes_needed": VOTES_NEEDED, "control_share": 0.5}
    experts = ledger.open_field("to-the-end", candidates, 16, **rules)
    call_in_parallel(experts, vote_to_the_end)
    ledger.assert_votes_stored(experts, VOTES_NEEDED)
    assert ledger.assert_in_order(experts, experts) > candidates
    consensus = ledger.call("statuses", "to-the-end")
    assert len(consensus) == candidates
    assert {n_votes for n_votes, _ in consensus} == {VOTES_NEEDED}
    assert {status for _, status in consensus} <= ENDED
    ledger.assert_audit_passes()


def test_a_single_expert_gets_the_whole_pool_in_order_of_uncertainty(ledger, short_or_long):
    candidates = short_or_long(100, 2000)
    (expert,) = ledger.open_field("in-order", candidates, 1, votes_needed=VOTES_NEEDED)
    while items := expert.next():
        expert.vote(items[0]["candidate"])
    assert sorted(expert.served) == sorted(set(expert.served))
    assert len(expert.served) == candidates
    assert ledger.assert_in_order([expert], [expert]) > candidates / 2
    ledger.assert_audit_passes()
