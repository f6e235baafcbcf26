"""Predictions of a network as arrays, on their way to the rows of `Prediction`.

Shapes  N candidates, K = 4 classes.
NaN     mutual information of one network alone, diversity of candidates that have none.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from classifier.core.classes import PROBABILITY_COLUMNS
from classifier.core.uncertainty import entropy
from labeling.rules.strategies import Opinions


@dataclass(frozen=True)
class PredictionArrays:
    """A network's predictions for N candidates."""

    candidate_N: NDArray[np.int64]
    """Primary keys."""
    label_N: NDArray[np.int64]
    """Most probable class, from 1."""
    probability_NK: NDArray[np.float64]
    entropy_N: NDArray[np.float64]
    ensemble_agreement_N: NDArray[np.float64]
    """Share of the members that name the most probable class."""
    mutual_information_N: NDArray[np.float64]
    diversity_N: NDArray[np.float64]

    def __post_init__(self) -> None:
        """Refuse arrays of different lengths."""
        if len({len(values) for values in vars(self).values()}) > 1:
            lengths = {name: len(values) for name, values in vars(self).items()}
            raise ValueError(f"Predictions for different numbers of candidates: {lengths}.")

    @classmethod
    def of_one_network(
        cls,
        candidate_N: NDArray[np.int64],
        label_N: NDArray[np.int64],
        probability_NK: NDArray[np.float64],
    ) -> Self:
        """Return the predictions of one network, which agrees with itself."""
        count = len(candidate_N)
        unknown_N = np.full(count, np.nan)
        entropy_N = entropy(probability_NK)
        return cls(
            candidate_N, label_N, probability_NK, entropy_N, np.ones(count), unknown_N, unknown_N
        )

    @classmethod
    def of_no_candidate(cls) -> Self:
        """Return the predictions for no candidate."""
        whole, real = np.empty(0, np.int64), np.empty(0)
        probability_NK = np.empty((0, len(PROBABILITY_COLUMNS)))
        return cls(whole, whole, probability_NK, real, real, real, real)

    def among(self, candidates: Iterable[int]) -> Self:
        """Return the predictions for those of these candidates that have one."""
        rows_N = np.isin(self.candidate_N, np.fromiter(candidates, np.int64))
        return type(self)(**{name: values[rows_N] for name, values in vars(self).items()})

    @property
    def opinions(self) -> Opinions:
        """The same as the network's opinions before any vote."""
        return Opinions(
            candidate_N=self.candidate_N,
            prior_NK=self.probability_NK,
            refitted_N=np.zeros(len(self.candidate_N), dtype=bool),
            entropy_N=self.entropy_N,
            mutual_information_N=self.mutual_information_N,
            diversity_N=self.diversity_N,
        )

    def columns(self) -> dict[str, NDArray[Any]]:
        """Return the columns (N,) of the rows by name."""
        return {
            "candidate_id": self.candidate_N,
            "label": self.label_N,
            **dict(zip(PROBABILITY_COLUMNS, self.probability_NK.T, strict=True)),
            "entropy": self.entropy_N,
            "ensemble_agreement": self.ensemble_agreement_N,
            "mutual_information": self.mutual_information_N,
            "diversity": self.diversity_N,
        }
