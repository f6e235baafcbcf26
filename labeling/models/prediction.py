"""Predictions: what an ensemble says of a candidate."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.db.models import F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from labeling.classes import MorphologicalClass
from labeling.models.field import Field
from labeling.priority import worth
from labeling.statements import Change, ChangeMany, Given, Statement
from labeling.strategies import Strategy, by_chance, in_proportion, margin

if TYPE_CHECKING:
    from labeling.models.candidate import Candidate
    from labeling.models.training_run import TrainingRun


class PredictionQuerySet(models.QuerySet["Prediction"]):
    """Questions about predictions."""

    def promoted(self) -> Self:
        """Those that the queue and the exports use."""
        return self.filter(run=F("candidate__field__promoted_run"))

    def with_votes(self) -> Self:
        """Those of candidates that anybody has voted or ruled on: only there a place changes."""
        return self.filter(candidate__consensus__isnull=False)

    def with_counts(self) -> Self:
        """Adds the votes for each class, as `counts` reads them, and the field's strategy."""
        return self.annotate(**_COUNTS, field_strategy=F("candidate__field__strategy"))

    def forget_priors(self) -> None:
        """Let the run's own probabilities be the prior again; the caller holds the field's lock."""
        if self.exclude(prior_class1=None).update(**dict.fromkeys(PRIOR)):
            self.set_places()

    def write(
        self,
        run: TrainingRun,
        predictions: Iterable[Mapping[str, Any]],
        waiting: Mapping[int, int],
    ) -> None:
        """Store a run's predictions, given the field of each candidate of a pool that waits.

        What was voted on has its true place after `with_votes().set_places()`.
        """
        strategies = dict(Field.objects.values_list("pk", "strategy"))
        rows = []
        for values in predictions:
            queue = waiting.get(values["candidate_id"])
            row = Prediction(run=run, queue_id=queue, **values)
            row.set_priority(_NO_VOTES, strategies.get(queue or 0, Strategy.ENTROPY))
            rows.append(row)
        self.bulk_create(rows, batch_size=1000)

    def set_places(self) -> None:
        """Set all places in the queue right, after predictions were written or before they rule.

        Touches the rows that change. The caller keeps votes out by the field's lock.
        """
        # Nothing to do is the rule, and PostgreSQL may plan the rest badly for tables just filled.
        if not self.exists():
            return
        waiting = Q(candidate__open=True, candidate__control=False)
        field = Field.objects.filter(candidates=OuterRef("candidate")).values("pk")
        self.filter(waiting, queue=None).update(queue=Subquery(field))
        self.exclude(queue=None).exclude(waiting).update(queue=None)
        unseen = Q(candidate__consensus=None) | Q(candidate__consensus__n_votes=0)
        unseen &= Q(prior_class1=None, candidate__field__strategy=Strategy.ENTROPY)
        self.filter(unseen).exclude(priority=F("entropy")).update(priority=F("entropy"))
        moved = []
        for prediction in self.exclude(unseen).with_counts().iterator(2000):
            if prediction.set_priority(prediction.counts, prediction.wanted):
                moved.append(prediction)
        for first in range(0, len(moved), AT_A_TIME):
            _PRIORITIES(moved[first : first + AT_A_TIME])


TENDED: Statement[Prediction] = Statement(
    lambda: Prediction.objects.filter(candidate=Given("candidate"), run__gte=Given("run"))
)
"""A candidate's predictions whose places every vote sets right: promoted, or not yet."""

_COUNTS: dict[str, Any] = {
    f"votes{label}": Coalesce(f"candidate__consensus__n_class{label}", 0)
    for label in MorphologicalClass
}

PRIOR = ("prior_class1", "prior_class2", "prior_class3", "prior_class4")

_NO_VOTES = (0, 0, 0, 0)

AT_A_TIME = 1000
"""Rows in one statement."""


