"""An import onto a full disk leaves nothing behind; the next one tidies up after a killed one."""

import os
import subprocess
import time

import pytest

from labeling.db.failures import StorageFailure, storage_failure
from labeling.ingest.catalogues import CatalogueOptions, import_catalogue
from labeling.models import CatalogueImport


@pytest.fixture
def small_disk(tmp_path, settings):
    """Packs go to a disk of 32 kB, which is less than the stamps need."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=32k", "tmpfs", str(disk)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no right to mount a small disk")
    settings.PACKS = disk / "packs"
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_nothing_stays_of_an_import_onto_a_full_disk(db, sky, small_disk):
    field = sky.field()
    with pytest.raises(OSError) as raised:
        import_catalogue(field, sky.catalogue, CatalogueOptions())
    assert storage_failure(raised.value) is StorageFailure.FULL
    assert not list(small_disk.rglob("*.partial"))
    assert not [path for path in small_disk.rglob("*") if path.is_file()]
    assert not CatalogueImport.objects.exists()


def test_an_import_removes_what_a_killed_one_has_left(db, sky, settings):
    stale, recent = (settings.PACKS / f"{name}.partial" for name in ("stale", "recent"))
    for folder in (stale, recent):
        (folder / "stamps").mkdir(parents=True)
    two_days_ago = time.time() - 2 * 86400
    os.utime(stale, (two_days_ago, two_days_ago))
    sky.imported()
    assert not stale.exists()
    assert recent.exists()
