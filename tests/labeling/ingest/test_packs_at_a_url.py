"""Imports whose stamp packs lie at a URL; the locks of imports stay on this machine."""

import io
from contextlib import suppress
from uuid import uuid4

import numpy as np
import pytest
from astropy.nddata import Cutout2D
from django.core.management import CommandError, call_command

from classifier.core.bands import BANDS
from classifier.core.pack_locations import stored_packs
from classifier.core.packs import read_stamps
from labeling.models import Candidate, CatalogueImport
from tests.labeling.skies import POSITIONS, pixels, row_at, write_catalogue
from tests.labeling.world import API

fsspec = pytest.importorskip("fsspec")
pytestmark = [pytest.mark.django_db, pytest.mark.beside("sqlite")]


@pytest.fixture
def bucket(settings, tmp_path):
    """The URL of the packs, in memory; what is on disk is in a folder of this test."""
    settings.HOME = tmp_path / "home"
    settings.PACKS = f"memory://{uuid4().hex}/packs"
    return settings.PACKS


def files_in(bucket):
    files, path = fsspec.url_to_fs(bucket)
    return files.find(path)


def claims(settings):
    return list((settings.HOME / "packs").glob("*"))


def test_stamps_are_written_to_the_url_and_read_from_it(bucket, sky, as_ada, settings):
    field = sky.imported()
    record = field.imports.get()
    assert record.pack_path == f"{bucket}/{record.pack}"
    candidate = field.candidates.get(catalogue_number=1)
    stamps = read_stamps(candidate.pack_path, candidate.pack_row)
    expected = Cutout2D(pixels("V"), POSITIONS[1], 100).data
    np.testing.assert_array_equal(stamps[BANDS.index("V")], expected)
    response = as_ada.get(f"{API}/candidates/{candidate.pk}/stamps.npy")
    np.testing.assert_array_equal(np.load(io.BytesIO(response.getvalue())), stamps)
    assert claims(settings) == []


def test_a_refused_catalogue_leaves_nothing_at_the_url(bucket, sky, tmp_path, settings):
    field = sky.field()
    catalogue = write_catalogue(tmp_path / "far.csv", [row_at(1, 5000, 50)])
    with pytest.raises(CommandError, match="outside the image"):
        call_command("import_catalogue", field.name, catalogue)
    assert (files_in(bucket), claims(settings)) == ([], [])


def test_an_import_that_fails_while_it_is_stored_leaves_nothing(bucket, sky, settings, monkeypatch):
    field = sky.field()
    monkeypatch.setattr(CatalogueImport, "save", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        call_command("import_catalogue", field.name, sky.catalogue)
    assert (files_in(bucket), claims(settings)) == ([], [])
    assert not Candidate.objects.exists()


def test_what_a_killed_import_left_is_removed_by_the_next(bucket, sky, settings):
    claim = settings.HOME / "packs" / "abandoned.importing"
    claim.parent.mkdir(parents=True, exist_ok=True)
    claim.touch()
    files, path = fsspec.url_to_fs(f"{bucket}/abandoned.zarr")
    files.pipe_file(f"{path}/levels/zarr.json", b"{}")
    record = sky.imported().imports.get()
    assert stored_packs(bucket) == [record.pack]
    assert claims(settings) == []


def test_the_audit_names_a_pack_of_no_import(bucket, sky):
    files, path = fsspec.url_to_fs(f"{bucket}/orphan.zarr")
    files.pipe_file(f"{path}/zarr.json", b"{}")
    record = sky.imported().imports.get()
    assert f"{bucket}/orphan.zarr belongs to no import" in audit_output()
    assert record.pack not in audit_output()


def audit_output():
    """What the audit prints."""
    text = io.StringIO()
    with suppress(SystemExit, CommandError):
        call_command("audit", stdout=text, stderr=text)
    return text.getvalue()


def test_a_package_that_is_missing_is_named(sky, settings, tmp_path):
    try:
        fsspec.get_filesystem_class("s3")
    except ImportError:
        settings.HOME, settings.PACKS = tmp_path / "home", "s3://bucket/packs"
        with pytest.raises(CommandError, match="needs a package that is not installed"):
            call_command("import_catalogue", sky.field().name, sky.catalogue)
    else:
        pytest.skip("s3fs is installed")
