"""The files of resampled mosaics in ASTERISM_HOME/aligned, and the removal of unused ones.

While an import writes such a file and the row of its mosaic, it holds the claim NAME.importing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from django.conf import settings
from django.db import transaction

from labeling.db.table_locks import wait_for_writers
from labeling.files.claims import claimed, settle_abandoned
from labeling.models import Mosaic

_SUFFIX = ".importing"


def aligned_folder() -> Path:
    """Return the folder, which need not exist."""
    folder: Path = settings.HOME / "aligned"
    return folder


@contextmanager
def claimed_files(paths: Iterable[Path]) -> Iterator[None]:
    """Claim the files that do not exist yet; remove them in the end unless a mosaic is stored."""
    with ExitStack() as stack:
        for path in sorted(set(paths)):
            claim = _claim(path)
            # A file without a claim is complete, and another import's.
            if claim.exists() or not path.exists():
                stack.enter_context(claimed(claim, "", partial(_settle, path)))
        yield


def remove_abandoned_files() -> list[str]:
    """Remove what killed imports have left; return the names of the files."""
    return settle_abandoned(
        aligned_folder(), f"*{_SUFFIX}", lambda claim, _content: _settle(claim.with_suffix(""))
    )


def remove_unused_files(paths: Iterable[str]) -> None:
    """Remove those of the files that lie in the folder and belong to no mosaic any more."""
    for path in map(Path, paths):
        if path.parent == aligned_folder() and not _is_stored(path):
            path.unlink(missing_ok=True)


def orphaned_files() -> Iterator[Path]:
    """Yield the files that belong to no mosaic, and to no import at work."""
    stored = set(Mosaic.objects.values_list("path", flat=True))
    for path in sorted(aligned_folder().glob("*.fits")):
        if str(path) not in stored and not _claim(path).exists():
            yield path


def _claim(path: Path) -> Path:
    return path.with_name(path.name + _SUFFIX)


def _settle(path: Path) -> list[str]:
    """Remove a file unless a mosaic is stored, and unfinished parts of it."""
    for part in path.parent.glob(f".{path.name}.*.part"):
        part.unlink(missing_ok=True)
    if _is_stored(path) or not path.exists():
        return []
    path.unlink()
    return [path.name]


def _is_stored(path: Path) -> bool:
    """True if a mosaic has this file, also if it is just being committed."""
    mosaics = Mosaic.objects.filter(path=str(path))
    if mosaics.exists():
        return True
    with transaction.atomic():
        wait_for_writers(Mosaic)
        return mosaics.exists()
