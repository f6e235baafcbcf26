"""labeling.imaging.filter_names: the forms in which headers name a filter."""

from pathlib import Path

import pytest
from astropy.io import fits

from classifier.core.bands import band_of
from labeling.imaging.filter_names import FILE_NAME, filter_name

PATH = Path("mosaic.fits")


@pytest.mark.parametrize(
    ("cards", "name", "source"),
    [
        ({"FILTER": "F555W"}, "F555W", "FILTER"),
        ({"FILTER": " f555w "}, "F555W", "FILTER"),
        ({"FILTER": "CLEAR1L;F814W"}, "F814W", "FILTER"),
        ({"FILTER": "F555W, CLEAR2L"}, "F555W", "FILTER"),
        ({"FILTER": "WFC3/F555W"}, "F555W", "FILTER"),
        ({"FILTER": "ACS_WFC_F435W"}, "F435W", "FILTER"),
        ({"FILTER": "WFC3/UVIS F275W"}, "F275W", "FILTER"),
        ({"FILTER1": "CLEAR1L", "FILTER2": "F814W"}, "F814W", "FILTER2"),
        ({"FILTER1": "F606W", "FILTER2": "CLEAR2L"}, "F606W", "FILTER1"),
        ({"FILTER1": 38, "FILTER2": 0, "FILTNAM1": "F814W"}, "F814W", "FILTNAM1"),
        ({"FILTER1": 38, "PHOTMODE": "WFPC2,1,A2D7,F814W,,CAL"}, "F814W", "PHOTMODE"),
        ({"PHOTMODE": "ACS WFC1 F435W MJD#53023.0"}, "F435W", "PHOTMODE"),
        ({"PHOTMODE": "WFC3 UVIS2 F336W MJD#60166.9351"}, "F336W", "PHOTMODE"),
        ({"EXTNAME": "F438W"}, "F438W", "EXTNAME"),
        ({"FILTER": "N/A", "PHOTMODE": "WFC3 UVIS1 F438W"}, "F438W", "PHOTMODE"),
        ({"FILTER": "V"}, "V", "FILTER"),
        ({"FILTER": "g.MP9401"}, "G.MP9401", "FILTER"),
        ({"FILTER": "F350LP"}, "F350LP", "FILTER"),
        ({"FILTER1": "F435W", "FILTER2": "F814W"}, "F435W and F814W", "FILTER1"),
        ({"FILTER": 33}, "", ""),
        ({}, "", ""),
    ],
)
def test_a_header_names_the_filter(cards, name, source):
    assert filter_name([fits.Header(cards)], PATH) == (name, source)


def test_the_image_header_comes_before_the_primary_one():
    headers = [fits.Header({"FILTER": "F555W"}), fits.Header({"FILTER": "F814W"})]
    assert filter_name(headers, PATH) == ("F555W", "FILTER")
    assert filter_name(headers[::-1], PATH) == ("F814W", "FILTER")
    assert filter_name([fits.Header(), headers[1]], PATH) == ("F814W", "FILTER")


def test_two_filters_in_one_beam_are_no_band():
    with pytest.raises(ValueError, match="F435W and F814W"):
        band_of(filter_name([fits.Header({"FILTER1": "F435W", "FILTER2": "F814W"})], PATH)[0])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("hlsp_legus_hst_wfc3_ngc1566_f555w_v1_drc.fits", "F555W"),
        ("ngc1566-F275W.fits.gz", "F275W"),
        ("f435w-f814w_ratio.fits", ""),
        ("of555wx.fits", ""),
    ],
)
def test_the_name_of_the_file_is_the_last_resort(name, expected):
    assert filter_name([fits.Header()], Path(name)) == (expected, FILE_NAME if expected else "")
