"""Store the embeddings of candidates: the features that each member's head reads.

Heads can then be refitted without the backbones. The store is a Zarr group of `features` (M, N, F)
float16, `candidate` (N,) ids and `missing_bands` (N,), for M members, N candidates, F features.
Rows of unreadable candidates are NaN. `missing_bands` is written last: a group without it is not
finished.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
import zarr
from numpy.typing import NDArray
from torch import Tensor

from classifier.core.training_set import Manifest
from classifier.training.checkpoints import RunError

FORMAT = "asterism-embeddings/1"

CHUNK = 1024
"""Candidates of one member in one chunk on disk: 2 MB for 1024 features."""

AT_A_TIME = 8 * CHUNK
"""Candidates in memory while they are read: 50 MB, in float16 and in float32."""


def create(path: Path, members: int, manifest: Manifest, features: int) -> Any:
    """Create an array (M, N, F) on disk, all NaN, in place of earlier embeddings at `path`.

    Call `finish` after filling it. Raises RunError if something else is at `path`.
    """
    if path.exists() and _stored_format(path) != FORMAT:
        raise RunError(f"{path} does not hold embeddings to replace: name a new folder.")
    group = zarr.open_group(path, mode="w", attributes={"format": FORMAT})
    group.create_array("candidate", data=manifest.candidate)
    return group.create_array(
        "features",
        shape=(members, len(manifest), features),
        chunks=(1, min(CHUNK, max(1, len(manifest))), features),
        dtype="float16",
        fill_value=np.nan,
        # The last bits of features are noise: compression takes time and saves little.
        compressors=None,
    )


def finish(path: Path, missing_bands: NDArray[np.int64]) -> None:
    """Store the number of missing bands of each candidate (N,), after all features."""
    zarr.open_group(path, mode="a").create_array("missing_bands", data=missing_bands)


def _stored_format(path: Path) -> object:
    try:
        return zarr.open_group(path, mode="r").attrs.get("format")
    except FileNotFoundError:
        return None


@dataclass(frozen=True)
class Embeddings:
    """The embeddings of a run; the features stay on disk."""

    candidate: NDArray[np.int64]
    """(N,) ids, in the order of the manifest."""
    missing_bands: NDArray[np.int64]
    """(N,)."""
    features: Any
    """(M, N, F) float16; NaN for unreadable candidates."""

    @classmethod
    def read(cls, path: Path) -> Self:
        """Open the embeddings at `path`. Raises RunError if there are none, or not all."""
        try:
            group: Any = zarr.open_group(path, mode="r")
            if (stored := group.attrs.get("format")) != FORMAT:
                raise RunError(f"{path} holds embeddings in another format ({stored!r}).")
            return cls(group["candidate"][:], group["missing_bands"][:], group["features"])
        except (FileNotFoundError, KeyError) as error:
            raise RunError(f"{path} does not hold the embeddings of a run ({error}).") from error

    def of_member(
        self, member: int, positions: NDArray[np.int64]
    ) -> Iterator[tuple[NDArray[np.int64], Tensor]]:
        """Yield features (B, F) float32 of candidates at rising positions (n,), in parts.

        Each part comes with its indices (B,) in `positions`; at most AT_A_TIME candidates are read
        at once.
        """
        for first in range(0, len(self.candidate), AT_A_TIME):
            low, high = np.searchsorted(positions, (first, first + AT_A_TIME))
            if low < high:
                # One range from disk, from the first row to the last: faster than single rows.
                begin, end = int(positions[low]), int(positions[high - 1]) + 1
                rows = torch.from_numpy(self.features[member, begin:end])
                if len(rows) > high - low:
                    rows = rows[torch.from_numpy(positions[low:high] - begin)]
                yield np.arange(low, high), rows.float()
