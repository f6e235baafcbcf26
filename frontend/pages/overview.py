"""How far the fields and one expert are, and what should be done next."""

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db.models import Count, Q, QuerySet
from django.urls import reverse

from labeling.auth.roles import Role, has_role
from labeling.classes import Label
from labeling.models import Candidate, Field, TrainingRun, Vote
from labeling.rules.consensus import SETTLED, ConsensusStatus

User = AbstractBaseUser | AnonymousUser


@dataclass(frozen=True)
class Step:
    """Something that this person could do next, and where."""

    text: str
    url: str = ""


@dataclass(frozen=True)
class MyNumbers:
    """One expert's own votes."""

    today: int
    total: int
    waiting: int
    by_class: list[tuple[str, int]]


def fields_with_numbers() -> QuerySet[Field, Any]:
    """All fields, each with the numbers of its candidates by what became of them."""
    in_play = Q(candidates__set_aside="")
    status = "candidates__consensus__status"
    numbers = {
        "n_candidates": in_play,
        "n_set_aside": Q(candidates__isnull=False) & ~in_play,
        "n_control": in_play & Q(candidates__control=True),
        "n_voted": Q(candidates__consensus__n_votes__gt=0),
        "n_settled": Q(**{f"{status}__in": SETTLED}),
        "n_ties": Q(**{status: ConsensusStatus.TIE}),
    }
    counts = {name: Count("candidates", filter=which) for name, which in numbers.items()}
    # Joined, they would be among what SQLite groups by: a run's whole JSON for each candidate.
    return Field.objects.annotate(**counts).prefetch_related("promoted_run", "refreshes")


def my_numbers(user: Any) -> MyNumbers:
    """The votes of this expert, hidden repeats among them, and how many candidates wait."""
    votes = Vote.objects.standing().by(user)
    tally = votes.tally()
    names = {Label.UNSURE.value: "unsure"}
    return MyNumbers(
        today=votes.today().count(),
        total=sum(tally.values()),
        waiting=Candidate.objects.count_waiting_for(user),
        by_class=[(names.get(label, str(label)), tally.get(label, 0)) for label in Label.values],
    )


def next_steps(user: User, fields: list[Any], waiting: int) -> list[Step]:
    """What this person should do next, the most useful first."""
    if not any(field.n_candidates for field in fields):
        return [Step("Import a field: the README says how, in two commands.")]
    steps = []
    if has_role(user, Role.CURATOR) and (undecided := Candidate.objects.for_curators().count()):
        steps.append(
            Step(f"Decide {undecided:,}: tied, flagged or discussed", reverse("disagreements"))
        )
    if waiting:
        steps.append(Step(f"Classify: {waiting:,} candidates wait for you", reverse("classify")))
    steps.extend(_about_networks(user, fields))
    return steps or [Step("Nothing waits for you at the moment.")]


def _about_networks(user: User, fields: list[Any]) -> list[Step]:
    """What to do about training."""
    if active := TrainingRun.objects.active().order_by("pk").first():
        address = reverse("run", args=[active.pk])
        return [Step(f"Run {active.pk} is {active.status}: watch it", address)]
    untrained = [field for field in fields if field.n_settled and not field.promoted_run_id]
    if untrained and has_role(user, Role.ADMINISTRATOR):
        names = ", ".join(field.name for field in untrained)
        return [Step(f"Train the first network of {names}", reverse("runs"))]
    return []
