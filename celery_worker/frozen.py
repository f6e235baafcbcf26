"""The classifier as a task meets it: given what was frozen, its refusals told as ours."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

import classifier
from celery_worker.unfit import Unfit


@contextmanager
def refusals_are_unfit() -> Iterator[None]:
    """What the classifier raises with a sentence that is meant for people is raised as Unfit."""
    try:
        yield
    except (
        classifier.NotTrainable,
        classifier.PackError,
        classifier.RunError,
        classifier.DivergedError,
    ) as reason:
        raise Unfit(str(reason)) from reason


def frozen_manifest(path: Path, sha256: str, what: str = "run") -> classifier.Manifest:
    """The training set in a file; Unfit if it is not the one that was frozen.

    `what` is to be queued anew then.
    """
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError as error:
        raise Unfit(f"{path} is missing; queue a new {what}.") from error
    if found != sha256:
        raise Unfit(f"{path} was changed since it was frozen; queue a new {what}.")
    return classifier.Manifest.read(path, settings.PACKS)
