"""Columns from stamps: sources of known flux give their magnitudes back."""

from dataclasses import replace

import numpy as np
import pytest

from classifier.active import photometry
from classifier.core.bands import BANDS
from tests.classifier.conftest import blob


@pytest.fixture
def source():
    """A source of flux 100 in the V band, within 4 px, on a sky of 7; NaN in no band."""
    light = blob(1.0, 1.0)
    light /= 2 * np.pi
    flux = np.array([10, 20, 50, 100, 200.0])
    return (flux[:, None, None] * light + 7.0).astype(np.float32)[None]


def test_magnitudes_are_of_flux_above_the_sky(source):
    magnitude, colour, _ = photometry.stamp_columns(source, BANDS)[0]
    # A Gaussian has exp(-8) of its light beyond 4 sigma.
    assert magnitude == pytest.approx(-2.5 * np.log10(100), abs=0.01)
    assert colour == pytest.approx(2.5 * np.log10(2), abs=1e-3)


def test_wider_sources_have_a_higher_concentration_index():
    stamps = np.stack([np.tile(blob(s, s), (5, 1, 1)) for s in (1.0, 2.0, 3.0)])
    index = photometry.stamp_columns(stamps.astype(np.float32), BANDS)[:, 2]
    assert (np.diff(index) > 0.1).all()


def test_no_light_and_no_data_are_nan(source):
    source = np.repeat(source, 3, axis=0)
    source[0, 3] = np.nan
    source[1] = 7.0
    columns = photometry.stamp_columns(source, BANDS)
    assert np.isnan(columns[0]).all()
    assert np.isnan(columns[1]).all()
    assert np.isfinite(columns[2]).all()


def test_one_band_has_no_colour(source):
    magnitude, colour, index = photometry.stamp_columns(source[:, 3:4], ["g"])[0]
    assert np.isfinite([magnitude, index]).all()
    assert np.isnan(colour)


def test_it_measures_a_manifest(manifest):
    by_label = photometry.measure_columns(manifest, BANDS).reshape(12, 4, 3)
    index = by_label[:, :, 2]
    # The fourth shape is a point; the third has its light around the centre, and none in it.
    assert (index[:, 3] < index[:, 1]).all()
    assert np.isnan(index[:, 2]).all()


def test_candidates_of_a_missing_pack_are_nan(manifest, tmp_path):
    columns = photometry.measure_columns(replace(manifest, packs=tmp_path), BANDS)
    assert np.isnan(columns).all()
