"""labeling.imaging.star_width: the width of stars comes back as it was drawn."""

import time

import numpy as np
import pytest

from labeling.imaging.mosaics import read_mosaic
from labeling.imaging.star_width import star_fwhm
from labeling.ingest.mosaics import MosaicRequest, import_field
from tests.labeling.real import DATA, needs_data
from tests.labeling.skies import write_mosaic

NOISE = 1.0


def draw(image, x, y, peak, fwhm, beta=3.0, axes=1.0):
    """Add a Moffat at the centres of the pixels, `axes` times as long along x as along y."""
    reach = int(12 * fwhm)
    x0, y0 = max(int(x) - reach, 0), max(int(y) - reach, 0)
    box = image[y0 : int(y) + reach, x0 : int(x) + reach]
    rows, columns = np.indices(box.shape)
    squares = ((columns + x0 - x) / axes) ** 2 + (rows + y0 - y) ** 2
    box += peak * (1 + squares * 4 * (2 ** (1 / beta) - 1) / fwhm**2) ** -beta


def sky_of(shape=(600, 700), seed=1):
    """Noise on a slope, and where to put things on it: far apart, not quite on a grid."""
    rng = np.random.default_rng(seed)
    rows, columns = np.indices(shape)
    image = rng.normal(50 + 0.02 * rows + 0.01 * columns, NOISE)
    grid = [(x, y) for x in range(30, shape[1] - 30, 45) for y in range(30, shape[0] - 30, 45)]
    places = [(x + rng.uniform(-9, 9), y + rng.uniform(-9, 9)) for x, y in grid]
    return rng, image, [places[k] for k in rng.permutation(len(places))]


def field_of(fwhm, beta=3.0, stars=40, others=60):
    """Stars of one width; among them wider clusters, flat galaxies and sharp cosmic rays."""
    rng, image, places = sky_of()
    for k, (x, y) in enumerate(places[: stars + others]):
        peak = 10 ** rng.uniform(1.7, 3.5)
        if k < stars:
            draw(image, x, y, peak, fwhm, beta)
        elif k % 3 == 0:
            image[int(y), int(x)] += peak
        elif k % 3 == 1:
            draw(image, x, y, peak, fwhm * rng.uniform(1.2, 2.5), 2.0)
        else:
            draw(image, x, y, peak, fwhm * 1.2, 3.0, axes=2.0)
    return image.astype(np.float32)


@pytest.mark.parametrize("fwhm", [1.8, 2.1, 3.0, 5.0])
@pytest.mark.parametrize("beta", [2.0, 4.0])
def test_the_width_of_drawn_stars_is_measured_within_five_percent(fwhm, beta):
    assert star_fwhm(field_of(fwhm, beta)) == pytest.approx(fwhm, rel=0.05)


@pytest.mark.parametrize("unit", [1e-12, 1e-18, 1e-24, 1e9])
def test_units_and_sky_do_not_matter(unit):
    image = field_of(2.5)
    assert star_fwhm(image * np.float32(unit)) == pytest.approx(star_fwhm(image), rel=0.01)


@pytest.mark.parametrize("hole", [0.0, np.nan])
def test_unexposed_pixels_do_not_matter(hole):
    image = np.full((900, 1000), hole, np.float32)
    image[200:800, 200:900] = field_of(2.5)
    assert star_fwhm(image) == pytest.approx(2.5, rel=0.05)


def test_a_large_mosaic_is_measured_in_the_middle_of_its_exposed_part():
    image = np.zeros((4000, 4000), np.float32)
    image[3200:3800, 100:800] = field_of(2.5)
    assert star_fwhm(image) == pytest.approx(2.5, rel=0.05)


@pytest.mark.parametrize("stars", [0, 4])
def test_too_few_stars_have_no_width(stars):
    assert star_fwhm(field_of(2.5, stars=stars, others=0)) is None


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((100, 100), np.float32),
        np.full((100, 100), np.nan, np.float32),
        np.full((100, 100), 3, np.float32),
        np.arange(10_000, dtype=np.float32).reshape(100, 100),
        np.ones((1, 1), np.float32),
        np.ones((3, 5000), np.float32),
    ],
    ids=["zero", "nan", "flat", "ramp", "pixel", "strip"],
)
def test_an_image_without_stars_has_no_width(image):
    assert star_fwhm(image) is None


def test_a_whole_mosaic_takes_less_than_a_second():
    image = np.tile(field_of(2.1), (11, 9))[:6200, :6200]
    begun = time.process_time()
    assert star_fwhm(image) == pytest.approx(2.1, rel=0.05)
    assert time.process_time() - begun < 1.0


def test_it_is_stored_for_each_mosaic(db, tmp_path):
    paths = [write_mosaic(tmp_path / f"{b}.fits", b, field_of(w)) for b, w in (("V", 2), ("I", 3))]
    field = import_field("ngc1", [MosaicRequest(path) for path in paths])
    widths = dict(field.mosaics.values_list("band", "star_fwhm_px"))
    assert widths == {"V": pytest.approx(2, rel=0.05), "I": pytest.approx(3, rel=0.05)}


@needs_data
@pytest.mark.parametrize(
    ("name", "least", "most"), [("u", 0.7, 1.3), ("g", 0.7, 1.3), ("r", 0.5, 1.1), ("i", 0.6, 1.2)]
)
def test_the_width_in_real_images_is_plausible(name, least, most):
    # VST KiDS, resampled to 0.339 arcsec a pixel.
    image = read_mosaic(DATA / "images" / "profound_ugriZ" / f"{name}.fits").image
    assert least < 0.339 * star_fwhm(image) < most
