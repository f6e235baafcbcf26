"""Real data from ASTERISM_DATA or ../shared/data, if present; other tests cover the same code."""

import os
from pathlib import Path

import pytest

_DEFAULT = Path(__file__).resolve().parents[2].parent / "shared" / "data"
DATA = Path(os.environ.get("ASTERISM_DATA", _DEFAULT))
NGC1566 = DATA / "catalogues/hlsp_legus_hst_wfc3_ngc1566_multiband_v1_padagb-mwext-avgapcor.tab"

needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="ASTERISM_DATA names no real data")


def files(*folders):
    """Return the FITS files of these folders; none without the data."""
    paths = (path for folder in folders for path in (DATA / folder).rglob("*"))
    return sorted(path for path in paths if path.name.endswith((".fits", ".fits.gz")))
