"""import_field with mosaics on other grids: refused with the offset, or resampled by --align."""

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from django.core.management import CommandError, call_command

from classifier.core.bands import FILTERS
from labeling.imaging.align import INSTALLED
from labeling.ingest.abandoned import remove_abandoned
from labeling.ingest.errors import BadInput
from labeling.ingest.mosaics import MosaicRequest, import_field, plan_field
from labeling.models import Field
from tests.labeling.imaging.test_align import GRIDS, REFERENCE, SOURCES, draw, measure
from tests.labeling.skies import tan_wcs, write_mosaic

pytestmark = [pytest.mark.django_db, pytest.mark.beside("sqlite")]
needs_reproject = pytest.mark.skipif(not INSTALLED, reason="reproject is not installed")
NOISE = np.random.default_rng(3)


@pytest.fixture(autouse=True)
def _home(tmp_path, settings):
    """An ASTERISM_HOME of its own: the rows of these tests are rolled back, their files are not."""
    settings.HOME = tmp_path / "home"
    settings.HOME.mkdir(exist_ok=True)


def write(folder, band, wcs, shape=(420, 400), **cards):
    """Write the drawn sources in one band, on a sky of 0.5 a pixel with noise."""
    image = draw(wcs, shape) + NOISE.normal(0.5, 0.01, shape)
    path = folder / f"{FILTERS[band].lower()}.fits"
    return write_mosaic(path, band, image.astype(np.float32), wcs, **cards)


def files(folder, wcs, **cards):
    """Return the paths of B, on another grid, and of V, the reference band."""
    return [write(folder, "B", wcs, **cards), write(folder, "V", REFERENCE.wcs, REFERENCE.shape)]


def requests(paths):
    return [MosaicRequest(path) for path in paths]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("half a pixel", "they are shifted by (39.50, 40.40) px, up to 0.64 px from any shift"),
        ("larger pixels", "scaled by 0.8000"),
        ("turned", "rotated by 33.000°"),
        ("galactic", "rotated by "),
        ("distorted", "px from any shift by whole pixels"),
    ],
)
def test_another_grid_is_refused_with_the_measured_offset(tmp_path, name, words):
    with pytest.raises(BadInput) as error:
        import_field("ngc1", requests(files(tmp_path, GRIDS[name])))
    assert words in str(error.value)
    assert "its pixels are not those of f555w.fits" in str(error.value)
    assert str(error.value).endswith("or resample this one with --align.")
    assert not Field.objects.exists()


def test_a_shift_by_whole_pixels_needs_no_resampling(tmp_path):
    paths = files(tmp_path, GRIDS["whole shift"])
    plan = plan_field("ngc1", requests(paths), align=True)
    assert not plan.alignments
    assert [row["offset_px"] for row in plan.report["mosaics"]] == [(40.0, 40.0), (0.0, 0.0)]
    assert [row["covered_share"] for row in plan.report["mosaics"]] == [1.0, 1.0]


def test_other_sky_is_refused_with_align_too(tmp_path):
    paths = files(tmp_path, tan_wcs(crval=(65.0, -54.0)))
    with pytest.raises(BadInput, match=r"covers no part of f555w.fits: .* are 54\.\d′ apart"):
        import_field("ngc1", requests(paths), align=True)


@needs_reproject
@pytest.mark.parametrize("name", ["half a pixel", "larger pixels", "turned", "galactic"])
def test_align_puts_a_band_on_the_pixels_of_the_reference(tmp_path, name):
    # V is the reference band: B is resampled.
    field = import_field("ngc1", requests(files(tmp_path, GRIDS[name])), align=True)
    mosaic = field.mosaics.get(band="B")
    assert (mosaic.height, mosaic.width, mosaic.filter) == (340, 320, "F438W")
    assert mosaic.shift_from(field.mosaics.get(band="V")) == (0, 0)
    image = mosaic.read().image - mosaic.sky
    for (ra, dec), flux in SOURCES.items():
        total, dx, dy = measure(image, ra, dec, radius=8)
        assert total == pytest.approx(flux, rel=2e-3)
        assert (dx, dy) == pytest.approx((0, 0), abs=0.03)


