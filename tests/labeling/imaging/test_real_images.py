"""Real and unusual FITS files: each gives an image, or one clear error."""

import numpy as np
import pytest
from astropy.io import fits

from labeling.imaging.calibration import read_calibration
from labeling.imaging.filter_names import filter_name
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


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("images/hst_cosmos_mef/real_galaxy_images_extension.fits", "100 of its HDUs may be"),
        ("images/scarlet_hsc_grizy/Cut_HSC1.fits", "a cube of 5 planes.*V=Cut_HSC1"),
        ("odd_fits/drizzlepac_flc_24hdu.fits", "2 of its HDUs may be the image: HDU 1 SCI"),
        ("odd_fits/test0.fits", r"4 of its HDUs may be the image: HDU 1 SCI \(40 x 40 px"),
        ("odd_fits/j94f05bgq_flt.fits", "2 of its HDUs may be the image"),
        ("odd_fits/blank.fits", "it has 1 x 1 px"),
        ("odd_fits/header_newlines.fits", "it has 1 x 1 px"),
        ("odd_fits/variable_length_table.fits", "none of its 2 HDUs"),
        ("odd_fits/group_invalid.fits", "its only HDU is not a two"),
        ("odd_fits/random_groups.fits", "its only HDU is not a two"),
    ],
)
def test_files_without_one_image_are_refused_or_a_question(name, reason):
    with pytest.raises(UnusableImage, match=reason):
        read_mosaic(DATA / name)


def test_a_filter_wheel_by_number_gives_way_to_the_filter_by_name():
    mosaic = read_mosaic(DATA / "images/hst_ngc4342/ngc4342.sky.fits")
    assert (mosaic.filter, mosaic.filter_source) == ("F814W", "FILTNAM1")
    assert mosaic.calibration.photflam == pytest.approx(2.507903e-18)
    # The file has no BUNIT: counts, or counts per second?
    assert mosaic.calibration.zero_point_ab is None


def test_the_zero_point_of_a_real_image_is_that_of_its_handbook():
    (path,) = files("images/hst_abell2744_gz")[:1]
    # F105W of WFC3/IR: 26.2687 (AB) for an infinite aperture, as of 2012.
    assert read_mosaic(path).calibration.zero_point_ab == pytest.approx(26.269, abs=2e-3)


@pytest.mark.parametrize("plane", range(5))
def test_planes_of_a_real_cube_equal_those_of_astropy(plane):
    path = DATA / "images/scarlet_hsc_grizy/Cut_HSC1.fits"
    expected = fits.getdata(path)[plane].astype(np.float32)
    mosaic = read_mosaic(path, 0, plane)
    np.testing.assert_array_equal(mosaic.image, expected)
    np.testing.assert_array_equal(mosaic.map_pixels(), expected)
    assert mosaic.pixel_scale_arcsec == pytest.approx(0.168, rel=1e-3)


def test_a_real_header_of_a_drizzled_image_gives_its_zero_point():
    text = (DATA / "legus_meta/ngc1566_uvis_f658n_exp_drc_sciheader.txt").read_text()
    header = fits.Header.fromstring(text)
    assert filter_name([header], DATA / "a.fits") == ("F658N", "FILTER")
    calibration = read_calibration([header], header["BUNIT"], None)
    # PHOTFNU of the same header, in Jy s per electron, which is of another exposure by 0.6 %.
    expected = -2.5 * np.log10(header["PHOTFNU"]) + 8.90
    assert calibration.zero_point_ab == pytest.approx(expected, abs=0.01)
    assert calibration.exposure_s == 2528.0
