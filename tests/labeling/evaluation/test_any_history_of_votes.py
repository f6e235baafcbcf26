"""Control labels after any history of votes by all routes, against a slow reference."""

from collections import Counter
from uuid import uuid4

import pytest
from django.db import transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from labeling.classes import Label
from labeling.evaluation.control_labels import control_labels
from labeling.models import Candidate, Lease, Sample, Vote, VoteImport
from labeling.queue.parts import QueueFilter
from tests.labeling.conftest import person
from tests.labeling.world import lease_next, lease_to, make_field, only_sample, vote

CANDIDATES, EXPERTS = 2, 3
WHO = st.integers(0, EXPERTS - 1)
WHICH = st.integers(0, CANDIDATES - 1)
ANSWER = st.sampled_from(Label)
DOINGS = st.one_of(
    st.tuples(st.just("served"), WHO, WHICH, ANSWER),
    st.tuples(st.just("served"), WHO, WHICH, ANSWER),
    st.tuples(st.just("by hand"), WHO, WHICH, ANSWER),
    st.tuples(st.just("unfinished"), WHO, WHICH, ANSWER),
    st.tuples(st.just("repeat"), WHO, WHICH, ANSWER),
    st.tuples(st.just("import"), WHO, WHICH, ANSWER),
    st.tuples(st.just("withdraw"), WHO, WHICH, ANSWER),
    st.tuples(st.just("disclose"), WHO, WHICH, ANSWER),
    st.tuples(st.just("rule"), WHO, WHICH, st.sampled_from([1, 2, 3, 4])),
)
HISTORIES = st.lists(DOINGS, max_size=20)
CHANGED_AFTER_DISCLOSURE = [
    ("served", 1, 0, Label.SYMMETRIC),
    ("served", 0, 0, Label.SYMMETRIC),
    ("disclose", 0, 0, Label.UNSURE),
    ("by hand", 0, 0, Label.ASYMMETRIC),
]
WITHDRAWN_BEFORE = [
    *CHANGED_AFTER_DISCLOSURE[:2],
    ("withdraw", 0, 0, Label.UNSURE),
    *CHANGED_AFTER_DISCLOSURE[2:],
]
BY_HAND_AND_AGAIN = [
    ("by hand", 0, 0, Label.SYMMETRIC),
    ("withdraw", 0, 0, Label.UNSURE),
    ("unfinished", 0, 0, Label.ASYMMETRIC),
]