class Prediction(models.Model):
    """Class probabilities of one candidate by one run's ensemble mean."""

    run = models.ForeignKey("TrainingRun", models.CASCADE, related_name="predictions")
    candidate = models.ForeignKey("Candidate", models.CASCADE, related_name="predictions")
    label = models.PositiveSmallIntegerField(choices=MorphologicalClass)
    p_class1 = models.FloatField()
    p_class2 = models.FloatField()
    p_class3 = models.FloatField()
    p_class4 = models.FloatField()
    entropy = models.FloatField("entropy (nats)", help_text="Of the ensemble mean, 0 to ln 4.")
    ensemble_agreement = models.FloatField(help_text="Share of members that name this class.")
    mutual_information = models.FloatField(
        "mutual information (nats)",
        null=True,
        help_text="Of class and member; none of one network alone.",
    )
    diversity = models.FloatField(
        null=True, help_text="Entropy (nats) less the share that more uncertain ones like it show."
    )
    priority = models.FloatField(
        default=0.0, editable=False, help_text="What another answer is worth (nats)."
    )
    # The candidate's field again, so that one index holds a queue in its order.
    queue = models.ForeignKey(
        Field,
        models.CASCADE,
        null=True,
        editable=False,
        related_name="+",
        db_index=False,
        db_constraint=False,
        help_text="Field in whose pool it waits; none where no more votes are needed.",
    )

    # What the run's heads say since they were refitted on newer labels: for the order of the queue
    # alone, all four or none.
    prior_class1 = models.FloatField(null=True, editable=False)
    prior_class2 = models.FloatField(null=True, editable=False)
    prior_class3 = models.FloatField(null=True, editable=False)
    prior_class4 = models.FloatField(null=True, editable=False)

    objects = PredictionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "candidate"], name="one_prediction_per_run")
        ]
        indexes = [
            models.Index(
                fields=["queue", "run", "-priority", "candidate"],
                condition=Q(queue__isnull=False),
                name="pool_in_order",
            )
        ]

    def __str__(self) -> str:
        return f"{self.candidate} by {self.run}: {self.label}"

    @property
    def probabilities(self) -> tuple[float, float, float, float]:
        """Probability of each class, in the order of the classes."""
        return self.p_class1, self.p_class2, self.p_class3, self.p_class4

    @property
    def prior(self) -> tuple[float, float, float, float]:
        """What is believed before any vote: by the refitted heads, else by the run's own."""
        if self.prior_class1 is None:
            return self.probabilities
        return tuple(getattr(self, name) for name in PRIOR)

    @property
    def counts(self) -> list[int]:
        """Votes for each class, of a prediction `with_counts`."""
        return [getattr(self, name) for name in _COUNTS]

    @property
    def wanted(self) -> str:
        """The field's strategy, of a prediction `with_counts`."""
        name: str = getattr(self, "field_strategy")  # noqa: B009
        return name

    def set_prior(self, prior: Sequence[float]) -> None:
        """Let refitted heads say what is believed before any vote."""
        self.prior_class1, self.prior_class2, self.prior_class3, self.prior_class4 = prior

    def set_place(self, candidate: Candidate, votes: Sequence[int]) -> bool:
        """Set in whose pool it waits, and for how much; whether anything moved."""
        before = self.queue_id
        waits = candidate.open and not candidate.control
        self.queue_id = candidate.field_id if waits else None
        return self.set_priority(votes, candidate.field.strategy) or self.queue_id != before

    def set_priority(self, votes: Sequence[int], strategy: str) -> bool:
        """Set what another answer is worth after so many votes for each class; whether it moved."""
        before = self.priority
        self.priority = self._value(votes, strategy)
        return self.priority != before

    def _value(self, votes: Sequence[int], strategy: str) -> float:
        if strategy == Strategy.RANDOM:
            return by_chance(self.candidate_id)
        if strategy == Strategy.MARGIN:
            return margin(self.prior, votes)
        own = {Strategy.BALD: self.mutual_information, Strategy.DIVERSE: self.diversity}
        if (value := own.get(Strategy(strategy))) is not None:
            return in_proportion(value, self.prior, votes)
        if any(votes) or self.prior_class1 is not None:
            return worth(self.prior, votes)
        return self.entropy


PLACED = Change(Prediction, "queue", "priority")
REORDERED = ChangeMany(Prediction, *PRIOR, "priority")
_PRIORITIES = ChangeMany(Prediction, "priority")
