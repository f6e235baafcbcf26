"""Write files and folders atomically: a reader sees the old content or all of the new one."""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

_STALE_S = 86400
"""No folder takes a day to fill."""


def write_atomically(path: Path, content: bytes, *, durable: bool = True) -> None:
    """Write a file, and make its folder where there is none; `durable` as in `atomic_path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path, durable=durable) as part:
        part.write_bytes(content)


def write_if_absent(path: Path, content: bytes, *, mode: int = 0o666) -> None:
    """Write a file atomically unless it exists; of several writers at once the first wins.

    `mode` is that of a new file, less the umask.
    """
    with _part_of(path) as part:
        part.touch(mode=mode)
        part.write_bytes(content)
        _sync(part)
        try:
            os.link(part, path)
        except FileExistsError:
            return
        except OSError:
            # A file system without links, such as exFAT: of writers at once the last wins.
            if not path.exists():
                part.replace(path)
    _sync_folder(path.parent)


@contextmanager
def atomic_path(path: Path, *, durable: bool = True) -> Iterator[Path]:
    """Yield a path to write to; the file takes the name of `path` if the block ends well.

    `durable` waits for the disk, so that a power cut keeps the old content or the new; without
    it only a crash of the process does no harm, which is enough for a cache.
    """
    with _part_of(path) as part:
        yield part
        if durable:
            _sync(part)
        part.replace(path)
    if durable:
        _sync_folder(path.parent)


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Yield a folder to fill; it takes the name of `path`, which must be free, in the end.

    All files are on disk by then. What an earlier process left behind is removed. Several processes
    must not fill one folder.
    """
    part = partial_folder(path)
    shutil.rmtree(part, ignore_errors=True)
    try:
        yield part
        _sync_tree(part)
        part.rename(path)
        _sync_folder(path.parent)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def partial_folder(path: Path) -> Path:
    """Return the folder that `atomic_folder` fills before it takes the name of `path`."""
    return path.with_suffix(".partial")


def remove_stale_parts(parent: Path) -> None:
    """Remove the unfinished folders of processes that were killed a day ago or earlier."""
    for part in parent.glob("*.partial"):
        with suppress(OSError):
            if part.stat().st_mtime < time.time() - _STALE_S:
                shutil.rmtree(part, ignore_errors=True)


@contextmanager
def _part_of(path: Path) -> Iterator[Path]:
    # Containers share folders and number their processes alike: a process id would not do.
    part = path.with_name(f".{path.name}.{uuid4().hex}.part")
    try:
        yield part
    finally:
        part.unlink(missing_ok=True)


def _sync_tree(root: Path) -> None:
    for folder, _, names in os.walk(root):
        for name in names:
            _sync(Path(folder, name))
        _sync_folder(Path(folder))


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_folder(folder: Path) -> None:
    # Without this a power cut can undo the renaming. Windows has no such call.
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
