"""Zip archives of many small files from outside, unpacked within limits."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from tempfile import mkdtemp
from zipfile import BadZipFile, ZipFile, ZipInfo, is_zipfile

from django.conf import settings

from labeling.files.limits import MAX_UNPACKED, UNPACKING_ERRORS, LimitExceeded

MAX_FILES = 200_000
ZIP_ERRORS = (*UNPACKING_ERRORS, BadZipFile, NotImplementedError, ValueError)
"""Errors that reading a damaged or unusual archive raises."""
_ENCRYPTED = 0x1


def is_zip(path: Path) -> bool:
    """True if the file ends in .zip and is such an archive."""
    return path.suffix.lower() == ".zip" and is_zipfile(path)


def unpack_zip(path: Path, folder: Path, endings: Sequence[str]) -> None:
    """Write the files with these endings into `folder`, all or none; do nothing if it is there.

    Files whose names begin with a dot, and what macOS adds, are left out. Raises LimitExceeded for
    an archive that is encrypted or too large, and ZIP_ERRORS for a damaged one.
    """
    if folder.exists():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    part = Path(mkdtemp(prefix=f"{folder.name}.", suffix=".partial", dir=folder.parent))
    try:
        with ZipFile(path) as archive:
            files = [info for info in archive.infolist() if _is_used(info, endings)]
            _check(files, folder.parent)
            archive.extractall(part, files)
        part.rename(folder)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise


def _is_used(info: ZipInfo, endings: Sequence[str]) -> bool:
    parts = PurePosixPath(info.filename).parts
    is_hidden = any(name.startswith((".", "__MACOSX")) for name in parts)
    return not info.is_dir() and not is_hidden and info.filename.lower().endswith(tuple(endings))


def _check(files: Sequence[ZipInfo], folder: Path) -> None:
    """Raise LimitExceeded for too many files, too large ones for the disk, or encrypted ones."""
    if len(files) > MAX_FILES:
        raise LimitExceeded(f"it holds more than {MAX_FILES} files; split it")
    # No file becomes larger than the archive says: zipfile stops there.
    size = sum(info.file_size for info in files)
    if size > shutil.disk_usage(folder).free - settings.DISK_RESERVE_BYTES:
        raise LimitExceeded("the disk has too little room to unpack it; make space")
    if size > MAX_UNPACKED:
        raise LimitExceeded(f"it unpacks to more than {MAX_UNPACKED // 2**30} GiB; split it")
    if any(info.flag_bits & _ENCRYPTED for info in files):
        raise LimitExceeded("it is encrypted; make it without a password")
