"""Files that are there whole or not at all, whatever ends the process or the machine."""

import os
from pathlib import Path
from uuid import uuid4


def write_whole(path: Path, content: bytes) -> None:
    """Write a file, and its folder, so that it has its old content or all of the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Containers share folders, and number their processes alike.
    aside = path.with_name(f".{path.name}.{uuid4().hex}.part")
    try:
        with aside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    # Without this a power cut can forget the renaming. Windows has no such call.
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
