"""The parts of a field's queue for one expert, as prepared queries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from functools import cache
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Count, QuerySet, Subquery
from django.db.models.functions import Coalesce, Now

from labeling.db.prepared import Param, PreparedQuery
from labeling.models.candidate import Candidate, CandidateQuerySet
from labeling.models.field import Field
from labeling.models.lease import Lease
from labeling.models.vote import Vote
from labeling.rules.strategies import Strategy

EXPERT, FIELD, NEEDED, RUN = map(Param, ("expert", "field", "needed", "run"))
BEFORE = Param("before")

REPEAT_AFTER = timedelta(hours=1)
REPEAT_AFTER_VOTES = 20
"""A candidate is repeated after this time and this number of the expert's votes."""


@dataclass(frozen=True)
class QueueFilter:
    """Filter of a request: V magnitudes (Vega), ends included; unfinished candidates only.

    Candidates of the control sample are served whatever their magnitude.
    """

    mag_min: Any = None
    mag_max: Any = None
    unfinished: bool = False

    @property
    def template(self) -> QueueFilter:
        """The same filter with parameters for the magnitudes."""
        mag_min = None if self.mag_min is None else Param("mag_min")
        mag_max = None if self.mag_max is None else Param("mag_max")
        return QueueFilter(mag_min, mag_max, self.unfinished)


class Part(Enum):
    """Parts of the queue, each in the order of its index."""

    POOL = "training pool, by the promoted run's acquisition values"
    UNPREDICTED = "training pool without a prediction of the promoted run, in random order"
    RANDOM = "training pool in random order"
    CONTROL = "control sample in random order"
    SKIPPED = "candidates that the expert skipped"
    UNFINISHED = "candidates that the expert was given without voting, or on which they retracted"
    REPEAT = "candidates that the expert voted on long ago, in random order"


class Lock(Enum):
    """Ways to lock rows."""

    NONE = "not at all"
    SKIP_LOCKED = "without those that somebody else has locked"
    WAIT = "after waiting for those that somebody else has locked"


@dataclass(frozen=True)
class Pick:
    """A candidate from the queue, and the strategy that placed it there, if any did."""

    candidate: Candidate
    strategy: str
    read_at: datetime
    """The database's time when it was read; its lease counts from then."""
    part: Part | None = None
    """The part that it was read from; None for an overdue lease of somebody else."""


class WaitingCandidates:
    """A field's candidates that have room for one expert's vote."""

    def __init__(self, field: Field, expert: User, chosen: QueueFilter) -> None:
        self._field = field
        self._template = chosen.template
        self._repeat_before: datetime | None = None
        self._params = {
            "expert": expert.pk,
            "field": field.pk,
            "needed": field.votes_needed,
            "run": field.promoted_run_id,
            "mag_min": chosen.mag_min,
            "mag_max": chosen.mag_max,
        }

    def n_served(self) -> int:
        """Return the number of candidates that the expert has voted on or holds."""
        ((number,),) = _N_SERVED.rows(expert=self._params["expert"])
        return int(number)

    def first(self, part: Part, lock: Lock, count: int) -> list[Pick]:
        """Return the first candidates of a part."""
        if part == Part.REPEAT and not self._may_repeat():
            return []
        rows = _first_query(part, lock, count, self._template).annotated(**self._all_params())
        for candidate, _ in rows:
            candidate.field = self._field
        strategy = self._strategy_of(part)
        return [Pick(candidate, strategy, values["now"], part) for candidate, values in rows]

    def _may_repeat(self) -> bool:
        """True if the expert has cast enough votes; reads the time before which a vote is old."""
        rows = _OLD_VOTE.rows(expert=self._params["expert"])
        self._repeat_before = rows[0][0] if rows else None
        return bool(rows)

    def _all_params(self) -> dict[str, Any]:
        return self._params | {"before": self._repeat_before}

    def _strategy_of(self, part: Part) -> str:
        """Return the strategy that orders a part, or nothing."""
        strategies: dict[Part, str] = {
            Part.POOL: self._field.strategy,
            Part.RANDOM: self._field.cold_start,
            Part.UNPREDICTED: Strategy.RANDOM,
        }
        return strategies.get(part, "")

    def still_waiting(self, picks: list[Pick], *, repeats: bool = False) -> list[Pick]:
        """Return those of the picks that still wait for a first vote, or for a repeat."""
        pks = {f"pk{number}": pick.candidate.pk for number, pick in enumerate(picks)}
        rows = _among(len(pks), self._template, repeats=repeats).rows(**self._all_params(), **pks)
        return [pick for pick in picks if (pick.candidate.pk,) in rows]


