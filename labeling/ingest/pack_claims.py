"""Stamp packs that an import is writing, and those that an interrupted import has left behind.

While an import runs, it locks the file NAME.importing beside its pack. The system releases the lock
when the process ends, however it ends. A pack whose lock is free is complete if an import in the
database names it; otherwise it is abandoned.
"""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from django.conf import settings
from django.db import DatabaseError, transaction

from classifier.core.atomic_files import partial_folder, remove_stale_parts
from labeling.db.table_locks import wait_for_writers
from labeling.models import CatalogueImport


@contextmanager
def claimed_pack() -> Iterator[str]:
    """Yield the name of a new pack; it is removed unless an import with it is stored by the end."""
    settings.PACKS.mkdir(parents=True, exist_ok=True)
    while True:
        pack = settings.PACKS / f"{uuid4().hex}.zarr"
        with _claim(pack).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            # Another import may have removed the file just before it was locked.
            if not _claim(pack).exists():
                continue
            try:
                yield pack.name
            finally:
                # Without the database nobody knows whether the import is stored: the next decides.
                with suppress(DatabaseError):
                    _settle(pack)
            return


def remove_abandoned_packs() -> None:
    """Remove what imports have left whose processes were killed."""
    for claim in settings.PACKS.glob("*.importing"):
        with suppress(FileNotFoundError, BlockingIOError), claim.open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _settle(claim.with_suffix(".zarr"))
    # Version 0.1.0 had no claims.
    remove_stale_parts(settings.PACKS)


def _claim(pack: Path) -> Path:
    return pack.with_suffix(".importing")


def _settle(pack: Path) -> None:
    """Remove the pack unless an import is stored with it, and the claim."""
    if not _is_stored(pack):
        shutil.rmtree(partial_folder(pack), ignore_errors=True)
        shutil.rmtree(pack, ignore_errors=True)
    _claim(pack).unlink(missing_ok=True)


def _is_stored(pack: Path) -> bool:
    """True if an import with this pack is in the database, or just being committed."""
    imports = CatalogueImport.objects.filter(pack=pack.name)
    if imports.exists():
        return True
    with transaction.atomic():
        wait_for_writers(CatalogueImport)
        return imports.exists()
