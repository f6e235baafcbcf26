"""Many experts at once, on real transactions: quotas hold, nobody gets a candidate twice."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from labeling.models import Candidate, Consensus, Field, Lease, Vote
from tests.labeling.conftest import person
from tests.labeling.world import at_once, lease_next, make_field, only_sample, promote, vote

# PostgreSQL has row locks; in SQLite, transactions that write take turns from their start.
pytestmark = pytest.mark.django_db(transaction=True)


def spoken_for():
    """Votes and live leases by candidate."""
    votes = Vote.objects.live().values_list("candidate", flat=True)
    return Counter([*votes, *Lease.objects.live().values_list("candidate", flat=True)])


def meanwhile(action):
    """The result of `action`, called from another connection; None if it does not end in time."""

    def there():
        try:
            return action()
        finally:
            connection.close()

    return ThreadPoolExecutor(1).submit(there).result(timeout=5)


def test_no_candidate_is_leased_beyond_its_quota():
    field = make_field(candidates=20, votes_needed=2)
    experts = [person(f"e{k}", "expert") for k in range(16)]
    leased = at_once(16, lambda k: len(lease_next(Field.objects.get(), experts[k], 5)))
    assert max(spoken_for().values()) <= 2
    # 16 x 5 were asked for and there is room for 40: nothing is left lying.
    assert sum(leased) == field.candidates.count() * 2


def test_concurrent_requests_of_one_expert_never_get_a_candidate_twice(ada):
    make_field(candidates=30)
    got = at_once(8, lambda _: [x.candidate_id for x in lease_next(Field.objects.get(), ada, 3)])
    every = [pk for batch in got for pk in batch]
    assert len(every) == len(set(every)) == 24


def test_voting_at_full_speed_fills_every_candidate_exactly():
    field = make_field(candidates=12, votes_needed=3)
    experts = [person(f"e{k}", "expert") for k in range(8)]

    def label_all(k):
        field = Field.objects.get()
        while leases := lease_next(field, experts[k], 2):
            for lease in leases:
                vote(lease.candidate, experts[k], 1 + (k + lease.candidate_id) % 4)

    at_once(8, label_all)
    votes = Counter(Vote.objects.live().values_list("candidate", flat=True))
    assert set(votes.values()) == {3}
    assert len(votes) == field.candidates.count()
    assert Lease.objects.count() == 0
    call_command("audit")


def test_concurrent_votes_on_one_candidate_are_all_in_its_consensus():
    candidate = make_field(candidates=1, votes_needed=16).candidates.get()
    experts = [person(f"e{k}", "expert") for k in range(16)]
    at_once(16, lambda k: vote(Candidate.objects.get(pk=candidate.pk), experts[k], 1 + k % 4))
    found = Consensus.objects.get()
    assert found.n_votes == 16
    assert (found.n_class1, found.n_class2, found.n_class3, found.n_class4) == (4, 4, 4, 4)


def test_of_concurrent_votes_of_one_expert_one_counts(candidate, ada):
    at_once(8, lambda k: vote(Candidate.objects.get(pk=candidate.pk), ada, 1 + k % 4))
    assert (Vote.objects.count(), Vote.objects.live().count()) == (8, 1)
    assert Consensus.objects.get().n_votes == 1


def test_a_request_waits_for_the_last_candidates_if_they_are_locked(bea):
    field = make_field(candidates=1)
    locked, told = threading.Event(), threading.Event()

    def hold():
        with transaction.atomic():
            Candidate.objects.select_for_update().get()
            locked.set()
            told.wait(1)
        connection.close()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(hold)
        assert locked.wait(5)
        assert len(lease_next(field, bea, 1)) == 1
        told.set()


def test_concurrent_experts_get_the_most_uncertain_candidates(admin):
    field = make_field(candidates=20, votes_needed=1, control_share=0.0)
    only_sample(field, control=False)
    pks = list(field.candidates.values_list("pk", flat=True))
    promote(field, admin, {pk: k / 20 for k, pk in enumerate(pks)})
    experts = [person(f"e{k}", "expert") for k in range(8)]
    got = at_once(8, lambda k: lease_next(Field.objects.get(), experts[k], 1)[0].candidate_id)
    assert sorted(got) == sorted(pks[-8:])


@pytest.mark.postgresql
def test_an_uncommitted_vote_does_not_block_the_queue(ada, bea):
    field = make_field()
    busy = field.candidates.filter(control=False).order_by("shuffle").first()
    with transaction.atomic():
        vote(busy, ada)
        leased = meanwhile(lambda: lease_next(Field.objects.get(), bea, 1))
    assert leased[0].candidate_id != busy.pk
