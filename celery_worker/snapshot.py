"""Read the snapshot of labels that a job trains on, and report what the classifier refuses."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

import classifier
from celery_worker.errors import InvalidJob
from labeling.files.stored_files import DamagedFile


@contextmanager
def refusals_as_invalid_jobs() -> Iterator[None]:
    """Raise InvalidJob for those errors whose messages are meant for people."""
    try:
        yield
    except (
        classifier.NotTrainable,
        classifier.PackError,
        classifier.RunError,
        classifier.DivergedError,
        DamagedFile,
    ) as error:
        raise InvalidJob(str(error)) from error


def read_snapshot(path: Path, sha256: str, job: str = "run") -> classifier.Manifest:
    """Return the training set in a file.

    Raises InvalidJob if the file is missing or its SHA-256 is another; the message then asks for
    a new `job`.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise InvalidJob(f"{path} is missing; queue a new {job}.") from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise InvalidJob(f"{path} was changed after its snapshot was taken; queue a new {job}.")
    return classifier.Manifest.read(path, settings.PACKS)
