"""`simulate_field`: mosaics, catalogue and true classes."""

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table
from astropy.wcs import WCS
from astropy.wcs.utils import proj_plane_pixel_scales

from classifier.core.bands import BANDS
from labeling.simulation import SimulatedField, simulate_field

FILTERS = ("F275W", "F336W", "F438W", "F555W", "F814W")


def test_the_same_seed_gives_the_same_pixels_and_catalogue() -> None:
    first, second = (simulate_field(3, (260, 260), 10) for _ in range(2))
    for band in BANDS:
        assert np.array_equal(first.mosaics[band].data, second.mosaics[band].data)
    assert first.catalogue.pformat() == second.catalogue.pformat()
    assert first.truth.pformat() == second.truth.pformat()


def test_another_seed_gives_other_pixels(field: SimulatedField) -> None:
    other = simulate_field(8, (500, 500), 40)
    assert not np.array_equal(other.mosaics["V"].data, field.mosaics["V"].data)


def test_mosaics_are_finite_float32_of_the_requested_shape(field: SimulatedField) -> None:
    assert tuple(field.mosaics) == BANDS
    for hdu in field.mosaics.values():
        assert (hdu.data.dtype, hdu.data.shape) == (np.float32, (500, 500))
        assert np.isfinite(hdu.data).all()
        assert hdu.header["OBJECT"] == "SIMULATED"


def test_positions_agree_with_the_wcs_counting_from_one(field: SimulatedField) -> None:
    wcs = WCS(field.mosaics["V"].header)
    assert proj_plane_pixel_scales(wcs) * 3600.0 == pytest.approx([0.0396, 0.0396])
    x, y = wcs.all_world2pix(field.catalogue["ra"], field.catalogue["dec"], 1)
    assert x == pytest.approx(np.asarray(field.catalogue["x"]), abs=1e-4)
    assert y == pytest.approx(np.asarray(field.catalogue["y"]), abs=1e-4)


def test_the_frame_is_north_up_east_left(field: SimulatedField) -> None:
    wcs = WCS(field.mosaics["V"].header)
    centre, right, above = wcs.all_pix2world([[250, 250], [260, 250], [250, 260]], 1)
    assert right[0] < centre[0]
    assert above[1] > centre[1]


def test_clusters_are_bright_at_their_catalogue_positions(field: SimulatedField) -> None:
    clusters = field.catalogue[field.truth["class"] <= 3]
    pixels = field.mosaics["V"].data
    column = np.rint(clusters["x"]).astype(int) - 1
    row = np.rint(clusters["y"]).astype(int) - 1
    assert np.median(pixels[row, column]) > 5.0 * np.median(pixels)


def test_the_catalogue_does_not_reveal_the_class(field: SimulatedField) -> None:
    photometry = [f"{kind}_{f}" for f in FILTERS for kind in ("mag", "err")]
    expected = {"id", "x", "y", "ra", "dec", "ci", "nflt", *photometry}
    assert set(field.catalogue.colnames) == expected
    assert sorted(field.catalogue["id"]) == list(range(1, 41))
    # Ids are shuffled: consecutive ids have different classes about as often as at random.
    changes = np.count_nonzero(np.diff(np.asarray(field.truth["class"])))
    assert changes > 15


def test_missing_magnitudes_are_masked_and_counted(field: SimulatedField) -> None:
    magnitudes = np.ma.array([field.catalogue[f"mag_{name}"] for name in FILTERS])
    detected = ~np.ma.getmaskarray(magnitudes)
    assert np.array_equal(detected.sum(axis=0), field.catalogue["nflt"])
    assert np.isfinite(magnitudes.compressed()).all()


def test_classes_have_the_proportions_of_real_fields(field: SimulatedField) -> None:
    assert np.bincount(field.truth["class"], minlength=5).tolist() == [0, 6, 9, 8, 17]


def test_it_writes_the_true_classes_to_a_separate_folder(
    field: SimulatedField, tmp_path: Path
) -> None:
    paths = field.write(tmp_path / "demo")
    names = [f"simulated_{name.lower()}_sim.fits" for name in FILTERS]
    assert sorted(p.name for p in (tmp_path / "demo").iterdir()) == sorted(
        [*names, "catalogue.ecsv", "truth"]
    )
    assert paths["truth"] == tmp_path / "demo" / "truth" / "truth.ecsv"
    assert np.array_equal(fits.getdata(paths["V"]), field.mosaics["V"].data)
    catalogue = Table.read(paths["catalogue"])
    assert np.allclose(catalogue["x"], field.catalogue["x"], rtol=0.0, atol=1e-9)
    assert catalogue.meta["simulated"] is True


@pytest.mark.parametrize(("shape", "candidates"), [((100, 500), 10), ((300, 300), 0)])
def test_it_rejects_a_field_too_small(shape: tuple[int, int], candidates: int) -> None:
    with pytest.raises(ValueError, match="at least 200 x 200 px and one candidate"):
        simulate_field(1, shape, candidates)


def test_it_rejects_more_candidates_than_fit() -> None:
    with pytest.raises(ValueError, match="no room for another candidate"):
        simulate_field(1, (200, 200), 900)
