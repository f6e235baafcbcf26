"""Control labels after any history of votes by all routes, against a slow reference."""

from collections import Counter
from uuid import uuid4

import pytest
from django.db import transaction
from django.db.models import F
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from labeling.classes import Label
from labeling.evaluation.control_labels import control_labels
from labeling.models import Candidate, Lease, Sample, Vote, VoteImport
from labeling.models.lease import OVERDUE_AFTER
from labeling.queue.parts import QueueFilter
from tests.labeling.conftest import person
from tests.labeling.world import lease_next, lease_to, make_field, only_sample, vote

CANDIDATES, EXPERTS, VOTES_NEEDED = 2, 3, 2
WHO = st.integers(0, EXPERTS - 1)
WHICH = st.integers(0, CANDIDATES - 1)
ANSWER = st.sampled_from(Label)
DOINGS = st.one_of(
    st.tuples(st.just("served"), WHO, WHICH, ANSWER),
    st.tuples(st.just("served"), WHO, WHICH, ANSWER),
    st.tuples(st.just("by hand"), WHO, WHICH, ANSWER),
    st.tuples(st.just("unfinished"), WHO, WHICH, ANSWER),
    st.tuples(st.just("hold"), WHO, WHICH, ANSWER),
    st.tuples(st.just("take over"), WHO, WHICH, ANSWER),
    st.tuples(st.just("repeat"), WHO, WHICH, ANSWER),
    st.tuples(st.just("import"), WHO, WHICH, ANSWER),
    st.tuples(st.just("withdraw"), WHO, WHICH, ANSWER),
    st.tuples(st.just("disclose"), WHO, WHICH, ANSWER),
    st.tuples(st.just("rule"), WHO, WHICH, st.sampled_from([1, 2, 3, 4])),
    st.tuples(st.just("withdraw the ruling"), WHO, WHICH, ANSWER),
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
TAKEN_OVER_AFTER_VOTES_BY_HAND = [
    *[("by hand", 0, number, Label.SYMMETRIC) for number in range(CANDIDATES)],
    *[("withdraw", 0, number, Label.UNSURE) for number in range(CANDIDATES)],
    *[("hold", who, 0, Label.UNSURE) for who in (1, 1, 2, 2)],
    ("take over", 0, 0, Label.ASYMMETRIC),
]
CHOSEN_AND_TAKEN_OVER = [
    *[("by hand", 0, number, Label.SYMMETRIC) for number in range(CANDIDATES)],
    *[("withdraw", 0, number, Label.UNSURE) for number in range(CANDIDATES)],
    *[("hold", who, 0, Label.UNSURE) for who in (0, 0, 1, 1)],
    ("take over", 2, 0, Label.ASYMMETRIC),
]
SETTLED_BY_HAND = [("by hand", who, 0, Label.SYMMETRIC) for who in range(EXPERTS)]
RULED = [("rule", 0, 0, 3), ("served", 1, 0, Label.UNSURE)]


class World:
    """A field in the control sample, and a record of what should count for each expert."""

    def __init__(self, people):
        self.experts = people
        self.field = only_sample(
            make_field(candidates=CANDIDATES, votes_needed=VOTES_NEEDED), control=True
        )
        self.record = VoteImport.objects.create(field=self.field, file_name="votes.csv")
        self.served, self.informed = set(), set()
        # By expert and candidate: the last blind vote that counts, and whether any vote is live.
        self.last_blind, self.live = {}, set()
        # By expert and candidate that they hold: whether it came from the control sample.
        self.held = {}

    def do(self, what, who, number, label):
        candidate = self.field.candidates.get(pack_row=number)
        expert, pair = self.experts[who], (who, candidate.pk)
        match what:
            case "served" | "by hand":
                self.answer(what, candidate, expert, pair, label)
            case "unfinished" | "hold" | "take over":
                getattr(self, what.replace(" ", "_"))(candidate, who, label)
            case "repeat" if pair in self.live:
                lease_to(candidate, expert, Sample.REPEAT)
                self.held.pop(pair, None)
                vote(candidate, expert, label)
            case "import":
                self.bring(candidate, label)
            case "withdraw":
                self.withdraw(candidate, expert)
                self.live.discard(pair)
            case "disclose":
                # Nothing is shown where nobody has said anything.
                Candidate.objects.disclose(expert, [candidate.pk])
            case "rule":
                candidate.adjudicate(self.experts[-1], label, "seen")
            case "withdraw the ruling":
                for ruling in candidate.adjudications.standing():
                    ruling.withdraw(self.experts[who])

    def answer(self, what, candidate, expert, pair, label):
        """Vote with a lease of the queue, or by hand."""
        Lease.objects.filter(candidate=candidate, expert=expert).delete()
        self.held.pop(pair, None)
        if what == "served":
            lease_to(candidate, expert)
            self.served.add(pair)
        self.record_answer(candidate, expert, pair, label)

    def withdraw(self, candidate, expert):
        """Take the expert's vote back, if there is one."""
        for cast in candidate.votes.live().by(expert):
            cast.retract()

    def unfinished(self, candidate, who, label):
        """Vote if the queue gives the candidate again to the expert who asks for it."""
        expert = self.experts[who]
        for lease in lease_next(self.field, expert, 2, QueueFilter(unfinished=True)):
            pair = (who, lease.candidate_id)
            if lease.candidate_id == candidate.pk:
                self.record_answer(candidate, expert, pair, label)
            else:
                lease.delete()
                self.held.pop(pair, None)

    def hold(self, _candidate, who, _label):
        """Hold for long what is unfinished, or else what the queue serves."""
        expert = self.experts[who]
        if leases := lease_next(self.field, expert, 1, QueueFilter(unfinished=True)):
            pair = (who, leases[0].candidate_id)
            self.held[pair] = pair in self.served or self.held.get(pair, False)
        else:
            self.take(expert, who, 1)
        Lease.objects.update(leased_at=F("leased_at") - 2 * OVERDUE_AFTER)

    def take_over(self, _candidate, who, label):
        """Vote on all that the queue serves, at the end on what others hold for long."""
        expert = self.experts[who]
        for candidate in self.take(expert, who, CANDIDATES):
            self.record_answer(candidate, expert, (who, candidate.pk), label)

    def take(self, expert, who, count):
        """Take the next candidates of the queue."""
        held = Lease.objects.live().exclude(expert=expert)
        before = Counter(held.values_list("candidate", flat=True))
        voted = {pk for (pk,) in Vote.objects.by(expert).values_list("candidate")}
        leases = lease_next(self.field, expert, count)
        after = Counter(held.values_list("candidate", flat=True))
        for pk in (lease.candidate_id for lease in leases):
            by_choice = pk in voted or (who, pk) in self.held
            was_served = (who, pk) in self.served or self.held.get((who, pk), False)
            self.held[who, pk] = was_served or not (by_choice and after[pk] < before[pk])
        return [lease.candidate for lease in leases]

    def record_answer(self, candidate, expert, pair, label):
        """Vote, and record what should count."""
        if candidate.disclosures.filter(expert=expert).exists():
            self.informed.add(pair)
        vote(candidate, expert, label)
        self.live.add(pair)
        if self.held.pop(pair, False):
            self.served.add(pair)
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
            if answers.total() >= VOTES_NEEDED and len(leading) == 1 and answers[leading[0]] >= 2:
                labels[candidate.pk] = leading[0]
        return labels, counts

    def waiting(self, counts):
        """Candidates that lack control votes, whatever their class in the catalogue."""
        unsure = self.n_unsure()
        pks = self.field.candidates.values_list("pk", flat=True)
        return {pk for pk in pks if sum(counts.get(pk, ())) + unsure[pk] < VOTES_NEEDED}

    def n_unsure(self):
        """Number of answers "unsure" that count, by candidate."""
        return Counter(
            pk
            for (who, pk), label in self.last_blind.items()
            if label == Label.UNSURE and (who, pk) in self.live
        )

    def served_next(self):
        """Candidates that the queue gives somebody new from the control sample."""
        Lease.objects.all().delete()
        leases = lease_next(self.field, person(f"new-{uuid4().hex[:12]}"), CANDIDATES)
        return {lease.candidate_id for lease in leases if lease.sample == Sample.CONTROL}


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
@example(TAKEN_OVER_AFTER_VOTES_BY_HAND)
@example(CHOSEN_AND_TAKEN_OVER)
@example(SETTLED_BY_HAND)
@example(RULED)
def test_only_blind_votes_that_the_queue_served_count(people, history):
    with transaction.atomic():
        world = World(people)
        for step in history:
            world.do(*step)
        control = control_labels([world.field])
        assert (control.labels, control.votes) == world.expected()
        assert world.served_next() == world.waiting(control.votes)
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
