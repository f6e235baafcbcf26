"""Invalid predictions: one error names file, row and reason, and nothing changes."""

import re

import numpy as np
import pytest

from labeling.ingest.errors import BadInput
from labeling.ingest.runs import import_run
from labeling.models import TrainingRun
from tests.labeling.networks import answers, starcnet_line, write_starcnet, write_table

GOOD = starcnet_line("1", [0.0, 0.0, 0.02, 0.98])
P = answers(6)


@pytest.fixture
def error_of(field, admin):
    """Returns the error for a file, one line."""

    def import_file(path, name="StarcNet", fmt=None):
        with pytest.raises(BadInput) as error:
            import_run(field, path, name, admin, fmt)
        text = str(error.value)
        assert text.startswith(str(path))
        assert "\n" not in text
        assert not TrainingRun.objects.exists()
        return text

    return import_file


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("2 1 1 4 [0.00 - 0.00 - 0.02 - 0.9", "row 2: .* is the file complete"),
        ("2 1 1 4 [0.00 - 0.00 - 1.00]", "row 2: .* is not “id x y class"),
        ("2 1 1 4 [0.1 - 0.1 - 0.1 - 0.1 - 0.6]", "row 2: .* is not “id x y class"),
        ("2 1 1 4", "row 2"),
        ("2 1 1 4 [0.00 - high - 0.02 - 0.98]", "row 2: 'high' in column 'p_class2'"),
        ("2 1 1 4 [0.00 - nan - 0.02 - 0.98]", "row 2: has no p_class2"),
        ("2 1 1 4 [0.00 - inf - 0.02 - 0.98]", "row 2: has no p_class2"),
        ("2 1 1 4 [0.00 - -0.1 - 0.02 - 1.0]", "row 2: 0, -0.1, 0.02, 1 are not all from 0 to 1"),
        ("2 1 1 4 [0.00 - 0.00 - 0.03 - 0.94]", "row 2: .* add up to 0.97, not to 1"),
        ("2 1 1 4 [0.5 - 0.5 - 0.5 - 0.5]", "row 2: .* add up to 2, not to 1"),
        ("2 1 1 3 [0.00 - 0.00 - 0.49 - 0.51]", "row 2: class 3 is not the most probable"),
        ("2 1 1 0 [0.00 - 0.00 - 0.02 - 0.98]", "row 2: class 0 is not the most probable"),
        ("2 1 1 5 [0.00 - 0.00 - 0.02 - 0.98]", "row 2: '5' in column 'class'"),
        ("1 1 1 4 [0.00 - 0.00 - 0.02 - 0.98]", "rows 1 and 2: both have the id 1"),
        ("7 1 1 4 [0.00 - 0.00 - 0.02 - 0.98]", "row 2: field ngc1 has no candidate '7'"),
        ("[" * 100_000, "row 2"),
        ("- " * 50_000, "row 2"),
    ],
)
def test_invalid_rows_of_text_are_reported(error_of, tmp_path, line, reason):
    path = tmp_path / "s.tab"
    path.write_text(f"# StarcNet\n{GOOD}\n\n{line}\n")
    assert re.search(reason, error_of(path))


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("s.tab", bytes(range(256)) * 9, "not a text file"),
        ("s.tab", b"", "holds no predictions"),
        ("s.tab", b"# nothing\n\n", "holds no predictions"),
        ("s.npy", b"", "not an array"),
        ("s.npy", b"id,p_class1\n", "not an array"),
        ("s.npy", b"\x80\x04]\x94.", "not an array"),
        ("s.npy", b"\x93NUMPY\x01\x00v\x00{'descr'", "not an array"),
        ("s.csv", b"", "empty|not a readable table|no predictions"),
        ("s.csv", b"id,p_class1,p_class2,p_class3,p_class4\n", "no predictions"),
        ("s.csv", b"id,p_class1\n1,0.5\n", "no column 'p_class2' .it has id, p_class1"),
        ("s.csv", b"name,p_class1,p_class2,p_class3,p_class4\n1,0,0,0,1\n", "no column 'id'"),
        ("s.csv", bytes(range(256)) * 9, "not a readable table"),
        ("s.xyz", b"1 2 3\n", "not a readable table"),
        ("s.fits", b"SIMPLE  = nothing", "not a readable table"),
    ],
)
def test_other_files_are_refused(error_of, tmp_path, name, content, reason):
    path = tmp_path / name
    path.write_bytes(content)
    assert re.search(reason, error_of(path))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"p_class1": ["", 0.1]}, "row 1: has no p_class1"),
        ({"p_class1": [0.1, "nan"]}, "row 2: has no p_class1"),
        ({"p_class2": [1.1, 0.1]}, "row 1: .* not all from 0 to 1"),
        ({"p_class2": [0.1, "x"]}, "row 2: 'x' in column 'p_class2' is not a number"),
        ({"p_class4": [0.7, 0.73]}, "row 2: .* add up to 1.03, not to 1"),
        ({f"p_class{k}": [1, 97] if k == 1 else [33, 1] for k in (1, 2, 3, 4)}, "percentages"),
        ({f"p_class{k}": [-4.6, 2.5] for k in (1, 2, 3, 4)}, "row 1: .* as probabilities are"),
        ({"id": [2, 2]}, "rows 1 and 2: both have the id 2"),
        ({"id": [1, "007"]}, "row 2: field ngc1 has no candidate '007'"),
        ({"id": [1, ""]}, "row 2: has no id"),
    ],
)
def test_invalid_rows_of_tables_are_reported(error_of, tmp_path, change, reason):
    good = {"id": [1, 2], **{f"p_class{k}": [0.1, 0.1] for k in (1, 2, 3)}, "p_class4": [0.7, 0.7]}
    columns = good | change
    rows = [columns, *zip(*columns.values(), strict=True)]
    path = tmp_path / "t.csv"
    path.write_text("".join(",".join(map(str, row)) + "\n" for row in rows))
    assert re.search(reason, error_of(path))


