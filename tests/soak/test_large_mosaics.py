"""The memory of large mosaics: five are imported, and stamps cut from them, in little of it."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from astropy.io import fits

from classifier.core.bands import BANDS, FILTERS
from tests.labeling.skies import tan_wcs
from tests.services.site import ROOT
from tests.soak.conftest import LONG

SIDE, LIMIT_MB = (8000, 600) if LONG else (3000, 300)
"""Five images in memory have 1280 MB, or 180 MB beside the 150 MB of the program itself."""
ROWS = 400
SCRIPT = """
import json, re, sys
import django
django.setup()
from django.core.management import call_command
call_command(*sys.argv[1:], verbosity=0)
# Not the peak of getrusage, which includes that of the process before exec.
with open("/proc/self/status") as status:
    print(json.dumps(int(re.search(r"VmHWM:\\s+(\\d+)", status.read())[1]) / 1024))
"""


def write_mosaic(path, band):
    """Write noise of a different level in each row, a strip at a time."""
    header = tan_wcs(crpix=(SIDE / 2, SIDE / 2)).to_header()
    header.update({"FILTER": FILTERS[band], "BUNIT": "ELECTRONS/S"})
    strip = np.random.default_rng(BANDS.index(band)).normal(5, 1, (500, SIDE)).astype(np.float32)
    image = fits.StreamingHDU(
        path,
        fits.Header(
            {"SIMPLE": True, "BITPIX": -32, "NAXIS": 2, "NAXIS1": SIDE, "NAXIS2": SIDE, **header}
        ),
    )
    for first in range(0, SIDE, len(strip)):
        image.write(strip[: SIDE - first] + np.float32(first / SIDE))
    image.close()
    return path


def peak_mb(home, *command):
    """Run a command in a process; return the most memory that it had, in MB."""
    environment = {
        **os.environ,
        "ASTERISM_HOME": str(home),
        "DATABASE_URL": "",
        "DJANGO_SETTINGS_MODULE": "deploy.settings",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    result = subprocess.run(
        [sys.executable, "-c", SCRIPT, *command],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr[-2000:]
    return json.loads(result.stdout.splitlines()[-1])


@pytest.mark.parametrize("kind", ["plain", "gzip"])
def test_five_mosaics_and_their_stamps_take_little_memory(tmp_path, kind):
    peak_mb(tmp_path / "home", "migrate")
    paths = [write_mosaic(tmp_path / f"{FILTERS[band]}.fits", band) for band in BANDS]
    if kind == "gzip":
        subprocess.run(["gzip", "-1", *paths], check=True)
        paths = [path.with_name(f"{path.name}.gz") for path in paths]
    mosaics = [f"--mosaic={path}" for path in paths]
    assert peak_mb(tmp_path / "home", "import_field", "large", *mosaics) < LIMIT_MB
    positions = np.random.default_rng(9).uniform(1, SIDE, (ROWS, 2))
    lines = [f"{number},{x:.2f},{y:.2f}" for number, (x, y) in enumerate(positions, 1)]
    (tmp_path / "catalogue.csv").write_text("\n".join(["id,x,y", *lines]))
    catalogue = str(tmp_path / "catalogue.csv")
    assert peak_mb(tmp_path / "home", "import_catalogue", "large", catalogue) < LIMIT_MB
