"""classifier.core.csv_files: what is written is read back by several readers, and is no formula."""

import csv
import io
import re

import numpy as np
import pytest
from astropy.io.ascii import convert_numpy
from astropy.table import Table
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.core.csv_files import csv_cell, csv_lines

FORMULA = ("=", "+", "-", "@", "\t", "\r")
SPECIAL = "=+-@\t\r\n \",;'#1e.a\x0b\x0c\x1c\x1e\x7f\x85\xa0\u2028\u2029\ufeff"

# No database and no text file of ours can hold NUL or a lone surrogate.
ANY = st.characters(exclude_categories=["Cs"], exclude_characters="\x00")
TEXT = st.text(st.sampled_from(SPECIAL), max_size=6) | st.text(ANY, max_size=6)
TABLE = st.lists(st.tuples(TEXT, TEXT, TEXT), min_size=1, max_size=3)


def written(rows, names="abc"):
    return "".join(csv_lines(names, [dict(zip(names, row, strict=True)) for row in rows]))


def is_number(text):
    try:
        return bool(re.fullmatch(r"[+\-.0-9eE]+", text)) and float(text) is not None
    except ValueError:
        return False


def expected(rows):
    """The cells by the rule: an apostrophe before what a spreadsheet would execute."""
    return [
        [f"'{text}" if text.startswith(FORMULA) and not is_number(text) else text for text in row]
        for row in rows
    ]


def spreadsheet_cells(text):
    """Cells as LibreOffice Calc reads them: comma, semicolon and tab separate; any line break ends.

    Quotation marks count at the start of a cell only, and double inside.
    """
    rows, row, position = [], [], 0
    cell = re.compile(r'"((?:[^"]|"")*)"|([^,;\t\r\n]*)')
    while position < len(text):
        match = cell.match(text, position)
        quoted, plain = match.groups()
        row.append(plain if quoted is None else quoted.replace('""', '"'))
        end = re.compile(r"[,;\t]|\r\n|\r|\n").match(text, match.end())
        position = end.end()
        if end[0] not in ",;\t":
            rows.append(row)
            row = []
    return rows


@given(TABLE)
@settings(max_examples=100, deadline=None)
def test_python_reads_it_back(rows):
    read = list(csv.reader(io.StringIO(written(rows), newline="")))
    assert read == [["a", "b", "c"], *expected(rows)]


@given(TABLE)
@settings(max_examples=100, deadline=None)
def test_pandas_reads_it_back(rows):
    pandas = pytest.importorskip("pandas")
    file = io.BytesIO(written(rows).encode())
    # Without na_filter=False an empty cell, or one with "NA", is a missing value.
    table = pandas.read_csv(file, dtype=str, na_filter=False)
    assert table.to_numpy().tolist() == expected(rows)


@given(TABLE)
@settings(max_examples=50, deadline=None)
def test_astropy_reads_it_back(rows):
    # Its reader trims every line, also inside a cell, and makes all line breaks line feeds.
    def words(cells):
        return [[str(text).split() for text in row] for row in cells]

    as_text = {"converters": {"*": [convert_numpy(str)]}, "fill_values": []}
    table = Table.read(written(rows), format="ascii.csv", **as_text)
    assert words(table) == words(expected(rows))


@given(TABLE)
@settings(max_examples=100, deadline=None)
def test_a_spreadsheet_reads_it_back_and_executes_nothing(rows):
    (_, *read) = spreadsheet_cells(written(rows))
    assert read == expected(rows)
    for text in (text for row in read for text in row):
        assert not text.startswith(FORMULA) or is_number(text)


@given(st.lists(st.tuples(TEXT), min_size=1, max_size=4))
@settings(max_examples=50, deadline=None)
def test_a_single_column_keeps_its_empty_cells(rows):
    read = list(csv.DictReader(io.StringIO(written(rows, "a"), newline="")))
    assert [[row["a"]] for row in read] == expected(rows)


@given(st.floats(allow_nan=False) | st.integers())
@settings(max_examples=100, deadline=None)
def test_numbers_read_back_to_the_last_bit(number):
    assert type(number)(csv_cell(number)) == number
    assert csv_cell(np.float64(number)) == csv_cell(float(number))


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("star\r=1+2", '"star\r=1+2"'),
        ("\r=1+2", '"\'\r=1+2"'),
        ("star;=1+2", '"star;=1+2"'),
        ('"quoted"', '"""quoted"""'),
        ("a\x85b", '"a\x85b"'),
        ("=1+2", "'=1+2"),
        ("-1.5e3", "-1.5e3"),
        ("-1_0", "'-1_0"),
        ("-inf", "'-inf"),
        ("+\u0661", "'+\u0661"),
        ("star cluster, bright", '"star cluster, bright"'),
        ("β-Écu “1”", "β-Écu “1”"),
        ("NUV U B V I", "NUV U B V I"),
        (None, ""),
        (float("nan"), ""),
        (3, "3"),
    ],
)
def test_a_cell_by_hand(text, cell):
    assert csv_cell(text) == cell


def test_without_columns_there_is_an_empty_line():
    assert "".join(csv_lines((), ())) == "\n"
