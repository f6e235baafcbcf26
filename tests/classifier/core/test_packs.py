"""classifier.core.packs: stamps on disk, whole or not at all, and damage that is named."""

import shutil

import numpy as np
import pytest
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.core.bands import BANDS
from classifier.core.errors import PackError
from classifier.core.packs import FORMAT, SHARD, Pack, new_pack, read_readable, read_stamps


def stamps(count, seed=0):
    """(count, 5, 100, 100) float32 with some NaN."""
    rng = np.random.default_rng(seed)
    block = rng.random((count, 5, 100, 100), np.float32)
    block[rng.random(block.shape) < 0.01] = np.nan
    return block


def write(path, block, observed=None, step=SHARD):
    observed = np.ones((len(block), 5), bool) if observed is None else observed
    with new_pack(path, len(block), field="ngc1", pixel_scale_arcsec=0.04) as add:
        for first in range(0, len(block), step):
            add(first, block[first : first + step], observed[first : first + step])
    return path


def shard(path, number):
    return path / "stamps" / "c" / str(number) / "0" / "0" / "0"


@pytest.mark.parametrize(("count", "step"), [(1, 128), (7, 3), (129, 128)])
def test_stamps_are_read_as_they_were_written(tmp_path, count, step):
    block = stamps(count)
    path = write(tmp_path / "a.zarr", block, step=step)
    for row in (0, count // 2, count - 1):
        assert read_stamps(path, row).tobytes() == block[row].tobytes()


def test_rows_far_apart_and_bands_in_another_order_are_read(tmp_path):
    block = stamps(32)
    pack = Pack.open(write(tmp_path / "a.zarr", block))
    rows = np.array([30, 0, 1, 2, 17, 18, 2])
    images, observed = pack.read(rows, ["V", "NUV"])
    np.testing.assert_array_equal(images, block[rows][:, [3, 0]])
    assert observed.shape == (7, 2)


def test_a_pack_has_its_own_description(tmp_path):
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


one_band_at_least = st.lists(st.booleans(), min_size=5, max_size=5).filter(any)


@settings(max_examples=10, deadline=None)
@given(st.lists(one_band_at_least, min_size=1, max_size=5))
def test_bands_that_were_not_observed_differ_from_zero(tmp_path_factory, rows):
    observed = np.array(rows)
    block = stamps(len(rows))
    block[~observed] = np.nan
    path = write(tmp_path_factory.mktemp("pack") / "a.zarr", block, observed)
    images, flags = Pack.open(path).read(np.arange(len(rows)))
    np.testing.assert_array_equal(flags, observed)
    np.testing.assert_array_equal(images, block)


@pytest.mark.parametrize("blocks", [0, 1])
def test_a_crash_in_the_middle_leaves_no_pack(tmp_path, blocks):
    with (
        pytest.raises(KeyboardInterrupt),
        new_pack(tmp_path / "a.zarr", 200, field="ngc1") as add,
    ):
        if blocks:
            add(0, stamps(128), np.ones((128, 5), bool))
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_a_pack_is_not_visible_before_it_is_complete(tmp_path):
    with new_pack(tmp_path / "a.zarr", 1, field="ngc1") as add:
        add(0, stamps(1), np.ones((1, 5), bool))
        with pytest.raises(PackError):
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


def group_for_an_array(path):
    shutil.copy(path / "zarr.json", path / "stamps" / "zarr.json")


def no_observed(path):
    shutil.rmtree(path / "observed" / "c")


def no_shard(path):
    shutil.rmtree(path / "stamps" / "c")


def cut_short(path):
    shard(path, 0).write_bytes(shard(path, 0).read_bytes()[:5000])


DAMAGE = [
    no_pack,
    no_json,
    another_format,
    no_array,
    group_for_an_array,
    no_observed,
    no_shard,
    cut_short,
]


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_pack_is_named(tmp_path, damage):
    path = write(tmp_path / "a.zarr", stamps(3))
    damage(path)
    with pytest.raises(PackError, match=r"a\.zarr"):
        read_stamps(path, 1)


@pytest.mark.parametrize("row", [-1, 2])
def test_a_row_beyond_the_pack_is_named(tmp_path, row):
    path = write(tmp_path / "a.zarr", stamps(2))
    with pytest.raises(PackError, match=rf"a\.zarr has no row {row}"):
        read_stamps(path, row)


def test_rows_of_a_lost_file_are_named(tmp_path):
    path = write(tmp_path / "a.zarr", stamps(130))
    shard(path, 1).unlink()
    pack = Pack.open(path)
    pack.read(np.arange(SHARD))
    with pytest.raises(
        PackError, match=r"a\.zarr has lost rows 128 to 129 on disk: restore the pack"
    ):
        pack.read(np.arange(130), ["V"])
    with pytest.raises(PackError, match="has lost row 129 on disk"):
        pack.read(np.array([0, 129]))
    with pytest.raises(PackError, match="has lost row 128 on disk"):
        read_stamps(path, 128)


def test_a_stamp_with_data_at_its_edge_only_is_not_empty(tmp_path):
    block = np.full((1, 5, 100, 100), np.nan, np.float32)
    block[..., 0, 0] = 1
    np.testing.assert_array_equal(read_stamps(write(tmp_path / "a.zarr", block), 0), block[0])


def test_the_readable_rows_are_read_and_the_others_listed(tmp_path):
    block = stamps(129)
    path = write(tmp_path / "a.zarr", block)
    shard(path, 1).unlink()
    part = read_readable(path, np.array([5, 128, 0, 129]))
    np.testing.assert_array_equal(part.stamps, block[[5, 0]])
    assert part.observed.shape == (2, 5)
    assert part.indices.tolist() == [0, 2]
    assert [index for index, _ in part.unreadable] == [1, 3]
    assert "row 128" in part.unreadable[0][1]