@pytest.mark.parametrize(
    ("scores", "reason"),
    [
        (-np.ones((5, 4)), "has 5 rows, and field ngc1 has 6 candidates"),
        (-np.ones((7, 4)), "has 7 rows, and field ngc1 has 6 candidates"),
        (np.zeros((6, 5)), r"has the shape \(6, 5\)"),
        (np.zeros((4, 6)), r"has the shape \(4, 6\)"),
        (np.zeros(24), r"has the shape \(24,\)"),
        (np.zeros((1, 6, 4)), r"has the shape \(1, 6, 4\)"),
        (np.zeros((0, 4)), "shape|not an array"),
        (np.zeros((6, 4), int), "floating-point"),
        (np.zeros((6, 4), complex), "floating-point"),
        (np.array([["a"] * 4] * 6), "floating-point"),
        (np.array([[None] * 4] * 6), "not an array"),
        (np.where(np.arange(24).reshape(6, 4) == 13, np.nan, 0), "row 4: holds NaN"),
        (np.where(np.arange(24).reshape(6, 4) == 23, np.inf, 0), "row 6: holds NaN or infinity"),
        (100 * P, "holds percentages .*; divide all numbers by 100"),
        (np.zeros((6, 4)), "row 1: 0, 0, 0, 0 add up to 0, not to 1. Scores would not"),
        (np.tile([0.9, 0.2, 0.1, 0.3], (6, 1)), "row 1: .* add up to 1.5, not to 1"),
        (np.vstack([P[:5], P[5:] * 0.9]), "row 6: .* add up to 0.9, not to 1"),
        (np.vstack([P[:5], [[1.2, -0.1, -0.1, 0]]]), "row 6: .* are not all from 0 to 1"),
    ],
)
def test_invalid_scores_are_reported(error_of, tmp_path, scores, reason):
    path = tmp_path / "s.npy"
    np.save(path, scores)
    assert re.search(reason, error_of(path))


def test_a_truncated_array_is_refused(error_of, tmp_path):
    path = tmp_path / "s.npy"
    np.save(path, np.zeros((6, 4)))
    path.write_bytes(path.read_bytes()[:-8])
    assert "not an array" in error_of(path)


@pytest.mark.parametrize(
    "shape_text", [b"(9999999999, 4)", b"(10**9, 4)", b"((((6, 4", b"()", b"6"]
)
def test_a_header_with_a_false_shape_is_refused(error_of, tmp_path, shape_text):
    path = tmp_path / "s.npy"
    np.save(path, np.zeros((6, 4)))
    start, rest = path.read_bytes().split(b"(6, 4)")
    path.write_bytes(start + shape_text + rest[len(shape_text) - len(b"(6, 4)") :])
    error_of(path)


def test_several_arrays_in_one_file_are_refused(error_of, tmp_path):
    with (tmp_path / "s.npy").open("wb") as file:
        np.savez(file, a=np.zeros((6, 4)))
    error_of(tmp_path / "s.npy")


@pytest.mark.parametrize("name", ["", "   ", "x" * 81, "a\nb"])
def test_a_network_has_a_name(error_of, tmp_path, name):
    path = write_starcnet(tmp_path / "s.tab", ["1"], P[:1])
    assert "1 to 80 characters" in error_of(path, name)


def test_a_missing_file_is_reported(error_of, tmp_path):
    assert "there is no such file" in error_of(tmp_path / "gone.tab")


def test_a_requested_format_is_used(error_of, tmp_path):
    path = write_table(tmp_path / "t.csv", ["1"], P[:1])
    assert "not an array" in error_of(path, fmt="scores")
