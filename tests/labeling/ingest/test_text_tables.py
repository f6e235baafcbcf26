"""Tables of text: delimiters, comments, headers and none, compressed or not, as in astropy."""

import gzip
import tracemalloc

import numpy as np
import pytest
from astropy.table import Table

from labeling.ingest.errors import BadInput
from labeling.ingest.table_options import TableOptions
from labeling.ingest.tables import read_catalogue
from tests.soak.large_catalogue import write_rows

ROWS = [("C1", 151.25, 150.5), ("C2", 61.0, 200.75), ("007", 221.5, 80.0)]
IDS = [row[0] for row in ROWS]


def write(path, text, encoding="utf-8"):
    path.write_bytes(text.encode(encoding))
    return path


def lines(delimiter, header="id,x,y", ending="\n"):
    """Return the table as text."""
    table = [header.split(","), *([str(cell) for cell in row] for row in ROWS)]
    return ending.join(delimiter.join(row) for row in table) + ending


TEXTS = {
    "comma.csv": lines(","),
    "bom.csv": "\ufeff" + lines(","),
    "semicolon.csv": lines(";"),
    "tab.csv": lines("\t"),
    "pipe.csv": lines("|"),
    "spaces.csv": lines(" "),
    "cr.csv": lines(",", ending="\r"),
    "crlf.csv": lines(",", ending="\r\n"),
    "spaced.csv": lines(" , "),
    "comments.csv": "# made by hand\n\n" + lines(",").replace("C2", "\n# between\n\nC2"),
    "tabs.tsv": lines("\t"),
    "names.tab": lines("  "),
    "aligned.txt": "  id      x       y\n  C1 151.25  150.5\n  C2     61 200.75\n"
    " 007  221.5     80\n",
    "mixed.txt": lines(" \t "),
    "comma.txt": lines(","),
    "commented.dat": "# id x y\n" + lines(" ").partition("\n")[2],
    "commented.csv": "# Table 2\n# id,x,y\n" + lines(",").partition("\n")[2],
    "quoted.csv": lines(",").replace("C1", '"C1"'),
    "vizier.tsv": "#RESOURCE=1\n"
    + lines("\t")
    .replace("x\ty\n", "x\ty\n\tpix\tpix\n---\t---\t---\n")
    .replace("\n\tpix", "\n \tpix"),
}


@pytest.mark.parametrize("name", TEXTS)
def test_it_reads_text(tmp_path, name):
    catalogue = read_catalogue(write(tmp_path / name, TEXTS[name]))
    assert catalogue.ids == IDS
    assert list(zip(catalogue.x, catalogue.y, strict=True)) == [row[1:] for row in ROWS]


@pytest.mark.parametrize("name", ["comma.csv", "aligned.txt", "commented.dat"])
def test_it_agrees_with_astropy(tmp_path, name):
    path = write(tmp_path / name, TEXTS[name])
    expected = Table.read(path, format="ascii.csv" if name.endswith("csv") else "ascii")
    catalogue = read_catalogue(path)
    np.testing.assert_array_equal(catalogue.x, expected["x"])
    np.testing.assert_array_equal(catalogue.y, expected["y"])


@pytest.mark.parametrize("name", ["comma.csv", "aligned.txt", "tabs.tsv"])
def test_compressed_text_is_read(tmp_path, name):
    path = tmp_path / f"{name}.gz"
    path.write_bytes(gzip.compress(TEXTS[name].encode()))
    assert read_catalogue(path).ids == IDS


@pytest.mark.parametrize("columns", [("1", "2", "3"), ("col1", "col2", "col3")])
def test_columns_without_a_header_are_numbered(tmp_path, columns):
    path = write(tmp_path / "c.csv", lines(",").partition("\n")[2])
    options = TableOptions(header=False, columns=dict(zip(("id", "x", "y"), columns, strict=True)))
    catalogue = read_catalogue(path, options)
    assert (catalogue.ids, catalogue.y.tolist()) == (IDS, [150.5, 200.75, 80.0])


def test_decimal_commas_are_read_between_semicolons(tmp_path):
    path = write(tmp_path / "c.csv", "id;x;y\nC1;151,25;1,5e2\n")
    catalogue = read_catalogue(path)
    assert (catalogue.x[0], catalogue.y[0]) == (151.25, 150.0)