class World:
    """A field in the control sample, and a record of what should count for each expert."""

    def __init__(self, people):
        self.experts = people
        self.field = only_sample(make_field(candidates=CANDIDATES, votes_needed=2), control=True)
        self.record = VoteImport.objects.create(field=self.field, file_name="votes.csv")
        self.served, self.informed = set(), set()
        # By expert and candidate: the last blind vote that counts, and whether any vote is live.
        self.last_blind, self.live = {}, set()

    def do(self, what, who, number, label):
        candidate = self.field.candidates.get(pack_row=number)
        expert, pair = self.experts[who], (who, candidate.pk)
        match what:
            case "served" | "by hand":
                self.answer(what, candidate, expert, pair, label)
            case "unfinished":
                self.answer_unfinished(candidate, expert, pair, label)
            case "repeat" if pair in self.live:
                lease_to(candidate, expert, Sample.REPEAT)
                vote(candidate, expert, label)
            case "import":
                self.bring(candidate, label)
            case "withdraw":
                for cast in candidate.votes.live().by(expert):
                    cast.retract()
                self.live.discard(pair)
            case "disclose":
                # Nothing is shown where nobody has said anything.
                Candidate.objects.disclose(expert, [candidate.pk])
            case "rule":
                candidate.adjudicate(self.experts[-1], label, "seen")

    def answer(self, what, candidate, expert, pair, label):
        """Vote with a lease of the queue, or by hand."""
        Lease.objects.filter(candidate=candidate, expert=expert).delete()
        if what == "served":
            lease_to(candidate, expert)
            self.served.add(pair)
        self.record_answer(candidate, expert, pair, label)

    def answer_unfinished(self, candidate, expert, pair, label):
        """Vote if the queue gives the candidate again to the expert who asks for it."""
        for lease in lease_next(self.field, expert, 2, QueueFilter(unfinished=True)):
            if lease.candidate_id == candidate.pk:
                self.record_answer(candidate, expert, pair, label)
            else:
                lease.delete()

    def record_answer(self, candidate, expert, pair, label):
        """Vote, and record what should count."""
        if candidate.disclosures.filter(expert=expert).exists():
            self.informed.add(pair)
        vote(candidate, expert, label)
        self.live.add(pair)
        if pair not in self.informed:
            self.last_blind[pair] = label if pair in self.served else None

    def bring(self, candidate, label):
        """Import a vote of somebody new."""
        voter = person(f"elsewhere-{uuid4().hex[:12]}")
        Vote.objects.create(
            id=uuid4(), candidate=candidate, voter=voter, label=label, vote_import=self.record
        )
        candidate.refresh_consensus()

    def expected(self):
        """Labels and votes of each candidate, by the definition."""
        labels, counts = {}, {}
        for candidate in self.field.candidates.all():
            answers = Counter(
                label
                for (who, pk), label in self.last_blind.items()
                if pk == candidate.pk and label is not None and (who, pk) in self.live
            )
            if not answers:
                continue
            counts[candidate.pk] = tuple(answers[k] for k in (1, 2, 3, 4))
            leading = [k for k in (1, 2, 3, 4) if answers[k] == max(counts[candidate.pk])]
            if answers.total() >= 2 and len(leading) == 1 and answers[leading[0]] >= 2:
                labels[candidate.pk] = leading[0]
        return labels, counts


@pytest.fixture
def people(db):
    return [person(f"e{number}") for number in range(EXPERTS)]


@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(HISTORIES)
@example(CHANGED_AFTER_DISCLOSURE)
@example(WITHDRAWN_BEFORE)
@example(BY_HAND_AND_AGAIN)
def test_only_blind_votes_that_the_queue_served_count(people, history):
    with transaction.atomic():
        world = World(people)
        for step in history:
            world.do(*step)
        control = control_labels([world.field])
        assert (control.labels, control.votes) == world.expected()
        transaction.set_rollback(True)


def test_the_queue_serves_votes_that_count(people):
    field = only_sample(make_field(candidates=3), control=True)
    for expert in people:
        for lease in lease_next(field, expert, 3):
            vote(lease.candidate, expert, 2)
    assert list(control_labels([field]).labels.values()) == [2, 2, 2]


@pytest.mark.parametrize("skip", [False, True])
def test_the_queue_does_not_make_a_vote_of_choice_count(people, skip):
    ada, *_ = people
    field = only_sample(make_field(candidates=1), control=True)
    candidate = field.candidates.get()
    vote(candidate, ada, 1).retract()
    (lease,) = lease_next(field, ada, 1, QueueFilter(unfinished=True))
    if skip:
        lease.skip()
        lease_next(field, ada, 1)
    assert vote(candidate, ada, 2).sample == ""
    assert control_labels([field]).votes == {}


def test_what_the_control_sample_gave_is_still_of_it_when_unfinished(people):
    ada, bea, *_ = people
    field = only_sample(make_field(candidates=1), control=True)
    for expert in (ada, bea):
        (lease,) = lease_next(field, expert, 1)
        type(lease).objects.filter(pk=lease.pk).update(expires_at=lease.leased_at)
    lease_next(field, ada, 1, QueueFilter(unfinished=True))
    lease_next(field, bea, 1, QueueFilter(unfinished=True))
    candidate = field.candidates.get()
    assert vote(candidate, ada, 2).sample == vote(candidate, bea, 2).sample == Sample.CONTROL
