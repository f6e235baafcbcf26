"""Paths of the files of training runs, by the number of the run."""

from pathlib import Path

from django.conf import settings


def directory(run: int) -> Path:
    """The folder of a run."""
    return Path(settings.RUNS) / str(run)


def embeddings(run: int) -> Path:
    """The embeddings that its members computed; older and imported runs have none."""
    return directory(run) / "embeddings.zarr"
