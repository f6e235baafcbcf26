"""Stamps are read from packs, scaled to [0, 1], zero where there is no data."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from classifier import PRESETS, Manifest, TrainingConfig
from classifier.core.bands import BANDS
from classifier.core.packs import SHARD
from classifier.data.augmentation import resample
from classifier.data.random_views import RandomViews, network_input
from classifier.data.stamps import StampWindow, crop_px, join_chunks, read_chunks, scale_stamps
from tests.classifier.conftest import stamps_of, write_manifest, write_pack

ALL_OBSERVED = np.ones((1, 5), bool)
PAPER = PRESETS["paper-resnet18"]


def read(manifest):
    positions = np.arange(len(manifest))
    return join_chunks(list(read_chunks(manifest, positions, PAPER, StampWindow.training(PAPER))))


def rows(count, pack="p.zarr"):
    return [(i, "f", i, pack, i, "train", 1) for i in range(count)]


def test_each_band_of_each_stamp_spans_zero_to_one():
    pixels = scale_stamps(
        stamps_of([1, 4]), np.ones((2, 5), bool), StampWindow(50, 50, 50), "minmax"
    )
    assert pixels.dtype == np.float32
    np.testing.assert_array_equal(pixels.min(axis=(2, 3)), 0)
    np.testing.assert_array_equal(pixels.max(axis=(2, 3)), 1)


def test_scaling_is_linear_in_the_paper():
    raw = np.broadcast_to(np.linspace(-5, 15, 100, dtype=np.float32), (1, 5, 100, 100))
    pixels = scale_stamps(raw, ALL_OBSERVED, StampWindow(50, 50, 50), "minmax")
    np.testing.assert_allclose(pixels[0, 0, 0], np.linspace(0, 1, 50), atol=1e-6)


def test_the_range_is_that_of_the_square_that_the_network_sees():
    raw = stamps_of([1])
    raw[0, :, 5, 5] = 1e6  # a bright star, outside the central 50 px
    pixels = scale_stamps(raw, ALL_OBSERVED, StampWindow(50, 100, 50), "minmax")
    assert pixels[0, 0, 25:75, 25:75].max() == 1
    assert pixels[0, 0, 5, 5] == 1  # clipped


def test_pixels_without_data_are_zero():
    raw = stamps_of([1])
    raw[0, 0, 30:40, 30:40] = np.nan
    raw[0, 1] = np.nan
    raw[0, 2] = 7
    observed = np.array([[True, True, True, False, True]])
    pixels = scale_stamps(raw, observed, StampWindow(50, 50, 50), "minmax")
    assert not pixels[0, 0, 5:15, 5:15].any()
    assert pixels[0, 0].max() == 1
    assert not pixels[0, 1:4].any()
    assert pixels[0, 4].max() == 1


def test_asinh_keeps_the_order_and_the_range():
    raw = stamps_of([1])
    pixels = scale_stamps(raw, ALL_OBSERVED, StampWindow(50, 50, 50), "asinh")[0, 0].ravel()
    order = np.argsort(raw[0, 0, 25:75, 25:75].ravel())
    assert (np.diff(pixels[order]) >= 0).all()
    assert pixels.min() == 0
    assert pixels.max() == 1


@pytest.mark.parametrize("crop_px", [(20, 80), (20, 50)])
@pytest.mark.parametrize("scaling", ["minmax", "asinh"])
def test_a_random_crop_of_the_prediction_size_has_the_pixels_of_prediction(scaling, crop_px):
    # As many pixels out as in, so that nothing is interpolated.
    config = replace(PAPER, crop_px=crop_px, input_px=50, augment=False, scaling=scaling)
    raw, observed = stamps_of([1, 2, 3, 4]), np.ones((4, 5), bool)
    raw[:, :, :22] += 30  # a bright edge, which only the largest crop shows
    shown = [
        torch.from_numpy(scale_stamps(raw, observed, window(config), scaling))
        for window in (StampWindow.training, StampWindow.prediction)
    ]
    views = RandomViews(torch.eye(2).expand(4, 2, 2), torch.full((4, 1, 1), 50.0))
    learnt = network_input(shown[0], config, views)
    torch.testing.assert_close(learnt, resample(shown[1], 50, 50), atol=1e-4, rtol=0)


def test_the_crop_contains_the_rotated_square():
    assert crop_px(50, rotated=True) >= 50 * np.sqrt(2) + 2
    assert crop_px(50, rotated=False) == 52
    assert crop_px(100, rotated=True) == 100


def test_rows_are_read_in_the_order_of_the_manifest(tmp_path):
    stamps = stamps_of([1, 2, 3, 4])
    write_pack(tmp_path / "p.zarr", stamps)
    listed = [(i, "f", i, "p.zarr", row, "train", 1) for i, row in enumerate([3, 0, 2])]
    stamps_read = read(Manifest.read(write_manifest(tmp_path / "m.csv", listed), tmp_path))
    expected = scale_stamps(
        stamps[[3, 0, 2]], np.ones((3, 5), bool), StampWindow(50, 74, 50), "minmax"
    )
    np.testing.assert_array_equal(stamps_read.pixels, expected)


def test_missing_bands_are_counted_and_blank_stamps_listed(tmp_path):
    stamps = stamps_of([1, 1, 1])
    stamps[1, 0] = np.nan
    stamps[2] = 0
    observed = np.ones((3, len(BANDS)), bool)
    observed[1, [0, 4]] = False
    write_pack(tmp_path / "p.zarr", stamps, observed)
    stamps_read = read(Manifest.read(write_manifest(tmp_path / "m.csv", rows(3)), tmp_path))
    assert stamps_read.missing.tolist() == [0, 2]
    assert (stamps_read.unreadable, stamps_read.blank.tolist()) == ([], [2])
    assert stamps_read.unusable == [(2, "No band has any data.")]


def test_a_blanked_band_is_zero_but_not_missing(tmp_path):
    write_pack(tmp_path / "p.zarr", stamps_of([1, 1]))
    manifest = Manifest.read(write_manifest(tmp_path / "m.csv", rows(2)), tmp_path)
    config = replace(PAPER, blanked=("U",))
    (stamps_read,) = read_chunks(manifest, np.arange(2), config, StampWindow.training(config))
    assert stamps_read.missing.tolist() == [0, 0]
    assert stamps_read.pixels.max(axis=(0, 2, 3)).tolist() == [1, 0, 1, 1, 1]


def colours(pixels):
    """Ratio of each band to the last, in the brightest pixel above the darkest, of one stamp."""
    peak = pixels.max(axis=(2, 3)) - pixels.min(axis=(2, 3))
    return (peak / peak[:, -1:])[0]


def noiseless(background):
    """One stamp of a source that is 1, 2, 3, 4 and 5 as bright in the bands."""
    flux = np.arange(1, 6, dtype=np.float32)[:, None, None]
    source = stamps_of([1])[0, 0] / 100
    return (flux * source + background)[None].astype(np.float32)


def test_a_joint_range_keeps_the_colour():
    raw, window = noiseless(3), StampWindow(50, 50, 50)
    each = scale_stamps(raw, ALL_OBSERVED, window, "minmax")
    joint = scale_stamps(raw, ALL_OBSERVED, window, "minmax", joint=True)
    np.testing.assert_allclose(colours(each), 1)
    np.testing.assert_allclose(colours(joint), colours(raw), rtol=1e-5)
    assert (joint.min(), joint.max()) == (0, 1)


def test_a_joint_asinh_has_one_noise_for_all_bands():
    # 20 times the noise or more, where asinh x is ln 2x: a ratio of fluxes becomes a difference.
    raw, window = noiseless(0), StampWindow(50, 50, 50)
    raw[0, 4] *= 1.5
    before, after = noiseless(0), scale_stamps(raw, ALL_OBSERVED, window, "asinh", joint=True)
    reference = scale_stamps(before, ALL_OBSERVED, window, "asinh", joint=True)
    peaks, peaks_before = after.max(axis=(2, 3))[0], reference.max(axis=(2, 3))[0]
    assert peaks[4] == peaks_before[4] == 1
    assert (peaks[:4] < peaks_before[:4]).all()
    assert (np.diff(peaks) > 0).all()
    each = scale_stamps(raw, ALL_OBSERVED, window, "asinh")
    np.testing.assert_allclose(each.max(axis=(2, 3)), 1)


@pytest.mark.parametrize("scaling", ["minmax", "asinh"])
def test_a_joint_range_leaves_out_bands_without_data(scaling):
    raw, window = noiseless(3), StampWindow(50, 50, 50)
    alone = scale_stamps(raw[:, 1:3], np.ones((1, 2), bool), window, scaling, joint=True)
    raw[0, 0], raw[0, 3] = np.nan, -500
    observed = np.array([[True, True, True, True, False]])
    pixels = scale_stamps(raw, observed, window, scaling, joint=True)
    assert not pixels[0, [0, 3, 4]].any()
    np.testing.assert_allclose(pixels[0, 1:3], alone[0], atol=1e-6)


def test_a_joint_range_is_a_setting(tmp_path):
    write_pack(tmp_path / "p.zarr", stamps_of([1]))
    manifest = Manifest.read(write_manifest(tmp_path / "m.csv", rows(1)), tmp_path)
    config = replace(PAPER, scaling_range="joint")
    (joint,) = read_chunks(manifest, np.arange(1), config, StampWindow.training(config))
    # The red end is three times as bright as the blue one.
    assert joint.pixels.max(axis=(0, 2, 3)).tolist() == pytest.approx(
        [1 / 3] * 1 + [0.5, 2 / 3, 5 / 6, 1], abs=0.06
    )
    crops = network_input(
        torch.from_numpy(joint.pixels),
        replace(config, crop_px=(40, 40)),
        RandomViews(torch.eye(2)[None], torch.full((1, 1, 1), 40.0)),
    )
    assert crops.amax(dim=(0, 2, 3)).tolist() == pytest.approx(
        joint.pixels.max(axis=(0, 2, 3)).tolist(), abs=0.03
    )


def test_a_missing_pack_is_named(tmp_path):
    stamps_read = read(Manifest.read(write_manifest(tmp_path / "m.csv", rows(2)), tmp_path))
    assert len(stamps_read.positions) == 0
    assert [position for position, _ in stamps_read.unreadable] == [0, 1]
    assert "The stamp pack p.zarr is not in" in stamps_read.unreadable[0][1]


def cut_short(shard):
    shard.write_bytes(b"cut short")


def delete(shard):
    shard.unlink()


@pytest.mark.parametrize(
    ("damage", "reason"),
    [(cut_short, "Stamps of p.zarr cannot be read"), (delete, "has lost row 128 on disk: restore")],
)
def test_only_unreadable_rows_are_left_out(tmp_path, damage, reason):
    write_pack(tmp_path / "p.zarr", stamps_of([1, 2] * 65))
    damage(tmp_path / "p.zarr" / "stamps" / "c" / "1" / "0" / "0" / "0")
    stamps = read(Manifest.read(write_manifest(tmp_path / "m.csv", rows(131)), tmp_path))
    assert stamps.positions.tolist() == list(range(SHARD))
    assert [position for position, _ in stamps.unreadable] == [128, 129, 130]
    assert reason in stamps.unreadable[0][1]
    assert "has no row 130" in stamps.unreadable[2][1]


@pytest.mark.parametrize("name", ["stamps", "observed"])
def test_a_folder_that_is_no_pack_is_refused(tmp_path, name):
    (tmp_path / "p.zarr" / name).mkdir(parents=True)
    stamps_read = read(Manifest.read(write_manifest(tmp_path / "m.csv", rows(1)), tmp_path))
    assert "p.zarr" in stamps_read.unreadable[0][1]


def test_the_training_window_contains_the_largest_crop_in_any_orientation():
    config = TrainingConfig(crop_px=(25, 60))
    assert StampWindow.training(config) == StampWindow(60, crop_px(60, rotated=True), 50)
    assert StampWindow.training(replace(config, augment=False)) == StampWindow(60, 62, 50)
    assert StampWindow.prediction(config) == StampWindow(50, 52, 50)
