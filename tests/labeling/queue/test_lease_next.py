"""Field.lease_next: who gets which candidate next."""

from datetime import timedelta

import pytest
from django.utils import timezone

from labeling.models import Candidate, Field, Lease
from labeling.queue.parts import QueueFilter
from labeling.rules.sampling import takes_control
from tests.labeling.world import (
    lease_next,
    lease_to,
    make_field,
    only_sample,
    promote,
    settle,
    vote,
)


def served(field, expert, count=10):
    """Ids in the field's catalogue, in the order in which they are leased."""
    return [lease.candidate.catalogue_id for lease in lease_next(field, expert, count)]


def run_out(leases):
    """The time of these leases is over."""
    leases.update(expires_at=timezone.now() - timedelta(seconds=1))


def test_a_lease_lasts_as_long_as_the_field_says(field, ada):
    (lease,) = lease_next(field, ada, 1)
    left = lease.expires_at - timezone.now()
    assert timedelta(minutes=9, seconds=50) < left <= timedelta(minutes=field.lease_minutes)


def test_it_leases_the_requested_number_or_all_that_wait(field, ada):
    assert len(set(served(field, ada, 4))) == 4
    assert len(served(field, ada, 4)) == 2
    assert served(field, ada, 4) == []


def test_it_never_leases_a_candidate_with_the_experts_vote(field, ada):
    for candidate in field.candidates.all()[:4]:
        vote(candidate, ada)
    left = {c.catalogue_id for c in field.candidates.all()[4:]}
    assert set(served(field, ada)) == left


def test_it_leases_a_candidate_again_after_a_retraction(field, candidate, ada):
    vote(candidate, ada).retract()
    assert candidate.catalogue_id in served(field, ada)


def test_two_experts_may_have_the_same_candidate_while_there_is_room(field, ada, bea):
    assert served(field, ada) == served(field, bea)


def test_votes_and_leases_together_fill_a_candidate(field, candidate, ada, bea, cy, cur):
    vote(candidate, ada)
    vote(candidate, bea)
    lease_to(candidate, cy, "pool")
    assert candidate.catalogue_id not in served(field, cur)
    candidate.leases.all().delete()
    assert candidate.catalogue_id in served(field, cur)


def test_a_settled_candidate_is_not_leased(field, candidate, ada, bea, cy, cur):
    settle(candidate, [ada, bea, cy])
    assert candidate.catalogue_id not in served(field, cur)


def test_an_expired_lease_frees_its_candidate(ada, bea):
    field = make_field(candidates=1, votes_needed=1)
    lease_next(field, ada, 1)
    assert served(field, bea) == []
    run_out(Lease.objects)
    assert served(field, bea) == ["1"]


def test_a_vote_after_the_end_of_the_lease_is_stored(ada, bea):
    field = make_field(candidates=1, votes_needed=1)
    (lease,) = lease_next(field, ada, 1)
    run_out(Lease.objects)
    lease_next(field, bea, 1)
    vote(lease.candidate, ada, 1)
    vote(lease.candidate, bea, 1)
    assert lease.candidate.votes.live().count() == 2


def test_an_expired_lease_is_not_revived(ada, bea):
    field = make_field(candidates=1, votes_needed=1)
    (lease,) = lease_next(field, ada, 1)
    run_out(Lease.objects)
    lease_next(field, bea, 1)
    assert not lease.extend()
    assert Lease.objects.live().count() == 1


def test_a_lease_in_its_last_second_is_not_extended(ada):
    (lease,) = lease_next(make_field(candidates=1), ada, 1)
    Lease.objects.update(expires_at=timezone.now() + timedelta(seconds=1))
    assert not lease.extend()


def test_the_filter_unfinished_leases_unfinished_candidates_only(ada, bea, field):
    skipped, left, undone, voted, _ = field.candidates.order_by("pk")[:5]
    for candidate in (skipped, left, voted):
        lease_to(candidate, ada)
    Lease.objects.update(expires_at=timezone.now())
    Lease.objects.get(candidate=skipped).skip()
    vote(undone, ada).retract()
    vote(voted, ada)
    leases = lease_next(field, ada, 5, QueueFilter(unfinished=True))
    assert [lease.candidate for lease in leases] == [left, undone, skipped]
    assert lease_next(field, bea, 5, QueueFilter(unfinished=True)) == []


def test_a_skipped_candidate_comes_after_all_others(ada):
    field = only_sample(make_field(), control=False)
    (first,) = lease_next(field, ada, 1)
    first.skip()
    order = served(field, ada)
    assert order[-1] == first.candidate.catalogue_id
    assert len(order) == 6


def test_a_skipped_candidate_is_free_for_others_at_once(ada, bea):
    field = make_field(candidates=1, votes_needed=1)
    lease_next(field, ada, 1)[0].skip()
    assert served(field, bea) == ["1"]


