"""Real data, where ASTERISM_DATA (or ../shared/data) has them; other tests cover the same code."""

import os
from pathlib import Path

import pytest

_DEFAULT = Path(__file__).resolve().parents[2].parent / "shared" / "data"
DATA = Path(os.environ.get("ASTERISM_DATA", _DEFAULT))
NGC1566 = DATA / "catalogues/hlsp_legus_hst_wfc3_ngc1566_multiband_v1_padagb-mwext-avgapcor.tab"

needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="ASTERISM_DATA names no real data")


def files(*folders):
    """The FITS files of these folders, if there are any."""
    found = (path for folder in folders for path in (DATA / folder).rglob("*"))
    return sorted(path for path in found if path.name.endswith((".fits", ".fits.gz")))
