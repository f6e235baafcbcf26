"""ImageNet weights: found in a folder, a package or torch's cache, or downloaded; always checked.

Their file names end in the first eight digits of the content's sha256.
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
"""Environment variable: from where to download, instead of PyTorch's server."""
TIMEOUT_S = 10


@dataclass(frozen=True)
class Weights:
    """What a network starts from."""

    origin: Literal["imagenet", "random"]
    note: str
    """One sentence for people: where they come from, or why there are none."""
    path: Path | None = None


def find(url: str, folder: Path | None = None, *, package: str = "") -> Weights:
    """The weights of `url`: from `folder`, a package, torch's cache, or the network, in this order.

    `folder` defaults to ASTERISM_WEIGHTS; in an installed package they lie in `models`. Where none
    can be had or none passes its checksum, the answer is random weights, with all the reasons in
    the note.
    """
    name = PurePosixPath(urlparse(url).path).name
    installed = importlib.util.find_spec(package) if package else None
    shipped = Path(installed.origin).parent / "models" if installed and installed.origin else None
    if folder is None and os.environ.get(FOLDER):
        folder = Path(os.environ[FOLDER])
    cache = Path(torch.hub.get_dir()) / "checkpoints"
    reasons = []
    for place in (folder, shipped, cache):
        if place is None:
            continue
        path = place / name
        if not path.is_file():
            reasons.append(f"not in {place}")
        elif not _is_whole(path.read_bytes(), name):
            reasons.append(f"{path} does not match its checksum")
        else:
            return Weights("imagenet", f"ImageNet weights from {path}.", path)
    return _downloaded(url, cache / name, reasons)


def _downloaded(url: str, path: Path, reasons: list[str]) -> Weights:
    mirror = os.environ.get(MIRROR)
    source = f"{mirror.rstrip('/')}/{path.name}" if mirror else url
    try:
        with urllib.request.urlopen(source, timeout=TIMEOUT_S) as response:
            content = response.read()
        if not _is_whole(content, path.name):
            raise OSError("the file does not match its checksum")
        write_atomically(path, content)
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        reasons.append(f"no download from {source} ({reason})")
        note = (
            f"No ImageNet weights ({'; '.join(reasons)}), so the network starts from random "
            f"weights and needs more labels. To change that put {path.name} into the folder "
            f"{FOLDER}."
        )
        return Weights("random", note)
    return Weights("imagenet", f"ImageNet weights from {source}.", path)


def _is_whole(content: bytes, name: str) -> bool:
    digits = re.search(r"-([0-9a-f]{8,})\.pth$", name)
    return digits is not None and hashlib.sha256(content).hexdigest().startswith(digits[1])
