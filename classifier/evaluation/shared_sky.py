"""Accuracy on control candidates without a training label near, beside that on the others.

Near is within the width of the square that the network sees in prediction. Views in training that
are rotated or larger reach further at their corners.
"""

from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from classifier.core.statistics import Proportion


@dataclass(frozen=True)
class SharedSky:
    """Accuracy on the control sample by whether a training candidate is within a stamp's width."""

    width_px: int
    """Side of the square that the network sees in prediction, in px of the stamps."""
    apart: Proportion
    """On candidates without a training label within the width."""
    shared: Proportion
    """On candidates with one."""
    unknown: Proportion
    """On candidates whose position is not known."""

    @classmethod
    def measure(
        cls,
        right_N: NDArray[np.bool_],
        apart_N: NDArray[np.bool_],
        placed_N: NDArray[np.bool_],
        width_px: int,
    ) -> Self:
        """Return the accuracies of right answers (N,), by the sky and whether it is known (N,)."""
        samples = (placed_N & apart_N, placed_N & ~apart_N, ~placed_N)
        parts = [right_N[sample] for sample in samples]
        return cls(width_px, *(Proportion.measure(int(n.sum()), len(n)) for n in parts))

    @property
    def shared_share(self) -> float | None:
        """Share of the candidates with a position that share sky with the training."""
        placed = self.apart.of + self.shared.of
        return self.shared.of / placed if placed else None

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {**asdict(self), "shared_share": self.shared_share}
