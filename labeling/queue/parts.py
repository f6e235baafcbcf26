"""What waits in a field for one expert, as statements that are written once per process."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.db.models import Count, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from labeling.db.prepared import Given, Statement
from labeling.models.lease import Lease
from labeling.models.vote import Vote
from labeling.rules.strategies import Strategy

if TYPE_CHECKING:
    from labeling.models.candidate import Candidate
    from labeling.models.candidate_queryset import CandidateQuerySet
    from labeling.models.field import Field

EXPERT, FIELD, NEEDED, RUN, NOW = map(Given, ("expert", "field", "needed", "run", "now"))
AN_HOUR_AGO, BEFORE = map(Given, ("an_hour_ago", "before"))

REPEAT_AFTER = timedelta(hours=1)
REPEAT_AFTER_VOTES = 20
"""A candidate comes again when its vote is so long ago, and so many of the expert's ago."""


@dataclass(frozen=True)
class Wish:
    """What an expert asked for: V magnitudes, ends included; only what they have not finished."""

    mag_min: Any = None
    mag_max: Any = None
    unfinished: bool = False

    @property
    def form(self) -> Wish:
        """The same wish for any magnitudes."""
        low = None if self.mag_min is None else Given("mag_min")
        return Wish(low, None if self.mag_max is None else Given("mag_max"), self.unfinished)


class Part(Enum):
    """What an expert is given one part after the other, each in the order of its index."""

    POOL = "the training pool as the promoted run predicts it"
    UNREAD = "what the promoted run says nothing of, in random order"
    SHUFFLED = "the training pool in random order"
    CONTROL = "the control sample in random order"
    PUT_OFF = "what the expert has skipped"
    LEFT = "what the expert has had and not voted on, or taken their vote back"
    REPEAT = "what the expert has voted on long ago and not been asked again, in random order"


class Lock(Enum):
    """How the rows are locked."""

    NONE = "not"
    FREE = "past those that somebody else has locked"
    WAIT = "when it is their turn"


class Waiting:
    """A field's candidates that have room for one expert's vote."""

    def __init__(self, field: Field, expert: Any, wish: Wish) -> None:
        self._form = wish.form
        self._field = field
        self._given = {
            "expert": expert.pk,
            "field": field.pk,
            "needed": field.votes_needed,
            "run": field.promoted_run_id,
            "mag_min": wish.mag_min,
            "mag_max": wish.mag_max,
        }

    def served(self) -> int:
        """How many candidates the expert has been given: those with a vote, and those in hand."""
        known = vars(self._field).pop("n_served", None)
        if known is None:
            ((known,),) = _SERVED.rows(expert=self._given["expert"], now=timezone.now())
        return int(known)

    def first(self, part: Part, lock: Lock, count: int) -> list[Candidate]:
        """The first ones of a part."""
        if part == Part.REPEAT and not self._knows_long_ago():
            return []
        found = _first(part, lock, count, self._form).objects(**self._given_now())
        for candidate in found:
            candidate.field = self._field
            candidate.found_by = self._found_by(part)
        return found

    def _knows_long_ago(self) -> bool:
        """Whether the expert has cast enough votes; notes before when a vote is long ago."""
        found = _LAST_BUT.rows(expert=self._given["expert"])
        self._given["before"] = found[0][0] if found else None
        return bool(found)

    def _given_now(self) -> dict[str, Any]:
        now = timezone.now()
        return {**self._given, "now": now, "an_hour_ago": now - REPEAT_AFTER}

    def _found_by(self, part: Part) -> str:
        """What puts the candidates of this part in their order."""
        orders: dict[Part, str] = {
            Part.POOL: self._field.strategy,
            Part.SHUFFLED: self._field.cold_start,
            Part.UNREAD: Strategy.RANDOM,
        }
        return orders.get(part, "")

    def still(self, candidates: list[Candidate], *, again: bool = False) -> list[Candidate]:
        """Those of these that wait at this moment, for a first vote or to be answered again."""
        pks = {f"pk{number}": candidate.pk for number, candidate in enumerate(candidates)}
        rows = _among(len(pks), self._form, again=again).rows(**self._given_now(), **pks)
        return [candidate for candidate in candidates if (candidate.pk,) in rows]


def _number(rows: QuerySet[Any], whose: str) -> Coalesce:
    """How many of these rows the expert has."""
    mine = rows.filter(**{whose: EXPERT}).order_by().values(whose)
    return Coalesce(Subquery(mine.annotate(n=Count("pk")).values("n")), 0)


def _n_served() -> Any:
    return _number(Vote.objects.all(), "voter") + _number(Lease.objects.live(NOW), "expert")


_SERVED = Statement(lambda: get_user_model().objects.filter(pk=EXPERT).values_list(_n_served()))
NAMED: Statement[Field] = Statement(
    lambda: (
        apps.get_model("labeling", "Field")
        .objects.filter(name=Given("name"))
        .annotate(n_served=_n_served())
    )
)
"""The field of a name, with what `Waiting.served` would ask next."""


_LAST_BUT = Statement(
    lambda: (
        Vote.objects.by(EXPERT)
        .order_by("-cast_at")
        .values_list("cast_at")[REPEAT_AFTER_VOTES - 1 : REPEAT_AFTER_VOTES]
    )
)


def _wished_for(form: Wish) -> CandidateQuerySet:
    candidates: CandidateQuerySet = apps.get_model("labeling", "Candidate").objects.all()
    return candidates.filter(field=FIELD).wished_for(form)


def _waiting(form: Wish) -> CandidateQuerySet:
    return _wished_for(form).eligible_for(EXPERT, NOW).with_room(NEEDED, NOW)


def _voted_on_long_ago(form: Wish) -> CandidateQuerySet:
    votes = Vote.objects.by(EXPERT).repeatable()
    old = votes.filter(cast_at__lt=BEFORE).filter(cast_at__lt=AN_HOUR_AGO).order_by()
    voted_on = _wished_for(form).in_play().filter(pk__in=old.values("candidate"))
    return voted_on.not_held_by(EXPERT, NOW).not_put_off_by(EXPERT)


@cache
def _first(part: Part, lock: Lock, count: int, form: Wish) -> Statement[Candidate]:
    waiting = _waiting(form)
    fresh = waiting.not_put_off_by(EXPERT)
    at_random = fresh.past_votes_of(EXPERT)
    found = {
        Part.POOL: fresh.in_order_of(RUN, FIELD).past_votes_of(EXPERT, "predictions__candidate"),
        Part.UNREAD: at_random.unread_by(RUN).in_random_order(control=False),
        Part.SHUFFLED: at_random.in_random_order(control=False),
        Part.CONTROL: at_random.in_random_order(control=True),
        Part.PUT_OFF: waiting.put_off_by(EXPERT),
        Part.LEFT: fresh.left_by(EXPERT),
        Part.REPEAT: _voted_on_long_ago(form).order_by("shuffle", "pk"),
    }[part]
    if lock != Lock.NONE:
        past = lock == Lock.FREE
        found = found.select_for_update(of=("self",), skip_locked=past, no_key=True)
    return Statement(lambda: found[:count], by_index=True)


@cache
def _among(count: int, form: Wish, *, again: bool) -> Statement[Candidate]:
    pks: list[Any] = [Given(f"pk{number}") for number in range(count)]
    among = (_voted_on_long_ago if again else _waiting)(form).filter(pk__in=pks)
    return Statement(lambda: among.order_by().values_list("pk"))
