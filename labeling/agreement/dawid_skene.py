"""Dawid & Skene's model of the votes: estimates each rater's errors, never sets a label.

Each rater has a confusion matrix and each object a latent class; both are fitted together.

Shapes   K = 4 classes; matrices (K, K), rows are latent classes, columns a rater's answers.
Source   Dawid & Skene 1979, Appl. Stat. 28, 20, as implemented in crowd-kit.
Errors   crowd-kit comes with the extra `diagnosis`; without it `diagnose` raises
         DiagnosisUnavailable.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from math import inf
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from classifier.core.classes import CLASSES

if TYPE_CHECKING:
    import pandas

INSTALLED = find_spec("crowdkit") is not None
ITERATIONS = 30
MIN_OBJECTS = 0.5
"""Expected number of a rater's objects in a latent class below which their shares are undefined:
the fit gives every class a trace of every object."""

Answer = tuple[Hashable, Hashable, int]
"""Object, rater, class; one rater may answer about an object several times."""


class DiagnosisUnavailable(Exception):
    """crowd-kit is not installed."""


@dataclass(frozen=True)
class Diagnosis:
    """The fitted model."""

    priors: tuple[float, ...]
    """Share of each latent class."""
    matrices: Mapping[Hashable, tuple[tuple[float, ...], ...]]
    """Confusion matrix of each rater; rows add up to 1, or are NaN for a class in which the
    rater has no objects."""
    posteriors: Mapping[Hashable, tuple[float, ...]]
    """Probability of each class, by object."""

    def most_probable(self, key: Hashable) -> tuple[int, float]:
        """Return an object's most probable class, and its probability."""
        posterior = self.posteriors[key]
        probability = max(posterior)
        return CLASSES[posterior.index(probability)], probability


@dataclass(frozen=True)
class ModelDisagreement:
    """An object whose most probable class is not its consensus label."""

    key: Hashable
    label: int
    preferred: int
    probability: float


def diagnose(answers: Iterable[Answer]) -> Diagnosis:
    """Fit the model to at least one class vote, 1 to 4. Raises DiagnosisUnavailable."""
    if not INSTALLED:
        raise DiagnosisUnavailable(
            "crowd-kit is not installed: run pip install '.[diagnosis]' in Asterism's folder, and"
            " restart the web server."
        )
    import pandas  # noqa: PLC0415
    from crowdkit.aggregation import DawidSkene  # noqa: PLC0415

    votes = pandas.DataFrame(list(answers), columns=["task", "worker", "label"])
    # crowd-kit's default tolerance stops when its bound falls, sometimes at the second step.
    model = DawidSkene(n_iter=ITERATIONS, tol=-inf)
    classes = list(CLASSES)
    posteriors = model.fit_predict_proba(votes).reindex(columns=classes, fill_value=0.0)
    priors: pandas.Series[float] = model.priors_
    errors: pandas.DataFrame = model.errors_
    # Rows of one rater's objects, columns of latent classes.
    objects = posteriors.loc[votes["task"]].set_index(votes["worker"]).groupby(level=0).sum()
    return Diagnosis(
        priors=tuple(priors.reindex(classes, fill_value=0.0).tolist()),
        matrices={
            rater: tuple(
                map(tuple, _confusion_matrix(rows.droplevel("worker"), objects.loc[rater]).tolist())
            )
            for rater, rows in errors.groupby(level="worker")
        },
        posteriors=dict(
            zip(posteriors.index, map(tuple, posteriors.to_numpy().tolist()), strict=True)
        ),
    )


def model_disagreements(
    diagnosis: Diagnosis, consensus: Mapping[int, int]
) -> list[ModelDisagreement]:
    """Return objects whose most probable class is not their label, most probable first."""
    disagreements = []
    for key, label in consensus.items():
        if key in diagnosis.posteriors:
            preferred, probability = diagnosis.most_probable(key)
            if preferred != label:
                disagreements.append(ModelDisagreement(key, label, preferred, probability))
    return sorted(disagreements, key=lambda disagreement: -disagreement.probability)


def _confusion_matrix(
    errors: pandas.DataFrame, objects: pandas.Series[float]
) -> NDArray[np.float64]:
    """Return one rater's matrix (K, K), NaN in the rows of classes with too few objects.

    crowd-kit has the answers in its rows.
    """
    classes = list(CLASSES)
    by_answer = errors.reindex(index=classes, columns=classes, fill_value=0.0)
    matrix_KK: NDArray[np.float64] = by_answer.T.to_numpy(copy=True)
    matrix_KK[objects.to_numpy() < MIN_OBJECTS] = np.nan
    return matrix_KK
