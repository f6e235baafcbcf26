"""Questions about candidates, as chainable querysets."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from django.db import models, transaction
from django.db.models import Count, Exists, F, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce

from classifier.core.cold_start import spread_sample
from labeling.models.adjudication import Adjudication
from labeling.models.comment import Comment
from labeling.models.consensus import Consensus
from labeling.models.lease import Lease, Sample
from labeling.models.prediction import Prediction
from labeling.models.reference_label import ReferenceLabel
from labeling.models.vote import Vote

if TYPE_CHECKING:
    from labeling.models.candidate import Candidate  # noqa: F401
    from labeling.queue.parts import Wish

_VOTES_NEEDED = F("field__votes_needed")


class CandidateQuerySet(models.QuerySet["Candidate"]):
    """Questions about candidates."""

    def in_play(self) -> Self:
        """Candidates that are put to the vote: with stamps, not set aside."""
        return self.filter(set_aside="")

    def labelled(self) -> Self:
        """Candidates to which votes, or a curator, have given a class."""
        return self.filter(consensus__label__isnull=False)

    def sample(self, sample: str) -> Self:
        """The control sample, or the training pool."""
        return self.filter(control=sample == Sample.CONTROL)

    def not_voted_by(self, expert: Any) -> Self:
        """Candidates on which this expert has no live vote."""
        return self.exclude(Exists(Vote.objects.live().by(expert).filter(candidate=OuterRef("pk"))))

    def past_votes_of(self, expert: Any, candidate: str = "pk") -> Self:
        """The same as `not_voted_by`, for a walk in order past hundreds of the expert's own votes.

        PostgreSQL makes a join of what does not exist, and joins the rest of each row before it;
        a number it counts where it reads `candidate`, and looks at nothing else of those it passes.
        Among the few votes on a candidate: with no votes yet, it would plan to go through all the
        expert's.
        """
        votes = Vote.objects.live().filter(candidate=OuterRef(candidate)).order_by()
        mine = Count("pk", filter=Q(voter=expert))
        number = Subquery(votes.values("candidate").annotate(n=mine).values("n"))
        return self.alias(n_mine=Coalesce(number, 0)).filter(n_mine=0)

    def with_room(self, votes_needed: Any = _VOTES_NEEDED, now: Any = None) -> Self:
        """Candidates that need more votes than are cast or promised."""
        promised = (
            Lease.objects.promises(now)
            .filter(candidate=OuterRef("pk"))
            .order_by()
            .values("candidate")
            .annotate(n=Count("pk"))
            .values("n")
        )
        cast = Coalesce("consensus__n_votes", 0)
        spoken_for = cast + Coalesce(Subquery(promised), 0)
        return self.alias(n_spoken_for=spoken_for).filter(n_spoken_for__lt=votes_needed)

    def with_prediction(self) -> Self:
        """Adds the promoted run's entropy and class; None where there is no prediction."""
        promoted = Prediction.objects.filter(
            candidate=OuterRef("pk"), run=OuterRef("field__promoted_run")
        )
        return self.annotate(
            network_entropy=Subquery(promoted.values("entropy")),
            network_label=Subquery(promoted.values("label")),
        )

    def eligible_for(self, expert: Any, now: Any = None) -> Self:
        """Candidates that need votes, on which this expert has none, and that they do not hold."""
        needing = self.in_play().filter(open=True)
        return needing.not_voted_by(expert).not_held_by(expert, now)

    def not_held_by(self, expert: Any, now: Any = None) -> Self:
        """Candidates that this expert does not hold a lease on."""
        mine = Lease.objects.live(now).of(expert).filter(candidate=OuterRef("pk"))
        return self.exclude(Exists(mine))

    def waiting_for(self, expert: Any) -> Self:
        """Candidates that this expert could be given now."""
        return self.eligible_for(expert).with_room()

    def count_waiting_for(self, expert: Any) -> int:
        """The number of `waiting_for(expert)`, by looking only at what somebody has touched."""
        mine = Vote.objects.live().by(expert).order_by().values("candidate")
        held = Lease.objects.promises().order_by().values("candidate")
        needing = self.filter(open=True)
        touched = needing.filter(pk__in=mine.union(held))
        return needing.count() - touched.count() + touched.waiting_for(expert).count()

    def wished_for(self, wish: Wish) -> Self:
        """Those that an expert asked for."""
        chosen = self
        if wish.mag_min is not None:
            chosen = chosen.filter(mag_v__gte=wish.mag_min)
        if wish.mag_max is not None:
            chosen = chosen.filter(mag_v__lte=wish.mag_max)
        return chosen

    def not_put_off_by(self, expert: Any) -> Self:
        """Without what this expert has skipped."""
        skipped = Lease.objects.skipped().of(expert).filter(candidate=OuterRef("pk"))
        return self.exclude(Exists(skipped))

    def put_off_by(self, expert: Any) -> Self:
        """What this expert has skipped, in the order in which they did."""
        skipped = Lease.objects.skipped().of(expert).filter(candidate=OuterRef("pk"))
        since = Subquery(skipped.values("skipped_at"))
        mine = Lease.objects.skipped().of(expert).values("candidate")
        return self.filter(pk__in=mine).order_by(since, "pk")

    def left_by(self, expert: Any) -> Self:
        """What this expert has been given and not voted on, or has taken their vote back from."""
        given = Lease.objects.of(expert).order_by().values("candidate")
        withdrawn = Vote.objects.by(expert).exclude(retracted_at=None).order_by()
        return self.filter(pk__in=given.union(withdrawn.values("candidate"))).order_by("pk")

    def spoken_of_to(self, expert: Any) -> Self:
        """Candidates of which somebody else, the network or a catalogue says something."""
        here = {"candidate": OuterRef("pk")}
        others = (
            Prediction.objects.promoted().filter(**here),
            Vote.objects.live().filter(**here).exclude(voter=expert),
            Comment.objects.filter(**here).exclude(author=expert),
            Adjudication.objects.filter(**here).exclude(curator=expert),
            ReferenceLabel.objects.filter(**here),
        )
        return self.filter(reduce(or_, map(Exists, others)))

    def in_order_of(self, run: Any, field: Any) -> Self:
        """The pool as this run predicts it: where another answer is worth most comes first."""
        waiting = self.filter(predictions__run=run, predictions__queue=field, control=False)
        return waiting.order_by("-predictions__priority", "predictions__candidate_id")

    def unread_by(self, run: Any) -> Self:
        """Candidates of which this run says nothing."""
        return self.exclude(Exists(Prediction.objects.filter(run=run, candidate=OuterRef("pk"))))

    def in_random_order(self, *, control: bool) -> Self:
        """The control sample, or the training pool, in the random order that never changes."""
        # Compared to a value: SQLite walks the index for `control = 1`, not for bare `control`.
        return self.filter(control=Value(control)).order_by("shuffle", "pk")

    @transaction.atomic
    def order_without_network(self, *, spread: bool) -> None:
        """Serve one field's pool at random, or first a sample of every kind.

        Those of the sample have numbers below zero; all others, and all that leave it, their own.
        """
        begun = list(self.filter(shuffle__lt=0).select_related("field"))
        for candidate in begun:
            candidate.place()
        self.bulk_update(begun, ["shuffle"])
        if spread:
            pool = self.in_play().filter(control=False).order_by("pk")
            rows = list(pool.values_list("pk", "mag_v", F("mag_v") - F("mag_i"), "ci"))
            columns = np.array([kind for _, *kind in rows], dtype=float).reshape(-1, 3)
            first = spread_sample(columns)
            for number, position in enumerate(first):
                self.filter(pk=rows[position][0]).update(shuffle=number - len(first))

    def for_curators(self) -> Self:
        """Candidates that wait for a curator: tied, flagged or discussed since the last ruling."""
        ruled = Adjudication.objects.filter(
            candidate=OuterRef("candidate"), decided_at__gte=OuterRef("cast_at")
        )
        flagged = Vote.objects.standing().filter(flagged=True).exclude(Exists(ruled))
        waiting = (Consensus.objects.ties(), flagged, Comment.objects.unresolved())
        tied, *others = (rows.order_by().values("candidate") for rows in waiting)
        return self.in_play().filter(pk__in=tied.union(*others))
