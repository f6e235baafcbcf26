"""classifier.core.atomic_files: a file is there as it was, or as it is to be."""

import os

import pytest

from classifier.core.atomic_files import write_whole


def test_it_replaces_what_was_there(tmp_path):
    path = tmp_path / "folder" / "set.csv"
    for content in (b"old", b"new"):
        write_whole(path, content)
        assert path.read_bytes() == content
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_write_that_fails_leaves_the_old_content(tmp_path, call):
    def full(*_):
        raise OSError("no space left on device")

    path = tmp_path / "folder" / "set.csv"
    write_whole(path, b"old")
    with pytest.MonkeyPatch.context() as patch, pytest.raises(OSError, match="no space"):
        patch.setattr(os if call == "fsync" else type(path), call, full)
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(path.parent.iterdir()) == [path]


def test_it_is_on_the_disk_before_it_has_its_name(tmp_path, monkeypatch):
    seen = []
    real = os.fsync
    path = tmp_path / "set.csv"
    monkeypatch.setattr(os, "fsync", lambda file: seen.append(path.exists()) or real(file))
    write_whole(path, b"new")
    assert seen[0] is False
