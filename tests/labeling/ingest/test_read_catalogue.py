"""labeling.ingest.tables: LEGUS files, sentinels and named columns, without a database."""

import numpy as np
import pytest
from astropy.table import MaskedColumn, Table

from classifier.core.bands import BANDS
from labeling.ingest.errors import BadInput
from labeling.ingest.tables import read_catalogue


def legus_row(number, *, columns=39, **cells):
    """Return a row of a LEGUS file; `cells` are c<number of the column>, from 1."""
    values = [str(number), "100.5", "200.25", "65.0", "-54.9"]
    for band in range(5):
        values += [f"2{band}.5", f"0.0{band + 1}"]
    values += ["1.44", *["0.1"] * (columns - 16)]
    values[33:] = ["0"] * (columns - 33)
    for name, value in cells.items():
        values[int(name[1:]) - 1] = str(value)
    return " ".join(values)


def legus(folder, *rows):
    path = folder / "field.tab"
    path.write_text("\n".join(rows) + "\n")
    return read_catalogue(path)


def test_it_reads_legus_columns_by_position(tmp_path):
    catalogue = legus(tmp_path, legus_row(7))
    assert (catalogue.ids, len(catalogue)) == (["7"], 1)
    assert (catalogue.x[0], catalogue.y[0], catalogue.ra[0], catalogue.dec[0]) == (
        100.5,
        200.25,
        65.0,
        -54.9,
    )
    assert {band: values[0] for band, values in catalogue.magnitudes.items()} == {
        band: 20.5 + k for k, band in enumerate(BANDS)
    }
    assert {band: values[0] for band, values in catalogue.errors.items()} == {
        band: pytest.approx(0.01 * (k + 1)) for k, band in enumerate(BANDS)
    }
    assert catalogue.ci[0] == 1.44


@pytest.mark.parametrize("sentinel", ["99.999", "66.666", "44.444", "99.9990"])
def test_legus_sentinels_are_nan(tmp_path, sentinel):
    catalogue = legus(tmp_path, legus_row(1, c6=sentinel, c7=sentinel, c16=sentinel), legus_row(2))
    assert np.isnan(
        [catalogue.magnitudes["NUV"][0], catalogue.errors["NUV"][0], catalogue.ci[0]]
    ).all()
    assert np.isfinite([catalogue.magnitudes["NUV"][1], catalogue.ci[1]]).all()


def test_sentinels_are_kept_in_positions(tmp_path):
    assert legus(tmp_path, legus_row(1, c2="99.999", c4="66.666")).x[0] == 99.999


def test_classes_are_references_by_source(tmp_path):
    catalogue = legus(tmp_path, legus_row(1, c34=1, c36=2, c37=3, c38=4, c39=0))
    assert {source: labels[0] for source, labels in catalogue.references.items()} == {
        "LEGUS, hybrid": 1,
        "LEGUS, mode of three": 2,
        "LEGUS, machine": 3,
        "LEGUS, one person after the machine": 4,
        "LEGUS, re-inspection of class 4": 0,
    }


@pytest.mark.parametrize(("columns", "sources"), [(33, []), (35, ["LEGUS, mode"]), (40, [])])
def test_files_of_other_galaxies_have_other_columns(tmp_path, columns, sources):
    assert list(legus(tmp_path, legus_row(1, columns=columns)).references) == sources


def test_comments_and_empty_lines_are_skipped(tmp_path):
    catalogue = legus(tmp_path, "# made by hand", legus_row(1), "", "  # more", legus_row(2))
    assert catalogue.ids == ["1", "2"]


@pytest.mark.parametrize("ending", ["csv", "ecsv", "fits", "vot"])
def test_it_reads_tables_of_named_columns(tmp_path, ending):
    table = Table({"ID": ["a1", "b"], "X": [1.5, 2.0], "y": [3.0, 4.0], "mag_f555w": [21.0, 22.5]})
    table["err_V"] = MaskedColumn([0.1, 0.2], mask=[False, True])
    words = {"csv": "ascii.csv", "vot": "votable"}
    table.write(tmp_path / f"c.{ending}", format=words.get(ending))
    catalogue = read_catalogue(tmp_path / f"c.{ending}")
    assert catalogue.ids == ["a1", "b"]
    assert (catalogue.x.tolist(), catalogue.y.tolist()) == ([1.5, 2.0], [3.0, 4.0])
    assert catalogue.magnitudes["V"].tolist() == [21.0, 22.5]
    assert np.isnan(catalogue.errors["V"]).tolist() == [False, True]
    assert np.isnan(catalogue.ra).all()


@pytest.mark.parametrize("ending", ["ecsv", "fits"])
def test_whole_numbers_as_ids_have_no_decimal_point(tmp_path, ending):
    Table({"id": [1.0, 2.0], "x": [1, 2], "y": [1, 2]}).write(tmp_path / f"c.{ending}")
    assert read_catalogue(tmp_path / f"c.{ending}").ids == ["1", "2"]


def test_magnitudes_of_other_filters_are_ignored(tmp_path):
    (tmp_path / "c.csv").write_text("id,x,y,mag_F110W,mag_B\n1,2,3,bright,20\n")
    assert list(read_catalogue(tmp_path / "c.csv").magnitudes) == ["B"]


def test_two_filters_of_one_band_do_not_mix(tmp_path):
    (tmp_path / "c.csv").write_text("id,x,y,mag_F435W,mag_F438W\n1,2,3,20,21\n")
    assert read_catalogue(tmp_path / "c.csv").magnitudes["B"].tolist() == [20.0]


def test_errors_count_rows_from_1(tmp_path):
    with pytest.raises(BadInput, match=r"row 3: 'x' in column 'col2 \(x\)' is not a number"):
        legus(tmp_path, legus_row(1), legus_row(2), legus_row(3, c2="x"))
