"""Damaged and extreme images: each is refused in one sentence, or read with a note."""

import bz2
import gzip

import numpy as np
import pytest
from astropy.io import fits

from labeling.imaging.mosaics import UnusableImage, read_mosaic, read_section
from tests.labeling.skies import pixels, write_mosaic


def with_sums(path, image=None):
    """Write a mosaic with CHECKSUM and DATASUM."""
    write_mosaic(path, image=image)
    with fits.open(path, mode="update", checksum=True) as file:
        file[0].add_checksum()
    return path


def flip(path, position):
    """Change one bit of a file."""
    content = bytearray(path.read_bytes())
    content[position] ^= 1
    path.write_bytes(content)
    return path


def test_an_image_with_its_sums_is_read(tmp_path):
    mosaic = read_mosaic(with_sums(tmp_path / "a.fits"))
    assert mosaic.notes == ()
    np.testing.assert_array_equal(mosaic.image, pixels("V"))


@pytest.mark.parametrize("position", [20_000, -4000])
def test_a_changed_pixel_is_refused(tmp_path, position):
    path = flip(with_sums(tmp_path / "a.fits"), position)
    with pytest.raises(UnusableImage, match=r"a\.fits: the DATASUM of HDU 0 .*copy it again"):
        read_mosaic(path)


def test_an_edited_header_is_noted(tmp_path):
    path = with_sums(tmp_path / "a.fits")
    content = path.read_bytes()
    path.write_bytes(content.replace(b"'F555W", b"'F606W"))
    mosaic = read_mosaic(path)
    assert mosaic.filter == "F606W"
    assert mosaic.notes == ("the header of HDU 0 was edited after its CHECKSUM was written",)


def test_without_datasum_a_wrong_checksum_is_refused(tmp_path):
    path = with_sums(tmp_path / "a.fits")
    path.write_bytes(path.read_bytes().replace(b"DATASUM =", b"OTHERSUM="))
    with pytest.raises(UnusableImage, match=r"the CHECKSUM of HDU 0 does not match"):
        read_mosaic(path)


def test_the_sums_of_a_compressed_image_are_checked(tmp_path):
    image = fits.CompImageHDU(pixels("V"), compression_type="RICE_1")
    fits.HDUList([fits.PrimaryHDU(), image]).writeto(tmp_path / "a.fits", checksum=True)
    assert read_mosaic(tmp_path / "a.fits").notes == ()
    size = (tmp_path / "a.fits").stat().st_size
    with pytest.raises(UnusableImage, match="the DATASUM of HDU 1"):
        read_mosaic(flip(tmp_path / "a.fits", size // 2))


@pytest.mark.parametrize(("pack", "suffix"), [(gzip.compress, "gz"), (bz2.compress, "bz2")])
def test_a_compressed_file_is_read_and_its_sum_checked(tmp_path, pack, suffix):
    noise = np.random.default_rng(1).normal(5, 1, (260, 240)).astype(np.float32)
    content = write_mosaic(tmp_path / "a.fits", image=noise).read_bytes()
    path = tmp_path / f"a.fits.{suffix}"
    path.write_bytes(pack(content))
    mosaic = read_mosaic(path)
    np.testing.assert_array_equal(mosaic.image, noise)
    np.testing.assert_array_equal(mosaic.map_pixels(), noise)
    window = read_section(path, 0, slice(3, 9), slice(5, 7))
    np.testing.assert_array_equal(window, noise[3:9, 5:7])
    with pytest.raises(UnusableImage):
        read_mosaic(flip(path, -6))


def test_the_sum_of_a_gzipped_file_is_checked_where_its_pixels_unpack(tmp_path):
    path = tmp_path / "a.fits.gz"
    content = bytearray(gzip.compress(write_mosaic(tmp_path / "a.fits").read_bytes()))
    content[-8:-4] = b"\0\0\0\0"
    path.write_bytes(content)
    with pytest.raises(UnusableImage, match="CRC"):
        read_mosaic(path)


@pytest.mark.parametrize("value", [1e38, -1e38, 1.6e38, np.inf, -np.inf])
def test_impossible_pixels_are_missing_and_noted(tmp_path, value):
    image = np.random.default_rng(2).normal(5, 2, (260, 240)).astype(np.float32)
    expected = image.copy()
    image[100:103, 50], expected[100:103, 50] = value, np.nan
    mosaic = read_mosaic(write_mosaic(tmp_path / "a.fits", image=image))
    np.testing.assert_array_equal(mosaic.image, expected)
    np.testing.assert_array_equal(mosaic.map_pixels(), expected)
    section = read_section(tmp_path / "a.fits", 0, slice(99, 104), slice(49, 52))
    np.testing.assert_array_equal(section, expected[99:104, 49:52])
    assert mosaic.notes == ("3 pixels are infinite or beyond 1e30: taken as missing",)
    assert mosaic.sky == pytest.approx(5, abs=0.1)
    assert mosaic.sky_sigma == pytest.approx(2, rel=0.03)


def test_numbers_beyond_32_bits_are_missing(tmp_path):
    image = np.ones((20, 20))
    image[3, 4] = 1e300
    mosaic = read_mosaic(write_mosaic(tmp_path / "a.fits", image=image))
    assert np.isnan(mosaic.image[3, 4])
    assert np.isnan(mosaic.image).sum() == 1


@pytest.mark.parametrize("unit", [1e-18, 1e-21, 1e12])
def test_sky_and_noise_do_not_depend_on_the_unit(tmp_path, unit):
    image = np.random.default_rng(3).normal(5, 2, (300, 300))
    expected = read_mosaic(write_mosaic(tmp_path / "a.fits", image=image.astype(np.float32)))
    scaled = (image * unit).astype(np.float32)
    mosaic = read_mosaic(write_mosaic(tmp_path / "b.fits", image=scaled))
    assert mosaic.sky / unit == pytest.approx(expected.sky, rel=1e-5)
    assert mosaic.sky_sigma / unit == pytest.approx(expected.sky_sigma, rel=1e-5)


def test_pixels_too_small_for_32_bits_are_refused(tmp_path):
    image = np.random.default_rng(3).normal(5, 2, (30, 30)) * 1e-36
    with pytest.raises(UnusableImage, match="multiply all pixels"):
        read_mosaic(write_mosaic(tmp_path / "a.fits", image=image))