def test_a_candidate_set_aside_is_never_leased(field, candidate, ada):
    Candidate.objects.filter(pk=candidate.pk).update(set_aside="detected in 3 of 5 filters")
    assert candidate.catalogue_id not in served(field, ada)


def test_without_a_run_the_order_is_random_and_the_same_for_all(ada):
    field = only_sample(make_field(candidates=30), control=False)
    shuffled = field.candidates.order_by("shuffle").values_list("catalogue_id", flat=True)
    assert served(field, ada) == list(shuffled[:10])


def test_with_a_run_the_most_uncertain_comes_first(ada, admin):
    field = only_sample(make_field(candidates=5), control=False)
    entropy = dict(
        zip(field.candidates.values_list("pk", flat=True), [0.3, 1.2, 0.1, 0.9, 0.5], strict=True)
    )
    promote(field, admin, entropy)
    assert served(field, ada) == ["2", "4", "5", "1", "3"]


def test_candidates_without_a_prediction_come_last(ada, admin):
    field = only_sample(make_field(candidates=3), control=False)
    pks = list(field.candidates.values_list("pk", flat=True))
    promote(field, admin, {pks[1]: 0.1, pks[2]: 0.2})
    assert served(field, ada) == ["3", "2", "1"]


def test_only_the_promoted_run_decides_the_order(ada, admin):
    field = only_sample(make_field(candidates=2), control=False)
    one, two = field.candidates.values_list("pk", flat=True)
    promote(field, admin, {one: 0.1, two: 0.9})
    promote(field, admin, {one: 0.9, two: 0.1})
    assert served(field, ada) == ["1", "2"]


def test_the_control_sample_is_not_ordered_by_uncertainty(ada, admin):
    field = only_sample(make_field(candidates=6), control=True)
    by_chance = list(field.candidates.order_by("shuffle").values_list("pk", "catalogue_id"))
    promote(field, admin, {pk: 0.1 * place for place, (pk, _) in enumerate(by_chance)})
    assert served(field, ada) == [name for _, name in by_chance]


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 1.0])
def test_the_control_sample_is_mixed_in(ada, share):
    field = make_field(candidates=40, control_share=share)
    field.candidates.update(control=False)
    field.candidates.filter(catalogue_number__gt=20).update(control=True)
    samples = [lease.sample for lease in lease_next(field, ada, 10)]
    expected = ["control" if takes_control(k, share, ada.pk) else "pool" for k in range(10)]
    assert samples == expected


def test_the_mix_continues_over_votes_and_requests(ada):
    field = make_field(candidates=40)
    field.candidates.update(control=False)
    field.candidates.filter(catalogue_number__gt=20).update(control=True)
    samples = []
    for _ in range(10):
        (lease,) = lease_next(field, ada, 1)
        samples.append(lease.sample)
        vote(lease.candidate, ada)
    assert samples.count("control") == 2


def test_when_one_sample_is_used_up_the_other_continues(ada):
    field = only_sample(make_field(), control=True)
    assert len(served(field, ada)) == 6


def test_fields_do_not_mix(ada):
    one, two = make_field("ngc1"), make_field("ngc2")
    assert len(served(one, ada)) == 6
    assert Lease.objects.filter(candidate__field=two).count() == 0
    assert Field.objects.count() == 2


def test_count_waiting_for_equals_the_number_of_waiting_candidates(field, ada, bea, cy):
    one, two, three, *_ = field.candidates.all()
    settle(one, (ada, bea, cy))
    vote(two, ada)
    vote(three, bea).retract()
    lease_next(field, ada, 2)
    lease_next(field, bea, 1)
    for expert in (ada, bea, cy):
        waiting = Candidate.objects.waiting_for(expert)
        assert Candidate.objects.count_waiting_for(expert) == waiting.count()


def test_chosen_magnitudes_do_not_choose_from_the_control_sample(ada):
    field = make_field(candidates=60, control_share=0.5)
    control = field.candidates.filter(control=True).order_by("shuffle", "pk")
    order = list(control.values_list("pk", flat=True))
    field.candidates.update(mag_v=25)
    pool = list(field.candidates.filter(control=False).values_list("pk", flat=True))
    field.candidates.filter(pk__in=[*order[1::2], *pool[:10]]).update(mag_v=20)
    leases = lease_next(field, ada, 10, QueueFilter(mag_min=19, mag_max=21))
    chosen = [lease.candidate_id for lease in leases if lease.sample == "control"]
    assert chosen == order[: len(chosen)] != []
    others = [lease.candidate.mag_v for lease in leases if lease.sample == "pool"]
    assert others == [20] * len(others) != []
