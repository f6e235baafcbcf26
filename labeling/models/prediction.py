"""Predictions: class probabilities of a candidate, and its position in the queue."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from math import isclose
from typing import Any, Self

import numpy as np
from django.db import models
from django.db.models import Case, F, Q, When
from django.db.models.functions import Coalesce

from classifier.core.classes import MorphologicalClass
from labeling.classes import CLASS_CHOICES
from labeling.db.bulk import BATCH_SIZE, BulkInsert, BulkUpdate, batches
from labeling.db.prepared import Param, PreparedQuery, Update
from labeling.models.consensus import Consensus
from labeling.models.field import Field
from labeling.rules.prediction_arrays import PredictionArrays
from labeling.rules.strategies import Opinions, acquisition_values


class PredictionQuerySet(models.QuerySet["Prediction"]):
    """Queries about predictions, and bulk writes."""

    def promoted(self) -> Self:
        """Predictions of promoted runs, which the queue and the exports use."""
        return self.filter(run=F("candidate__field__promoted_run"))

    def with_queue_inputs(self) -> Self:
        """Annotate what sets the queue: the field if it waits for votes, strategy and votes."""
        waits = Q(candidate__open=True, candidate__control=False)
        return self.annotate(
            **_COUNTS,
            strategy=F("candidate__field__strategy"),
            waits_in=Case(When(waits, then=F("candidate__field"))),
        )

    def forget_priors(self) -> None:
        """Order by the run's own probabilities again; the caller holds the field's lock."""
        refitted = list(self.exclude(prior_class1=None).values_list("pk", flat=True))
        for batch in batches(refitted):
            rows = self.filter(pk__in=batch)
            rows.update(**dict.fromkeys(PRIOR))
            rows.update_queue()

    def write(
        self, run_id: int, predictions: PredictionArrays, waiting: Iterable[tuple[int, int]]
    ) -> dict[int, str]:
        """Insert a run's predictions with their acquisition values.

        `waiting` are pairs of candidate and field of the training pools. Candidates voted on
        meanwhile are right after `update_queue_of_voted`. Returns the strategy used for each field.
        """
        strategies = dict(Field.objects.values_list("pk", "strategy"))
        candidate_N = predictions.candidate_N
        queue_N = np.zeros_like(candidate_N)
        pairs = np.array(list(waiting), dtype=np.int64).reshape(-1, 2)
        _, position, pair = np.intersect1d(candidate_N, pairs[:, 0], return_indices=True)
        queue_N[position] = pairs[pair, 1]

        counts_NK = Consensus.objects.filter(
            candidate__field__in=np.unique(pairs[:, 1]).tolist()
        ).counts(candidate_N)
        priority_N = np.zeros(len(candidate_N))
        for field, strategy in strategies.items():
            waits_N = queue_N == field
            priority_N[waits_N] = acquisition_values(
                strategy, predictions.opinions[waits_N], counts_NK[waits_N]
            )
        columns = predictions.columns() | {
            "run_id": np.full_like(candidate_N, run_id),
            "queue_id": np.ma.masked_equal(queue_N, 0),
            "priority": priority_N,
        }
        BulkInsert(Prediction, *columns)(columns)
        return strategies

    def update_queue_of_voted(self, field: Field) -> None:
        """Update the queue for the candidates of a field that have votes or a ruling.

        No others change. The caller keeps votes out by the field's lock.
        """
        voted = Consensus.objects.filter(candidate__field=field).values_list("candidate", flat=True)
        for batch in batches(list(voted.order_by("candidate"))):
            self.filter(candidate__in=batch).update_queue()

    def update_queue(self) -> None:
        """Set the queue and acquisition value of each row, where anything may have changed them.

        The caller keeps votes out by the field's lock.
        """
        rows = self.with_queue_inputs().iterator(BATCH_SIZE)
        changed: list[Prediction] = []
        while batch := list(islice(rows, BATCH_SIZE)):
            changed += set_annotated_queues(batch)
        _UPDATE_QUEUES(changed)


PREDICTIONS_TO_QUEUE: PreparedQuery[Prediction] = PreparedQuery(
    lambda: Prediction.objects.filter(candidate=Param("candidate"), run__gte=Param("run"))
)
"""Predictions of a candidate that every vote updates: by the promoted run and later ones."""

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
    def calibrated(self) -> list[float] | None:
        """Probabilities after calibration; None where control labels determine no temperature."""
        calibrated: list[float] | None = self.run.calibration.calibrated(self.probabilities)
        return calibrated

    @property
    def raw_and_calibrated(self) -> list[tuple[float, float | None]]:
        """Pairs of the two probabilities of each class; the second may be None."""
        return list(zip(self.probabilities, self.calibrated or (None,) * 4, strict=True))

    @property
    def prior(self) -> tuple[float, float, float, float]:
        """Probabilities before any vote: by the refitted heads, else by the run's own."""
        if self.prior_class1 is None:
            return self.probabilities
        return tuple(getattr(self, name) for name in PRIOR)

    def set_prior(self, prior: Sequence[float]) -> None:
        """Set the probabilities of refitted heads."""
        self.prior_class1, self.prior_class2, self.prior_class3, self.prior_class4 = prior

    def set_queue(self, queue: int | None, strategy: str, counts: Sequence[int]) -> bool:
        """Set the field in whose pool it waits, if any, and its value; True if either changed."""
        value = 0.0
        if queue is not None:
            (value,) = acquisition_values(strategy, prior_opinions([self]), np.array([counts]))
        return self.store_queue(queue, float(value))

    def store_queue(self, queue: int | None, value: float) -> bool:
        """Set the field in whose pool it waits, and its value; True if either changed."""
        # Logarithms and sums differ in the last digit between processors and numpy versions.
        if self.queue_id == queue and isclose(self.priority, value, rel_tol=1e-9, abs_tol=1e-12):
            return False
        self.queue_id, self.priority = queue, value
        return True


def prior_opinions(rows: Sequence[Prediction]) -> Opinions:
    """Return the opinions before any vote of rows of predictions."""
    return Opinions(
        candidate_N=np.array([row.candidate_id for row in rows], dtype=np.int64),
        prior_NK=np.array([row.prior for row in rows], dtype=float),
        refitted_N=np.array([row.prior_class1 is not None for row in rows], dtype=bool),
        entropy_N=np.array([row.entropy for row in rows], dtype=float),
        # None becomes NaN.
        mutual_information_N=np.array([row.mutual_information for row in rows], dtype=float),
        diversity_N=np.array([row.diversity for row in rows], dtype=float),
    )


def set_annotated_queues(rows: Sequence[Any]) -> list[Prediction]:
    """Set queue and value of rows from `with_queue_inputs`; return those that changed."""
    changed = [row for row in rows if row.waits_in is None and row.store_queue(None, 0.0)]
    waiting = [row for row in rows if row.waits_in is not None]
    for strategy in {row.strategy for row in waiting}:
        pool = [row for row in waiting if row.strategy == strategy]
        counts_NK = np.array([[getattr(row, name) for name in _COUNTS] for row in pool])
        values = acquisition_values(strategy, prior_opinions(pool), counts_NK).tolist()
        changed += [
            row
            for row, value in zip(pool, values, strict=True)
            if row.store_queue(row.waits_in, value)
        ]
    return changed


UPDATE_QUEUE = Update(Prediction, "queue", "priority")
UPDATE_PRIORS = BulkUpdate(Prediction, *PRIOR, "priority")
_UPDATE_QUEUES = BulkUpdate(Prediction, "queue", "priority")
