"""The task that imports uploaded files: a preview that writes nothing, and then the import."""

import gzip
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
from astropy.io import fits
from PIL import Image

from celery_worker import imports
from celery_worker.tasks import import_files
from classifier.core.bands import BANDS
from classifier.core.packs import open_pack
from labeling.models import CatalogueImport, Field, ImportJob, ImportStage, RunStatus, Upload
from labeling.rules.conflicts import JobConflict
from labeling.simulation import simulate_field
from tests.labeling.skies import POSITIONS, REFERENCE, row_at, write_catalogue

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.beside("postgresql")]


@pytest.fixture(autouse=True)
def _environment(worker_environment, settings, tmp_path, monkeypatch):
    """The process that reads the files works on the database and in the folders of the test."""
    for name, value in worker_environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("ASTERISM_HOME", str(tmp_path / "home"))
    settings.UPLOADS = tmp_path / "home" / "uploads"
    settings.PREVIEWS = tmp_path / "home" / "cache" / "previews"
    settings.DISK_RESERVE_BYTES = 0


def uploaded(account, *paths):
    """Uploads with the content of these files."""
    uploads = []
    for path in paths:
        content = path.read_bytes()
        upload = Upload.objects.begin(account, path.name, len(content))
        upload.write_chunk(0, content)
        uploads.append(upload)
    return uploads


def requested(account, paths, **options):
    """An import of these files into the field `ngc1`."""
    pks = [upload.pk for upload in uploaded(account, *paths)]
    options = {"field": "ngc1", "galaxy": "NGC 1", **options}
    return ImportJob.objects.request(account, options, Upload.objects.filter(pk__in=pks))


def ended(job):
    """The job after a worker has taken its message."""
    import_files(job.pk)
    job.refresh_from_db()
    return job


@pytest.fixture
def job(admin, sky):
    return requested(admin, [*sky.mosaics.values(), sky.catalogue])


def test_the_preview_says_everything_and_writes_nothing(job):
    ended(job)
    assert (job.status, job.error) == (RunStatus.READY, "")
    assert job.awaits_confirmation
    assert not Field.objects.exists()
    preview = job.preview
    assert {m["band"] for m in preview["field"]["mosaics"]} == {"NUV", "U", "B", "V", "I"}
    assert preview["catalogue"]["rows"] == preview["catalogue"]["candidates"] == len(POSITIONS)
    assert preview["columns"][:3] == ["id", "x", "y"]
    assert preview["points"]["used"] == [[round(x, 1), round(y, 1)] for x, y in POSITIONS.values()]
    assert len(preview["stamps"]) == 5
    with Image.open(job.directory / "map.png") as picture:
        assert picture.size == (preview["map"]["width"], preview["map"]["height"])
    assert len(list(job.directory.glob("stamp-*.png"))) == 5


def test_it_imports_what_the_preview_shows(job, admin):
    reference = {"columns": {}, "references": {"people": "people"}}
    ended(job)
    job.revise({**job.options, "catalogue": {"table": reference}})
    ended(job)
    job.confirm()
    ended(job)
    assert (job.stage, job.status, job.error) == (ImportStage.IMPORT, RunStatus.READY, "")
    assert job.field == Field.objects.get(name="ngc1")
    assert job.catalogue_import.imported_by == admin
    for candidate in job.field.candidates.all():
        expected = pytest.approx(POSITIONS[int(candidate.catalogue_id)])
        assert (candidate.x, candidate.y) == expected
    labels = job.field.candidates.values_list("catalogue_id", "references__label")
    assert {int(k): v or 0 for k, v in labels} == REFERENCE
    assert job.catalogue_import.pack_path.exists()
    assert all(mosaic.read().image.shape for mosaic in job.field.mosaics.all())


def test_the_same_message_twice_imports_once(job):
    for _ in range(2):
        ended(job)
    job.confirm()
    for _ in range(3):
        ended(job)
    assert CatalogueImport.objects.count() == 1
    with pytest.raises(JobConflict, match="has no preview"):
        job.confirm()


def test_a_refusal_is_a_sentence_with_the_columns_to_choose_from(admin, sky, tmp_path):
    rows = [{"name": n, "across": x, "up": y} for n, (x, y) in POSITIONS.items()]
    table = write_catalogue(tmp_path / "odd.csv", rows)
    job = ended(requested(admin, [*sky.mosaics.values(), table]))
    assert job.status == RunStatus.FAILED
    assert job.error.startswith("odd.csv")
    assert "--" not in job.error
    assert str(tmp_path) not in job.error
    assert job.preview["columns"] == ["name", "across", "up"]
    assert len(job.preview["field"]["mosaics"]) == 5
    columns = {"id": "name", "x": "across", "y": "up"}
    job.revise({**job.options, "catalogue": {"origin": 0, "table": {"columns": columns}}})
    assert ended(job).preview["catalogue"]["candidates"] == len(POSITIONS)


