"""labeling.evaluation.control_labels: only blind votes that the queue served measure networks."""

import pytest

from labeling.classes import Label
from labeling.evaluation.control_labels import control_labels
from labeling.models import ReferenceLabel, Sample, Vote
from labeling.training.label_source import LabelSource
from tests.labeling.world import lease_to, make_field, only_sample, served_vote, settle, vote


@pytest.fixture
def field(db):
    return only_sample(make_field(candidates=6), control=True)


def test_blind_votes_that_the_queue_served_give_a_label_by_the_rule(field, ada, bea, cy):
    agreed, majority, tie, unsure, begun, _ = field.candidates.all()
    settle(agreed, (ada, bea, cy), 2)
    for candidate, answers in ((majority, (1, 1, 4)), (tie, (1, 2, 3)), (unsure, (5, 5, 1))):
        for voter, label in zip((ada, bea, cy), answers, strict=True):
            served_vote(candidate, voter, label)
    served_vote(begun, ada, 1)
    labels = control_labels([field])
    assert labels.labels == {agreed.pk: 2, majority.pk: 1}
    assert labels.votes[majority.pk] == (2, 0, 0, 1)
    assert labels.unsettled == {tie.pk, unsure.pk}
    assert len(labels.waiting) == 2
    assert not labels.catalogue_only


def test_votes_by_hand_and_rulings_count_in_the_catalogue_only(field, ada, bea, cy, cur):
    by_hand, ruled, *_ = field.candidates.all()
    for voter in (ada, bea, cy):
        vote(by_hand, voter, 1)
    for voter, label in ((ada, 1), (bea, 2), (cy, 3)):
        served_vote(ruled, voter, label)
    ruled.adjudicate(cur, 4, "a star")
    labels = control_labels([field])
    assert labels.labels == {}
    assert labels.unsettled == {ruled.pk}
    assert labels.catalogue_only == {by_hand.pk, ruled.pk}


def test_the_last_blind_vote_counts_before_an_informed_one(field, ada, bea, cy):
    candidate = field.candidates.first()
    settle(candidate, (ada, bea, cy), 1)
    vote(candidate, ada, 2)
    field.candidates.disclose(ada, [candidate.pk])
    vote(candidate, ada, 4)
    assert control_labels([field]).votes == {candidate.pk: (2, 1, 0, 0)}
    assert control_labels([field], LabelSource("expert:ada")).labels == {candidate.pk: 2}


def test_a_withdrawn_vote_does_not_count_and_one_cast_again_does(field, ada):
    candidate = field.candidates.first()
    served_vote(candidate, ada, 1).retract()
    assert control_labels([field]).votes == {}
    vote(candidate, ada, 2)
    assert control_labels([field]).votes == {candidate.pk: (0, 1, 0, 0)}
    Vote.objects.live().update(informed=True)
    Vote.objects.live().get().retract()
    assert control_labels([field]).votes == {}


def test_a_correction_keeps_the_sample_of_the_vote_it_corrects(field, ada):
    candidate = field.candidates.first()
    first = served_vote(candidate, ada, 1)
    correction = vote(candidate, ada, 2, replaces=first.pk)
    assert correction.sample == Sample.CONTROL
    # Corrections of older versions have none.
    Vote.objects.filter(pk=correction.pk).update(sample="")
    assert control_labels([field]).votes == {candidate.pk: (0, 1, 0, 0)}


def test_a_vote_by_hand_before_the_queue_served_the_candidate_does_not_count(field, ada):
    candidate = field.candidates.first()
    vote(candidate, ada, 1).retract()
    field.candidates.disclose(ada, [candidate.pk])
    Vote.objects.update(informed=False)
    Vote.objects.create(
        id="00000000-0000-0000-0000-000000000001",
        candidate=candidate,
        voter=ada,
        label=2,
        informed=True,
        sample=Sample.CONTROL,
    )
    assert control_labels([field]).votes == {}


def test_a_hidden_repeat_does_not_count_but_a_new_vote_after_a_skipped_one_does(field, ada):
    candidate = field.candidates.first()
    served_vote(candidate, ada, 1)
    lease_to(candidate, ada, Sample.REPEAT)
    assert vote(candidate, ada, 3).repeat_of_id
    assert control_labels([field]).votes == {candidate.pk: (1, 0, 0, 0)}
    lease_to(candidate, ada, Sample.REPEAT).skip()
    assert vote(candidate, ada, 4).sample == Sample.CONTROL
    assert control_labels([field]).votes == {candidate.pk: (0, 0, 0, 1)}


def test_who_was_shown_opinions_stays_informed(field, ada, cur):
    candidate = field.candidates.first()
    others = served_vote(candidate, ada, 1)
    assert served_vote(candidate, cur, 2).informed
    others.retract()
    assert vote(candidate, cur, 3).informed


def test_it_needs_the_votes_that_the_field_needs(field, ada, bea):
    candidate = field.candidates.first()
    settle(candidate, (ada, bea), 3)
    assert candidate.pk in control_labels([field]).waiting
    field.early_retirement = True
    field.save()
    assert control_labels([field]).labels == {candidate.pk: 3}


def test_only_candidates_of_the_control_sample_in_play_are_counted(field, ada, bea, cy):
    other = only_sample(make_field("other"), control=False)
    set_aside, pool = field.candidates.first(), other.candidates.first()
    for candidate in (set_aside, pool):
        settle(candidate, (ada, bea, cy))
    field.candidates.filter(pk=set_aside.pk).update(set_aside="edge")
    labels = control_labels([field, other])
    assert labels.labels == {}
    assert len(labels.waiting) == 5


def test_references_are_labels_as_they_are(field):
    first, second, *_ = field.candidates.all()
    for candidate, label in ((second, 4), (first, 2)):
        ReferenceLabel.objects.create(candidate=candidate, source="LEGUS", label=label)
    labels = control_labels([field], LabelSource("LEGUS"))
    assert list(labels.labels.items()) == [(first.pk, 2), (second.pk, 4)]
    assert len(labels.waiting) == 4


def test_one_experts_unsure_answer_is_unsettled(field, ada):
    first, second, *_ = field.candidates.all()
    served_vote(first, ada, 3)
    served_vote(second, ada, Label.UNSURE)
    labels = control_labels([field], LabelSource("expert:ada"))
    assert (labels.labels, labels.unsettled) == ({first.pk: 3}, {second.pk})
    chosen = labels.among([second.pk])
    assert (chosen.labels, chosen.unsettled, chosen.waiting) == ({}, {second.pk}, frozenset())


def test_a_few_queries_do_for_any_number_of_candidates(
    field, ada, bea, django_assert_max_num_queries
):
    for candidate in field.candidates.all():
        settle(candidate, (ada, bea))
    with django_assert_max_num_queries(5):
        control_labels([field])
