"""The consensus of a candidate as a row: always what `rules.consensus` makes of the votes."""

from __future__ import annotations

from dataclasses import fields
from math import isclose
from typing import Any, Self

import numpy as np
from django.db import models
from numpy.typing import NDArray

from classifier.core.classes import VOTE_COLUMNS
from labeling.classes import CLASS_CHOICES
from labeling.db.prepared import Upsert
from labeling.rules.consensus import (
    RULE_VERSION,
    SETTLED,
    ConsensusProvenance,
    ConsensusStatus,
    Verdict,
)


class ConsensusQuerySet(models.QuerySet["Consensus"]):
    """Queries about consensus rows."""

    def settled(self) -> Self:
        """Rows with a label."""
        return self.filter(status__in=SETTLED)

    def counts(self, candidate_N: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the votes (N, K) for each class on these candidates, all different."""
        rows = self.filter(n_votes__gt=0).values_list("candidate", *VOTE_COLUMNS)
        voted = np.array(list(rows), dtype=np.int64).reshape(-1, 1 + len(VOTE_COLUMNS))
        counts_NK = np.zeros((len(candidate_N), len(VOTE_COLUMNS)), dtype=np.int64)
        _, position, row = np.intersect1d(candidate_N, voted[:, 0], return_indices=True)
        counts_NK[position] = voted[row, 1:]
        return counts_NK

    def ties(self) -> Self:
        """Rows of candidates that wait for a curator."""
        return self.filter(status=ConsensusStatus.TIE)


class Consensus(models.Model):
    """The verdict on the live votes on a candidate; always recomputed from all of them."""

    candidate = models.OneToOneField("Candidate", models.CASCADE, primary_key=True)
    label = models.PositiveSmallIntegerField(choices=CLASS_CHOICES, null=True)
    status = models.CharField(
        choices=ConsensusStatus, default=ConsensusStatus.INSUFFICIENT, max_length=12
    )
    n_votes = models.PositiveSmallIntegerField(default=0)
    n_class1 = models.PositiveSmallIntegerField(default=0)
    n_class2 = models.PositiveSmallIntegerField(default=0)
    n_class3 = models.PositiveSmallIntegerField(default=0)
    n_class4 = models.PositiveSmallIntegerField(default=0)
    n_unsure = models.PositiveSmallIntegerField(default=0)
    agreement = models.FloatField(null=True)
    class_mean = models.FloatField(null=True)
    vote_entropy = models.FloatField("vote entropy (nats)", null=True)
    provenance = models.PositiveSmallIntegerField(
        choices=ConsensusProvenance, default=ConsensusProvenance.NETWORK
    )
    rule_version = models.PositiveSmallIntegerField(default=RULE_VERSION)

    objects = ConsensusQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "consensus"
        indexes = [models.Index(fields=["status"])]

    def __str__(self) -> str:
        return f"{self.candidate}: {self.label or self.status}"

    @classmethod
    def of(cls, candidate_id: int, verdict: Verdict) -> Consensus:
        """Return the unsaved row of a candidate's verdict."""
        return cls(candidate_id=candidate_id, **_columns(verdict))

    def differences(self, verdict: Verdict) -> list[str]:
        """Return the names of columns in which this row differs from the verdict."""
        return [
            name
            for name, value in _columns(verdict).items()
            if not _equal(getattr(self, name), value)
        ]


def _columns(verdict: Verdict) -> dict[str, Any]:
    """Return the verdict as values of the table's columns."""
    values = {f.name: getattr(verdict, f.name) for f in fields(verdict)}
    counts = values.pop("counts")
    return values | dict(zip(VOTE_COLUMNS, counts, strict=True))


def _equal(stored: Any, value: Any) -> bool:
    """Return True if two values are equal, floats up to the rounding of sums and logarithms."""
    if isinstance(stored, float) and isinstance(value, float):
        # Another Python, numpy or processor may give another last digit.
        return isclose(stored, value, rel_tol=1e-9)
    return bool(stored == value)


WRITE_CONSENSUS = Upsert(Consensus, "candidate")
"""Insert the consensus of a candidate, or replace it."""
