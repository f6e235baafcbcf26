"""Tables without names, by a description of their columns; and the surveys' variants."""

import numpy as np
import pytest
from astropy.table import Table

from labeling.ingest.column_descriptions import SHIPPED, load_description
from labeling.ingest.errors import BadInput
from labeling.ingest.table_options import TableOptions
from labeling.ingest.tables import read_catalogue
from tests.labeling.ingest.test_read_catalogue import legus_row
from tests.labeling.real import DATA, NGC1566, needs_data

LEGUS_TEXT = DATA / "catalogues" / "legus_columns_ngc628c.txt"


def write_rows(path, *rows):
    path.write_text("\n".join(rows) + "\n")
    return path


@needs_data
def test_the_description_that_legus_publishes_is_read():
    description = load_description(str(LEGUS_TEXT))
    filters = ("F275W", "F336W", "F435W", "F555W", "F814W")
    expected = {name: f"col{n}" for n, name in enumerate(("id", "x", "y", "ra", "dec"), 1)}
    for n, word in enumerate(filters):
        expected |= {f"mag_{word}": f"col{6 + 2 * n}", f"err_{word}": f"col{7 + 2 * n}"}
    assert description.columns == expected | {"ci": "col16"}
    assert description.references == {"LEGUS, mode": "col34", "LEGUS, mean": "col35"}
    assert description.missing == ("66.666", "99.999", "44.444")
    assert (description.n_columns, description.origin) == (35, None)


@needs_data
def test_a_table_is_read_by_legus_description(tmp_path):
    path = write_rows(tmp_path / "c.tab", legus_row(1, columns=35, c34=1, c35=3, c10=66.666))
    catalogue = read_catalogue(path, TableOptions(description=str(LEGUS_TEXT), keep=("17",)))
    assert {s: labels.tolist() for s, labels in catalogue.references.items()} == {
        "LEGUS, mode": [1],
        "LEGUS, mean": [3],
    }
    assert np.isnan(catalogue.magnitudes["B"][0])
    assert catalogue.kept == {"17": [0.1]}
    assert any("col18 (max age in yr" in note for note in catalogue.notes)


@needs_data
@pytest.mark.parametrize("columns", [34, 39])
def test_a_description_must_fit_the_number_of_columns(tmp_path, columns):
    path = write_rows(tmp_path / "c.tab", legus_row(1, columns=columns))
    reason = f"has {columns} columns, and the description legus_columns_ngc628c.txt has 35"
    with pytest.raises(BadInput, match=reason):
        read_catalogue(path, TableOptions(description=str(LEGUS_TEXT)))


@pytest.mark.parametrize("columns", [34, 36, 37, 38, 40, 41])
def test_the_classes_of_an_unknown_variant_are_not_dropped(tmp_path, columns):
    path = write_rows(
        tmp_path / "c.tab",
        legus_row(1, columns=columns, **{f"c{columns}": 2}),
        legus_row(2, columns=columns),
    )
    reason = rf"has {columns} columns, .*classes in column {columns}: .*SOURCE={columns}"
    with pytest.raises(BadInput, match=reason):
        read_catalogue(path)
    named = read_catalogue(path, TableOptions(references={"LEGUS": str(columns)}))
    assert named.references["LEGUS"].tolist() == [2, 0]
    without = read_catalogue(path, TableOptions(description="legus-33"))
    assert without.references == {}
    assert f"col{columns}" in without.notes[-1] or f"{columns - 16 - 12} more" in without.notes[-1]


def test_a_description_of_the_users_own(tmp_path):
    description = tmp_path / "columns.txt"
    description.write_text(
        "Our table\norigin 0\n1. source id\n2: x\n3) y\n4. mag V\n5. err F555W\n6. mass\n"
        "7. reference Smith 2020\n8. keep age\nWhen 77.7 appears in a column, nothing is known.\n"
    )
    path = write_rows(tmp_path / "c.txt", "a 1.5 2.5 77.7 0.1 1e4 3 1e6", "b 3 4 21 0.2 1e4 0 1e7")
    catalogue = read_catalogue(path, TableOptions(description=str(description)))
    assert (catalogue.ids, catalogue.x.tolist(), catalogue.origin) == (["a", "b"], [1.5, 3.0], 0)
    np.testing.assert_array_equal(catalogue.magnitudes["V"], [np.nan, 21])
    assert catalogue.references["Smith 2020"].tolist() == [3, 0]
    assert catalogue.kept == {"age": ["1e6", "1e7"]}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "describes no columns"),
        ("1. id\n1. x\n", "column 1 is described twice"),
        ("1. x\n2. x\n", "columns 1 and 2 are both x"),
        ("99999. x\n", "column 99999"),
        (None, "no such file, nor a column description of this name .legus-33, legus-35"),
    ],
)
def test_a_bad_description_is_refused(tmp_path, text, reason):
    description = tmp_path / "d.txt"
    if text is not None:
        description.write_text(text)
    path = write_rows(tmp_path / "c.txt", "a 1.5 2.5")
    with pytest.raises(BadInput, match=reason):
        read_catalogue(path, TableOptions(description=str(description)))


@needs_data
def test_the_shipped_variant_of_39_columns_is_the_one_by_itself():
    by_itself = read_catalogue(NGC1566)
    by_name = read_catalogue(NGC1566, TableOptions(description="legus-39"))
    for source, labels in by_itself.references.items():
        np.testing.assert_array_equal(labels, by_name.references[source])
    assert set(SHIPPED) == {"legus-33", "legus-35", "legus-39", "phangs-hst"}