def test_a_million_cells_are_read_in_chunks(tmp_path):
    values = np.arange(50_000) / 8
    rows = "".join(f"s{k},{value},{value}\n" for k, value in enumerate(values))
    catalogue = read_catalogue(write(tmp_path / "c.csv", "id,x,y\n" + rows))
    np.testing.assert_array_equal(catalogue.x, values)
    assert catalogue.ids[-1] == "s49999"


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("c.csv", "1,2,3\n4,5,6\n", "first line holds numbers .*--no-header --column id=1"),
        ("c.csv", 'id,x,y\n"C1,1,2\n', "row 1: .*is a quotation mark not closed"),
        ("c.csv", 'id,x,y\nC0,1,2\n"C1"a,1,2\n', "row 2: .*is a quotation mark not closed"),
        (
            "c.csv",
            "id,x,y\n" + "C" * 200_000 + ",1,2\n",
            "row 1: .*cell too long",
        ),
        ("c.csv", "id,x,y\n" + "C" * 20_000 + ",1,2\n", "row 1: the cell in column 'id' has 20000"),
        ("c.csv", "id,x,y\n" + "C" * 2**21 + ",1,2\n", "a line is longer than 1048576 characters"),
        ("c.csv", "id,x,y,x\n1,2,3,4\n", "two columns have the name 'x'"),
        ("c.csv", "id,x,y,X\n1,2,3,4\n", ""),
        ("c.csv", "id,X,y,x \n1,2,3,4\n", ""),
        ("c.csv", "ID,Id,x,y\n1,2,3,4\n", "ID and Id could both be id"),
        ("c.csv", "id,x,y\n1,1_0,3\n", "row 1: '1_0' in column 'x' is not a number"),
        ("c.csv", ",".join(f"c{n}" for n in range(3000)) + "\n", "3000 columns, and at most 2000"),
        ("c.txt", "id x y\n1 2 3\n4 5\n", "row 2: has 2 columns where the header has 3"),
        ("c.html", "<table><tr><td>1</td></tr></table>", "web pages are not read"),
        ("c.csv", "<!DOCTYPE html>\n<html>", "web pages are not read"),
        ("c.xlsx", "PK\x03\x04", "workbooks are not read; save the sheet as CSV UTF-8"),
    ],
)
def test_a_sentence_says_why_text_is_refused(tmp_path, name, text, reason):
    path = write(tmp_path / name, text)
    if not reason:
        assert read_catalogue(path).x.tolist() == [2.0 if ",X\n" in text else 4.0]
        return
    with pytest.raises(BadInput, match=reason) as error:
        read_catalogue(path)
    assert "\n" not in str(error.value)
    assert str(error.value).startswith(str(path))


@pytest.mark.parametrize(
    ("encoding", "reason"),
    [("utf-16", "it is UTF-16 text; save it as UTF-8"), ("latin-1", "not a text file in UTF-8")],
)
def test_other_encodings_are_refused(tmp_path, encoding, reason):
    path = write(tmp_path / "c.csv", "id,x,y\nß,1,2\n", encoding)
    with pytest.raises(BadInput, match=reason):
        read_catalogue(path)


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"magV": "m"}, "magV=m: 'magV' is not a column .*did you mean mag_V"),
        ({"Dec": "y"}, "'Dec' is not a column .*did you mean dec"),
        ({"mag_F110W": "m"}, "'mag_F110W' is not a column"),
        ({"x": "X_IMGE"}, "has no column 'X_IMGE'.*--column x=NAME; did you mean X_IMAGE"),
    ],
)
def test_an_unknown_column_is_refused_with_near_names(tmp_path, columns, reason):
    path = write(tmp_path / "c.csv", "id,X_IMAGE,y,m\n1,2,3,20\n")
    with pytest.raises(BadInput, match=reason):
        read_catalogue(path, TableOptions(columns=columns))


def test_columns_that_are_not_used_are_named(tmp_path):
    path = write(tmp_path / "c.csv", "id,x,y,mag_F110W,mag_B,mag_F438W,age\n1,2,3,20,21,21.5,7\n")
    notes = " ".join(read_catalogue(path).notes)
    assert "mag_F438W is not used: mag_B is read from mag_B" in notes
    assert "3 columns are not used: mag_F110W, mag_F438W, age" in notes


def test_columns_are_kept_as_they_are_written(tmp_path):
    text = "id,x,y,age,note,code\n1,2,3,1e6,=A1,007\n2,2,3,,ä b,-1.50\n3,3,3,12,NULL,2.5\n"
    catalogue = read_catalogue(
        write(tmp_path / "c.csv", text), TableOptions(keep=("age", "remark=note", "code"))
    )
    assert catalogue.kept == {
        "age": ["1e6", None, 12],
        "remark": ["=A1", "ä b", None],
        "code": ["007", "-1.50", 2.5],
    }


def test_a_row_takes_little_more_memory_than_its_numbers(tmp_path):
    path, n_rows = tmp_path / "rows.csv", 20_000
    write_rows(path, n_rows, inside=1)
    table = TableOptions(keep=("size=ci",))
    read_catalogue(path, table)
    tracemalloc.start()
    try:
        catalogue = read_catalogue(path, table)
        size, _peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # 15 numbers, also where the file has none; id and kept text; lists of Python's would take 260.
    assert size / n_rows < 15 * 8 + 2 * 16 + 20
    assert catalogue.kept["size"][n_rows - 1] == catalogue.ci[-1]
