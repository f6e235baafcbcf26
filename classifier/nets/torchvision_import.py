"""Import torchvision even if its compiled operators do not fit the installed torch.

PyPI's torchvision is built for CUDA. Beside a CPU build of torch its library does not load, and its
import fails because `torchvision::nms` and `torchvision::qnms` have no schema. The models need
neither, so this module declares both schemas where the library does not load.
"""

import importlib.metadata
from pathlib import Path

import torch

_SCHEMA = "{}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


def _operators_load() -> bool:
    """True if torchvision's library of compiled operators can be loaded."""
    files = importlib.metadata.files("torchvision") or []
    for file in files:
        if file.name.startswith("_C") and file.suffix in {".so", ".pyd"}:
            try:
                torch.ops.load_library(Path(str(file.locate())))  # type: ignore[no-untyped-call]
            except OSError:
                return False
            return True
    return False


if not _operators_load():
    # Kept for the life of the process: without the object the schemas are removed.
    _library = torch.library.Library("torchvision", "DEF")  # type: ignore[no-untyped-call]
    for _operator in ("nms", "qnms"):
        _library.define(_SCHEMA.format(_operator))  # type: ignore[no-untyped-call]

import torchvision  # noqa: E402 - only now can it be imported
from torchvision import models  # noqa: E402
from torchvision.transforms import Normalize  # noqa: E402

__all__ = ["Normalize", "models", "torchvision"]
