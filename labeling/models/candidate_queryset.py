"""Questions about candidates, as chainable querysets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.db.models import Count, Exists, F, OuterRef, Subquery
from django.db.models.functions import Coalesce

from labeling.models.adjudication import Adjudication
from labeling.models.consensus import Consensus
from labeling.models.lease import Lease, Sample
from labeling.models.prediction import Prediction
from labeling.models.vote import Vote

if TYPE_CHECKING:
    from labeling.models.candidate import Candidate  # noqa: F401


class CandidateQuerySet(models.QuerySet["Candidate"]):
    """Questions about candidates."""

    def in_play(self) -> Self:
        """Candidates that are put to the vote: with stamps, not set aside."""
        return self.filter(set_aside="")

    def sample(self, sample: str) -> Self:
        """The control sample, or the training pool."""
        return self.filter(control=sample == Sample.CONTROL)

    def not_voted_by(self, expert: Any) -> Self:
        """Candidates on which this expert has no live vote."""
        return self.exclude(Exists(Vote.objects.live().by(expert).filter(candidate=OuterRef("pk"))))

    def with_room(self) -> Self:
        """Candidates that need more votes than are cast or being thought about."""
        cast = Consensus.objects.filter(candidate=OuterRef("pk")).values("n_votes")
        leased = (
            Lease.objects.live()
            .filter(candidate=OuterRef("pk"))
            .order_by()
            .values("candidate")
            .annotate(n=Count("pk"))
            .values("n")
        )
        return self.annotate(
            n_spoken_for=Coalesce(Subquery(cast), 0) + Coalesce(Subquery(leased), 0)
        ).filter(n_spoken_for__lt=F("field__votes_needed"))

    def undecided(self) -> Self:
        """Candidates on which no curator has ruled: elsewhere another vote changes nothing."""
        return self.exclude(Exists(Adjudication.objects.filter(candidate=OuterRef("pk"))))

    def waiting_for(self, expert: Any) -> Self:
        """Candidates that this expert could be given now."""
        mine = Lease.objects.live().of(expert).filter(candidate=OuterRef("pk"))
        free = self.in_play().undecided().with_room()
        return free.not_voted_by(expert).exclude(Exists(mine))

    def with_prediction(self) -> Self:
        """Adds the promoted run's entropy, for ordering; None where there is no prediction."""
        promoted = Prediction.objects.filter(
            candidate=OuterRef("pk"), run=OuterRef("field__promoted_run")
        )
        return self.annotate(
            network_entropy=Subquery(promoted.values("entropy")),
            network_label=Subquery(promoted.values("label")),
        )

    def in_order_for(self, expert: Any, sample: str) -> Self:
        """The order in which an expert gets a sample; what they skipped comes last."""
        put_off = Lease.objects.skipped().of(expert).filter(candidate=OuterRef("pk"))
        waiting = self.sample(sample).annotate(put_off=Exists(put_off))
        if sample == Sample.CONTROL:
            return waiting.order_by("put_off", "shuffle", "pk")
        return waiting.with_prediction().order_by(
            "put_off", F("network_entropy").desc(nulls_last=True), "shuffle", "pk"
        )
