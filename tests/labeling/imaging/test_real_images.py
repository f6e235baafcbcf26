"""Real and unusual FITS files: each gives an image, or one clear error."""

import numpy as np
import pytest

from labeling.imaging.mosaics import UnusableImage, read_mosaic, read_section
from tests.labeling.real import DATA, files, needs_data

pytestmark = needs_data

COMPRESSED = {
    "m13_gzip.fits": (300, 300),
    "m13_rice.fits": (300, 300),
    "m13_hcomp.fits": (300, 300),
    "m13_plio.fits": (300, 300),
    "comp.fits": (300, 440),
    "scale.fits": (21, 20),
}


@pytest.mark.parametrize("path", files("odd_fits", "images", "psf"), ids=lambda path: path.name)
def test_every_file_gives_an_image_or_an_error(path):
    try:
        mosaic = read_mosaic(path)
    except UnusableImage as error:
        assert str(error).startswith(f"{path}: ")
        assert "\n" not in str(error)
        return
    assert (mosaic.image.ndim, mosaic.image.dtype) == (2, np.float32)
    assert np.isfinite([mosaic.sky, mosaic.sky_sigma]).all()


@pytest.mark.parametrize("name", COMPRESSED)
def test_compressed_and_scaled_images_are_read(name):
    path = DATA / "odd_fits" / name
    mosaic = read_mosaic(path)
    assert mosaic.image.shape == COMPRESSED[name]
    section = read_section(path, mosaic.hdu, slice(2, 9), slice(1, 12))
    np.testing.assert_array_equal(section, mosaic.image[2:9, 1:12])


def test_all_compressions_give_the_same_pixels():
    images = [read_mosaic(DATA / "odd_fits" / f"m13_{k}.fits").image for k in ("gzip", "rice")]
    np.testing.assert_array_equal(*images)


def test_a_gzipped_hubble_image_has_filter_and_wcs():
    (path,) = files("images/hst_abell2744_gz")[:1]
    mosaic = read_mosaic(path)
    assert (mosaic.filter, mosaic.unit) == ("F105W", "electron / s")
    assert mosaic.wcs is not None
