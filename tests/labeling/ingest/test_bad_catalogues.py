"""Invalid catalogues: one error names file, row and reason, and nothing changes."""

import re

import pytest
from django.core.management import CommandError, call_command

from labeling.db.bulk_rows import BulkInsertRows
from labeling.ingest import candidate_rows, stamping
from labeling.ingest.catalogues import CatalogueOptions, import_catalogue
from labeling.ingest.errors import BadInput
from labeling.ingest.table_options import TableOptions
from labeling.models import Candidate, CatalogueImport, Field, ReferenceLabel
from tests.labeling.skies import row_at, write_catalogue

pytestmark = [pytest.mark.django_db, pytest.mark.beside("sqlite")]

LEGUS = " ".join(["{id}", "50.0", "60.0", "65.0", "-54.9", *["20.0"] * 28])


@pytest.fixture
def field(sky):
    return sky.field()


def nothing_written(settings):
    """True if there are neither rows nor packs."""
    rows = Candidate.with_unfinished, CatalogueImport.objects, ReferenceLabel._base_manager
    return not any(r.exists() for r in rows) and not any(settings.PACKS.iterdir())


def error_of(field, path, **options):
    """Return the error for this file, one line."""
    with pytest.raises(BadInput) as error:
        import_catalogue(field, path, CatalogueOptions(**options))
    message = str(error.value)
    assert message.startswith(str(path))
    assert "\n" not in message
    return message


def rows(*changes):
    """Return a valid row, then one for each change."""
    return [row_at(1, 50, 50), *(row_at(n, 60, 60) | c for n, c in enumerate(changes, 2))]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"x": "left"}, "row 2: 'left' in column 'x' is not a number"),
        ({"y": ""}, "row 2: has no y"),
        ({"x": "nan"}, "row 2: has no x"),
        ({"y": "inf"}, "row 2: has no y"),
        ({"id": ""}, "row 2: has no id"),
        ({"id": 1}, "rows 1 and 2: both have the id 1"),
        ({"id": "x" * 65}, "row 2: the id"),
        ({"id": "a\x00b"}, "row 2: the id|not a table"),
        ({"mag_F555W": "bright"}, "row 2: 'bright' in column 'mag_F555W' is not a number"),
        ({"x": 1000}, "row 2: 1 of 2 rows lie outside the image .240 x 260 px.*--allow-outside"),
        ({"x": 0.0}, "row 2: 1 of 2 rows lie outside the image.*--origin"),
    ],
)
def test_it_names_the_row_and_the_reason(field, tmp_path, settings, change, reason):
    path = write_catalogue(tmp_path / "c.csv", rows(change))
    assert re.search(reason, error_of(field, path))
    assert nothing_written(settings)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty|No header line"),
        ("id,x,y\n", "the catalogue is empty"),
        ("x,y\n50,60\n", "has no column 'id'.*it has x, y.*--column id=NAME"),
        ("id,y\n1,60\n", "has no column 'x'.*--column x=NAME"),
        ("id,x,y\n1,50,60\n2,50,60,70\n", "not a readable table"),
        ("id,x,y\n1,50,60\n2,50\n", "row 2|not a readable table"),
        ("id,x,y,dec,ra\n1,50,60,95,10\n", "row 1: Dec 95.0"),
    ],
)
def test_it_names_the_problem_of_the_file(field, tmp_path, settings, text, reason):
    path = tmp_path / "c.csv"
    path.write_text(text)
    assert re.search(reason, error_of(field, path))
    assert nothing_written(settings)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("c.csv", bytes(range(256)) * 9),
        ("c.tab", bytes(range(256)) * 9),
        ("c.fits", b"SIMPLE  = nothing"),
        ("c.ecsv", b"id,x,y\n1,2,3\n"),
        ("c.vot", b"<VOTABLE>"),
        ("c.xyz", b"id,x,y\n1,50,60\n"),
        ("c", b"id,x,y\n1,50,60\n"),
        ("c.pkl", b"\x80\x04]\x94."),
    ],
)
def test_a_file_without_a_table_is_refused(field, tmp_path, settings, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    error_of(field, path)
    assert nothing_written(settings)


def test_a_missing_file_is_reported(field, tmp_path):
    assert "there is no such file" in error_of(field, tmp_path / "gone.csv")


@pytest.mark.parametrize("cell", ["5", "-1", "1.5", "one"])
def test_a_class_is_0_to_4(field, tmp_path, settings, cell):
    path = write_catalogue(tmp_path / "c.csv", [row_at(1, 50, 50, people=cell)])
    message = error_of(field, path, table=TableOptions(references={"people": "people"}))
    assert "row 1" in message
    assert cell in message
    assert nothing_written(settings)


@pytest.mark.parametrize(
    "references",
    [{"people": "gone"}, {"votes": "people"}, {"expert:ada": "people"}, {"x" * 81: "people"}],
)
def test_a_reference_has_a_column_and_a_name_of_its_own(field, tmp_path, settings, references):
    path = write_catalogue(tmp_path / "c.csv", [row_at(1, 50, 50, people=1)])
    error_of(field, path, table=TableOptions(references=references))
    assert nothing_written(settings)


def test_a_mapped_column_must_exist(field, tmp_path):
    path = write_catalogue(tmp_path / "c.csv", [row_at(1, 50, 50)])
    assert "has no column 'X_IMAGE'" in error_of(
        field, path, table=TableOptions(columns={"x": "X_IMAGE"})
    )


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (["1 2 3"], "33 columns or more, not 3"),
        ([LEGUS.format(id=1), LEGUS.format(id=2) + " 7"], "row 2: has 34 columns where row 1"),
        ([LEGUS.format(id=1), LEGUS.format(id=1)], "rows 1 and 2: both have the id 1"),
        ([LEGUS.format(id=1).replace("50.0", "x")], "row 1: 'x' in column 'col2 (x)'"),
        (["# a comment", "", "#"], "the catalogue is empty"),
    ],
)
def test_invalid_legus_tables_are_reported(field, tmp_path, settings, lines, reason):
    path = tmp_path / "c.tab"
    path.write_text("\n".join(lines) + "\n")
    assert reason in error_of(field, path)
    assert nothing_written(settings)


