"""A small simulated field and a table like LEGUS's."""

import os
from pathlib import Path

import numpy as np
import pytest

from labeling.simulation import SimulatedField, simulate_field

ROOT = Path(__file__).parents[3]
SENTINEL = 99.999


@pytest.fixture(scope="session")
def field() -> SimulatedField:
    """500 x 500 px with 40 candidates."""
    return simulate_field(seed=7, shape=(500, 500), candidates=40)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data; skips the test without it."""
    folder = Path(os.environ.get("ASTERISM_DATA", ROOT.parent / "shared" / "data"))
    if not (folder / "catalogues").is_dir():
        pytest.skip("no real data: set ASTERISM_DATA to their folder")
    return folder


@pytest.fixture
def legus_file(tmp_path: Path) -> Path:
    """Four separate sources in LEGUS's 39 columns: a cluster of each class, and a cosmic ray."""
    rows = np.zeros((4, 39))
    rows[:, 0] = [1, 2, 3, 4]
    rows[:, 1] = [60.0, 160.0, 60.5, 160.25]
    rows[:, 2] = [60.0, 60.25, 160.0, 160.5]
    rows[:, 5:15:2] = [
        [21.0, 21.0, 21.2, 21.0, 20.4],
        [20.0, 20.3, 21.5, 21.5, 21.2],
        [20.0, 20.3, 21.5, 21.5, 21.2],
        [SENTINEL, SENTINEL, 66.666, 25.0, 20.5],
    ]
    rows[:, 15] = [1.5, 1.6, 1.8, 1.5]
    rows[:, 33] = [4, 2, 3, 0]
    rows[:, 35] = [1, 0, 3, 0]
    path = tmp_path / "four.tab"
    np.savetxt(path, rows, fmt="%.5f")
    return path
