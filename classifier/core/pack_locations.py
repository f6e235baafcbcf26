"""Locations of stamp packs: a folder on this machine, or a URL that fsspec opens (s3://, …).

A folder takes its name when it is complete. Object stores cannot rename: there a pack is complete
when it has its description, which is written last.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from classifier.core.atomic_files import atomic_folder, partial_folder
from classifier.core.errors import PackError

Location = Path | str
"""A folder, or a URL."""


def parse_location(text: str) -> Location:
    """Return the URL, or the folder's path, that a setting or an option names."""
    if text.startswith("file://"):
        return Path(url2pathname(urlsplit(text).path))
    return text.rstrip("/") if "://" in text else Path(text).expanduser()


def pack_in(packs: Location, name: str) -> Location:
    """Return the location of a pack of this name."""
    return packs / name if isinstance(packs, Path) else f"{packs}/{name}"


def pack_name(pack: Location) -> str:
    """Return the name of a pack."""
    return str(pack).rsplit("/", 1)[-1]


def stored_packs(packs: Location) -> list[str]:
    """Return the names of the packs in a folder or at a URL, in order."""
    if isinstance(packs, Path):
        return sorted(path.name for path in packs.glob("*.zarr"))
    files, path = _file_system(packs)
    with suppress(FileNotFoundError):
        return sorted(pack_name(entry) for entry in files.glob(f"{path}/*.zarr"))
    return []


def folder_name(pack: Location) -> str:
    """Return the folder, or the URL, in which a pack lies."""
    return str(pack).rpartition("/")[0]


@contextmanager
def new_location(pack: Location) -> Iterator[Location]:
    """Yield where to write a pack; it is removed if the block fails, and complete otherwise.

    Raises PackError if the pack exists, or its package is not installed.
    """
    if isinstance(pack, Path):
        with atomic_folder(pack) as folder:
            yield folder
        return
    files, path = _file_system(pack)
    if files.exists(path):
        raise PackError(f"{pack} exists already.")
    try:
        yield pack
    except BaseException:
        with suppress(OSError):
            remove_pack(pack)
        raise


def remove_pack(pack: Location) -> None:
    """Remove a pack, complete or not; nothing happens if there is none."""
    if isinstance(pack, Path):
        shutil.rmtree(partial_folder(pack), ignore_errors=True)
        shutil.rmtree(pack, ignore_errors=True)
        return
    files, path = _file_system(pack)
    with suppress(FileNotFoundError):
        files.rm(path, recursive=True)


def _file_system(url: str) -> tuple[Any, str]:
    """Return fsspec's file system for a URL, and the path in it. Raises PackError."""
    try:
        return import_module("fsspec").url_to_fs(url)  # type: ignore[no-any-return]
    except ImportError as error:
        raise PackError(
            f"{url} needs a package that is not installed ({error}): "
            "pip install 'asterism[remote]', or the package that fsspec names."
        ) from error
    except ValueError as error:
        raise PackError(f"{url} is no URL that fsspec opens ({error}).") from error
