"""Whatever people do, and in whatever order: quotas hold, and what is derived is what votes say."""

from contextlib import contextmanager

import pytest
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from labeling.classes import Label
from labeling.models import Lease, Prediction, Refresh, TrainingRun, Vote
from tests.labeling.conftest import person
from tests.labeling.world import lease_next, make_field, make_run, promote, vote

CANDIDATES, EXPERTS = 3, 5
FIVE = st.integers(0, EXPERTS - 1)
WHICH = st.integers(0, CANDIDATES - 1)
VOTING = st.tuples(st.just("vote"), FIVE, WHICH, st.sampled_from(Label))
DOINGS = st.one_of(
    st.tuples(st.just("lease"), FIVE, st.integers(1, 3), st.none()),
    VOTING,
    VOTING,
    st.tuples(st.just("retract"), FIVE, WHICH, st.none()),
    st.tuples(st.just("skip"), FIVE, WHICH, st.none()),
    st.tuples(st.just("run out"), FIVE, WHICH, st.none()),
    st.tuples(st.just("rule"), FIVE, WHICH, st.sampled_from([1, 2, 3, 4])),
    st.tuples(st.just("rule"), FIVE, WHICH, st.none()),
    st.tuples(st.just("promote"), FIVE, WHICH, st.none()),
    st.tuples(st.just("promote what waits"), FIVE, WHICH, st.none()),
    st.tuples(st.just("roll back"), FIVE, WHICH, st.none()),
    st.tuples(st.just("refresh"), FIVE, WHICH, st.none()),
)
HISTORIES = st.lists(DOINGS, max_size=25)
RULES = st.fixed_dictionaries(
    {"votes_needed": st.integers(1, 4), "early_retirement": st.booleans()}
)

# What has waited counts again, with a vote that it has not seen.
BACK_PAST_ONE_THAT_WAITS = [
    ("promote", 0, 0, None),
    ("vote", 0, 0, Label.ASSOCIATION),
    ("roll back", 0, 0, None),
]

# In the control sample, votes by hand do not take the places of those that the queue asks for.
BY_HAND_FIRST = [
    *[("vote", who, number, Label.SYMMETRIC) for who in (0, 1) for number in range(CANDIDATES)],
    *[("lease", who, CANDIDATES, None) for who in (2, 3, 4)],
    *[("vote", who, number, Label.SYMMETRIC) for who in (2, 3, 4) for number in range(CANDIDATES)],
]

# Settled, open again by a vote that contradicts, and settled once that is gone.
RETIRED_EARLY = {"votes_needed": 4, "early_retirement": True}
TWO_AGREE = [("vote", who, 1, Label.SYMMETRIC) for who in (1, 2)]

# The fixture only makes accounts: each example undoes what it did to the rest.
relaxed = settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


class World:
    """A small field with a network, and those who work in it."""

    def __init__(self, people, rules):
        *self.experts, self.curator = people
        # By their names, the third candidate is in the control sample.
        self.field = make_field("ngc4", candidates=CANDIDATES, **rules)
        self.promote()

    def promote(self):
        """The second of two new runs; the first one waits."""
        entropies = {c.pk: 1.0 + c.pack_row / 10 for c in self.field.candidates.all()}
        make_run(self.field, self.curator, entropies)
        promote(self.field, self.curator, entropies)

    def promote_what_waits(self):
        """The run that has waited the longest, if any does."""
        if run := TrainingRun.objects.filter(status="ready").last():
            run.promote_unjudged(by=self.curator)
            self.field.refresh_from_db()

    def roll_back(self):
        """To the run that was in use before, or to none."""
        if run := self.field.promoted_run:
            run.roll_back()
            self.field.refresh_from_db()

    def refresh(self, prior):
        """Refitted heads say this of all but one."""
        if not (run := self.field.promoted_run):
            return
        values = {"n_labels": 0, "claimed_at": timezone.now()}
        refresh, _ = Refresh.objects.update_or_create(field=self.field, run=run, defaults=values)
        assert refresh.reorder({c.pk: prior for c in self.field.candidates.all()[1:]}, 0)

    def rule(self, candidate, label):
        """Rule on the candidate, or without a label withdraw the ruling that counts."""
        if label:
            candidate.adjudicate(self.curator, label, "seen")
        for ruling in [] if label else candidate.adjudications.standing():
            ruling.withdraw(self.curator)

    def do(self, what, who, number, label):
        expert = self.experts[who]
        if what == "lease":
            seen = set(Vote.objects.live().by(expert).values_list("candidate", flat=True))
            given_now = [lease.candidate_id for lease in lease_next(self.field, expert, number)]
            assert not seen.intersection(given_now)
            return
        candidate = self.field.candidates.get(pack_row=number)
        leases = Lease.objects.of(expert).filter(candidate=candidate)
        if what == "vote":
            vote(candidate, expert, label)
        elif what == "retract":
            for cast in candidate.votes.live().by(expert):
                cast.retract()
        elif what == "skip":
            for lease in leases:
                lease.skip()
        elif what == "run out":
            leases.update(expires_at=timezone.now())
        elif what == "rule":
            self.rule(candidate, label)
        elif what == "refresh":
            self.refresh([0.1 + 0.1 * who, 0.2, 0.2, 0.5 - 0.1 * who])
        else:
            getattr(self, what.replace(" ", "_"))()

    def asked_for(self):
        """By candidate, the votes that somebody asked for and the promises of more.

        In the control sample the queue asks for control votes, besides those cast by hand.
        """
        return [
            asked_votes(candidate).filter(surplus=False).count()
            + candidate.leases.promises().exclude(expert__in=voters(candidate)).count()
            for candidate in self.field.candidates.all()
        ]

    def derived(self):
        """All that follows from the votes of each candidate."""
        run = self.field.promoted_run
        places = Prediction.objects.filter(run=run).order_by("candidate")
        candidates = self.field.candidates.order_by("pk")
        return [
            *((candidate.open, candidate.verdict()) for candidate in candidates),
            *places.values_list("queue", "priority"),
        ]


def asked_votes(candidate):
    return candidate.votes.control_votes() if candidate.control else candidate.votes.live()


def voters(candidate):
    return candidate.votes.live().values("voter")


@contextmanager
def undone():
    """What happens inside has not happened afterwards."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture
def people(db):
    return [person(f"e{number}") for number in range(EXPERTS)] + [person("curator")]


@relaxed
@given(RULES, HISTORIES)
@example({"votes_needed": 3, "early_retirement": False}, BACK_PAST_ONE_THAT_WAITS)
@example({"votes_needed": 2, "early_retirement": False}, BY_HAND_FIRST)
def test_quotas_hold_and_derived_rows_agree_with_the_votes(people, rules, history):
    with undone():
        world = World(people, rules)
        for step in history:
            world.do(*step)
            assert max(world.asked_for()) <= rules["votes_needed"]
        call_command("audit")


@relaxed
@given(RULES, st.lists(VOTING, max_size=12), VOTING)
@example(RETIRED_EARLY, TWO_AGREE, ("vote", 0, 1, Label.ASYMMETRIC))
def test_a_retracted_vote_has_no_effect(people, rules, votes, another):
    _, who, number, _ = another
    with undone():
        world = World(people, rules)
        for step in votes:
            # So that it is their only one.
            if step[1:3] != (who, number):
                world.do(*step)
        before = world.derived()
        world.do(*another)
        world.do("retract", who, number, None)
        assert world.derived() == before
        call_command("audit")