@needs_reproject
def test_align_keeps_calibration_and_unit(tmp_path):
    cards = {"PHOTFLAM": 1.9e-19, "PHOTPLAM": 4326.0, "EXPTIME": 1000.0}
    paths = files(tmp_path, GRIDS["turned"], **cards)
    plain = import_field("plain", requests(paths[:1])).mosaics.get()
    mosaic = import_field("ngc1", requests(paths), align=True).mosaics.get(band="B")
    for column in ("unit", "filter", "zero_point_ab", "zero_point_vega", "photflam", "exposure_s"):
        assert getattr(mosaic, column) == getattr(plain, column), column
    header = fits.getheader(mosaic.path)
    assert "Resampled from f438w.fits" in str(header["HISTORY"])
    assert SkyCoord(65.0, -54.9, unit="deg").contained_by(mosaic.wcs, np.empty((340, 320)))


@needs_reproject
def test_the_same_import_resamples_once(tmp_path):
    paths = files(tmp_path, GRIDS["turned"])
    first = import_field("ngc1", requests(paths), align=True).mosaics.get(band="B")
    plan = plan_field("ngc1", requests(paths), align=True)
    steps = []
    plan.write(lambda done, total, step: steps.append(step))
    assert steps == ["writing the field", "writing the field"]
    assert Field.objects.get().mosaics.get(band="B").path == first.path


@needs_reproject
def test_the_file_of_a_replaced_mosaic_is_removed(tmp_path, settings):
    paths = files(tmp_path, GRIDS["turned"])
    for name in ("ngc1", "ngc2"):
        import_field(name, requests(paths), align=True)
    (path,) = (settings.HOME / "aligned").iterdir()
    (tmp_path / "flat").mkdir()
    flat = [write(tmp_path / "flat", band, REFERENCE.wcs, REFERENCE.shape) for band in "BV"]
    import_field("ngc1", requests(flat))
    assert path.exists()  # ngc2 has it too
    import_field("ngc2", requests(flat))
    assert not path.exists()


@needs_reproject
def test_a_killed_alignment_leaves_nothing(tmp_path, settings):
    paths = files(tmp_path, GRIDS["turned"])
    plan = plan_field("ngc1", requests(paths), align=True)
    (path,) = (alignment.path for alignment in plan.alignments.values())
    path.parent.mkdir()
    for left in (path, path.with_name(f".{path.name}.1234.part")):
        left.touch()
    path.with_name(f"{path.name}.importing").touch()
    assert remove_abandoned() == [path.name]
    assert list(path.parent.iterdir()) == []
    plan.write()
    path.with_name(f"{path.name}.importing").touch()
    assert remove_abandoned() == []
    assert list(path.parent.iterdir()) == [path]


@needs_reproject
def test_an_alignment_that_fails_leaves_nothing(tmp_path, settings, monkeypatch):
    plan = plan_field("ngc1", requests(files(tmp_path, GRIDS["turned"])), align=True)
    monkeypatch.setattr(Field, "full_clean", lambda _self: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        plan.write()
    assert list((settings.HOME / "aligned").iterdir()) == []


def test_audit_names_resampled_mosaics_of_no_field(tmp_path, settings, capsys):
    (settings.HOME / "aligned").mkdir()
    (settings.HOME / "aligned" / "orphan.fits").touch()
    with pytest.raises(SystemExit):
        call_command("audit")
    assert "orphan.fits belongs to no field; delete it" in capsys.readouterr().out


@needs_reproject
def test_the_command_says_what_it_resamples_and_a_dry_run_does_not(tmp_path, capsys, settings):
    paths = files(tmp_path, GRIDS["turned"])
    aligned = settings.HOME / "aligned"
    files_before = set(aligned.glob("*"))
    options = [f"--mosaic={path}" for path in paths]
    with pytest.raises(CommandError, match="--align"):
        call_command("import_field", "ngc1", *options)
    call_command("import_field", "ngc1", *options, "--align", "--dry-run")
    assert "it is resampled (--align): its pixels are not those of f555w.fits" in (
        capsys.readouterr().out
    )
    assert not Field.objects.exists()
    assert set(aligned.glob("*")) == files_before
    call_command("import_field", "ngc1", *options, "--align")
    assert len(set(aligned.glob("*")) - files_before) == 1
