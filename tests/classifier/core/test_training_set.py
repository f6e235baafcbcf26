"""A manifest is read whole or refused with file, line and reason."""

import hashlib

import pytest

from classifier import Manifest, NotTrainable
from tests.classifier.conftest import write_manifest

GOOD = (7, "ngc1566", "12", "a.zarr", 0, "train", 1)


def test_it_reads_rows_and_fingerprint(tmp_path):
    path = write_manifest(
        tmp_path / "m.csv", [GOOD, (8, "ngc1566", "13", "a.zarr", 1, "control", "")]
    )
    manifest = Manifest.read(path, tmp_path)
    assert manifest.candidate.tolist() == [7, 8]
    assert manifest.label.tolist() == [1, 0]
    assert manifest.split.tolist() == ["train", "control"]
    assert manifest.catalogue_id.tolist() == ["12", "13"]
    assert manifest.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        (0, "x", "line 2: candidate 'x' must be a whole number"),
        (0, "-1", "line 2: candidate '-1' must be a whole number"),
        (3, "../a.zarr", r"line 2: pack '\.\./a\.zarr' must be a name without a folder"),
        (3, "", "line 2: pack '' must be a name"),
        (4, "1.5", "line 2: row '1.5' must be"),
        (5, "test", "line 2: split 'test' must be train or control"),
        (6, "0", "line 2: label '0' must be a class from 1 up, or empty"),
        (6, "x", "line 2: label 'x' must be a whole number"),
    ],
)
def test_it_rejects_a_bad_cell(tmp_path, column, value, words):
    row = list(GOOD)
    row[column] = value
    path = write_manifest(tmp_path / "m.csv", [row])
    with pytest.raises(ValueError, match=words):
        Manifest.read(path, tmp_path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the header must be candidate,field"),
        (b"id,label\n1,2\n", "the header must be candidate,field"),
        (b"\xff\xfe", "is not text in UTF-8"),
    ],
)
def test_it_rejects_a_file_in_another_format(tmp_path, content, words):
    path = tmp_path / "m.csv"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=words):
        Manifest.read(path, tmp_path)


def test_it_rejects_a_short_row(tmp_path):
    path = write_manifest(tmp_path / "m.csv", [GOOD[:-1]])
    with pytest.raises(ValueError, match="line 2: 6 cells where there must be 7"):
        Manifest.read(path, tmp_path)


def test_it_rejects_a_candidate_listed_twice(tmp_path):
    path = write_manifest(tmp_path / "m.csv", [GOOD, GOOD])
    with pytest.raises(ValueError, match="candidate 7 is listed twice"):
        Manifest.read(path, tmp_path)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([], "has no label: label more"),
        ([GOOD, (8, "f", "2", "a.zarr", 1, "train", 1)], "has only class 1: label more"),
        ([GOOD, (8, "f", "2", "a.zarr", 1, "control", 2)], "has only class 1: label more"),
    ],
)
def test_one_class_is_not_trainable(tmp_path, rows, words):
    manifest = Manifest.read(write_manifest(tmp_path / "m.csv", rows), tmp_path)
    with pytest.raises(NotTrainable, match=words):
        manifest.to_train_on(4)


def test_a_label_above_the_classes_is_not_trainable(tmp_path):
    rows = [GOOD, (8, "ngc1566", "13", "a.zarr", 1, "control", 5)]
    manifest = Manifest.read(write_manifest(tmp_path / "m.csv", rows), tmp_path)
    with pytest.raises(NotTrainable, match="Candidate 8 of ngc1566 has the label 5, but"):
        manifest.to_train_on(4)


def test_votes_may_follow_the_label(tmp_path):
    path = tmp_path / "m.csv"
    header = "candidate,field,catalogue_id,pack,row,split,label,n_class1,n_class2\n"
    path.write_text(header + "7,f,1,a.zarr,0,train,1,2,1\n8,f,2,a.zarr,1,train,,,\n")
    assert Manifest.read(path, tmp_path).votes.tolist() == [[2, 1], [0, 0]]
    path.write_text(header.replace("n_class2", "n_class3"))
    with pytest.raises(ValueError, match="may go on n_class1,n_class2"):
        Manifest.read(path, tmp_path)