def _count(rows: QuerySet[Any], person: str) -> Coalesce:
    """Return an expression for the number of these rows that the expert has."""
    by_expert = rows.filter(**{person: EXPERT}).order_by().values(person)
    return Coalesce(Subquery(by_expert.annotate(n=Count("pk")).values("n")), 0)


def _served() -> Any:
    return _count(Vote.objects.all(), "voter") + _count(Lease.objects.live(), "expert")


_N_SERVED = PreparedQuery(lambda: User.objects.filter(pk=EXPERT).values_list(_served()))
FIELD_NAMED: PreparedQuery[Field] = PreparedQuery(
    lambda: Field.objects.filter(name=Param("name")).annotate(n_served=_served())
)
"""The field of a name, with the number of candidates that an expert was served."""


_OLD_VOTE = PreparedQuery(
    lambda: (
        Vote.objects.by(EXPERT)
        .order_by("-cast_at")
        .values_list("cast_at")[REPEAT_AFTER_VOTES - 1 : REPEAT_AFTER_VOTES]
    )
)


def _waiting(template: QueueFilter) -> CandidateQuerySet:
    candidates = Candidate.objects.filter(field=FIELD)
    chosen = candidates.in_control_or_range(template.mag_min, template.mag_max)
    return chosen.eligible_for(EXPERT).with_room(NEEDED)


def _repeatable(template: QueueFilter) -> CandidateQuerySet:
    votes = Vote.objects.by(EXPERT).repeatable()
    # Added: to PostgreSQL a parameter that is subtracted from a time may be a time as well.
    an_hour_ago = Now() + -REPEAT_AFTER
    old = votes.filter(cast_at__lt=BEFORE).filter(cast_at__lt=an_hour_ago).order_by()
    chosen = Candidate.objects.filter(field=FIELD).in_magnitude_range(
        template.mag_min, template.mag_max
    )
    voted_on = chosen.in_play().filter(pk__in=old.values("candidate"))
    return voted_on.not_held_by(EXPERT).not_skipped_by(EXPERT)


@cache
def _first_query(
    part: Part, lock: Lock, count: int, template: QueueFilter
) -> PreparedQuery[Candidate]:
    waiting = _waiting(template)
    new = waiting.not_skipped_by(EXPERT)
    at_random = new.past_votes_of(EXPERT)
    candidates = {
        Part.POOL: new.in_queue_of(RUN, FIELD).past_votes_of(EXPERT, "predictions__candidate"),
        Part.UNPREDICTED: at_random.without_prediction_of(RUN).in_random_order(control=False),
        Part.RANDOM: at_random.in_random_order(control=False),
        Part.CONTROL: at_random.in_random_order(control=True),
        Part.SKIPPED: waiting.skipped_by(EXPERT),
        Part.UNFINISHED: new.unfinished_by(EXPERT),
        Part.REPEAT: _repeatable(template).order_by("shuffle", "pk"),
    }[part]
    if lock != Lock.NONE:
        skip = lock == Lock.SKIP_LOCKED
        candidates = candidates.select_for_update(of=("self",), skip_locked=skip, no_key=True)
    return PreparedQuery(lambda: candidates.annotate(now=Now())[:count], by_index=True)


@cache
def _among(count: int, template: QueueFilter, *, repeats: bool) -> PreparedQuery[Candidate]:
    pks: list[Any] = [Param(f"pk{number}") for number in range(count)]
    among = (_repeatable if repeats else _waiting)(template).filter(pk__in=pks)
    return PreparedQuery(lambda: among.order_by().values_list("pk"))
