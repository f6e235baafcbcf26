"""Fields that are divided by sky cells: sides and guards of imports, which never change sides."""

from io import StringIO

import numpy as np
import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command

from classifier.core.control_sample import CELL_PX, GUARD_PX, in_control_cell
from labeling.models import Candidate, Field
from labeling.rules.figure_question import FieldSplit, FigureQuestion
from labeling.training.label_source import CONSENSUS
from labeling.training.training_set import take_snapshot
from tests.labeling.skies import write_catalogue
from tests.labeling.world import make_field, make_run, settle

pytestmark = [pytest.mark.django_db, pytest.mark.beside("sqlite")]

COUNT = 400
SIDE = 3 * CELL_PX
RNG = np.random.default_rng(22)


def write_files(folder, count=COUNT, name="rows", origin="c", **columns):
    """Stamps and a table of candidates all over a field."""
    path = folder / f"{name}.npy"
    np.save(path, RNG.normal(10, 2, (count, 5, 8, 8)).astype(np.float32))
    x, y = RNG.uniform(1, SIDE, (2, count))
    rows = [{"id": f"{origin}{n}", "x": x[n], "y": y[n]} for n in range(count)]
    rows = [row | {key: values[n] for key, values in columns.items()} for n, row in enumerate(rows)]
    return path, write_catalogue(folder / f"{name}.csv", rows)


def import_stamps(field, path, table, *options):
    call_command("import_stamps", field, path, "--table", table, *options, stdout=StringIO())
    return Field.objects.get(name=field)


def nearest_control(candidate):
    """Chebyshev distance to the nearest control candidate of the field, among all of them."""
    others = candidate.field.candidates.filter(control=True)
    return min(max(abs(c.x - candidate.x), abs(c.y - candidate.y)) for c in others)


def test_candidates_of_control_cells_are_the_control_sample(tmp_path):
    field = import_stamps("cells", *write_files(tmp_path), "--split", "cells")
    assert field.split == FieldSplit.CELLS
    candidates = list(field.candidates.all())
    x, y = np.array([(c.x, c.y) for c in candidates]).T
    assert [c.control for c in candidates] == in_control_cell("cells", x, y).tolist()
    assert 0 < sum(c.control for c in candidates) < COUNT / 2
    trained = [c for c in candidates if not c.control and not c.guard]
    assert min(map(nearest_control, trained)) >= GUARD_PX
    assert not field.candidates.filter(control=True, guard=True).exists()
    assert sum(c.guard for c in candidates) > 0
    call_command("audit", stdout=StringIO())


def test_a_random_field_has_no_guard(tmp_path):
    field = import_stamps("random", *write_files(tmp_path))
    assert field.split == FieldSplit.RANDOM
    assert not field.candidates.filter(guard=True).exists()


def test_the_guard_is_voted_on_but_not_trained_on(ada, bea, cy):
    field = make_field("cells", candidates=100, split=FieldSplit.CELLS)
    field.set_guards()
    guard = field.candidates.filter(guard=True).first()
    pool = field.candidates.filter(guard=False, control=False).order_by("pk")
    control = field.candidates.filter(control=True).first()
    for candidate, label in [(guard, 1), (pool[0], 2), (pool[1], 3), (control, 1)]:
        settle(candidate, [ada, bea, cy], label)
    snapshot = take_snapshot([field], CONSENSUS)
    assert snapshot.label_counts == {"train": {"2": 1, "3": 1}, "control": {"1": 1}}
    guard.refresh_from_db()
    assert guard.consensus.label == 1


def test_the_split_is_fixed_once_there_are_candidates(tmp_path):
    path, table = write_files(tmp_path)
    field = import_stamps("cells", path, table, "--split", "cells")
    field.split = FieldSplit.RANDOM
    with pytest.raises(ValidationError, match="never changes"):
        field.full_clean()
    more = write_files(tmp_path, 5, "more", "d")
    with pytest.raises(CommandError, match="never changes"):
        import_stamps("cells", *more, "--split", "random")
    assert import_stamps("cells", *more).candidates.count() == COUNT + 5


def test_sky_cells_need_positions(tmp_path):
    path, _ = write_files(tmp_path, 3)
    table = write_catalogue(tmp_path / "ids.csv", [{"id": n} for n in "abc"])
    with pytest.raises(CommandError, match="a has no position in px; give x and y"):
        import_stamps("cells", path, table, "--split", "cells")
    assert not Candidate.objects.exists()


def test_later_imports_keep_every_side_and_extend_the_guard(tmp_path):
    """A source of another field brings its side along, into a pool cell here."""
    ra, dec = 10 + np.arange(COUNT) / 360, np.zeros(COUNT)
    scale = ("--pixel-scale", "0.04")
    field = import_stamps(
        "cells", *write_files(tmp_path, ra=ra, dec=dec), "--split", "cells", *scale
    )
    sides = dict(field.candidates.values_list("pk", "control"))
    other = import_stamps(
        "other", *write_files(tmp_path, 50, "other", ra=ra[:50] + 2, dec=dec[:50]), *scale
    )
    stray = other.candidates.filter(control=True).first()
    target = field.candidates.filter(control=False, guard=False).first()
    row = {"id": "stray", "x": target.x + 21, "y": target.y + 1, "ra": stray.ra, "dec": stray.dec}
    stamps, _ = write_files(tmp_path, 1, "stray")
    table = write_catalogue(tmp_path / "stray.csv", [row])
    import_stamps("cells", stamps, table)
    candidate = field.candidates.get(catalogue_id="stray")
    assert (candidate.control, candidate.control_inherited) == (True, True)
    target.refresh_from_db()
    assert (target.control, target.guard) == (False, True)
    assert dict(field.candidates.filter(pk__in=sides).values_list("pk", "control")) == sides
    call_command("audit", stdout=StringIO())


def test_stamps_without_a_pixel_scale_pass_their_side_on_too(tmp_path):
    ra, dec = 10 + np.arange(50) / 360, np.zeros(50)
    field = import_stamps("first", *write_files(tmp_path, 50, ra=ra, dec=dec))
    other = import_stamps("second", *write_files(tmp_path, 50, "other", "d", ra=ra, dec=dec))
    sides = [
        list(f.candidates.order_by("ra").values_list("control", flat=True)) for f in (field, other)
    ]
    assert field.pixel_scale_arcsec is None
    assert sides[0] == sides[1]


def test_a_run_says_which_question_its_figures_answer(admin):
    field = make_field("cells", split=FieldSplit.CELLS)
    other = make_field("other")
    run = make_run(field, admin)
    run.fields.add(other)
    run.basis = {"trained_fields": ["cells"]}
    overlap = {"near": 0, "unknown": 0, "of": 4, "width_px": 50}
    run.outcome = {"training_overlap": {"other": overlap}}
    assert [(scope.question, scope.fields) for scope in run.scopes] == [
        (FigureQuestion.NEW_SKY_OF_FIELD, ("cells",)),
        (FigureQuestion.NEW_SKY, ("other",)),
    ]
    run.outcome = {}
    assert run.scope_in(other).question == FigureQuestion.OTHER_FIELD
    run.basis = {}
    assert run.scope_in(other).question == FigureQuestion.REST_OF_FIELD
    run.external = "StarcNet"
    assert run.scope_in(field).question == FigureQuestion.UNKNOWN
