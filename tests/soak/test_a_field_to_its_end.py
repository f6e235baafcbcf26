"""Quotas hold, nobody sees anything again, and every candidate is settled or tied in the end."""

import random

import pytest

from labeling.rules.consensus import ConsensusStatus
from tests.soak.expert import together

pytestmark = pytest.mark.postgresql

VOTES_NEEDED = 3
ENDED = {ConsensusStatus.AGREED, ConsensusStatus.MAJORITY, ConsensusStatus.TIE}


def vote_to_the_end(expert):
    """As pages do it: several in advance, some put off, some votes sent twice."""
    chance = random.Random(expert.name)
    while items := expert.next(chance.randint(1, 4)):
        for item in items:
            if chance.random() < 0.05:
                expert.skip(item)
                continue
            uuid, body = expert.vote(item["candidate"])
            if chance.random() < 0.1:
                expert.put(uuid, body)


def test_sixteen_experts_vote_a_field_to_its_end(ledger, short_or_long):
    candidates = short_or_long(80, 2000)
    # Soon nothing is left of the control sample, and every place is taken from the pool.
    rules = {"votes_needed": VOTES_NEEDED, "control_share": 0.5}
    experts = ledger.open_field("to-the-end", candidates, 16, **rules)
    together(experts, vote_to_the_end)
    ledger.assert_kept(experts, VOTES_NEEDED)
    assert ledger.assert_in_order(experts, experts) > candidates
    ended = ledger.ask("statuses", "to-the-end")
    assert len(ended) == candidates
    assert {n_votes for n_votes, _ in ended} == {VOTES_NEEDED}
    assert {status for _, status in ended} <= ENDED
    ledger.assert_nothing_drifted()


def test_a_single_expert_gets_the_pool_by_uncertainty_from_end_to_end(ledger, short_or_long):
    candidates = short_or_long(100, 2000)
    (expert,) = ledger.open_field("in-order", candidates, 1, votes_needed=VOTES_NEEDED)
    while items := expert.next():
        expert.vote(items[0]["candidate"])
    assert sorted(expert.served) == sorted(set(expert.served))
    assert len(expert.served) == candidates
    assert ledger.assert_in_order([expert], [expert]) > candidates / 2
    ledger.assert_nothing_drifted()