@pytest.mark.parametrize("column", ["class", "0", "99", "-1"])
def test_a_legus_reference_is_a_column_number(field, tmp_path, column):
    path = tmp_path / "c.tab"
    path.write_text(LEGUS.format(id=1) + "\n")
    error_of(field, path, table=TableOptions(references={"LEGUS": column}))


def test_an_id_of_the_field_is_refused(imported, tmp_path, settings):
    path = write_catalogue(tmp_path / "more.csv", [row_at(50, 60, 60), row_at(3, 50, 50)])
    message = error_of(imported, path)
    assert "row 2: field ngc1566 has a candidate 3 already, from catalogue.csv" in message
    assert imported.candidates.count() == 6
    assert len(list(settings.PACKS.iterdir())) == 1


def test_a_field_without_mosaics_is_refused(tmp_path):
    bare = Field.objects.create(name="bare", galaxy="none")
    path = write_catalogue(tmp_path / "c.csv", [row_at(1, 50, 50)])
    with pytest.raises(BadInput, match="has no mosaics yet: run import_field first"):
        import_catalogue(bare, path, CatalogueOptions())


def test_a_missing_mosaic_is_reported(field, tmp_path, settings):
    field.mosaics.filter(band="U").update(path=str(tmp_path / "missing.fits"))
    path = write_catalogue(tmp_path / "c.csv", [row_at(1, 50, 50)])
    with pytest.raises(BadInput, match=r"missing\.fits: there is no such file"):
        import_catalogue(field, path, CatalogueOptions())
    assert nothing_written(settings)


def fail(*_, **__):
    raise MemoryError


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (stamping.BandImage, "cut"),
        (BulkInsertRows, "__call__"),
        (candidate_rows, "_write_references"),
        (Field, "set_cold_start_order"),
        (candidate_rows, "_keys_after"),
    ],
)
def test_an_error_at_any_step_leaves_nothing(field, tmp_path, settings, monkeypatch, owner, name):
    monkeypatch.setattr(owner, name, fail)
    path = write_catalogue(tmp_path / "c.csv", [row_at(1, 50, 50, people=1)])
    options = CatalogueOptions(table=TableOptions(references={"people": "people"}))
    with pytest.raises(MemoryError):
        import_catalogue(field, path, options)
    assert nothing_written(settings)


def test_the_command_prints_the_error(field, tmp_path):
    path = write_catalogue(tmp_path / "c.csv", rows({"x": "left"}))
    with pytest.raises(CommandError, match=r"c\.csv, row 2: 'left' in column 'x'"):
        call_command("import_catalogue", "ngc1566", str(path))
