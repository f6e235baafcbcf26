"""The published LEGUS catalogue of NGC 1566."""

import numpy as np
import pytest

from labeling.ingest.missing_values import SENTINELS
from labeling.ingest.tables import read_catalogue
from tests.labeling.real import NGC1566, needs_data

pytestmark = needs_data


@pytest.fixture(scope="module")
def catalogue():
    return read_catalogue(NGC1566)


def test_it_has_2752_rows(catalogue):
    assert len(catalogue) == 2752
    assert len(set(catalogue.ids)) == 2752


def test_its_classes_are_those_of_the_papers_table_2(catalogue):
    labels = catalogue.references["LEGUS, mode of three"]
    assert np.bincount(labels).tolist() == [2752 - 1061, 258, 214, 261, 328]


def test_all_sentinels_are_nan(catalogue):
    for values in catalogue.magnitudes.values():
        finite = values[np.isfinite(values)]
        assert finite.size > 2000
        assert finite.max() < 40
    for errors in catalogue.errors.values():
        assert not np.isin(errors, SENTINELS).any()


def test_pixel_and_sky_positions_agree(catalogue):
    # TAN, 0.0396 arcsec/px, north up, fitted to the table; RA and Dec are rounded to 1e-5 deg.
    dec = -54.93776304 + (catalogue.y - 3113.452) * 0.0396 / 3600
    assert np.abs(dec - catalogue.dec).max() * 3600 / 0.0396 < 5
