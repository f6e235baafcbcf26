"""labeling.imaging.packs: stamps on disk, whole or not at all."""

import shutil

import numpy as np
import pytest
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.core.bands import BANDS
from labeling.imaging.packs import FORMAT, SHARD, UnusablePack, new_pack, read_observed, read_stamps


def stamps(count, seed=0):
    """(count, 5, 100, 100) float32 with some NaN."""
    rng = np.random.default_rng(seed)
    block = rng.random((count, 5, 100, 100), np.float32)
    block[rng.random(block.shape) < 0.01] = np.nan
    return block


def write(path, block, seen=None, step=SHARD):
    seen = np.ones((len(block), 5), bool) if seen is None else seen
    with new_pack(path, len(block), field="ngc1", pixel_scale_arcsec=0.04) as add:
        for first in range(0, len(block), step):
            add(first, block[first : first + step], seen[first : first + step])
    return path


@pytest.mark.parametrize(("count", "step"), [(1, 128), (7, 3), (129, 128)])
def test_what_was_written_is_read(tmp_path, count, step):
    block = stamps(count)
    path = write(tmp_path / "a.zarr", block, step=step)
    for row in (0, count // 2, count - 1):
        assert read_stamps(path, row).tobytes() == block[row].tobytes()


def test_it_says_what_it_is(tmp_path):
    group = zarr.open_group(write(tmp_path / "a.zarr", stamps(2)), mode="r")
    assert group.metadata.zarr_format == 3
    assert dict(group.attrs) == {
        "format": FORMAT,
        "field": "ngc1",
        "bands": list(BANDS),
        "stamp_px": 100,
        "pixel_scale_arcsec": 0.04,
    }
    assert group["stamps"].dtype == "float32"
    assert group["stamps"].chunks == (1, 5, 100, 100)


@settings(max_examples=10, deadline=None)
@given(st.lists(st.lists(st.booleans(), min_size=5, max_size=5), min_size=1, max_size=5))
def test_it_keeps_what_was_not_observed_apart(tmp_path_factory, rows):
    seen = np.array(rows)
    block = stamps(len(rows))
    block[~seen] = np.nan
    path = write(tmp_path_factory.mktemp("pack") / "a.zarr", block, seen)
    np.testing.assert_array_equal(read_observed(path), seen)


@pytest.mark.parametrize("after", [0, 1])
def test_a_crash_in_the_middle_leaves_no_pack(tmp_path, after):
    with (
        pytest.raises(KeyboardInterrupt),
        new_pack(tmp_path / "packs" / "a.zarr", 200, field="ngc1") as add,
    ):
        if after:
            add(0, stamps(128), np.ones((128, 5), bool))
        raise KeyboardInterrupt
    assert list((tmp_path / "packs").iterdir()) == []


def test_what_an_earlier_crash_left_behind_is_no_hindrance(tmp_path):
    (tmp_path / "a.partial").mkdir()
    (tmp_path / "a.partial" / "zarr.json").write_text("half a fi")
    block = stamps(1)
    assert read_stamps(write(tmp_path / "a.zarr", block), 0).tobytes() == block[0].tobytes()


def test_nobody_sees_it_before_it_is_whole(tmp_path):
    with new_pack(tmp_path / "a.zarr", 1, field="ngc1") as add:
        add(0, stamps(1), np.ones((1, 5), bool))
        with pytest.raises(UnusablePack):
            read_stamps(tmp_path / "a.zarr", 0)
    read_stamps(tmp_path / "a.zarr", 0)


def no_pack(path):
    shutil.rmtree(path)


def no_json(path):
    (path / "zarr.json").write_text("{")


def another_format(path):
    zarr.open_group(path, mode="r+").attrs["format"] = "something/2"


def no_array(path):
    shutil.rmtree(path / "observed")


def no_shard(path):
    shutil.rmtree(path / "stamps" / "c")


def cut_short(path):
    for shard in (path / "stamps" / "c").rglob("*"):
        if shard.is_file():
            shard.write_bytes(shard.read_bytes()[:5000])


@pytest.mark.parametrize("harm", [no_pack, no_json, another_format, no_array, no_shard, cut_short])
def test_a_pack_that_is_damaged_is_named(tmp_path, harm):
    path = write(tmp_path / "a.zarr", stamps(3))
    harm(path)
    with pytest.raises(UnusablePack, match=r"a\.zarr"):
        read_stamps(path, 1)


def test_a_row_that_is_not_there_is_named(tmp_path):
    path = write(tmp_path / "a.zarr", stamps(2))
    with pytest.raises(UnusablePack, match=r"a\.zarr.*row 2"):
        read_stamps(path, 2)
