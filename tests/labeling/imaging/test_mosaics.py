"""labeling.imaging.mosaics: plain, scaled and compressed images on disk."""

import gzip
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from astropy.io import fits

from labeling.imaging.mosaics import UnusableImage, read_mosaic, read_section
from tests.labeling.skies import SCALE, pixels, tan_wcs, write_mosaic


def test_it_reads_pixels_header_and_sky(tmp_path):
    mosaic = read_mosaic(write_mosaic(tmp_path / "a.fits"))
    np.testing.assert_array_equal(mosaic.image, pixels("V"))
    assert (mosaic.image.dtype, mosaic.image.dtype.isnative) == (np.float32, True)
    assert (mosaic.filter, mosaic.unit, mosaic.hdu) == ("F555W", "ELECTRONS/S", 0)
    assert mosaic.pixel_scale_arcsec == pytest.approx(SCALE)


def test_sources_and_holes_do_not_change_sky_and_noise(tmp_path):
    rng = np.random.default_rng(3)
    image = rng.normal(5.0, 2.0, (400, 400)).astype(np.float32)
    image[:100] = 0  # not exposed
    image[200:210, 200:210] = 1e5  # a source
    image[300, 300] = np.nan
    mosaic = read_mosaic(write_mosaic(tmp_path / "a.fits", image=image))
    # 120 000 pixels: five standard errors of the mean and of the deviation; clipping at 3 sigma
    # lowers the latter by 1.4 %.
    assert mosaic.sky == pytest.approx(5.0, abs=5 * 1.25 * 2 / 120_000**0.5)
    assert mosaic.sky_sigma == pytest.approx(2.0, rel=0.03)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.int32, np.float64])
def test_it_reads_all_number_types(tmp_path, dtype):
    image = np.arange(1, 61, dtype=dtype).reshape(6, 10)
    fits.PrimaryHDU(image).writeto(tmp_path / "a.fits")
    np.testing.assert_array_equal(read_mosaic(tmp_path / "a.fits").image, image)


def test_it_scales_integers_and_reads_blank_as_nan(tmp_path):
    hdu = fits.PrimaryHDU(np.array([[1, 2], [3, -99]], np.int16))
    hdu.header.update({"BSCALE": 0.5, "BZERO": 10.0, "BLANK": -99})
    hdu.writeto(tmp_path / "a.fits")
    image = read_mosaic(tmp_path / "a.fits").image
    np.testing.assert_array_equal(image, [[10.5, 11.0], [11.5, np.nan]])


@pytest.mark.parametrize("kind", ["GZIP_1", "GZIP_2", "RICE_1", "HCOMPRESS_1"])
def test_it_reads_compressed_images(tmp_path, kind):
    image = np.random.default_rng(2).normal(100, 5, (64, 64)).astype(np.float32)
    hdu = fits.CompImageHDU(image, tan_wcs().to_header(), compression_type=kind, quantize_level=64)
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(tmp_path / "a.fits")
    mosaic = read_mosaic(tmp_path / "a.fits")
    # Quantised to 1/64 of the noise.
    np.testing.assert_allclose(mosaic.image, image, atol=5 / 64)
    assert mosaic.pixel_scale_arcsec == pytest.approx(SCALE)
    section = read_section(tmp_path / "a.fits", mosaic.hdu, slice(3, 9), slice(5, 60))
    np.testing.assert_array_equal(section, mosaic.image[3:9, 5:60])


def test_threads_read_compressed_windows_at_once(tmp_path):
    image = np.random.default_rng(4).normal(100, 5, (512, 512)).astype(np.float32)
    hdu = fits.CompImageHDU(image, compression_type="HCOMPRESS_1", tile_shape=(64, 64))
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(tmp_path / "a.fits")
    image = read_mosaic(tmp_path / "a.fits").image

    def matches(start):
        window = slice(start, start + 150), slice(30, 300)
        section = read_section(tmp_path / "a.fits", 1, *window)
        return np.array_equal(section, image[window])

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(matches, range(0, 320, 5)))


def test_damaged_compressed_pixels_are_reported(tmp_path):
    image = np.random.default_rng(4).normal(100, 5, (128, 128)).astype(np.float32)
    hdu = fits.CompImageHDU(image, compression_type="HCOMPRESS_1", tile_shape=(64, 64))
    path = tmp_path / "a.fits"
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(path)
    with fits.open(path, disable_image_compression=True) as hdus:
        start = hdus[1].fileinfo()["datLoc"] + hdus[1]._theap
    damaged = bytearray(path.read_bytes())
    damaged[start + 20 : start + 400] = bytes(255 for _ in range(380))
    path.write_bytes(damaged)
    with pytest.raises(UnusableImage, match="its pixels cannot be read"):
        read_mosaic(path)


def test_it_reads_gzipped_files(tmp_path):
    path = write_mosaic(tmp_path / "a.fits")
    gzipped = tmp_path / "a.fits.gz"
    gzipped.write_bytes(gzip.compress(path.read_bytes()))
    np.testing.assert_array_equal(read_mosaic(gzipped).image, pixels("V"))
    section = read_section(gzipped, 0, slice(0, 2), slice(0, 3))
    np.testing.assert_array_equal(section, pixels("V")[:2, :3])


def test_a_window_equals_that_of_the_whole_image(tmp_path):
    path = write_mosaic(tmp_path / "a.fits")
    section = read_section(path, 0, slice(10, 20), slice(30, 35))
    np.testing.assert_array_equal(section, pixels("V")[10:20, 30:35])


def test_the_wcs_is_that_of_the_header(tmp_path):
    wcs = tan_wcs(rotation=33.0)
    read_wcs = read_mosaic(write_mosaic(tmp_path / "a.fits", wcs=wcs)).wcs
    sky, expected = (np.array(w.all_pix2world(7.0, 9.0, 0)) for w in (read_wcs, wcs))
    np.testing.assert_allclose(sky, expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize(
    "cards", [{"CTYPE1": "LINEAR", "CTYPE2": "LINEAR"}, {"CTYPE1": "RA---XYZ"}]
)
def test_a_wcs_without_celestial_axes_is_none(tmp_path, cards):
    assert read_mosaic(write_mosaic(tmp_path / "a.fits", **cards)).wcs is None


@pytest.mark.parametrize("hdu", [0, 7])
def test_the_error_for_a_changed_file_names_it(tmp_path, hdu):
    fits.PrimaryHDU().writeto(tmp_path / "a.fits")
    with pytest.raises(UnusableImage, match=r"a\.fits"):
        read_section(tmp_path / "a.fits", hdu, slice(0, 2), slice(0, 2))


def test_the_error_for_a_missing_file_names_it(tmp_path):
    with pytest.raises(UnusableImage, match=r"gone\.fits"):
        read_section(tmp_path / "gone.fits", 0, slice(0, 2), slice(0, 2))


@pytest.mark.parametrize("keyword", ["NAXIS", "NAXIS1", "NAXIS2", "BITPIX"])
def test_a_header_without_a_needed_card_is_refused_with_the_name_of_the_file(tmp_path, keyword):
    path = write_mosaic(tmp_path / "a.fits")
    content = path.read_bytes()
    start = content.index(keyword.ljust(8).encode())
    path.write_bytes(content[:start] + b" " * 80 + content[start + 80 :])
    with pytest.raises(UnusableImage, match=r"a\.fits: "):
        read_mosaic(path)
    with pytest.raises(UnusableImage, match=r"a\.fits: "):
        read_section(path, 0, slice(0, 5), slice(0, 5))
