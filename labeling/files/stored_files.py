"""Read files that were stored earlier, and say in one sentence which of them is damaged."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from classifier.core.training_set import Manifest


class DamagedFile(Exception):
    """A stored file is missing, unreadable or changed; the message names it and says why."""


def read_checked(path: Path, digest: str) -> bytes:
    """Return the content of a file with this SHA-256. Raises DamagedFile."""
    with _read_errors(path):
        content = path.read_bytes()
    _check_digest(path, sha256(content).hexdigest(), digest)
    return content


@lru_cache(maxsize=32)
def training_set_labels(path: Path, digest: str, split: str) -> Mapping[int, int]:
    """Return the labels of one split of the training set with this SHA-256, by candidate.

    Cached, since pages need them at each request. Raises DamagedFile, which is not cached; the
    message names the line at fault where there is one.
    """
    with _read_errors(path):
        manifest = Manifest.read(path, path.parent)
    _check_digest(path, manifest.sha256, digest)
    return manifest.labels(split)


def read_run_config(path: Path) -> dict[str, Any]:
    """Return the configuration of a run, with its seed. Raises DamagedFile."""
    with _read_errors(path):
        stored = json.loads(path.read_text(encoding="utf-8"))
    match stored:
        case {"config": {"seed": _}} if isinstance(stored.get("versions", {}), dict):
            return dict(stored)
    raise DamagedFile(f"{path} is not the configuration of a run.")


def _check_digest(path: Path, actual: str, expected: str) -> None:
    if actual != expected:
        raise DamagedFile(
            f"{path} was changed after it was written: its SHA-256 is {actual[:16]}…, not "
            f"{expected[:16]}…."
        )


@contextmanager
def _read_errors(path: Path) -> Iterator[None]:
    """Turn errors while the file is read into DamagedFile."""
    try:
        yield
    except FileNotFoundError:
        raise DamagedFile(f"{path} is missing.") from None
    except OSError as error:
        raise DamagedFile(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        sentence = str(error) if str(path) in str(error) else f"{path} cannot be read: {error}."
        raise DamagedFile(sentence) from error
