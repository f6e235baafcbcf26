"""MosaicFile.map_pixels: every kind of image as astropy reads it, with little in memory."""

import numpy as np
import pytest
from astropy.io import fits

from labeling.imaging.mosaics import UnusableImage, read_mosaic, release_pages
from labeling.imaging.stamps import cut_stamps
from tests.labeling.real import files, needs_data
from tests.labeling.skies import pixels, write_mosaic


def scaled(image, **cards):
    hdu = fits.PrimaryHDU(image)
    hdu.header.update(cards)
    return hdu


NUMBERS = np.arange(-60, 60, dtype=np.int16).reshape(10, 12)
NOISE = np.random.default_rng(5).normal(100, 5, (260, 240)).astype(np.float32)


@pytest.mark.parametrize(
    "hdu",
    [
        fits.PrimaryHDU(NOISE),
        fits.PrimaryHDU(NOISE.astype(float)),
        fits.PrimaryHDU(NUMBERS),
        fits.PrimaryHDU((NUMBERS + 60).astype(np.uint16)),
        scaled(NUMBERS, BSCALE=0.1, BZERO=32.0, BLANK=-60),
        scaled(NUMBERS, BLANK=-60),
        scaled(NOISE, BSCALE=2.0, BZERO=1.0),
        fits.CompImageHDU(NOISE, compression_type="RICE_1"),
        fits.CompImageHDU(NOISE, compression_type="GZIP_2", quantize_level=0),
        fits.CompImageHDU(NOISE, compression_type="HCOMPRESS_1", tile_shape=(60, 80)),
        fits.CompImageHDU(NUMBERS, compression_type="RICE_1"),
    ],
)
def test_pixels_equal_those_of_astropy(tmp_path, hdu):
    path = tmp_path / "a.fits"
    if isinstance(hdu, fits.CompImageHDU):
        hdu = fits.HDUList([fits.PrimaryHDU(), hdu])
    hdu.writeto(path)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    mosaic = read_mosaic(path, scratch=scratch)
    expected = fits.getdata(path, mosaic.hdu).astype(np.float32)
    np.testing.assert_array_equal(mosaic.image, expected)
    np.testing.assert_array_equal(mosaic.map_pixels(), expected)
    assert not list(scratch.iterdir())


@needs_data
@pytest.mark.parametrize("path", files("odd_fits", "images", "psf"), ids=lambda path: path.name)
def test_real_files_equal_those_of_astropy(tmp_path, path):
    try:
        mosaic = read_mosaic(path, scratch=tmp_path)
    except UnusableImage:
        pytest.skip("refused; see test_real_images.py")
    expected = fits.getdata(path, mosaic.hdu).astype(np.float32)
    np.testing.assert_array_equal(mosaic.image, expected)
    np.testing.assert_array_equal(mosaic.map_pixels(), expected)


def test_stamps_of_a_memory_map_equal_those_in_memory(tmp_path):
    image = read_mosaic(write_mosaic(tmp_path / "a.fits")).map_pixels()
    x, y = np.random.default_rng(6).uniform(-60, 320, (2, 200))
    np.testing.assert_array_equal(cut_stamps(image, x, y), cut_stamps(pixels("V"), x, y))


def test_released_pages_are_read_again(tmp_path):
    image = read_mosaic(write_mosaic(tmp_path / "a.fits")).map_pixels()
    np.testing.assert_array_equal(image, pixels("V"))
    release_pages(image)
    np.testing.assert_array_equal(image, pixels("V"))
    release_pages(pixels("V"))
