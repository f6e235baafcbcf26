"""The progress of the fields and of one expert, and what to do next."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Q, QuerySet
from django.urls import reverse

from labeling.auth.actions import Action, may
from labeling.auth.roles import Role, administrators, has_role
from labeling.classes import Label
from labeling.models import Candidate, Field, Lease, TrainingRun, Vote
from labeling.rules.consensus import SETTLED, ConsensusStatus

if TYPE_CHECKING:
    from django.contrib.auth.models import User


@dataclass(frozen=True)
class NextStep:
    """Something that this person could do next, and the page for it."""

    text: str
    url: str = ""


@dataclass(frozen=True)
class VoteCounts:
    """Numbers of one expert's votes, and of the candidates that wait for them."""

    today: int
    day: str
    total: int
    waiting: int
    by_class: list[tuple[str, int]]


def fields_with_counts() -> QuerySet[Field, Any]:
    """Return all fields with the numbers of their candidates by state."""
    visible = Q(candidates__catalogue_import__finished_at__isnull=False)
    in_play = visible & Q(candidates__set_aside="")
    status = "candidates__consensus__status"
    conditions = {
        "n_candidates": in_play,
        "n_set_aside": visible & ~Q(candidates__set_aside=""),
        "n_control": in_play & Q(candidates__control=True),
        "n_voted": Q(candidates__consensus__n_votes__gt=0),
        "n_settled": Q(**{f"{status}__in": SETTLED}),
        "n_ties": Q(**{status: ConsensusStatus.TIE}),
    }
    counts = {name: Count("candidates", filter=which) for name, which in conditions.items()}
    # Joined, they would be among what SQLite groups by: a run's whole JSON for each candidate.
    return Field.objects.annotate(**counts).prefetch_related(
        "promoted_run__fields", "refreshes", "applications"
    )


def vote_counts_of(user: User, zone: tzinfo) -> VoteCounts:
    """Count the votes of this expert, hidden repeats included, and the waiting candidates."""
    votes = Vote.objects.standing().by(user)
    tally = votes.tally()
    names = {Label.UNSURE.value: "unsure"}
    return VoteCounts(
        day="today (UTC)" if zone == UTC else "today",
        today=votes.today(zone).count(),
        total=sum(tally.values()),
        # Those on the screen or about to come wait for this expert as well.
        waiting=Candidate.objects.count_waiting_for(user) + Lease.objects.live().of(user).count(),
        by_class=[(names.get(label, str(label)), tally.get(label, 0)) for label in Label.values],
    )


def next_steps(user: User, fields: list[Any], waiting: int) -> list[NextStep]:
    """Return what this person should do next, the most useful step first."""
    if not any(field.n_candidates for field in fields):
        if may(user, Action.IMPORT):
            return [NextStep("Import a field and its catalogue.", reverse("new-import"))]
        names = ", ".join(account.username for account in administrators()) or "nobody yet"
        text = f"There is nothing to classify yet. Administrators can import a field: {names}."
        return [NextStep(text)]
    steps = [*_adjudication_steps(user), *_voting_steps(waiting), *_training_steps(user, fields)]
    return steps or [NextStep("Nothing waits for you at the moment.")]


def _adjudication_steps(user: User) -> Iterator[NextStep]:
    """Yield the step for curators, if candidates wait for them."""
    if has_role(user, Role.CURATOR) and (n := Candidate.objects.for_curators().count()):
        candidates = "candidate" if n == 1 else "candidates"
        text = f"Adjudicate {n:,} {candidates}: ties, flagged or with open comments"
        yield NextStep(text, reverse("disagreements"))


def _voting_steps(waiting: int) -> Iterator[NextStep]:
    """Yield the step for experts, if candidates wait for them."""
    if waiting:
        candidates = "candidate" if waiting == 1 else "candidates"
        yield NextStep(f"Classify: {waiting:,} {candidates} to vote on", reverse("classify"))


def _training_steps(user: User, fields: list[Any]) -> Iterator[NextStep]:
    """Yield the run in progress, or for administrators the first training of fields."""
    if active := TrainingRun.objects.active().order_by("pk").first():
        text = f"Follow run {active.pk}: it is {active.status}"
        yield NextStep(text, reverse("run", args=[active.pk]))
        return
    untrained = [field for field in fields if field.n_settled and not field.promoted_run_id]
    if untrained and may(user, Action.START):
        names = ", ".join(field.name for field in untrained)
        yield NextStep(f"Train the first network for {names}", reverse("runs"))
