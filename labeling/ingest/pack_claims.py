"""Stamp packs that an import is writing, and imports that were interrupted.

While an import runs, it locks the file NAME.importing beside its pack, or in ASTERISM_HOME if packs
lie at a URL: no object store has locks. The system releases the lock
when the process ends, however it ends. An import whose lock is free is either finished, or
abandoned: then its candidates and its pack are removed.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from django.conf import settings
from django.db import DatabaseError, transaction

from classifier.core.atomic_files import remove_stale_parts
from classifier.core.pack_locations import pack_in, remove_pack
from labeling.db.bulk import batches
from labeling.db.bulk_rows import pause_after
from labeling.db.table_locks import wait_for_writers
from labeling.models import Candidate, CatalogueImport


@contextmanager
def claimed_pack() -> Iterator[str]:
    """Yield the name of a new pack; all of its import is removed unless it is finished by the end.

    What the import has written is removed too if it is not finished.
    """
    while True:
        pack = _claims() / f"{uuid4().hex}.zarr"
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


@contextmanager
def remove_claimed(name: str) -> Iterator[None]:
    """Claim the pack of a stored import, and remove both unless the import is finished by the end.

    Raises BlockingIOError if another process removes it.
    """
    pack = _pack_named(name)
    with _claim(pack).open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        try:
            yield
        finally:
            _settle(pack)


def remove_abandoned_imports() -> list[str]:
    """Remove what imports have left whose processes were killed; return their file names."""
    removed: list[str] = []
    for claim in _claims().glob("*.importing"):
        with suppress(FileNotFoundError, BlockingIOError), claim.open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            removed += _settle(claim.with_suffix(".zarr"))
    # Version 0.1.0 had no claims.
    remove_stale_parts(_claims())
    return removed


def _pack_named(name: str) -> Path:
    """Return the path of a pack. Raises ValueError for a name that is none."""
    if not name or Path(name).name != name:
        raise ValueError(f"{name!r} is not the name of a stamp pack.")
    return _claims() / name


def _claims() -> Path:
    """Return the folder of the claims, which is that of the packs unless they lie at a URL."""
    at_url = isinstance(settings.PACKS, str)
    folder = Path(settings.HOME) / "packs" if at_url else Path(settings.PACKS)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _claim(pack: Path) -> Path:
    return pack.with_suffix(".importing")


def _settle(pack: Path) -> list[str]:
    """Remove the pack and its import unless it is finished, then the claim.

    The rows go last: as long as one is there, the claim is, and the next call goes on with it.
    """
    if _is_finished(pack):
        _claim(pack).unlink(missing_ok=True)
        return []
    remove_pack(pack_in(settings.PACKS, pack.name))
    names = [_delete(record) for record in CatalogueImport.objects.filter(pack=pack.name)]
    _claim(pack).unlink(missing_ok=True)
    return names


def _is_finished(pack: Path) -> bool:
    """True if a finished import has this pack, also if it is just being committed."""
    imports = CatalogueImport.objects.finished().filter(pack=pack.name)
    if imports.exists():
        return True
    with transaction.atomic():
        wait_for_writers(CatalogueImport)
        wait_for_writers(Candidate)
        return imports.exists()


def _delete(record: CatalogueImport) -> str:
    """Delete an unfinished import and its candidates, in batches: votes go on meanwhile."""
    candidates = Candidate.with_unfinished.filter(catalogue_import=record).order_by()
    for batch in batches(list(candidates.values_list("pk", flat=True))):
        with pause_after(), transaction.atomic():
            Candidate.with_unfinished.filter(pk__in=batch).delete()
    record.delete()
    return record.file_name
