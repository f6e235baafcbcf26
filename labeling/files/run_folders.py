"""Where training runs keep their files, for those who know a run only by its number."""

from pathlib import Path

from django.conf import settings


def directory(run: int) -> Path:
    """The folder of a run."""
    return Path(settings.RUNS) / str(run)


def embeddings(run: int) -> Path:
    """What its members see of each candidate; runs before it was kept, and others', have none."""
    return directory(run) / "embeddings.zarr"
