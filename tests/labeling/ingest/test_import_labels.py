"""Reference labels that are added later, and columns that are kept: in, and out again."""

import csv
import io

import pytest
from astropy.table import Table
from django.core.management import CommandError, call_command

from labeling.ingest.catalogues import CatalogueOptions, import_catalogue
from labeling.ingest.table_options import TableOptions
from labeling.models import ReferenceLabel
from tests.labeling.skies import row_at, write_catalogue
from tests.labeling.world import API

pytestmark = pytest.mark.django_db


def labels_file(folder, rows, name="labels.csv"):
    return str(write_catalogue(folder / name, rows))


def labels_of(source):
    rows = ReferenceLabel.objects.of(source).values_list("candidate__catalogue_id", "label")
    return dict(rows)


def test_labels_of_two_sources_are_added(imported, tmp_path, capsys):
    rows = [{"ID": n, "smith": n % 5, "jones": 4} for n in range(1, 7)]
    path = labels_file(tmp_path, rows)
    options = ["--reference", "Smith 2020=smith", "--reference", "Jones=jones"]
    call_command("import_labels", "ngc1566", path, *options)
    assert labels_of("Smith 2020") == {"1": 1, "2": 2, "3": 3, "4": 4, "6": 1}
    assert labels_of("Jones") == dict.fromkeys("123456", 4)
    assert len(labels_of("people")) == 5
    assert "11 new labels, 0 were there." in capsys.readouterr().out
    call_command("import_labels", "ngc1566", path, *options)
    assert "0 new labels, 11 were there." in capsys.readouterr().out


def test_a_dry_run_adds_nothing(imported, tmp_path, capsys):
    path = labels_file(tmp_path, [{"id": 1, "c": 2}])
    call_command("import_labels", "ngc1566", path, "--reference=x=c", "--dry-run")
    assert "1 new label, " in (output := capsys.readouterr().out)
    assert "Nothing was written" in output
    assert not labels_of("x")


def test_ids_that_the_field_lacks_are_refused_or_skipped(imported, tmp_path):
    path = labels_file(tmp_path, [{"id": 1, "c": 2}, {"id": 99, "c": 1}])
    with pytest.raises(CommandError, match=r"no candidate 99 \(1 id\); --skip-unknown"):
        call_command("import_labels", "ngc1566", path, "--reference=x=c")
    assert not labels_of("x")
    call_command("import_labels", "ngc1566", path, "--reference=x=c", "--skip-unknown")
    assert labels_of("x") == {"1": 2}


def test_another_class_of_the_same_source_is_refused(imported, tmp_path):
    path = labels_file(tmp_path, [{"id": 1, "c": 4}])
    with pytest.raises(CommandError, match="candidate 1 has class 1 from “people” already"):
        call_command("import_labels", "ngc1566", path, "--reference=people=c")
    assert labels_of("people")["1"] == 1


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "name the columns of classes"),
        (["--reference=votes=c"], "may not be called 'votes'"),
        (["--reference=x=d"], "has no column 'd'"),
    ],
)
def test_it_refuses_with_a_reason(imported, tmp_path, arguments, reason):
    path = labels_file(tmp_path, [{"id": 1, "c": 2}])
    with pytest.raises(CommandError, match=reason):
        call_command("import_labels", "ngc1566", path, *arguments)


@pytest.fixture
def with_kept(sky, tmp_path):
    """A field of two catalogues, whose imports kept different columns."""
    field = sky.field()
    first = [row_at(1, 50, 50, age=1.5, note="=1+1"), row_at(2, 90, 90, age="", note="ok")]
    second = [row_at(3, 130, 130, ci=1.4, mass=7)]
    for rows, keep in ((first, ("age", "note")), (second, ("mass", "x"))):
        path = write_catalogue(tmp_path / f"{keep[0]}.csv", rows)
        import_catalogue(field, path, CatalogueOptions(table=TableOptions(keep=keep)))
    return field


def test_kept_columns_are_stored_as_they_are(with_kept):
    kept = dict(with_kept.candidates.values_list("catalogue_id", "kept"))
    assert kept["1"] == {"age": 1.5, "note": "=1+1"}
    assert kept["2"] == {"age": None, "note": "ok"}
    assert kept["3"] == {"mass": 7, "x": 131}


def test_kept_columns_leave_in_exports(with_kept, as_cur):
    text = as_cur.get(f"{API}/export/consensus.csv?keep_columns=all").content.decode()
    rows = {row["catalogue_id"]: row for row in csv.DictReader(io.StringIO(text))}
    assert list(rows["1"])[-4:] == ["age", "mass", "note", "x"]
    assert (rows["1"]["age"], rows["1"]["note"], rows["1"]["mass"]) == ("1.5", "'=1+1", "")
    assert (rows["3"]["mass"], rows["3"]["age"]) == ("7", "")


def test_exports_have_no_kept_columns_unless_asked_for(with_kept, as_cur):
    plain = as_cur.get(f"{API}/export/consensus.csv").content.decode()
    assert "mass" not in plain.splitlines()[0]
    answer = as_cur.get(f"{API}/export/consensus.csv?keep_columns=nothing")
    assert answer.status_code == 400
    assert "No column 'nothing' was kept; there are: age, mass, note, x." in answer.content.decode()


@pytest.mark.parametrize("ending", ["ecsv", "fits", "vot"])
def test_tables_have_typed_kept_columns(with_kept, tmp_path, ending):
    path = tmp_path / f"c.{ending}"
    call_command("export_catalogue", str(path), "--keep-columns", "age,mass,note")
    table = Table.read(path)
    assert table["age"].dtype.kind == "f"
    assert table["mass"].dtype.kind == "i"
    assert table["age"][0] == 1.5
    assert str(table["note"][1]).strip() == "ok"