def test_a_catalogue_for_a_field_that_is_there(imported, admin, tmp_path):
    table = write_catalogue(tmp_path / "more.csv", [row_at(71, 80.0, 90.0)])
    job = ended(requested(admin, [table], field=imported.name))
    assert job.preview["catalogue"]["candidates"] == 1
    job.confirm()
    assert ended(job).field == imported
    assert imported.candidates.filter(catalogue_id="71").exists()


def test_a_catalogue_without_a_field_is_refused(admin, sky):
    job = ended(requested(admin, [sky.catalogue]))
    assert job.error == "There is no field ngc1 yet; add its mosaics to this import."


def stamp_files(folder, count=3, size=100):
    """FITS files of random stamps, an HDU for each filter; return the pixels by id."""
    pixels = {}
    random = np.random.default_rng(5)
    for number in range(count):
        images = random.normal(10, 1, (5, size, size)).astype(np.float32)
        hdus = [fits.ImageHDU(image, name=band) for image, band in zip(images, BANDS, strict=True)]
        fits.HDUList([fits.PrimaryHDU(), *hdus]).writeto(folder / f"c{number}.fits")
        pixels[f"c{number}"] = images
    return pixels


def stamp_archive(folder):
    """A zip archive of a folder with stamps, and their pixels by id."""
    stamps = folder / "stamps"
    stamps.mkdir()
    pixels = stamp_files(stamps)
    archive = folder / "stamps.zip"
    with ZipFile(archive, "w") as file:
        for path in stamps.iterdir():
            file.write(path, f"stamps/{path.name}")
    return archive, pixels


def test_an_archive_of_stamps_becomes_a_field(admin, tmp_path):
    archive, pixels = stamp_archive(tmp_path)
    with ZipFile(archive, "a") as file:
        file.writestr("stamps/.DS_Store", b"no stamp")
        file.writestr("__MACOSX/stamps/._c0.fits", b"no stamp")
    job = ended(requested(admin, [archive], distance_mpc=9.8))
    assert (job.status, job.error) == (RunStatus.READY, "")
    assert job.preview["catalogue"]["candidates"] == len(pixels)
    assert [stamp["id"] for stamp in job.preview["stamps"]] == sorted(pixels)
    assert not Field.objects.exists()
    with Image.open(job.directory / "stamp-1.png") as picture:
        assert len(picture.getcolors(100_000)) > 100
    job.revise({**job.options, "catalogue": {"lossless": True}})
    ended(job).confirm()
    ended(job)
    assert (job.status, job.error) == (RunStatus.READY, "")
    assert job.catalogue_import.imported_by == admin
    assert job.catalogue_import.file_name == "stamps"
    assert job.field.distance_mpc == 9.8
    assert not job.field.mosaics.exists()
    for candidate in job.field.candidates.all():
        pack = open_pack(job.catalogue_import.pack_path)
        stored = pack.read(np.array([candidate.pack_row]))[0][0]
        np.testing.assert_array_equal(stored, pixels[candidate.catalogue_id])


def test_stamps_of_which_none_can_be_voted_on_have_a_preview(admin, tmp_path):
    archive, pixels = stamp_archive(tmp_path)
    rows = [
        {"id": name, **{f"mag_{b}": 20.0 if (k - n) % 5 < 3 else "" for k, b in enumerate(BANDS)}}
        for n, name in enumerate(pixels)
    ]
    table = write_catalogue(tmp_path / "t.csv", rows)
    job = ended(requested(admin, [archive, table]))
    assert (job.status, job.error) == (RunStatus.READY, "")
    assert job.preview["catalogue"]["candidates"] == 0
    assert job.preview["stamps"] == []


def test_a_damaged_file_of_an_archive_is_named_without_folders(admin, tmp_path):
    path = tmp_path / "stamps.zip"
    with ZipFile(path, "w") as file:
        file.writestr("inside/c1.fits", b"x" * 5000)
    job = ended(requested(admin, [path]))
    assert job.error.startswith("stamps.zip/inside/c1.fits: not a readable FITS file")


def test_pictures_ask_for_their_bands(admin, tmp_path):
    path = tmp_path / "a.png"
    Image.fromarray(np.arange(100 * 100, dtype=np.uint8).reshape(100, 100)).save(path)
    job = ended(requested(admin, [path]))
    assert job.error.startswith("a.png: pictures do not say their bands; name them below")
    job.revise({**job.options, "stamps": {"bands": ["V"]}, "catalogue": {"min_observed": 1}})
    assert ended(job).error == ""
    assert job.preview["catalogue"]["candidates"] == 1


@pytest.mark.parametrize("kind", ["damaged", "encrypted"])
def test_an_archive_that_cannot_be_read_is_a_sentence(admin, tmp_path, kind):
    path = tmp_path / "stamps.zip"
    with ZipFile(path, "w") as file:
        file.writestr("c1.fits", b"x" * 5000)
    content = bytearray(path.read_bytes())
    if kind == "damaged":
        content[200] ^= 1
    else:
        # Bit 0 of the flags, in the local header and in the directory.
        for magic, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            content[content.index(magic) + offset] |= 1
    path.write_bytes(content)
    job = ended(requested(admin, [path]))
    assert job.status == RunStatus.FAILED
    reason = {"damaged": "Bad CRC-32", "encrypted": "without a password"}[kind]
    assert job.error.startswith("stamps.zip: ")
    assert reason in job.error
    assert str(tmp_path) not in job.error


