"""labeling.evaluation.candidate_columns: crowding and shared sky, by all pairs."""

import numpy as np
import pytest
from astropy.coordinates import SkyCoord

from labeling.evaluation.candidate_columns import CROWDING_PX, CandidateColumns
from labeling.models import Candidate
from tests.labeling.world import make_field

pytestmark = pytest.mark.django_db

RNG = np.random.default_rng(8)


def scattered(name, count=40, side=400.0, **values):
    """A field with candidates at random, twenty at one position of another."""
    field = make_field(name, count, **values)
    for candidate in field.candidates.all():
        candidate.x, candidate.y = RNG.uniform(0, side, 2)
        candidate.mag_v, candidate.mag_i, candidate.ci = 22.0, 21.5, 1.4
        candidate.save()
    return field


def columns_of(*fields):
    return CandidateColumns.read(fields)


def test_crowding_counts_all_other_sources_of_the_field():
    field = scattered("ngc1")
    scattered("ngc2")
    first, second, lost = field.candidates.order_by("pk")[:3]
    field.candidates.filter(pk=second.pk).update(x=first.x, y=first.y, set_aside="no bands")
    field.candidates.filter(pk=lost.pk).update(x=None)
    columns = columns_of(*{field, *type(field).objects.all()})
    rows = columns.rows_of(np.array(field.candidates.order_by("pk").values_list("pk", flat=True)))
    properties = columns.properties(rows)
    points = columns.points[rows]
    distance = np.hypot(*(points[:, None] - points).transpose(2, 0, 1))
    np.fill_diagonal(distance, np.nan)
    placed = np.isfinite(points).all(axis=1)
    expected = (distance <= CROWDING_PX).sum(axis=1)[placed]
    assert properties["crowding"][placed].tolist() == expected.tolist()
    assert properties["nearest"][placed] == pytest.approx(np.nanmin(distance[placed], axis=1))
    assert properties["nearest"][0] == 0
    assert np.isnan(properties["crowding"][~placed]).all()
    assert properties["v_i"][0] == 0.5
    assert set(properties["field"]) == {"ngc1"}


def test_candidates_are_apart_unless_a_trained_one_is_within_the_width():
    field = scattered("ngc1", 30)
    columns = columns_of(field)
    rows, trained = np.arange(10), np.arange(10, 14)
    for width in (20, 50):
        apart, placed = columns.apart(rows, trained, width)
        distance = abs(columns.points[rows][:, None] - columns.points[trained]).max(axis=2)
        assert apart.tolist() == (distance.min(axis=1) >= width).tolist()
        assert placed.all()
    assert 0 < apart.sum() < len(apart)


def sky_field(name, count, ra, simulated):
    field = make_field(name, count, pixel_scale_arcsec=0.04, simulated=simulated)
    for number, candidate in enumerate(field.candidates.order_by("pk")):
        candidate.ra, candidate.dec = ra + number * 0.7 / 3600, 60.0
        candidate.save()
    return field


@pytest.mark.parametrize("simulated", [False, True])
def test_real_fields_may_share_sky_with_each_other(simulated):
    first, second = sky_field("a", 12, 150.0, simulated), sky_field("b", 3, 150.0, simulated)
    columns = columns_of(first, second)
    rows, trained = (np.flatnonzero(columns.field == number) for number in (0, 1))
    apart, _ = columns.apart(rows, trained, 50)
    sky = SkyCoord(*columns.sky.T, unit="deg")
    separation = [sky[row].separation(sky[trained]).arcsec.min() for row in rows]
    expected = np.array(separation) >= 50 * 0.04 * 2**0.5
    assert apart.tolist() == (np.ones(12, bool) if simulated else expected).tolist()
    assert simulated or 0 < expected.sum() < 12


def test_positions_that_are_not_known_are_said_to_be():
    field = make_field("ngc1", 4)
    Candidate.objects.filter(catalogue_id="2").update(x=None, y=None)
    columns = columns_of(field)
    apart, placed = columns.apart(np.arange(4), np.array([1]), 50)
    assert placed.tolist() == [True, False, True, True]
    assert apart.all()


def placed_field(name, sky, **values):
    """A field with a candidate at each of these RA (arcsec from 150 deg; None: not known)."""
    field = make_field(name, len(sky), **values)
    for candidate, arcsec in zip(field.candidates.order_by("pk"), sky, strict=True):
        candidate.ra = None if arcsec is None else 150 + arcsec / 3600
        candidate.dec = None if arcsec is None else 0.0
        candidate.save()
    return field


def overlap_of(measured, *trained, width_px=50):
    """Near, unknown and all candidates of a field, beside training labels of others."""
    columns = columns_of(measured, *trained)
    chosen = measured.candidates.values_list("pk", flat=True)
    labelled = Candidate.objects.filter(field__in=trained).values_list("pk", flat=True)
    overlap = columns.training_overlap(chosen, labelled, width_px)[measured.name]
    assert overlap.width_px == width_px
    return overlap.near, overlap.unknown, overlap.of


# The diagonal of 50 px of 0.04 arcsec is 2.828 arcsec.
@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"pixel_scale_arcsec": 0.04}, (2, 0, 4)),
        ({}, (2, 0, 4)),
        # Half of the diagonals of 0.04 and of 0.12 arcsec per px: 5.657 arcsec.
        ({"pixel_scale_arcsec": 0.12}, (3, 0, 4)),
        ({"simulated": True}, (0, 0, 4)),
    ],
)
def test_the_overlap_counts_candidates_near_training_labels_of_other_fields(values, expected):
    measured = placed_field("new", [0.0, 2.8, 2.9, 6.0], **values)
    assert overlap_of(measured, placed_field("trained", [0.0])) == expected


def test_candidates_whose_sky_is_not_known_are_no_new_sky():
    measured = placed_field("new", [0.0, 60.0, None])
    assert overlap_of(measured, placed_field("trained", [0.0])) == (1, 1, 3)
    assert overlap_of(measured, placed_field("lost", [0.0, None])) == (1, 2, 3)
    simulated = placed_field("simulated", [None], simulated=True)
    assert overlap_of(measured, simulated) == (0, 0, 3)


def test_some_candidates_are_read_alone():
    measured, trained = placed_field("new", [0.0, 60.0]), placed_field("trained", [0.0, 60.0])
    first, second = (field.candidates.order_by("pk").first().pk for field in (measured, trained))
    columns = CandidateColumns.read([measured, trained], [second, first])
    assert columns.pk.tolist() == [first, second]
    overlap = columns.training_overlap([first], [second], 50)
    assert (overlap["new"].near, overlap["new"].of) == (1, 1)
    assert list(overlap) == ["new"]
