"""Predictions: what an ensemble says of a candidate."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, Self

from django.db import models
from django.db.models import Case, F, Q, When
from django.db.models.functions import Coalesce

from classifier.core.classes import PROBABILITY_COLUMNS, MorphologicalClass
from labeling.classes import CLASS_CHOICES
from labeling.db.bulk import BATCH_SIZE, BulkInsert, BulkUpdate, batches
from labeling.db.prepared import Param, PreparedQuery, Update
from labeling.models.consensus import Consensus
from labeling.models.field import Field
from labeling.rules.strategies import NO_VOTES, Opinion, value


class PredictionQuerySet(models.QuerySet["Prediction"]):
    """Questions about predictions."""

    def promoted(self) -> Self:
        """Those that the queue and the exports use."""
        return self.filter(run=F("candidate__field__promoted_run"))

    def with_queue_inputs(self) -> Self:
        """Adds what decides a row's place: the field's strategy, whose pool, and the votes."""
        waits = Q(candidate__open=True, candidate__control=False)
        return self.annotate(
            **_COUNTS,
            strategy=F("candidate__field__strategy"),
            waits_in=Case(When(waits, then=F("candidate__field"))),
        )

    def forget_priors(self) -> None:
        """Let the run's own probabilities be the prior again; the caller holds the field's lock."""
        refitted = list(self.exclude(prior_class1=None).values_list("pk", flat=True))
        for some in batches(refitted):
            rows = self.filter(pk__in=some)
            rows.update(**dict.fromkeys(PRIOR))
            rows.update_queue()

    def write(
        self,
        run_id: int,
        predictions: Iterable[Mapping[str, Any]],
        waiting: Mapping[int, int],
    ) -> dict[int, str]:
        """Store a run's predictions, all of the same columns, each at its place.

        `waiting` has the field of each candidate of a pool that waits. What is voted on while they
        are written has its true place after `update_queue_of_voted`. Returns the strategy of each
        field that it went by.
        """
        strategies = dict(Field.objects.values_list("pk", "strategy"))
        rows = iter(predictions)
        if (first := next(rows, None)) is None:
            return strategies
        counts = Consensus.objects.filter(candidate__field__runs=run_id).counts()

        def placed(values: Mapping[str, Any]) -> list[Any]:
            candidate = values["candidate_id"]
            queue, worth = waiting.get(candidate), 0.0
            if queue is not None:
                opinion = Opinion(
                    candidate,
                    [values[name] for name in PROBABILITY_COLUMNS],
                    own=True,
                    entropy=values["entropy"],
                    mutual_information=values.get("mutual_information"),
                    diversity=values.get("diversity"),
                )
                worth = value(strategies[queue], opinion, counts.get(candidate, NO_VOTES))
            return [*values.values(), run_id, queue, worth]

        load = BulkInsert(Prediction, *first, "run_id", "queue_id", "priority")
        load(placed(values) for values in chain([first], rows))
        return strategies

    def update_queue_of_voted(self, field: Field) -> None:
        """Set the places right of what anybody in a field has voted or ruled on.

        Only there a place changes. The caller keeps votes out by the field's lock.
        """
        voted = Consensus.objects.filter(candidate__field=field).values_list("candidate", flat=True)
        for some in batches(list(voted.order_by("candidate"))):
            self.filter(candidate__in=some).update_queue()

    def update_queue(self) -> None:
        """Set all places in the queue right, where anything may have moved them.

        The caller keeps votes out by the field's lock.
        """
        moved = [
            row
            for row in self.with_queue_inputs().iterator(BATCH_SIZE)
            if row.set_annotated_queue()
        ]
        _UPDATE_QUEUES(moved)


PREDICTIONS_TO_QUEUE: PreparedQuery[Prediction] = PreparedQuery(
    lambda: Prediction.objects.filter(candidate=Param("candidate"), run__gte=Param("run"))
)
"""A candidate's predictions whose places every vote sets right: promoted, or not yet."""

_COUNTS: dict[str, Any] = {
    f"votes{label}": Coalesce(f"candidate__consensus__n_class{label}", 0)
    for label in MorphologicalClass
}


PRIOR = ("prior_class1", "prior_class2", "prior_class3", "prior_class4")


class Prediction(models.Model):
    """Class probabilities of one candidate by one run's ensemble mean."""

    # Found by the index of its constraint.
    run = models.ForeignKey(
        "TrainingRun", models.CASCADE, related_name="predictions", db_index=False
    )
    # Candidates are never deleted. To check each of a million when a network's predictions are
    # stored would lock it, and write it anew, under those who vote meanwhile.
    candidate = models.ForeignKey(
        "Candidate", models.CASCADE, related_name="predictions", db_constraint=False
    )
    label = models.PositiveSmallIntegerField(choices=CLASS_CHOICES)
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
        default=0.0,
        editable=False,
        help_text="What another answer is worth, by the field's strategy; 0 where none is needed.",
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

    def set_prior(self, prior: Sequence[float]) -> None:
        """Let refitted heads say what is believed before any vote."""
        self.prior_class1, self.prior_class2, self.prior_class3, self.prior_class4 = prior

    def set_queue(self, queue: int | None, strategy: str, votes: Sequence[int]) -> bool:
        """Set the field in whose pool it waits, if any, and for how much; whether it moved."""
        before = self.queue_id, self.priority
        self.queue_id = queue
        self.priority = 0.0 if queue is None else value(strategy, self.opinion, votes)
        return (self.queue_id, self.priority) != before

    def set_annotated_queue(self) -> bool:
        """Set its place by what `with_queue_inputs` has added; whether it moved."""
        known = vars(self)
        return self.set_queue(known["waits_in"], known["strategy"], [known[n] for n in _COUNTS])

    @property
    def opinion(self) -> Opinion:
        """What it says before any vote."""
        own = self.prior_class1 is None
        told = self.entropy, self.mutual_information, self.diversity
        return Opinion(self.candidate_id, self.prior, own, *told)


UPDATE_QUEUE = Update(Prediction, "queue", "priority")
UPDATE_PRIORS = BulkUpdate(Prediction, *PRIOR, "priority")
_UPDATE_QUEUES = BulkUpdate(Prediction, "queue", "priority")