def test_candidates_are_found_on_mosaics_without_a_catalogue(admin, tmp_path, settings):
    settings.HOME = tmp_path / "home"
    files = simulate_field(11, (600, 600), 40).write(tmp_path)
    mosaics = [path for path in files.values() if path.suffix == ".fits"]
    job = ended(requested(admin, mosaics, detect=True, distance_mpc=13))
    assert (job.status, job.error) == (RunStatus.READY, "")
    count = job.preview["catalogue"]["candidates"]
    assert count > 20
    assert job.preview["selection"]["sentences"][0].endswith("sources on NUV, U, B, V, I.")
    assert len(job.preview["stamps"]) == 5
    assert (job.directory / "concentration.png").exists()
    job.revise({**job.options, "detection": {"faintest": None, "sigma": 6.0}})
    ended(job).confirm()
    ended(job)
    assert (job.status, job.error) == (RunStatus.READY, "")
    assert job.catalogue_import.imported_by == admin
    assert job.field.candidates.count() == job.preview["catalogue"]["rows"] != count
    assert (settings.HOME / "catalogues" / "ngc1.ecsv").exists()


def test_a_cancelled_job_stops(job):
    job.cancel()
    assert ended(job).status == RunStatus.CANCELLED


def test_a_killed_process_is_reported(job, monkeypatch):
    start = imports._process

    def killed(job):
        process = start(job)
        process.kill()
        return process

    monkeypatch.setattr(imports, "_process", killed)
    assert "ended by signal 9" in ended(job).error
    monkeypatch.undo()


def test_it_ends_with_its_worker(job):
    process = subprocess.Popen(
        [sys.executable, "-m", "celery_worker.import_process", str(job.pk)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=imports.settings.ROOT,
    )
    process.stdin.close()
    process.stdout.read()
    assert process.wait(60) == 1
    assert not ImportJob.objects.exclude(preview={}).exists()


BOMBS = {
    "zeros.csv.gz": lambda: gzip.compress(bytes(2**29)),
    "zeros.fits.gz": lambda: gzip.compress(fits_head(NAXIS1=2**20, NAXIS2=2**20) + bytes(2**29)),
    "endless.fits": lambda: fits_head(end=False) + b" " * 2880 * 3000,
    "columns.csv": lambda: (",".join(f"c{k}" for k in range(100_000)) + "\n").encode() * 3,
    "nested.vot": lambda: b"<?xml version='1.0'?><VOTABLE>" + b"<RESOURCE>" * 10**6,
    "cell.csv": lambda: b"id,x,y\n1,2," + b"9" * 2**27,
    "huge.fits": lambda: fits_head(NAXIS1=2**40, NAXIS2=2**40),
}


def fits_head(*, end=True, **cards):
    """The first block of a FITS file with an image."""
    header = fits.Header({"SIMPLE": True, "BITPIX": -32, "NAXIS": 2, "NAXIS1": 1, "NAXIS2": 1})
    header.update(cards)
    text = header.tostring(endcard=end, padding=end)
    return text.ljust(2880).encode()


@contextmanager
def measured_processes(monkeypatch):
    """Yield a list of the largest memory, in bytes, of each process that reads files."""
    peaks, start = [], imports._process

    def follow(pid, number):
        with suppress(FileNotFoundError, ProcessLookupError, IndexError):
            while True:
                status = Path(f"/proc/{pid}/status").read_text()
                peaks[number] = 1024 * int(status.split("VmHWM:")[1].split()[0])
                time.sleep(0.01)

    def started(job):
        process = start(job)
        peaks.append(0)
        threading.Thread(target=follow, args=(process.pid, len(peaks) - 1)).start()
        return process

    monkeypatch.setattr(imports, "_process", started)
    yield peaks
    monkeypatch.setattr(imports, "_process", start)


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_in_bounded_memory(admin, sky, tmp_path, monkeypatch, name):
    path = tmp_path / name
    path.write_bytes(BOMBS[name]())
    job = requested(admin, [sky.mosaics["V"], path])
    with measured_processes(monkeypatch) as peaks:
        ended(job)
    assert job.status == RunStatus.FAILED, job.preview
    assert name in job.error
    assert len(job.error) < 500
    assert "Traceback" not in job.error
    assert len(peaks) == 1
    assert max(peaks) < 500e6


def test_memory_is_limited(job):
    code = (
        "import numpy, celery_worker.import_process as p; p.limit_memory(2**28); numpy.ones(2**27)"
    )
    process = subprocess.run(
        [sys.executable, "-c", code], cwd=imports.settings.ROOT, capture_output=True, text=True
    )
    assert "MemoryError" in process.stderr or sys.platform == "darwin"
