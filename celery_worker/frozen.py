"""Training sets on their way from a row to the classifier: checked to be the frozen ones."""

import hashlib
from pathlib import Path

from django.conf import settings

import classifier

REFUSALS = (
    classifier.NotTrainable,
    classifier.PackError,
    classifier.RunError,
    classifier.DivergedError,
)
"""What the classifier raises with a sentence that is meant for people."""


class Unfit(Exception):
    """The work cannot be carried out as it was asked for; says what to do."""


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
