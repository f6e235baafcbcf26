"""Paths of the files of training runs, by the number of the run."""

from pathlib import Path

from django.conf import settings


def run_directory(run: int) -> Path:
    """Return the folder of a run."""
    return Path(settings.RUNS) / str(run)


def embeddings_path(run: int) -> Path:
    """Return the path of its members' embeddings; older and imported runs have none."""
    return run_directory(run) / "embeddings.zarr"
