"""The browser's limits and stretches agree with astropy, on every pixel to 1/255."""

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.visualization import (
    AsinhStretch,
    HistEqStretch,
    LinearStretch,
    LogStretch,
    ManualInterval,
    MinMaxInterval,
    PercentileInterval,
    PowerDistStretch,
    SinhStretch,
    SqrtStretch,
    SquaredStretch,
    ZScaleInterval,
)

from tests.services import node

ROOT = Path(__file__).resolve().parents[3]
DATA = Path(os.environ.get("ASTERISM_DATA", ROOT.parent / "shared" / "data"))
SIDE = 50

STRETCHES = {
    "Linear": LinearStretch(),
    "Log": LogStretch(1000),
    "Power": PowerDistStretch(1000),
    "Square Root": SqrtStretch(),
    "Squared": SquaredStretch(),
    "ASINH": AsinhStretch(0.1),
    "SINH": SinhStretch(1 / 3),
}
ZSCALE = ZScaleInterval(n_samples=600, contrast=0.25)


class ZMax(MinMaxInterval):
    """DS9's: from ZScale's low to the maximum."""

    def get_limits(self, values):
        """The two limits."""
        return ZSCALE.get_limits(values)[0], np.max(values)


def equalized(image, low, high):
    """The histogram of the pixels within the limits, equalized."""
    among = image[(image >= low) & (image <= high)]
    if among.size < 2 or among.min() == among.max():
        return np.where(np.isnan(image), np.nan, 0.0)
    unit = ManualInterval(among.min(), among.max())
    return HistEqStretch(unit(among))(unit(image))


INTERVALS = {
    "Min Max": MinMaxInterval(),
    "ZScale": ZSCALE,
    "ZMax": ZMax(),
    **{
        f"{share} %": PercentileInterval(float(share))
        for share in ("99.5", "99", "98", "97", "96", "95", "92.5", "90")
    },
}


def simulated():
    """Stamps with noise, a star, a gradient, missing pixels, and a single grey, (N, y, x)."""
    rng = np.random.default_rng(7)
    y, x = np.mgrid[:SIDE, :SIDE]
    star = 40 * np.exp(-((x - 24.6) ** 2 + (y - 25) ** 2) / 8)
    noise = rng.normal(0.01, 0.004, (4, SIDE, SIDE))
    noise[1] += star
    noise[2] += 0.01 * x + star
    noise[2, :, :17] = np.nan
    noise[3] = 2.5
    return noise.astype(np.float32)


def real():
    """Centres of real HST stamps in electrons, from a multi-extension file, (N, y, x)."""
    path = DATA / "images/hst_cosmos_mef/real_galaxy_images_extension.fits"
    if not path.exists():
        pytest.skip(f"the real images are not there: {path} (ASTERISM_DATA names their folder)")
    with fits.open(path) as hdus:
        large = [hdu.data for hdu in hdus if hdu.data is not None and min(hdu.data.shape) >= SIDE]
    return np.array([image[:SIDE, :SIDE] for image in large[:8]], dtype=np.float32)


def browser_levels(images, path):
    """Return the levels of the browser's modules for each image, by the name of the limits."""
    images.astype("<f4").tofile(path)
    command = [
        node.executable(),
        str(Path(__file__).with_name("levels.js")),
        str(path),
        str(SIDE**2),
    ]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


@pytest.mark.parametrize("images", [simulated, real], ids=["simulated", "real"])
def test_it_stretches_as_astropy_does(images, tmp_path):
    images = images()
    for image, answers in zip(images, browser_levels(images, tmp_path / "images"), strict=True):
        assert set(answers) == set(INTERVALS)
        for name, interval in INTERVALS.items():
            low, high = interval.get_limits(image[np.isfinite(image)])
            scale = float(max(abs(low), abs(high)))
            assert answers[name]["low"] == pytest.approx(low, abs=1e-5 * scale)
            assert answers[name]["high"] == pytest.approx(high, abs=1e-5 * scale)
            unit = ManualInterval(low, high)(image.ravel())
            expected_shares = {stretch: function(unit) for stretch, function in STRETCHES.items()}
            expected_shares["Histogram Equalization"] = equalized(image.ravel(), low, high)
            assert set(answers[name]["levels"]) == set(expected_shares)
            for stretch, share in expected_shares.items():
                levels = np.array(answers[name]["levels"][stretch])
                expected = 255 * share
                assert np.array_equal(levels == -1, np.isnan(expected))
                assert np.nanmax(np.abs(levels - expected)[levels >= 0]) <= 1
