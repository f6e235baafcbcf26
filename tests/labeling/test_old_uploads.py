"""Old uploads are deleted; mosaics of fields and files of imports at work stay."""

import os
from datetime import timedelta

import pytest
from django.utils import timezone

from labeling.housekeeping import delete_old_uploads
from labeling.models import ImportJob, Mosaic, Upload


@pytest.fixture
def upload(admin, settings):
    settings.DISK_RESERVE_BYTES = 0
    upload = Upload.objects.begin(admin, "f555w.fits", 3)
    upload.write_chunk(0, b"abc")
    return upload


def aged(upload, **values):
    Upload.objects.update(created_at=timezone.now() - timedelta(days=8), **values)
    return delete_old_uploads()


def test_a_new_upload_stays(upload):
    assert delete_old_uploads() == 0
    assert upload.path.exists()


def test_an_old_one_is_deleted_with_its_bytes(upload):
    assert aged(upload) == 1
    assert not upload.path.parent.exists()
    assert not Upload.objects.exists()


def test_files_of_an_import_stay_until_it_has_ended_for_as_long(upload, admin):
    job = ImportJob.objects.create(requested_by=admin)
    assert aged(upload, job=job) == 0
    job.cancel()
    assert aged(upload) == 0
    ImportJob.objects.update(finished_at=timezone.now() - timedelta(days=8))
    assert aged(upload) == 1


def test_a_mosaic_of_a_field_stays(upload, field):
    Mosaic.objects.create(
        field=field, band="V", path=str(upload.path), hdu=0, width=1, height=1, sky=0, sky_sigma=1
    )
    assert aged(upload) == 0
    assert upload.path.exists()


def test_an_old_folder_without_an_upload_is_deleted(upload, settings):
    for name in ("new", "old"):
        (settings.UPLOADS / name).mkdir()
    for folder in (upload.path.parent, settings.UPLOADS / "old"):
        os.utime(folder, (0, 0))
    delete_old_uploads()
    remaining = {folder.name for folder in settings.UPLOADS.iterdir()}
    assert remaining == {"new", upload.path.parent.name}
