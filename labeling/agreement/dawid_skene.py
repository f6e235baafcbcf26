"""Who errs how, by the votes alone: Dawid & Skene's model, as diagnosis and never as the label.

Each rater has a confusion matrix, each object a latent class; both are fitted together (Dawid &
Skene 1979, Appl. Stat. 28, 20; crowd-kit). A posterior is the model's opinion of the votes: a
consensus label stays what the votes say by a rule that people can follow.

crowd-kit comes with the extra `diagnosis`; without it `diagnose` raises DiagnosisUnavailable.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from math import inf
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from labeling.agreement.pairs import CLASSES

if TYPE_CHECKING:
    import pandas

INSTALLED = find_spec("crowdkit") is not None
ITERATIONS = 30
Answer = tuple[Hashable, Hashable, int]
"""Object, rater, class; one rater may answer about an object several times."""


class DiagnosisUnavailable(Exception):
    """crowd-kit is not there."""


@dataclass(frozen=True)
class Diagnosis:
    """What the model makes of the votes."""

    priors: tuple[float, ...]
    """Share of each latent class."""
    matrices: Mapping[Hashable, tuple[tuple[float, ...], ...]]
    """By rater: rows are latent classes, columns the rater's answers; rows add up to 1."""
    posteriors: Mapping[Hashable, tuple[float, ...]]
    """By object: probability of each class."""

    def most_probable(self, key: Hashable) -> tuple[int, float]:
        """The class that the model prefers for an object, and its probability."""
        posterior = self.posteriors[key]
        probability = max(posterior)
        return CLASSES[posterior.index(probability)], probability


@dataclass(frozen=True)
class ModelDisagreement:
    """An object for which the model prefers another class than the consensus."""

    key: Hashable
    label: int
    preferred: int
    probability: float


def diagnose(answers: Iterable[Answer]) -> Diagnosis:
    """Fit the model to class votes 1 to 4; needs at least one."""
    if not INSTALLED:
        raise DiagnosisUnavailable(
            "crowd-kit is not installed: run pip install '.[diagnosis]' in Asterism's folder, and"
            " restart the web server."
        )
    import pandas  # noqa: PLC0415
    from crowdkit.aggregation import DawidSkene  # noqa: PLC0415

    votes = pandas.DataFrame(list(answers), columns=["task", "worker", "label"])
    # By itself crowd-kit stops as soon as its bound falls, which it may do at the second step.
    model = DawidSkene(n_iter=ITERATIONS, tol=-inf)
    classes = list(CLASSES)
    posteriors = model.fit_predict_proba(votes).reindex(columns=classes, fill_value=0.0)
    priors: pandas.Series[float] = model.priors_
    errors: pandas.DataFrame = model.errors_
    return Diagnosis(
        priors=tuple(priors.reindex(classes, fill_value=0.0).tolist()),
        matrices={
            rater: tuple(map(tuple, _matrix(of_rater.droplevel("worker")).tolist()))
            for rater, of_rater in errors.groupby(level="worker")
        },
        posteriors=dict(
            zip(posteriors.index, map(tuple, posteriors.to_numpy().tolist()), strict=True)
        ),
    )


def model_disagreements(
    diagnosis: Diagnosis, consensus: Mapping[int, int]
) -> list[ModelDisagreement]:
    """Where the model prefers another class than the consensus, the surest first."""
    found = []
    for key, label in consensus.items():
        if key in diagnosis.posteriors:
            preferred, probability = diagnosis.most_probable(key)
            if preferred != label:
                found.append(ModelDisagreement(key, label, preferred, probability))
    return sorted(found, key=lambda difference: -difference.probability)


def _matrix(errors: pandas.DataFrame) -> NDArray[np.float64]:
    """One rater's matrix with a row for each latent class; crowd-kit has answers in its rows."""
    classes = list(CLASSES)
    full: NDArray[np.float64] = errors.reindex(
        index=classes, columns=classes, fill_value=0.0
    ).T.to_numpy()
    return full
