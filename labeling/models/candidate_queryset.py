"""Queries about candidates, as chainable querysets."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from operator import or_
from typing import Any, Self, TypeVar

from django.contrib.auth.models import User
from django.db import models
from django.db.models import Case, Count, Exists, F, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Coalesce

from labeling.auth.roles import Role, has_role
from labeling.db.prepared import Param
from labeling.models.adjudication import Adjudication
from labeling.models.comment import Comment
from labeling.models.consensus import Consensus
from labeling.models.disclosure import Disclosure
from labeling.models.lease import Lease, Sample
from labeling.models.prediction import Prediction
from labeling.models.reference_label import ReferenceLabel
from labeling.models.vote import Vote
from labeling.training.label_source import LabelSource

C = TypeVar("C", bound=models.Model)
"""The model `Candidate`, which is made with a subclass of these queries."""

_VOTES_NEEDED = F("field__votes_needed")


class CandidateQueries(models.QuerySet[C]):
    """Queries about candidates."""

    def in_play(self) -> Self:
        """Candidates that are put to the vote: with stamps, not set aside."""
        return self.filter(set_aside="")

    def labelled(self) -> Self:
        """Candidates to which votes, or a curator, have given a class."""
        return self.filter(consensus__label__isnull=False)

    def labelled_by(self, source: LabelSource) -> Self:
        """Candidates in play to which a label source gives a class."""
        candidates = self.in_play()
        if source.is_consensus:
            return candidates.labelled()
        return candidates.filter(pk__in=_labels_given_by(source).values("candidate"))

    def labels(self, source: LabelSource) -> dict[int, int]:
        """Return the class that a label source gives to each of these candidates, by candidate."""
        if source.is_consensus:
            rows = self.in_play().labelled().order_by("pk")
            return dict(rows.values_list("pk", "consensus__label"))
        labels = _labels_given_by(source).filter(candidate__in=self.order_by().values("pk"))
        return dict(labels.values_list("candidate", "label"))

    def sample(self, sample: str) -> Self:
        """The control sample, or the training pool."""
        return self.filter(control=sample == Sample.CONTROL)

    def not_voted_by(self, expert: User | Param) -> Self:
        """Candidates on which this expert has no live vote."""
        return self.exclude(Exists(Vote.objects.live().by(expert).filter(candidate=OuterRef("pk"))))

    def past_votes_of(self, expert: User | Param, candidate: str = "pk") -> Self:
        """The same as `not_voted_by`, for walks along an index past many of the expert's votes.

        PostgreSQL turns NOT EXISTS into a join, and reads each row in full before it. A count it
        evaluates where it reads `candidate`, before anything else of the rows that it skips. It
        counts among the few votes on a candidate, not among all of the expert's.
        """
        votes = Vote.objects.live().filter(candidate=OuterRef(candidate)).order_by()
        by_expert = Count("pk", filter=Q(voter=expert))
        n_votes = Subquery(votes.values("candidate").annotate(n=by_expert).values("n"))
        return self.alias(n_own_votes=Coalesce(n_votes, 0)).filter(n_own_votes=0)

    def with_room(self, votes_needed: Any = _VOTES_NEEDED) -> Self:
        """Candidates that need more votes than are cast or promised.

        In the control sample these are control votes: others do not settle its labels.
        """
        cast = Case(
            When(control=True, then=_count(Vote.objects.control_votes())),
            default=Coalesce("consensus__n_votes", 0),
            output_field=models.IntegerField(),
        )
        expected = cast + _count(Lease.objects.promises())
        return self.alias(n_expected=expected).filter(n_expected__lt=votes_needed)

    def with_prediction(self) -> Self:
        """Add the promoted run's entropy and class, None where there is no prediction."""
        promoted = Prediction.objects.filter(
            candidate=OuterRef("pk"), run=OuterRef("field__promoted_run")
        )
        return self.annotate(
            network_entropy=Subquery(promoted.values("entropy")),
            network_label=Subquery(promoted.values("label")),
        )

    def eligible_for(self, expert: User | Param) -> Self:
        """Candidates that need votes, and that this expert has neither voted on nor leased."""
        needing_votes = self.in_play().filter(open=True)
        return needing_votes.not_voted_by(expert).not_held_by(expert)

    def not_held_by(self, expert: User | Param) -> Self:
        """Candidates on which this expert has no live lease."""
        leases = Lease.objects.live().of(expert).filter(candidate=OuterRef("pk"))
        return self.exclude(Exists(leases))

    def waiting_for(self, expert: User) -> Self:
        """Candidates that this expert could be given now."""
        return self.eligible_for(expert).with_room()

    def count_waiting_for(self, expert: User) -> int:
        """Return the number of `waiting_for(expert)`, reading only rows that somebody touched."""
        voted = Vote.objects.live().by(expert).order_by().values("candidate")
        promised = Lease.objects.promises().order_by().values("candidate")
        needing_votes = self.filter(open=True)
        touched = needing_votes.filter(pk__in=voted.union(promised))
        return needing_votes.count() - touched.count() + touched.waiting_for(expert).count()

    def in_magnitude_range(self, mag_min: Any = None, mag_max: Any = None) -> Self:
        """Candidates with a V magnitude (Vega) in this range, ends included; None: no limit."""
        candidates = self
        if mag_min is not None:
            candidates = candidates.filter(mag_v__gte=mag_min)
        if mag_max is not None:
            candidates = candidates.filter(mag_v__lte=mag_max)
        return candidates

    def in_control_or_range(self, mag_min: Any = None, mag_max: Any = None) -> Self:
        """The control sample, and other candidates with a V magnitude in this range.

        Control labels of magnitudes that somebody chose would not be those of a random sample.
        """
        if mag_min is None and mag_max is None:
            return self
        in_range = Q(control=False)
        if mag_min is not None:
            in_range &= Q(mag_v__gte=mag_min)
        if mag_max is not None:
            in_range &= Q(mag_v__lte=mag_max)
        return self.filter(Q(control=True) | in_range)

    def chosen_by(
        self,
        expert: User | Param,
        *,
        mag_min: Any = None,
        mag_max: Any = None,
        unfinished: bool = False,
    ) -> Self:
        """Candidates that pass the filter of the expert's queue."""
        candidates = self.in_control_or_range(mag_min, mag_max)
        return candidates.unfinished_by(expert) if unfinished else candidates

    def not_skipped_by(self, expert: User | Param) -> Self:
        """Candidates that this expert has not skipped."""
        skipped = Lease.objects.skipped().of(expert).filter(candidate=OuterRef("pk"))
        return self.exclude(Exists(skipped))

    def skipped_by(self, expert: User | Param) -> Self:
        """Candidates that this expert skipped, in the order in which they did."""
        skipped = Lease.objects.skipped().of(expert)
        skipped_at = Subquery(skipped.filter(candidate=OuterRef("pk")).values("skipped_at"))
        return self.filter(pk__in=skipped.values("candidate")).order_by(skipped_at, "pk")

    def unfinished_by(self, expert: User | Param) -> Self:
        """Candidates that this expert was given without voting, or on which they retracted."""
        leased = Lease.objects.of(expert).order_by().values("candidate")
        retracted = Vote.objects.by(expert).exclude(retracted_at=None).order_by()
        return self.filter(pk__in=leased.union(retracted.values("candidate"))).order_by("pk")

    def with_opinions_for(self, expert: User) -> Self:
        """Candidates of which others, the network or a catalogue say something to this expert."""
        of_candidate = {"candidate": OuterRef("pk")}
        predictions = Prediction.objects.promoted().filter(**of_candidate)
        opinions = (
            Vote.objects.live().filter(**of_candidate).exclude(voter=expert),
            Comment.objects.filter(**of_candidate).exclude(author=expert),
            Adjudication.objects.filter(**of_candidate).exclude(curator=expert),
            ReferenceLabel.objects.filter(**of_candidate),
        )
        network = network_is_open_to(expert) & Q(Exists(predictions))
        return self.filter(reduce(or_, map(Exists, opinions), network))

    def disclose(self, expert: User, pks: Iterable[int]) -> None:
        """Record that the expert is shown what others say of these candidates, if anything.

        Called after the opinions are read and before they are shown: one that comes meanwhile
        counts as shown, and what cannot be recorded is not shown.
        """
        new = (
            self.filter(pk__in=list(pks))
            .with_opinions_for(expert)
            .exclude(disclosures__expert=expert)
        )
        new_pks = new.values_list("pk", flat=True)
        disclosures = [Disclosure(candidate_id=pk, expert=expert) for pk in new_pks]
        Disclosure.objects.bulk_create(disclosures, ignore_conflicts=True)

    def training_pool(self) -> Self:
        """Candidates whose labels networks may learn from: not in the control sample or guard."""
        return self.filter(control=False, guard=False)

    def in_queue_of(self, run: Any, field: Any) -> Self:
        """The training pool in the order of the run's acquisition values, highest first."""
        waiting = self.filter(predictions__run=run, predictions__queue=field, control=False)
        return waiting.order_by("-predictions__priority", "predictions__candidate_id")

    def without_prediction_of(self, run: Any) -> Self:
        """Candidates for which this run has no prediction."""
        return self.exclude(Exists(Prediction.objects.filter(run=run, candidate=OuterRef("pk"))))

    def in_random_order(self, *, control: bool) -> Self:
        """The control sample, or the training pool, in the random order that never changes."""
        # Compared with a value: SQLite walks the index for `control = 1`, not for bare `control`.
        return self.filter(control=Value(control)).order_by("shuffle", "pk")

    def for_curators(self) -> Self:
        """Candidates that wait for a curator: tied, flagged or discussed since the last ruling."""
        ruled = Adjudication.objects.standing().filter(
            candidate=OuterRef("candidate"), decided_at__gte=OuterRef("cast_at")
        )
        flagged = Vote.objects.standing().filter(flagged=True).exclude(Exists(ruled))
        waiting = (Consensus.objects.ties(), flagged, Comment.objects.unresolved())
        tied, *discussed = (rows.order_by().values("candidate") for rows in waiting)
        return self.in_play().filter(pk__in=tied.union(*discussed))


def network_is_open_to(user: User) -> Q:
    """Return the condition on candidates of which this user may see the network's opinion.

    Who rules on a candidate of the control sample has not seen the network's opinion before: the
    network would influence the catalogue by which it is compared with others.
    """
    if not has_role(user, Role.CURATOR):
        return Q()
    own_rulings = Adjudication.objects.filter(candidate=OuterRef("pk"), curator=user)
    return Q(control=False) | Q(Exists(own_rulings))


def _count(rows: models.QuerySet[Any]) -> Coalesce:
    """Return an expression for the number of these rows that a candidate has."""
    of_candidate = rows.filter(candidate=OuterRef("pk")).order_by().values("candidate")
    return Coalesce(Subquery(of_candidate.annotate(n=Count("pk")).values("n")), 0)


def _labels_given_by(source: LabelSource) -> models.QuerySet[Any]:
    """The class votes of an expert, or a catalogue's reference labels."""
    if source.expert is not None:
        votes = Vote.objects.live().for_classes()
        return votes.filter(voter__username=source.expert).order_by()
    return ReferenceLabel.objects.of(source.text)
