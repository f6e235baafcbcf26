"""Magnitudes that are none, in all the ways that surveys write them."""

import numpy as np
import pytest
from astropy.table import MaskedColumn, Table

from labeling.ingest.errors import BadInput
from labeling.ingest.table_options import TableOptions
from labeling.ingest.tables import read_catalogue

SENTINELS = [
    *("99", "99.0", "99.9", "99.99", "99.999", "99.9990", "66.666", "44.444", "90", "999", "9999"),
    *("-99", "-99.9", "-999", "-999.0", "-9999", "-9.999e3", "0", "0.0", "inf", "-inf"),
    *("", "INDEF", "NULL", "null", "--", "N/A", "NaN", "nan", "None", "..."),
]


def read(folder, text, **options):
    path = folder / "c.csv"
    path.write_text(text)
    return read_catalogue(path, TableOptions(**options))


@pytest.mark.parametrize("sentinel", SENTINELS)
def test_a_magnitude_for_no_value_is_none(tmp_path, sentinel):
    catalogue = read(tmp_path, f"id,x,y,mag_V,err_V\n1,2,3,{sentinel},0.1\n2,2,3,21.5,{sentinel}\n")
    np.testing.assert_array_equal(catalogue.magnitudes["V"], [np.nan, 21.5])


@pytest.mark.parametrize("sentinel", ["99.0", "-9999", "INDEF"])
def test_it_is_counted_in_the_report_by_value_and_column(tmp_path, sentinel):
    catalogue = read(tmp_path, f"id,x,y,mag_V\n1,2,3,{sentinel}\n2,2,3,{sentinel}\n3,2,3,21\n")
    (note,) = catalogue.notes
    assert note.startswith("Column mag_V: no value in 2 cells (2 × ")
    assert sentinel.removesuffix(".0") in note


def test_a_magnitude_with_a_large_error_is_no_detection(tmp_path):
    catalogue = read(tmp_path, "id,x,y,mag_V,err_V\n1,2,3,28,40\n2,2,3,28,1.05\n3,2,3,28,1.1\n")
    np.testing.assert_array_equal(catalogue.magnitudes["V"], [np.nan, 28, np.nan])
    np.testing.assert_array_equal(catalogue.errors["V"], [np.nan, 1.05, np.nan])
    assert "no detection in 2 rows whose error is above 1.09 mag" in catalogue.notes[0]


@pytest.mark.parametrize("value", ["-8.5", "-1", "3.2"])
def test_what_is_no_apparent_magnitude_is_refused(tmp_path, value):
    text = f"id,x,y,mag_V\n1,2,3,20\n2,2,3,{value}\n"
    reason = rf"row 2: {value} in column 'mag_V' is no apparent magnitude.*--missing={value}"
    with pytest.raises(BadInput, match=reason):
        read(tmp_path, text)
    catalogue = read(tmp_path, text, missing=(value,))
    np.testing.assert_array_equal(catalogue.magnitudes["V"], [20, np.nan])


def test_fainter_than_40_is_no_detection(tmp_path):
    catalogue = read(tmp_path, "id,x,y,mag_V\n1,2,3,41\n2,2,3,39.5\n")
    np.testing.assert_array_equal(catalogue.magnitudes["V"], [np.nan, 39.5])


@pytest.mark.parametrize("ending", ["fits", "ecsv", "vot"])
def test_masked_cells_are_none(tmp_path, ending):
    table = Table({"id": [1, 2], "x": [1.0, 2.0], "y": [1.0, 2.0]})
    table["mag_V"] = MaskedColumn([21.0, 22.0], mask=[True, False])
    table["class"] = MaskedColumn([3, 2], mask=[True, False])
    path = tmp_path / f"c.{ending}"
    table.write(path, format="votable" if ending == "vot" else None)
    catalogue = read_catalogue(path, TableOptions(references={"people": "class"}, keep=("class",)))
    np.testing.assert_array_equal(catalogue.magnitudes["V"], [np.nan, 22.0])
    assert catalogue.references["people"].tolist() == [0, 2]
    assert catalogue.kept["class"] == [None, 2]


def test_positions_have_no_sentinels_of_magnitudes(tmp_path):
    catalogue = read(tmp_path, "id,x,y,ra,dec\n1,99.999,66.666,99.9,-44.444\n")
    assert (catalogue.x[0], catalogue.y[0]) == (99.999, 66.666)
    assert (catalogue.ra[0], catalogue.dec[0]) == (99.9, -44.444)


def test_a_missing_word_of_a_user_is_read(tmp_path):
    catalogue = read(
        tmp_path,
        "id,x,y,mag_V,c\n1,2,3,bad,-1\n",
        missing=("bad", "-1"),
        references={"people": "c"},
    )
    assert np.isnan(catalogue.magnitudes["V"][0])
    assert catalogue.references["people"].tolist() == [0]


@pytest.mark.parametrize(
    ("unit", "reason"),
    [("AB", "has the unit 'mag.AB.'"), ("Jy", "has the unit 'Jy'"), ("ct / s", "has the unit")],
)
def test_other_units_than_vega_magnitudes_are_refused(tmp_path, unit, reason):
    table = Table({"id": [1], "x": [1.0], "y": [1.0], "mag_V": [21.0]})
    table["mag_V"].unit = "mag(AB)" if unit == "AB" else unit
    table.write(tmp_path / "c.ecsv")
    with pytest.raises(BadInput, match=reason):
        read_catalogue(tmp_path / "c.ecsv")
    catalogue = read_catalogue(tmp_path / "c.ecsv", TableOptions(units={"mag_V": "mag"}))
    assert catalogue.magnitudes["V"].tolist() == [21.0]
