"""Find ImageNet weights in a folder, a package, torch's cache or on a server, and check them.

Their file names end in the first eight digits of the SHA-256 of the content.
"""

import hashlib
import importlib.util
import os
import re
import urllib.request
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal
from urllib.parse import urlparse

import torch

from classifier.core.atomic_files import write_atomically

FOLDER = "ASTERISM_WEIGHTS"
"""Environment variable: a folder with torchvision's .pth files."""
MIRROR = "ASTERISM_WEIGHTS_URL"
"""Environment variable: address to download from, instead of PyTorch's server."""
TIMEOUT_S = 10


@dataclass(frozen=True)
class InitialWeights:
    """The weights that a training starts from."""

    kind: Literal["imagenet", "random"]
    note: str
    """A sentence for people: the source, or why the weights are random."""
    path: Path | None = None
    """File of a state dictionary; None for random weights."""


def find(url: str, folder: Path | None = None, *, package: str = "") -> InitialWeights:
    """Find the weights of `url` in `folder`, a package, torch's cache, or on the server.

    They are looked for in this order. `folder` defaults to ASTERISM_WEIGHTS; a package has them in
    its folder `models`. If no file passes its checksum, the result is random weights, and the note
    has all the reasons.
    """
    name = PurePosixPath(urlparse(url).path).name
    spec = importlib.util.find_spec(package) if package else None
    in_package = Path(spec.origin).parent / "models" if spec and spec.origin else None
    if folder is None and os.environ.get(FOLDER):
        folder = Path(os.environ[FOLDER])
    cache = Path(torch.hub.get_dir()) / "checkpoints"
    reasons = []
    for candidate in (folder, in_package, cache):
        if candidate is None:
            continue
        path = candidate / name
        if not path.is_file():
            reasons.append(f"it is not in {candidate}")
        elif not _has_checksum(path.read_bytes(), name):
            reasons.append(f"{path} does not match its checksum")
        else:
            return InitialWeights("imagenet", f"ImageNet weights from {path}.", path)
    return _download_weights(url, cache / name, reasons)


def _download_weights(url: str, path: Path, reasons: list[str]) -> InitialWeights:
    mirror = os.environ.get(MIRROR)
    source = f"{mirror.rstrip('/')}/{path.name}" if mirror else url
    try:
        with urllib.request.urlopen(source, timeout=TIMEOUT_S) as response:
            content = response.read()
        if not _has_checksum(content, path.name):
            raise OSError("the file does not match its checksum")
        write_atomically(path, content)
    except (OSError, ValueError) as error:
        reasons.append(f"it could not be downloaded from {source} ({_reason_of(error)})")
        note = (
            f"The file of ImageNet weights, {path.name}, was not found: {'; '.join(reasons)}. The "
            f"network starts from random weights, so it needs more labels. To change this, put "
            f"{path.name} into the folder that {FOLDER} names, and train again."
        )
        return InitialWeights("random", note)
    return InitialWeights("imagenet", f"ImageNet weights from {source}.", path)


def _reason_of(error: Exception) -> str:
    """Return why a download failed, without the number of the error."""
    reason = getattr(error, "reason", error)
    return getattr(reason, "strerror", None) or str(reason)


def _has_checksum(content: bytes, name: str) -> bool:
    """True if the digits at the end of a file's name start the SHA-256 of its content."""
    digits = re.search(r"-([0-9a-f]{8,})\.pth$", name)
    return digits is not None and hashlib.sha256(content).hexdigest().startswith(digits[1])
