"""The browser measures what photutils and astropy measure, on drawn and on real stamps."""

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.modeling.fitting import TRFLSQFitter
from astropy.modeling.models import Gaussian1D, Moffat1D
from astropy.stats import sigma_clipped_stats
from photutils.aperture import ApertureStats, CircularAnnulus, CircularAperture
from photutils.centroids import centroid_2dg
from photutils.detection import find_peaks
from photutils.profiles import CurveOfGrowth
from scipy.interpolate import RegularGridInterpolator

from tests.services import node

ROOT = Path(__file__).resolve().parents[3]
DATA = Path(os.environ.get("ASTERISM_DATA", ROOT.parent / "shared" / "data"))
SIDE = 100
RADII = np.arange(1, 11)
Y, X = np.mgrid[:SIDE, :SIDE]


def moffat(x, y, fwhm, beta, peak):
    """A round star (y, x) of that FWHM in pixels."""
    core = (2 ** (1 / beta) - 1) * 4 / fwhm**2
    return peak * (1 + core * ((X - x) ** 2 + (Y - y) ** 2)) ** -beta


def ellipse(x, y, long, short, angle_deg, peak):
    """An elliptical Gaussian (y, x) with those sigmas in pixels."""
    turn = np.deg2rad(angle_deg)
    along = (X - x) * np.cos(turn) + (Y - y) * np.sin(turn)
    across = (Y - y) * np.cos(turn) - (X - x) * np.sin(turn)
    return peak * np.exp(-0.5 * ((along / long) ** 2 + (across / short) ** 2))


def simulated():
    """Stars, an ellipse, one half without data and one at the edge: stamps and positions."""
    rng = np.random.default_rng(3)
    noise = rng.normal(0.05, 0.01, (5, SIDE, SIDE))
    noise[0] += moffat(50.3, 49.6, 2.4, 2.5, 3)
    noise[1] += moffat(48.8, 51.1, 4.5, 1.5, 3)
    noise[2] += ellipse(50.23, 50.41, 1.9, 1.2, 35, 3)
    noise[3] += moffat(50.3, 49.6, 2.4, 3.5, 3)
    noise[3, :, :46] = np.nan
    noise[4] += moffat(4.2, 95.7, 3.1, 3.0, 3)
    positions = [(50.3, 49.6), (48.8, 51.1), (50.23, 50.41), (50.3, 49.6), (4.2, 95.7)]
    return noise.astype(np.float32), positions


