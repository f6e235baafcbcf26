"""labeling.export.files: texts of the consensus catalogue in every format."""

import csv
import io

import pytest
from astropy.table import Table
from hypothesis import given, settings
from hypothesis import strategies as st

from labeling.export.columns import COLUMNS
from labeling.export.files import WRITERS
from labeling.files.fits_text import ascii_text

FORMATS = {"ecsv": "ascii.ecsv", "fits": "fits", "vot": "votable"}
# The first column is the field's name, which has letters, digits, - and _ only.
TEXTS = [column.name for column in COLUMNS[1:] if column.kind is str]

# Catalogue ids and all other texts of the catalogue are printable, trimmed and not empty.
ANY = st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"])
TEXT = (
    st.text(st.sampled_from("=+-@ \",;'#&<>]|\\1a\xa0é"), max_size=6) | st.text(ANY, max_size=8)
).map(str.strip)
PRINTABLE = TEXT.filter(lambda text: text and text.isprintable())


def rows_of(texts):
    """Rows in which every text column has the same text, and numbers are unknown."""
    unknown = {column.name: None for column in COLUMNS}
    return [unknown | {"field": "ngc1"} | dict.fromkeys(TEXTS, text) for text in texts]


def read(ending, texts):
    """The text columns of a written catalogue, row by row."""
    content = WRITERS[ending][1](rows_of(texts))
    if ending == "csv":
        reader = csv.DictReader(io.StringIO("".join(content), newline=""))
        return [[row[name] for name in TEXTS] for row in reader]
    source = content.decode() if ending == "ecsv" else io.BytesIO(content)
    table = Table.read(source, format=FORMATS[ending])
    return [[str(row[name]) for name in TEXTS] for row in table]


@pytest.mark.parametrize("ending", FORMATS)
@given(texts=st.lists(PRINTABLE, min_size=1, max_size=3))
@settings(max_examples=20, deadline=None)
def test_every_text_column_reads_back(ending, texts):
    # FITS has ASCII only, and drops spaces at the end.
    written = [ascii_text(text).rstrip() if ending == "fits" else text for text in texts]
    if all(written):
        assert read(ending, texts) == [[text] * len(TEXTS) for text in written]


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("text", ["star\r=1+2", "a\nb", "a\x01b", "a\x85b", "a\u2028b", "a\tb"])
def test_texts_that_are_not_printable_leave_the_file_readable(ending, text):
    shown = "".join(c if c.isprintable() else "?" for c in text)
    assert read(ending, [text, "next"]) == [[shown] * len(TEXTS), ["next"] * len(TEXTS)]


def test_csv_keeps_texts_that_are_not_printable():
    assert read("csv", ["star\r=1+2", "next"]) == [
        ["star\r=1+2"] * len(TEXTS),
        ["next"] * len(TEXTS),
    ]