def phangs_table(total="_TOT"):
    """Return a table with the columns of PHANGS-HST; no real file confirms their form."""
    table = Table({"INDEX": [1, 2, 3]})
    table["PHANGS_X"], table["PHANGS_Y"] = [100.25, 200.5, 300.75], [10.0, 20.0, 30.0]
    table["PHANGS_RA"], table["PHANGS_DEC"] = [65.0, 65.001, 65.002], [-54.9, -54.901, -54.902]
    table["PHANGS_RA"].unit = table["PHANGS_DEC"].unit = "deg"
    table["PHANGS_CLUSTER_CLASS_HUMAN"] = [1, 8, 3]
    table["PHANGS_CLUSTER_CLASS_ML_VGG"] = [2, 4, 3]
    table["PHANGS_CLUSTER_CLASS_ML_VGG_QUAL"] = [0.7, 1.0, 0.3]
    for n, word in enumerate(("F275W", "F336W", "F438W", "F555W", "F814W")):
        table[f"PHANGS_{word}_VEGA{total}"] = [20.0 + n, -9999.0, 21.0 + n]
        table[f"PHANGS_{word}_VEGA{total}_ERR"] = [0.1, -9999.0, 0.2]
        table[f"PHANGS_{word}_VEGA{total}"].unit = "mag"
        table[f"PHANGS_{word}_mJy{total}"] = [1.0, 2.0, 3.0]
    table["PHANGS_CI"] = [1.5, 1.6, -9999.0]
    table["PHANGS_MASS_MINCHISQ"] = [1e4, 2e4, np.nan]
    return table


@pytest.mark.parametrize("total", ["_TOT", ""])
def test_the_columns_of_phangs_hst_are_recognised(tmp_path, total):
    phangs_table(total).write(tmp_path / "c.fits")
    catalogue = read_catalogue(tmp_path / "c.fits")
    assert (catalogue.ids, catalogue.origin) == (["1", "2", "3"], 0)
    assert catalogue.x.tolist() == [100.25, 200.5, 300.75]
    assert catalogue.dec.tolist() == [-54.9, -54.901, -54.902]
    np.testing.assert_array_equal(catalogue.magnitudes["B"], [22, np.nan, 23])
    np.testing.assert_array_equal(catalogue.errors["I"], [0.1, np.nan, 0.2])
    np.testing.assert_array_equal(catalogue.ci, [1.5, 1.6, np.nan])
    assert {s: labels.tolist() for s, labels in catalogue.references.items()} == {
        "PHANGS-HST, human": [1, 4, 3],
        "PHANGS-HST, VGG": [2, 4, 3],
    }
    assert catalogue.kept["PHANGS_CLUSTER_CLASS_HUMAN"] == [1, 8, 3]
    assert catalogue.kept["PHANGS_CLUSTER_CLASS_ML_VGG_QUAL"] == [0.7, 1.0, 0.3]
    assert catalogue.kept["PHANGS_MASS_MINCHISQ"] == [1e4, 2e4, None]
    assert len([note for note in catalogue.notes if "no value in 1 cell (1 × -9999)" in note]) == 11


def test_phangs_hst_is_recognised_without_pixel_positions(tmp_path):
    table = phangs_table()
    table.remove_columns(["PHANGS_X", "PHANGS_Y"])
    table.write(tmp_path / "c.fits")
    catalogue = read_catalogue(tmp_path / "c.fits")
    assert np.isnan(catalogue.x).all()
    assert catalogue.ra.tolist() == [65.0, 65.001, 65.002]
    assert catalogue.references["PHANGS-HST, human"].tolist() == [1, 4, 3]


def test_numbers_that_mean_no_value_are_no_class(tmp_path):
    path = write_rows(tmp_path / "c.csv", "id,x,y,c", "1,2,3,-999", "2,2,3,1", "3,2,3,-99")
    catalogue = read_catalogue(path, TableOptions(references={"people": "c"}))
    assert catalogue.references["people"].tolist() == [0, 1, 0]
    assert any("-999" in note and "-99" in note for note in catalogue.notes)
    path = write_rows(tmp_path / "d.csv", "id,x,y,c", "1,2,3,-1", "2,2,3,1")
    with pytest.raises(BadInput, match=r"row 1: '-1' in column 'c' .* --missing=-1"):
        read_catalogue(path, TableOptions(references={"people": "c"}))
    options = TableOptions(references={"people": "c"}, missing=("-1",))
    assert read_catalogue(path, options).references["people"].tolist() == [0, 1]


def test_classes_above_4_are_artefacts_on_request_only(tmp_path):
    path = write_rows(tmp_path / "c.csv", "id,x,y,c", "1,2,3,9", "2,2,3,1")
    options = TableOptions(references={"people": "c"})
    with pytest.raises(BadInput, match="row 1: '9' in column 'c' is not a class from 0 to 4"):
        read_catalogue(path, options)
    catalogue = read_catalogue(
        path, TableOptions(references={"people": "c"}, artefact_classes=True, keep=("c",))
    )
    assert catalogue.references["people"].tolist() == [4, 1]
    assert catalogue.kept["c"] == [9, 1]
