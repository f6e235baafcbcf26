"""Hidden repeats: an expert's own earlier candidates once more, which measure and never count."""

from collections import Counter
from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.utils import timezone

from labeling.models import Consensus, Lease, Sample, Vote
from labeling.queue.expert_queue import ExpertQueue
from labeling.queue.parts import QueueFilter
from tests.labeling.world import API, answer_of, lease_next, lease_to, make_field, put_vote, vote


@pytest.fixture
def field(db):
    return make_field(candidates=40, repeat_share=0.5, control_share=0.0)


@pytest.fixture
def voted(field, ada):
    """Twenty-two candidates on which ada has voted, the first two of them two hours ago."""
    mine = list(field.candidates.order_by("pk")[:22])
    for candidate in mine:
        vote(candidate, ada, 1)
    old = Vote.objects.filter(candidate__in=mine[:2])
    old.update(cast_at=timezone.now() - timedelta(hours=2))
    return mine


def repeats(field, expert, count=10):
    leases = lease_next(field, expert, count)
    return [lease for lease in leases if lease.sample == Sample.REPEAT]


def again(lease, expert, label=2, **more):
    """The expert's answer to what they were given."""
    return vote(lease.candidate, expert, label, **more)


def test_repeats_are_candidates_that_the_expert_voted_on_long_ago(field, voted, ada):
    assert {lease.candidate for lease in repeats(field, ada)} == set(voted[:2])


def test_a_leased_repeat_is_not_leased_again(field, voted, ada):
    assert len(repeats(field, ada)) == 2
    assert repeats(field, ada) == []


def test_repeats_pass_the_filter_of_the_request(field, voted, ada):
    field.candidates.filter(pk=voted[0].pk).update(mag_v=20)
    leases = lease_next(field, ada, 10, QueueFilter(mag_min=19.9, mag_max=20.1))
    assert [lease.candidate for lease in leases if lease.sample == Sample.REPEAT] == [voted[0]]


def test_a_candidate_voted_on_within_the_hour_is_not_repeated(field, voted, ada):
    Vote.objects.filter(candidate=voted[0]).update(cast_at=timezone.now() - timedelta(minutes=59))
    assert {lease.candidate for lease in repeats(field, ada)} == {voted[1]}


def test_the_rest_of_the_batch_is_new(field, voted, ada):
    leases = lease_next(field, ada, 10)
    assert len(leases) == 10
    assert len({lease.candidate_id for lease in leases} - {c.pk for c in voted}) == 8


def test_a_used_up_control_sample_is_not_replaced_by_repeats(field, voted, ada, monkeypatch):
    field.candidates.update(control=False)
    plan = [Sample.POOL, Sample.CONTROL, Sample.REPEAT]
    monkeypatch.setattr(ExpertQueue, "_samples", lambda queue, count: list(plan))
    given = Counter(lease.sample for lease in lease_next(field, ada, 3))
    assert given == {Sample.REPEAT: 1, Sample.POOL: 2}


def test_there_are_no_repeats_unless_the_field_has_a_share(field, voted, ada):
    field.repeat_share = 0.0
    assert repeats(field, ada) == []


def test_a_candidate_among_the_latest_votes_is_not_repeated(field, ada):
    for candidate in field.candidates.order_by("pk")[:19]:
        vote(candidate, ada, 1)
    Vote.objects.update(cast_at=timezone.now() - timedelta(days=1))
    assert repeats(field, ada) == []


def test_candidates_are_not_repeated_to_other_experts(field, voted, bea):
    assert repeats(field, bea) == []


def test_a_vote_on_a_repeat_does_not_count(field, voted, ada):
    before = list(Consensus.objects.order_by("pk").values())
    (lease, *_) = repeats(field, ada)
    cast = again(lease, ada)
    original = lease.candidate.votes.live().get()
    assert (cast.repeat_of, original.label, cast.label) == (original, 1, 2)
    assert list(Vote.objects.repeats()) == [cast]
    assert list(Consensus.objects.order_by("pk").values()) == before
    assert not Lease.objects.filter(pk=lease.pk).exists()
    call_command("audit")


def test_a_candidate_is_repeated_once(field, voted, ada):
    for lease in repeats(field, ada):
        again(lease, ada)
    Lease.objects.all().delete()
    assert repeats(field, ada) == []


def test_a_vote_that_replaces_a_repeat_is_a_repeat(field, voted, ada):
    (lease, *_) = repeats(field, ada)
    first = again(lease, ada, 2)
    second = again(lease, ada, 3, replaces=first.pk)
    assert list(Vote.objects.repeats()) == [second]
    assert second.repeat_of_id == first.repeat_of_id
    assert lease.candidate.votes.live().get().label == 1


@pytest.mark.parametrize("undo", [False, True])
def test_a_corrected_repeat_is_a_repeat(field, voted, ada, as_ada, undo):
    (lease, *_) = repeats(field, ada)
    first = uuid4()
    put_vote(as_ada, answer_of(lease.candidate, 2), first)
    if undo:
        as_ada.delete(f"{API}/votes/{first}/")
    put_vote(as_ada, answer_of(lease.candidate, 3) | {"replaces": str(first)})
    assert [cast.label for cast in Vote.objects.repeats()] == [3]
    assert lease.candidate.votes.live().get().label == 1


def test_a_correction_of_the_counted_vote_is_no_repeat(field, voted, ada):
    (lease, *_) = repeats(field, ada)
    original = lease.candidate.votes.live().get()
    corrected = vote(lease.candidate, ada, 4, replaces=original.pk)
    assert (corrected.repeat_of_id, lease.candidate.votes.live().get()) == (None, corrected)
    assert again(lease, ada, 3).repeat_of == corrected
    call_command("audit")


def test_a_vote_after_a_skipped_repeat_is_no_repeat(field, voted, ada):
    (lease, *_) = repeats(field, ada)
    lease.skip()
    assert vote(lease.candidate, ada, 4).repeat_of is None
    assert lease.candidate.votes.live().get().label == 4


def test_a_skipped_repeat_is_followed_by_another(field, voted, ada, monkeypatch):
    monkeypatch.setattr("labeling.queue.expert_queue.takes_repeat", lambda *_: True)
    (first,) = repeats(field, ada, 1)
    first.skip()
    (second,) = repeats(field, ada, 1)
    assert {first.candidate, second.candidate} == set(voted[:2])


def test_repeats_do_not_reduce_the_control_sample(voted, field, ada):
    field.control_share, field.repeat_share = 0.2, 0.2
    plan = Counter(ExpertQueue(field, ada)._samples(100))
    assert abs(plan[Sample.CONTROL] - 20) <= 1
    assert abs(plan[Sample.REPEAT] - 20) <= 2


def test_retracting_a_repeat_leaves_the_original_vote(field, voted, ada):
    (lease, *_) = repeats(field, ada)
    again(lease, ada).retract()
    assert not Vote.objects.repeats().exists()
    assert lease.candidate.votes.live().get().label == 1


def test_a_vote_that_replaces_a_counted_vote_is_no_repeat(voted, ada):
    first = voted[0].votes.get()
    second = voted[0].cast_vote(ada, uuid4(), label=3, replaces=first.pk)
    assert list(voted[0].votes.live()) == [second]


def test_a_repeat_does_not_use_up_the_room_for_votes(field, voted, ada, bea, cy):
    (lease, *_) = repeats(field, ada)
    for expert in (bea, cy):
        lease_to(lease.candidate, expert)
    vote(lease.candidate, bea, 1)
    assert vote(lease.candidate, cy, 1).surplus is False
    assert again(lease, ada).surplus is False
