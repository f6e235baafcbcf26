"""Stamp packs at a URL: the same as in a folder, complete or not visible."""

from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest

from classifier.core.errors import PackError
from classifier.core.pack_locations import pack_in, parse_location, remove_pack, stored_packs
from classifier.core.packs import SHARD, Pack, new_pack, read_readable, read_stamps

fsspec = pytest.importorskip("fsspec")


@pytest.fixture
def packs():
    """The URL of a folder of packs."""
    return f"memory://{uuid4().hex}/packs"


def skies(count):
    return np.random.default_rng(0).normal(0, 1, (count, 5, 100, 100)).astype(np.float32)


def write(url, block, sky_sigma=None):
    with new_pack(url, len(block), sky_sigma=sky_sigma) as add:
        for first in range(0, len(block), SHARD):
            part = block[first : first + SHARD]
            add(first, part, np.ones((len(part), 5), bool))
    return url


def files_at(url):
    files, path = fsspec.url_to_fs(url)
    return files.find(path)


def test_a_url_is_told_from_a_folder():
    assert parse_location("s3://bucket/packs/") == "s3://bucket/packs"
    assert parse_location("var/packs") == Path("var/packs")
    assert parse_location("file:///data/my%20packs") == Path("/data/my packs")
    assert pack_in("s3://bucket/packs", "a.zarr") == "s3://bucket/packs/a.zarr"
    assert pack_in(Path("/var"), "a.zarr") == Path("/var/a.zarr")


def test_a_lossless_pack_at_a_url_is_read_as_it_was_written(packs):
    block = skies(130)
    url = write(pack_in(packs, "a.zarr"), block)
    assert read_stamps(url, 129).tobytes() == block[129].tobytes()
    images, _ = Pack.open(url).read(np.arange(130))
    assert images.tobytes() == block.tobytes()


def test_a_quantised_pack_at_a_url_equals_the_one_in_a_folder(packs, tmp_path):
    block = skies(3)
    here = write(tmp_path / "here.zarr", block, sky_sigma=np.ones(5))
    there = write(pack_in(packs, "there.zarr"), block, sky_sigma=np.ones(5))
    np.testing.assert_array_equal(read_stamps(there, 2), read_stamps(here, 2))


def test_a_crash_in_the_middle_leaves_nothing(packs):
    url = pack_in(packs, "a.zarr")
    with pytest.raises(KeyboardInterrupt), new_pack(url, 200) as add:
        add(0, skies(SHARD), np.ones((SHARD, 5), bool))
        raise KeyboardInterrupt
    assert files_at(url) == []


def test_a_pack_is_not_visible_before_it_is_complete(packs):
    url = pack_in(packs, "a.zarr")
    with new_pack(url, 1) as add:
        add(0, skies(1), np.ones((1, 5), bool))
        with pytest.raises(PackError, match=r"a\.zarr"):
            read_stamps(url, 0)
    read_stamps(url, 0)


def test_a_pack_is_not_overwritten(packs):
    url = write(pack_in(packs, "a.zarr"), skies(1))
    with pytest.raises(PackError, match="exists already"), new_pack(url, 1):
        pass
    read_stamps(url, 0)


def test_a_pack_is_removed_and_removing_none_does_nothing(packs):
    url = write(pack_in(packs, "a.zarr"), skies(1))
    assert stored_packs(packs) == ["a.zarr"]
    remove_pack(url)
    assert files_at(url) == []
    assert stored_packs(packs) == []
    remove_pack(url)


def test_a_missing_pack_is_named(packs):
    part = read_readable(pack_in(packs, "none.zarr"), np.array([0, 1]))
    assert [index for index, _ in part.unreadable] == [0, 1]
    assert part.unreadable[0][1] == f"The stamp pack none.zarr is not in {packs}."


def test_rows_of_a_lost_file_are_named(packs):
    url = write(pack_in(packs, "a.zarr"), skies(130), sky_sigma=np.ones(5))
    files, path = fsspec.url_to_fs(url)
    files.rm(f"{path}/levels/c/1/0/0/0")
    part = read_readable(url, np.array([0, 128]))
    assert part.indices.tolist() == [0]
    assert "has lost row 128" in part.unreadable[0][1]


def test_a_package_that_is_missing_is_named():
    try:
        fsspec.get_filesystem_class("s3")
    except ImportError:
        with pytest.raises(PackError, match=r"s3://bucket/a\.zarr needs a package.*s3fs"):
            write("s3://bucket/a.zarr", skies(1))
        with pytest.raises(PackError, match="s3fs"):
            read_stamps("s3://bucket/a.zarr", 0)
    else:
        pytest.skip("s3fs is installed")


def test_a_scheme_that_nobody_opens_is_named():
    with pytest.raises(PackError, match="nosuch"):
        write("nosuch://bucket/a.zarr", skies(1))
    with pytest.raises(PackError, match="nosuch"):
        read_stamps("nosuch://bucket/a.zarr", 0)
