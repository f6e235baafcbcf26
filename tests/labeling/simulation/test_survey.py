"""`simulate_survey`: the mosaics agree with the catalogue."""

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table

from classifier.core.bands import BANDS
from labeling.imaging.photometry import concentration, measure_flux
from labeling.simulation import (
    NGC1566,
    WFC3_UVIS,
    SimulatedSurvey,
    read_legus,
    read_psfs,
    read_zero_points,
    simulate_survey,
)
from labeling.simulation.photometry import aperture_correction
from labeling.simulation.psf import wfc3_psf
from labeling.simulation.survey import outliers

PSFS = {band: wfc3_psf(band, 0.5) for band in BANDS}
CATALOGUE = "hlsp_legus_hst_wfc3_ngc1566_multiband_v1_padagb-mwext-avgapcor.tab"


@pytest.fixture
def survey(legus_file: Path) -> SimulatedSurvey:
    """The four sources of `legus_file` on a frame of 261 x 261 px."""
    return simulate_survey(read_legus(legus_file), WFC3_UVIS, PSFS, seed=2)


def test_it_reads_legus_columns(legus_file: Path) -> None:
    table = read_legus(legus_file)
    assert table["class"].tolist() == [1, 2, 3, 0]  # mode of three, then hybrid, then none
    assert np.isnan(table["mag_NUV"][3])
    assert table["mag_V"].tolist() == [21.0, 21.5, 21.5, 25.0]


@pytest.mark.parametrize(
    ("text", "reason"),
    [("1 2 3\n4 5 6\n", "found 3"), ("1 2 3\n4 5\n", "39 columns"), ("", "39 columns")],
)
def test_it_rejects_a_file_with_other_columns(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "other.tab"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=reason):
        read_legus(path)


def test_it_rejects_an_empty_catalogue() -> None:
    with pytest.raises(ValueError, match="no rows"):
        simulate_survey(Table(names=["x", "y"]), WFC3_UVIS, PSFS)


def test_a_cluster_has_its_magnitude_and_concentration(survey: SimulatedSurvey) -> None:
    x = y = np.array([59.0])
    for band in ("B", "V"):
        zero_point = WFC3_UVIS[band]
        pixels = survey.mosaic(band).data
        brightness = measure_flux(pixels, x, y, 4.0, zero_point.exptime)
        correction = aperture_correction(PSFS[band], 0.87)
        magnitude = zero_point.magnitude(brightness.flux[0]) + correction
        # Field stars in the aperture change it by up to a tenth of a magnitude.
        assert magnitude == pytest.approx({"B": 21.2, "V": 21.0}[band], abs=0.12)
    assert concentration(pixels, x, y)[0] == pytest.approx(1.5, abs=0.1)


def test_a_source_in_one_band_only_is_a_cosmic_ray(survey: SimulatedSurvey) -> None:
    around = np.s_[153:166, 153:166]
    ray, sky = survey.mosaic("I").data[around], survey.mosaic("NUV").data[around]
    assert ray.max() > 0.2 * WFC3_UVIS["I"].flux(20.5)
    assert sky.max() < 0.3


def test_a_band_much_brighter_than_its_neighbours_is_an_outlier() -> None:
    young = [19.2, 19.5, 21.0, 21.0, 20.9]
    struck = [19.9, 25.9, 25.7, 24.8, 20.6]
    faint = [np.nan, 25.5, np.nan, 26.2, 21.1]
    flags = outliers(np.array([young, struck, faint]).T)
    assert flags.T.tolist() == [
        [False] * 5,
        [True, False, False, False, True],
        [False, True, False, False, True],
    ]


def test_it_writes_one_file_a_band(survey: SimulatedSurvey, tmp_path: Path) -> None:
    paths = survey.write(tmp_path)
    assert [path.name for path in paths.values()] == [
        f"ngc1566_{WFC3_UVIS[band].filter.lower()}_sim.fits" for band in BANDS
    ]
    header = fits.getheader(paths["U"])
    assert header["SIMULATE"] is True
    assert header["OBJECT"] == "NGC 1566 SIMULATED"
    assert np.array_equal(fits.getdata(paths["U"]), survey.mosaic("U").data)


def test_the_frame_fits_the_real_catalogue(real_data: Path) -> None:
    table = read_legus(real_data / "catalogues" / CATALOGUE)
    x, y = NGC1566.wcs.all_world2pix(table["ra"], table["dec"], 1)
    dx, dy = x - table["x"], y - table["y"]
    # RA and Dec are rounded to 1e-5 deg: up to 0.26 px in x and 0.46 px in y. A wrong origin
    # would move every source by one pixel.
    assert abs(np.mean(dx)) < 0.02
    assert abs(np.mean(dy)) < 0.02
    assert np.median(np.hypot(dx, dy)) < 0.33


def test_real_sources_have_the_magnitudes_and_sizes_of_the_catalogue(real_data: Path) -> None:
    table = read_legus(real_data / "catalogues" / CATALOGUE)
    nearby = (abs(table["x"] - 2900.0) < 350.0) & (abs(table["y"] - 5000.0) < 350.0)
    sources = table[nearby]
    sources["x"] -= sources["x"].min() - 60.0
    sources["y"] -= sources["y"].min() - 60.0
    psfs = read_psfs(real_data / "psf")
    zero_points = read_zero_points(real_data / "legus_meta" / "header_info_ngc1566_prime.txt")
    pixels = simulate_survey(sources, zero_points, psfs).mosaic("V").data
    x, y = np.asarray(sources["x"]) - 1.0, np.asarray(sources["y"]) - 1.0
    brightness = measure_flux(pixels, x, y, 4.0, zero_points["V"].exptime)
    magnitudes, _ = brightness.magnitudes(
        zero_points["V"].vega + aperture_correction(psfs["V"], 0.87)
    )
    clusters = np.isin(sources["class"], [1, 2, 3])
    assert clusters.sum() > 30
    assert abs(np.median((magnitudes - sources["mag_V"])[clusters])) < 0.1
    indices = concentration(pixels, x, y)
    assert abs(np.median((indices - sources["ci"])[clusters])) < 0.05
