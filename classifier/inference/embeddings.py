"""What each member's matrix reads of each candidate, kept so that the matrix alone can be refitted.

A Zarr group of `features` (M, N, F) float16, `candidate` (N,) ids, and `missing_bands` (N,), for M
members, N candidates, F features. Rows of unreadable candidates are NaN. `missing_bands` is
written last: a group without it was never finished.
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
"""Candidates of one member that are kept in one piece: 2 MB of 1024 features."""

AT_A_TIME = 8 * CHUNK
"""Candidates in memory when they are read: 50 MB, in float16 and in float32."""


def create(path: Path, members: int, manifest: Manifest, features: int) -> Any:
    """An array (M, N, F) on disk, all NaN, in place of embeddings that were there; `finish` it.

    Raises RunError where something else is there.
    """
    if path.exists() and _format_of(path) != FORMAT:
        raise RunError(f"{path} holds no embeddings that could be replaced: name a new folder.")
    group = zarr.open_group(path, mode="w", attributes={"format": FORMAT})
    group.create_array("candidate", data=manifest.candidate)
    return group.create_array(
        "features",
        shape=(members, len(manifest), features),
        chunks=(1, min(CHUNK, max(1, len(manifest))), features),
        dtype="float16",
        fill_value=np.nan,
        # The last bits of features are noise: to compress them saves little and takes time.
        compressors=None,
    )


def _format_of(path: Path) -> object:
    try:
        return zarr.open_group(path, mode="r").attrs.get("format")
    except FileNotFoundError:
        return None


def finish(path: Path, missing_bands: NDArray[np.int64]) -> None:
    """Add how many bands each candidate (N,) lacks, now that all features are there."""
    zarr.open_group(path, mode="a").create_array("missing_bands", data=missing_bands)


@dataclass(frozen=True)
class Embeddings:
    """A finished group, whose features stay on disk."""

    candidate: NDArray[np.int64]
    """(N,) ids, in the order of the manifest."""
    missing_bands: NDArray[np.int64]
    """(N,)."""
    features: Any
    """(M, N, F) float16."""

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read what a run left at `path`. Raises RunError where it left nothing, or not all."""
        try:
            group: Any = zarr.open_group(path, mode="r")
            if (written := group.attrs.get("format")) != FORMAT:
                raise RunError(f"{path} holds embeddings in another format ({written!r}).")
            return cls(group["candidate"][:], group["missing_bands"][:], group["features"])
        except (FileNotFoundError, KeyError) as error:
            raise RunError(f"{path} does not hold the embeddings of a run ({error}).") from error

    def of_member(
        self, member: int, positions: NDArray[np.int64]
    ) -> Iterator[tuple[NDArray[np.int64], Tensor]]:
        """Features (B, F) float32 at rising positions (n,), by AT_A_TIME, with their places in it.

        The places (B,) count in `positions`.
        """
        for first in range(0, len(self.candidate), AT_A_TIME):
            low, high = np.searchsorted(positions, (first, first + AT_A_TIME))
            if low < high:
                # From the first to the last that is wanted, as stretches are read faster than rows.
                begin, end = int(positions[low]), int(positions[high - 1]) + 1
                stretch = torch.from_numpy(self.features[member, begin:end])
                if len(stretch) > high - low:
                    stretch = stretch[torch.from_numpy(positions[low:high] - begin)]
                yield np.arange(low, high), stretch.float()