def real():
    """The brightest sources of real images, with positions near their highest pixels."""
    stamps, positions = [], []
    for name in ("hst_ngc4342/ngc4342.sky.fits", "scarlet_hsc_grizy/Cut_HST1.fits"):
        path = DATA / "images" / name
        if not path.exists():
            pytest.skip(f"the real images are not there: {path} (ASTERISM_DATA names their folder)")
        image = fits.getdata(path).astype(np.float32)
        sources = find_peaks(image, np.std(image), box_size=21, border_width=SIDE // 2)
        sources.sort("peak_value", reverse=True)
        for x, y in sources["x_peak", "y_peak"][:8]:
            stamps.append(image[y - 50 : y + 50, x - 50 : x + 50])
            positions.append((50.3, 49.8))
    return np.array(stamps), positions


@pytest.fixture(scope="module", params=[simulated, real], ids=["simulated", "real"])
def measured(request, tmp_path_factory):
    """Each stamp (y, x), the position on it, and the browser's measurements."""
    stamps, positions = request.param()
    path = tmp_path_factory.mktemp("stamps") / "stamps"
    stamps.astype("<f4").tofile(path)
    script = ROOT / "tests/frontend/examine/examine-measures.js"
    command = [
        node.executable(),
        str(script),
        str(path),
        json.dumps([[*map(float, p)] for p in positions]),
    ]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return list(zip(stamps.astype(float), positions, json.loads(done.stdout), strict=True))


def masked(stamp):
    """The pixels that have no data, (y, x) bool."""
    return ~np.isfinite(stamp)


def test_it_sums_circles_exactly(measured):
    for stamp, position, ours in measured:
        for radius, got in zip(RADII, ours["sums"], strict=True):
            aperture = CircularAperture(position, radius + 0.37)
            table = aperture.do_photometry(stamp, mask=masked(stamp), method="exact")
            area = aperture.area_overlap(stamp, mask=masked(stamp), method="exact")
            assert got["sum"] == pytest.approx(table[0][0], rel=1e-5)
            assert got["area"] == pytest.approx(area, rel=1e-9)
            assert got["missing"] == pytest.approx(1 - area / aperture.area, abs=1e-9)


def test_it_takes_the_clipped_median_of_the_ring_as_sky(measured):
    for stamp, position, ours in measured:
        ring = CircularAnnulus(position, 10, 15).to_mask(method="center")
        values = ring.get_values(stamp, mask=masked(stamp))
        _, median, sigma = sigma_clipped_stats(values, sigma=3, maxiters=5)
        assert ours["sky"]["level"] == pytest.approx(median, rel=1e-6)
        assert ours["sky"]["sigma"] == pytest.approx(sigma, rel=1e-6)


def test_its_curve_of_growth_is_photutils(measured):
    for stamp, position, ours in measured:
        above = stamp - ours["sky"]["level"]
        curve = CurveOfGrowth(above, position, RADII, mask=masked(stamp), method="exact")
        assert ours["growth"] == pytest.approx(curve.profile, rel=1e-5, abs=1e-9)


def test_its_shape_is_that_of_the_second_moments(measured):
    compared = 0
    for stamp, position, ours in measured:
        aperture = CircularAperture(position, 5)
        level = ours["sky"]["level"]
        theirs = ApertureStats(stamp - level, aperture, mask=masked(stamp), sum_method="center")
        if ours["shape"] is None or np.isnan(theirs.ellipticity):
            continue
        compared += 1
        assert ours["shape"]["ellipticity"] == pytest.approx(float(theirs.ellipticity), abs=1e-6)
        turn = ours["shape"]["angleDeg"] - theirs.orientation.value
        assert abs((turn + 90) % 180 - 90) < 1e-4
    assert compared >= 4


@pytest.mark.parametrize("name", ["moffat", "gaussian"])
def test_its_fits_are_astropys(measured, name):
    compared = 0
    for _, _, ours in measured:
        r, above = np.array(ours["r"]), np.array(ours["above"])
        if ours[name]["failure"]:
            continue
        near = r < 5
        peak = above.max()
        start = (
            Moffat1D(peak, 0, 2, 2.5, fixed={"x_0": True})
            if name == "moffat"
            else Gaussian1D(peak, 0, 1.2, fixed={"mean": True})
        )
        best = TRFLSQFitter()(start, r[near], above[near], maxiter=2000)
        compared += 1
        assert ours[name]["fwhm"] == pytest.approx(best.fwhm, rel=0.01)
    assert compared >= 4


def test_its_statistics_are_numpys(measured):
    for stamp, _, ours in measured:
        values = stamp[np.isfinite(stamp)]
        expected = {
            "n": values.size,
            "missing": stamp.size - values.size,
            "mean": values.mean(),
            "median": np.median(values),
            "sigma": values.std(ddof=1),
            "min": values.min(),
            "max": values.max(),
        }
        assert ours["statistics"] == pytest.approx(expected, rel=1e-12)
        _, median, sigma = sigma_clipped_stats(values, sigma=3, maxiters=5)
        assert ours["clipped"]["median"] == pytest.approx(median, rel=1e-12)
        assert ours["clipped"]["sigma"] == pytest.approx(sigma, rel=1e-9)


def test_its_lines_lie_where_the_image_has_their_level(measured):
    for stamp, position, ours in measured:
        left, low = (int(np.floor(coordinate + 0.5)) - 10 for coordinate in position)
        image = RegularGridInterpolator((np.arange(SIDE), np.arange(SIDE)), stamp)
        for line in ours["contour"]:
            x, y = np.transpose(line)
            assert image((y + low, x + left)) == pytest.approx(ours["level"], rel=1e-6)


def test_its_centre_is_that_of_a_fitted_gaussian():
    stamps, positions = simulated()
    for (x, y), stamp in zip(positions[:3], stamps[:3], strict=True):
        cut = stamp[40:61, 40:61].astype(float) - 0.05
        assert np.hypot(*(centroid_2dg(cut) + 40 - (x, y))) < 0.02
