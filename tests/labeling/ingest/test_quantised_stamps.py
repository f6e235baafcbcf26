"""Stamps are quantised by the noise of each mosaic unless the import is lossless."""

import io

import numpy as np
import pytest
from astropy.io import fits
from astropy.nddata import Cutout2D
from django.core.management import call_command

from classifier.core.bands import BANDS
from classifier.core.packs import Pack, read_stamps
from tests.labeling.skies import POSITIONS, SHAPE, write_mosaic, write_sky
from tests.labeling.world import API

pytestmark = pytest.mark.beside("sqlite")

SIGMA = dict(zip(BANDS, [1e-20, 3e-3, 0.02, 1.0, 500.0], strict=True))


def noisy(band):
    """Noise of the band's SIGMA, with a bright star, a hole, and pixels without exposure."""
    rng = np.random.default_rng(BANDS.index(band))
    image = rng.normal(SIGMA[band], SIGMA[band], SHAPE)
    image[125:135, 115:125] += 1e4 * SIGMA[band]
    image[100:103, 110], image[150:160, 60:70] = np.nan, 0
    return image.astype(np.float32)


@pytest.fixture
def noisy_sky(tmp_path):
    sky = write_sky(tmp_path)
    for band, path in sky.mosaics.items():
        write_mosaic(path, band, noisy(band))
    return sky


@pytest.fixture
def field(db, noisy_sky):
    return noisy_sky.imported(lossless=False)


def cutouts(number):
    """The stamps of a candidate by astropy, (band, y, x)."""
    position = POSITIONS[number]
    return np.stack(
        [
            Cutout2D(noisy(band), position, 100, mode="partial", fill_value=np.nan).data
            for band in BANDS
        ]
    )


@pytest.mark.parametrize("number", POSITIONS)
def test_every_pixel_is_within_a_sixteenth_of_the_noise(field, number):
    candidate = field.candidates.get(catalogue_number=number)
    stamps, expected = read_stamps(candidate.pack_path, candidate.pack_row), cutouts(number)
    np.testing.assert_array_equal(np.isnan(stamps), np.isnan(expected))
    np.testing.assert_array_equal(stamps == 0, expected == 0)
    for mosaic in field.mosaics.all():
        assert mosaic.sky_sigma == pytest.approx(SIGMA[mosaic.band], rel=0.05)
        k = BANDS.index(mosaic.band)
        error = np.abs(stamps[k].astype(np.float64) - expected[k])
        assert 0 < np.nanmax(error) < mosaic.sky_sigma / 16


def test_the_step_follows_from_the_sky_of_each_mosaic(field):
    pack = Pack.open(field.imports.get().pack_path)
    for mosaic in field.mosaics.all():
        step = pack.step[:, BANDS.index(mosaic.band)]
        np.testing.assert_allclose(step, mosaic.sky_sigma / 10, rtol=1e-6)


@pytest.mark.parametrize("number", POSITIONS)
def test_with_lossless_every_pixel_is_that_of_the_mosaic(noisy_sky, db, number):
    field = noisy_sky.field()
    references = "--reference=people=people"
    call_command("import_catalogue", field.name, noisy_sky.catalogue, references, "--lossless")
    candidate = field.candidates.get(catalogue_number=number)
    stamps = read_stamps(candidate.pack_path, candidate.pack_row)
    np.testing.assert_array_equal(stamps, cutouts(number))


def test_the_command_says_that_an_import_is_not_lossless(noisy_sky, db, capsys):
    arguments = ("import_catalogue", noisy_sky.field().name, noisy_sky.catalogue)
    call_command(*arguments)
    call_command(*arguments, "--lossless")
    assert "not lossless: remove this import first" in capsys.readouterr().out


def test_the_fits_file_says_how_its_pixels_are_quantised(as_ada, field):
    candidate = field.candidates.get(catalogue_number=1)
    response = as_ada.get(f"{API}/candidates/{candidate.pk}/stamps.fits")
    with fits.open(io.BytesIO(response.getvalue()), checksum=True) as file:
        for hdu in file[1:]:
            assert hdu.header["QUANTIZ"] == "SUBTRACTIVE_DITHER_2"
            assert hdu.header["QSTEP"] == pytest.approx(SIGMA[hdu.header["BAND"]] / 10, rel=0.05)


def test_the_array_comes_with_the_steps_of_its_bands(as_ada, field):
    candidate = field.candidates.get(catalogue_number=1)
    response = as_ada.get(f"{API}/candidates/{candidate.pk}/stamps.npy")
    steps = [float(step) for step in response.headers["X-Quantisation-Step"].split(",")]
    assert steps == pytest.approx([SIGMA[band] / 10 for band in BANDS], rel=0.05)


def test_lossless_files_say_nothing_of_quantisation(as_ada, imported):
    candidate = imported.candidates.first()
    url = f"{API}/candidates/{candidate.pk}/stamps"
    assert "X-Quantisation-Step" not in as_ada.get(f"{url}.npy").headers
    with fits.open(io.BytesIO(as_ada.get(f"{url}.fits").getvalue())) as file:
        assert not any("QUANTIZ" in hdu.header or "QSTEP" in hdu.header for hdu in file)
