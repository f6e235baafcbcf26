"""The share of consensus labels that are right, estimated from the votes alone.

A network that is always right agrees with the labels that often. One that has learnt the voters'
mistakes may agree with them more often. Where people agree rarely, the share is low.

Model    each candidate has a true class, and each vote on it is drawn from the row of that class in
         one confusion matrix, that of all voters together. Fitted by expectation and maximisation,
         with the pseudo-counts below. One matrix, since a control sample may have many voters
         with few votes each.
Interval of the labels of this sample: the fits to bootstrap samples of the candidates, and of each
         fit one draw of which labels are right.
Limits   candidates that mislead all voters in the same way look agreed: their wrong labels are not
         seen, and the true share is lower.
Shapes   P different counts of votes, K = 4 classes, B bootstrap samples.
Source   Dawid & Skene 1979, Appl. Stat. 28, 20, with one matrix for all observers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classifier.core.statistics import percentile_interval

MIN_CANDIDATES = 50
"""Labelled candidates with `MIN_VOTES` below which nothing is estimated: with 20, the estimate was
5 points too low on average, and the interval 45 points wide."""

MIN_VOTES = 3
"""Class votes on a candidate without which the confusion is not determined."""

PSEUDO_VOTES = 0.5
"""Added to each cell of the confusion: keeps the fits to few votes from certainty."""

PSEUDO_CANDIDATES = 1.0
"""Added to each class."""

ITERATIONS = 200
RESAMPLES = 300
RESAMPLE_ITERATIONS = 60
"""Fewer, since they start from the fit to all candidates."""

SEED = 20
"""Fixed, so that the same votes give the same interval."""


@dataclass(frozen=True)
class LabelAccuracy:
    """The estimated share of right labels, and its interval."""

    value: float
    low: float
    high: float


def label_accuracy(
    votes: Mapping[int, tuple[int, ...]], labels: Mapping[int, int]
) -> LabelAccuracy | None:
    """Estimate the share of these labels that are right; None for too few votes.

    `votes` are the numbers of votes for each class, by candidate, also of those without a label.
    """
    counts = {pk: (*count, labels.get(pk, 0)) for pk, count in votes.items() if sum(count)}
    enough = [pk for pk in labels if sum(votes.get(pk, ())) >= MIN_VOTES]
    if len(enough) < MIN_CANDIDATES:
        return None
    rows = np.array(list(counts.values()), dtype=np.int64)
    rows_PK, size_P = np.unique(rows, axis=0, return_counts=True)
    counts_PK, label_P = rows_PK[:, :-1].astype(float), rows_PK[:, -1]
    rng = np.random.default_rng(SEED)
    resampled_BP = rng.multinomial(len(rows), size_P / len(rows), size=RESAMPLES)
    start_1PK = (counts_PK / counts_PK.sum(axis=1, keepdims=True))[None]
    fit_1PK = _fit(counts_PK, size_P[None], start_1PK, ITERATIONS)
    refits_BPK = _fit(counts_PK, resampled_BP, fit_1PK, RESAMPLE_ITERATIONS)
    labelled = np.flatnonzero(label_P)
    right_1P, right_BP = (
        fit[:, labelled, label_P[labelled] - 1].clip(0, 1) for fit in (fit_1PK, refits_BPK)
    )
    of_P = size_P[labelled]
    drawn_B = rng.binomial(of_P, right_BP).sum(axis=1) / of_P.sum()
    return LabelAccuracy(float(right_1P[0] @ of_P / of_P.sum()), *percentile_interval(drawn_B))


def _fit(
    counts_PK: NDArray[np.float64],
    size_BP: NDArray[np.int64],
    posterior_BPK: NDArray[np.float64],
    iterations: int,
) -> NDArray[np.float64]:
    """Return the probability (B, P, K) of each class, of so many candidates with these counts."""
    for _ in range(iterations):
        expected_BPK = size_BP[:, :, None] * posterior_BPK
        prior_BK = expected_BPK.sum(axis=1) + PSEUDO_CANDIDATES
        prior_BK /= prior_BK.sum(axis=1, keepdims=True)
        # (B, K, P) @ (P, K): rows are true classes, columns votes
        confusion_BKK = expected_BPK.transpose(0, 2, 1) @ counts_PK + PSEUDO_VOTES
        confusion_BKK /= confusion_BKK.sum(axis=2, keepdims=True)
        logits_BPK = counts_PK @ np.log(confusion_BKK).transpose(0, 2, 1)
        logits_BPK += np.log(prior_BK)[:, None, :]
        weights_BPK = np.exp(logits_BPK - logits_BPK.max(axis=2, keepdims=True))
        posterior_BPK = weights_BPK / weights_BPK.sum(axis=2, keepdims=True)
    return posterior_BPK
