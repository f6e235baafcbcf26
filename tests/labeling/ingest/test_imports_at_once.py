"""Imports that overlap in time and on the sky: each source is on one side of the split."""

import threading
from io import StringIO

import numpy as np
import pytest
from django.core.management import call_command

from classifier.core.control_sample import in_control_sample
from labeling.ingest.removal import remove_import
from labeling.ingest.stamp_imports import StampImportOptions, plan_stamps
from labeling.models import CatalogueImport, Field
from tests.labeling.skies import write_catalogue
from tests.labeling.world import at_once, make_field

pytestmark = pytest.mark.django_db(transaction=True)

COUNT = 40
PIXEL_DEG = 0.04 / 3600


def plan_of(folder, field, offset_px=0.3):
    """Return the plan of an import of the same sources into a field, some px off."""
    stamps = np.random.default_rng(1).normal(10, 2, (COUNT, 5, 8, 8)).astype(np.float32)
    np.save(folder / f"{field}.npy", stamps)
    rows = [
        {
            "id": f"{field}{n}",
            "x": 1 + 20 * n,
            "y": 1,
            "ra": 150 + n / 360 + offset_px * PIXEL_DEG,
            "dec": 0.0,
        }
        for n in range(COUNT)
    ]
    table = write_catalogue(folder / f"{field}.csv", rows)
    options = StampImportOptions(table_path=table)
    return plan_stamps(field, [folder / f"{field}.npy"], options)


def empty_field(name):
    field = make_field(name, candidates=0, pixel_scale_arcsec=0.04)
    field.imports.all().delete()
    return field


def sides(field):
    """Side of each candidate, in the order of the sources."""
    return list(field.candidates.order_by("ra").values_list("control", flat=True))


def sides_by_name(field):
    """Side of each candidate if it were new on the sky."""
    return [in_control_sample(field.name, f"{field.name}{n}") for n in range(COUNT)]


@pytest.fixture
def fields():
    """Two fields that see the same sources, a third of which would be on different sides."""
    fields = [empty_field("first"), empty_field("second")]
    first, second = map(sides_by_name, fields)
    assert first != second
    return fields


def test_a_plan_takes_the_sides_of_an_import_that_finished_since(tmp_path, fields):
    plans = [plan_of(tmp_path, field, 0.3 * n) for n, field in enumerate(fields)]
    records = [plan.write() for plan in plans]
    assert sides(fields[0]) == sides_by_name(fields[0])
    assert sides(fields[1]) == sides(fields[0])
    assert all(fields[1].candidates.values_list("control_inherited", flat=True))
    (note,) = [text for text in records[1].report["notes"] if "of first" in text]
    assert note.startswith(f"{COUNT} rows lie within a pixel of candidates of first")
    assert set(Field.objects.values_list("both_sides_count", flat=True)) == {0}
    assert CatalogueImport.objects.get(pk=records[1].pk).report == records[1].report
    call_command("audit", stdout=StringIO())


def test_imports_at_once_put_each_source_on_one_side(tmp_path, fields):
    planned = threading.Barrier(2)

    def import_into(number):
        plan = plan_of(tmp_path, fields[number])
        planned.wait(20)
        plan.write()

    at_once(2, import_into)
    assert sides(fields[0]) == sides(fields[1])
    assert sides(fields[0]) in [sides_by_name(field) for field in fields]


def test_an_import_that_was_removed_since_passes_no_side_on(tmp_path, fields):
    first = plan_of(tmp_path, fields[0]).write()
    plan = plan_of(tmp_path, fields[1])
    remove_import(first)
    plan_of(tmp_path, empty_field("third"), 20).write()
    plan.write()
    assert sides(fields[1]) == sides_by_name(fields[1])
    assert not fields[1].candidates.filter(control_inherited=True).exists()


def counts():
    return dict(Field.objects.values_list("name", "both_sides_count"))


def test_counts_are_stored_after_each_import_and_removal(tmp_path, fields):
    """Sources of a third field lie between those of the two, and are of one side."""
    different = sum(np.array(sides_by_name(fields[0])) != sides_by_name(fields[1]))
    for number, field in enumerate(fields):
        plan_of(tmp_path, field, 1.6 * number).write()
    assert counts() == {"first": 0, "second": 0}
    between = plan_of(tmp_path, empty_field("third"), 0.8).write()
    assert counts()["third"] == different
    assert counts()["first"] + counts()["second"] == different
    remove_import(between)
    assert counts() == {"first": 0, "second": 0, "third": 0}
