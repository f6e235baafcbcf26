"""labeling.ingest.both_sides: the same source in both samples, among older fields."""

from io import StringIO

import pytest
from django.core.management import call_command

from labeling.ingest.both_sides import count_on_both_sides
from tests.labeling.world import make_field

pytestmark = pytest.mark.django_db


def place(field, *rows):
    """Give the candidates of a field these positions (x, y, RA, control)."""
    for candidate, (x, y, ra, control) in zip(field.candidates.order_by("pk"), rows, strict=True):
        candidate.x, candidate.y, candidate.ra, candidate.dec = x, y, ra, 0.0
        candidate.control, candidate.control_inherited = control, True
        candidate.save()


def test_both_of_a_field_count_and_those_of_one_side_do_not():
    field = make_field("ngc1", 5)
    near = [(100, 100, None, True), (100.6, 100.6, None, False), (100, 101.5, None, False)]
    place(field, *near, (300, 300, None, True), (300.1, 300, None, True))
    assert count_on_both_sides(field) == 2


@pytest.mark.parametrize(
    ("scale", "simulated", "count"), [(0.04, False, 1), (None, False, 1), (0.04, True, 0)]
)
def test_those_of_overlapping_fields_count_in_each(scale, simulated, count):
    fields = [make_field(name, 2, pixel_scale_arcsec=scale, simulated=simulated) for name in "ab"]
    pixel = 0.04 / 3600
    place(fields[0], (10, 10, 150.0, True), (50, 50, 150.1, True))
    place(fields[1], (70, 80, 150.0 + 0.9 * pixel, False), (10, 10, 150.1 + 1.1 * pixel, False))
    assert [count_on_both_sides(field) for field in fields] == [count, count]


def test_the_audit_notes_them_without_an_error():
    field = make_field("ngc1", 2)
    place(field, (100, 100, None, True), (100.5, 100, None, False))
    out = StringIO()
    call_command("audit", stdout=out)
    assert "Note: ngc1: 2 candidates lie within a pixel of one on the other side" in out.getvalue()
    assert out.getvalue().endswith("0 differences\n")


def test_many_candidates_at_one_position_take_no_time():
    field = make_field("ngc1", 4000)
    field.candidates.update(x=5.0, y=5.0)
    assert count_on_both_sides(field) == 4000
