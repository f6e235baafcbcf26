"""labeling.imaging.science_hdu: the image among weights, errors, flags and tables."""

import numpy as np
import pytest
from astropy.io import fits

from labeling.imaging.mosaics import UnusableImage, read_mosaic

LIGHT = np.arange(1, 31, dtype=np.float32).reshape(5, 6)


def write(path, *hdus):
    """Write a file of an empty primary HDU and image HDUs of these names; None is unnamed."""
    images = [fits.ImageHDU(LIGHT + number, name=name) for number, name in enumerate(hdus)]
    fits.HDUList([fits.PrimaryHDU(), *images]).writeto(path)
    return path


@pytest.mark.parametrize(
    ("names", "number"),
    [
        (["SCI", "WHT", "CTX"], 1),
        (["WHT", "CTX", "SCI"], 3),
        (["ERR", "DQ", "sci"], 3),
        ([None, "SCI"], 2),
        (["WHT", None], 2),
        (["F555W_ERR", "F555W_SCI"], 2),
        (["VAR_POISSON", "MASK", "MODEL"], 3),
        (["IVAR", "SEGMAP", "IMAGE", "BKG"], 3),
    ],
)
def test_the_image_is_chosen_by_its_name(tmp_path, names, number):
    mosaic = read_mosaic(write(tmp_path / "a.fits", *names))
    assert (mosaic.hdu, mosaic.image[0, 0]) == (number, number)


def test_a_primary_image_comes_before_its_weights(tmp_path):
    hdus = [fits.PrimaryHDU(LIGHT), fits.ImageHDU(LIGHT, name="WHT")]
    fits.HDUList(hdus).writeto(tmp_path / "a.fits")
    assert read_mosaic(tmp_path / "a.fits").hdu == 0


@pytest.mark.parametrize("names", [["SCI", "ERR", "SCI"], [None, None], ["A", "B"]])
def test_several_images_are_a_question(tmp_path, names):
    path = write(tmp_path / "a.fits", *names)
    with pytest.raises(UnusableImage, match=r"2 of its HDUs may be the image: HDU 1.*a\.fits\[1\]"):
        read_mosaic(path)


def test_the_question_names_number_name_size_and_unit(tmp_path):
    first = fits.ImageHDU(LIGHT, fits.Header({"BUNIT": "ELECTRONS"}), name="SCI", ver=2)
    second = fits.ImageHDU(np.ones((3, 7, 8)), name="SCIENCE")
    fits.HDUList([fits.PrimaryHDU(), first, second]).writeto(tmp_path / "a.fits")
    with pytest.raises(UnusableImage) as error:
        read_mosaic(tmp_path / "a.fits")
    assert "HDU 1 SCI,2 (6 x 5 px, ELECTRONS)" in str(error.value)
    assert "HDU 2 SCIENCE (3 planes of 8 x 7 px, no unit)" in str(error.value)


def test_the_question_is_short_for_a_file_of_many_images(tmp_path):
    path = write(tmp_path / "a.fits", *[None] * 40)
    with pytest.raises(UnusableImage, match=r"40 of its HDUs.* and 32 more;"):
        read_mosaic(path)


@pytest.mark.parametrize("names", [["WHT"], ["ERR", "DQ"], ["CTX", "MASK"]])
def test_weights_errors_and_flags_are_no_image(tmp_path, names):
    path = write(tmp_path / "a.fits", *names)
    with pytest.raises(UnusableImage, match=r"weights, errors, flags or masks only: HDU 1"):
        read_mosaic(path)
    assert read_mosaic(path, 1).hdu == 1


@pytest.mark.parametrize("name", ["hst_f555w_wht.fits", "ngc1_err.fits.gz", "v-mask.fits.fz"])
def test_a_file_of_weights_is_known_by_its_name(tmp_path, name):
    fits.PrimaryHDU(LIGHT).writeto(tmp_path / name)
    with pytest.raises(UnusableImage, match=rf"its name says.*{name}\[0\]"):
        read_mosaic(tmp_path / name)
    assert read_mosaic(tmp_path / name, 0).hdu == 0


def test_a_name_with_exposure_weights_in_the_middle_is_an_image(tmp_path):
    fits.PrimaryHDU(LIGHT).writeto(tmp_path / "ngc1566_uvis_f658n_exp_drc_sci.fits")
    assert read_mosaic(tmp_path / "ngc1566_uvis_f658n_exp_drc_sci.fits").hdu == 0


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int32])
def test_whole_numbers_that_are_all_0_or_1_are_a_mask(tmp_path, dtype):
    fits.PrimaryHDU((LIGHT > 7).astype(dtype)).writeto(tmp_path / "a.fits")
    with pytest.raises(UnusableImage, match="it is a mask"):
        read_mosaic(tmp_path / "a.fits")


@pytest.mark.parametrize("axes", [(1, 5, 6), (1, 1, 5, 6)])
def test_leading_axes_of_size_1_do_not_count(tmp_path, axes):
    fits.PrimaryHDU(LIGHT.reshape(axes)).writeto(tmp_path / "a.fits")
    mosaic = read_mosaic(tmp_path / "a.fits")
    np.testing.assert_array_equal(mosaic.image, LIGHT)
    np.testing.assert_array_equal(mosaic.map_pixels(), LIGHT)


@pytest.mark.parametrize("lead", [(), (1,)])
def test_a_plane_of_a_cube_is_chosen(tmp_path, lead):
    cube = np.arange(90, dtype=np.float32).reshape(*lead, 3, 5, 6)
    fits.PrimaryHDU(cube).writeto(tmp_path / "a.fits")
    mosaic = read_mosaic(tmp_path / "a.fits", 0, 2)
    np.testing.assert_array_equal(mosaic.image, cube.reshape(3, 5, 6)[2])
    np.testing.assert_array_equal(mosaic.map_pixels(), mosaic.image)
    with pytest.raises(UnusableImage, match=r"cube of 3 planes.*as in V=a\.fits\[0,0\]"):
        read_mosaic(tmp_path / "a.fits")
    with pytest.raises(UnusableImage, match="planes 0 to 2, not 3"):
        read_mosaic(tmp_path / "a.fits", 0, 3)


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (40, 1)])
def test_a_pixel_or_a_row_is_no_image(tmp_path, shape):
    fits.PrimaryHDU(np.ones(shape, np.float32)).writeto(tmp_path / "a.fits")
    with pytest.raises(UnusableImage, match=f"{shape[1]} x {shape[0]} px"):
        read_mosaic(tmp_path / "a.fits")
