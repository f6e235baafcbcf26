"""classifier.core.atomic_files: a file has its old content or all of the new one."""

import os

import pytest

from classifier.core.atomic_files import (
    atomic_folder,
    atomic_path,
    write_atomically,
    write_if_absent,
)


def test_it_replaces_the_old_content(tmp_path):
    path = tmp_path / "folder" / "set.csv"
    for content in (b"old", b"new"):
        write_atomically(path, content)
        assert path.read_bytes() == content
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_write_that_fails_leaves_the_old_content(tmp_path, call):
    def full(*_):
        raise OSError("no space left on device")

    path = tmp_path / "folder" / "set.csv"
    write_atomically(path, b"old")
    with pytest.MonkeyPatch.context() as patch, pytest.raises(OSError, match="no space"):
        patch.setattr(os if call == "fsync" else type(path), call, full)
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(path.parent.iterdir()) == [path]


def test_a_value_that_is_not_bytes_leaves_the_old_content(tmp_path):
    path = tmp_path / "file"
    write_atomically(path, b"old")
    with pytest.raises(TypeError):
        write_atomically(path, "not bytes")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_content_is_on_the_disk_before_the_file_has_its_name(tmp_path, monkeypatch):
    exists = []
    fsync = os.fsync
    path = tmp_path / "set.csv"
    monkeypatch.setattr(os, "fsync", lambda file: exists.append(path.exists()) or fsync(file))
    write_atomically(path, b"new")
    assert exists[0] is False


def test_a_cache_does_not_wait_for_the_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda file: pytest.fail("it waits"))
    write_atomically(tmp_path / "image.png", b"new", durable=False)
    assert (tmp_path / "image.png").read_bytes() == b"new"


def test_a_block_that_fails_leaves_nothing(tmp_path):
    with pytest.raises(KeyboardInterrupt), atomic_path(tmp_path / "file") as part:
        part.write_bytes(b"half")
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("links", [True, False])
def test_write_if_absent_keeps_an_existing_file(tmp_path, monkeypatch, links):
    if not links:

        def link(*_):
            raise OSError("This file system has no links.")

        monkeypatch.setattr("os.link", link)
    path = tmp_path / "file"
    write_if_absent(path, b"first")
    write_if_absent(path, b"second")
    assert path.read_bytes() == b"first"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("fails", [True, False])
def test_a_folder_is_written_completely_or_not_at_all(tmp_path, fails):
    (tmp_path / "pack.partial").mkdir()
    (tmp_path / "pack.partial" / "from-a-crash").touch()
    try:
        with atomic_folder(tmp_path / "pack.zarr") as part:
            part.mkdir()
            (part / "file").touch()
            assert not (tmp_path / "pack.zarr").exists()
            if fails:
                raise KeyboardInterrupt
    except KeyboardInterrupt:
        assert list(tmp_path.iterdir()) == []
    else:
        assert list(tmp_path.iterdir()) == [tmp_path / "pack.zarr"]
        assert list((tmp_path / "pack.zarr").iterdir()) == [tmp_path / "pack.zarr" / "file"]
