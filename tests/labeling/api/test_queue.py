"""POST /api/v1/queue/"""

from datetime import timedelta
from http import HTTPStatus

import pytest
from django.utils import timezone

from classifier.core.bands import BANDS, FILTERS
from labeling.models import Lease
from tests.labeling.conftest import client_of
from tests.labeling.skies import POSITIONS, SCALE
from tests.labeling.world import (
    API,
    answer_of,
    at_once,
    lease_next,
    make_field,
    problem,
    promote,
    put_vote,
)

URL = f"{API}/queue/"

ITEM = {
    "candidate", "catalogue_id", "field", "galaxy", "simulated", "lease", "stamps_url", "rgb_url",
    "rgb_centre_url", "bands", "ra_deg", "dec_deg", "x_pix", "y_pix", "stamp_x", "stamp_y",
    "pixel_scale_arcsec", "distance_mpc", "north_deg", "east_left", "ci", "edge",
}  # fmt: skip


def test_it_leases_one_candidate_by_default(as_ada, ada, field):
    response = as_ada.post(URL, {})
    assert response.status_code == HTTPStatus.OK
    (item,) = response.json()
    lease = Lease.objects.get()
    assert (lease.expert, lease.candidate_id, lease.pk) == (
        ada,
        item["candidate"],
        item["lease"]["id"],
    )


def test_items_have_all_that_the_page_needs(as_ada, imported):
    imported.mosaics.update(
        star_fwhm_px=2.5, zero_point_vega=25.8, zero_point_ab=None, exposure_s=1143.0
    )
    items = as_ada.post(URL, {"count": 10}).json()
    assert [set(item) for item in items] == [ITEM] * 6
    item = next(item for item in items if item["catalogue_id"] == "2")
    x, y = POSITIONS[2]
    assert (item["x_pix"], item["y_pix"]) == (x + 1, y + 1)
    assert (item["field"], item["galaxy"]) == ("ngc1566", "NGC 1566")
    assert item["pixel_scale_arcsec"] == pytest.approx(SCALE)
    known = {"observed": True, "mag_err": None, "star_fwhm_px": 2.5, "unit": "ELECTRONS/S"}
    known |= {"zero_point_vega": 25.8, "zero_point_ab": None, "electrons_per_unit": 1143.0}
    assert item["bands"] == [
        {"band": b, "filter": FILTERS[b], "mag": 20.0 + k, **known} for k, b in enumerate(BANDS)
    ]


def test_unknown_values_of_a_band_are_null(as_ada, imported):
    imported.mosaics.filter(band="U").update(star_fwhm_px=None, unit="")
    imported.mosaics.filter(band="NUV").delete()
    nuv, u, *_ = as_ada.post(URL, {}).json()[0]["bands"]
    assert (nuv["filter"], nuv["star_fwhm_px"], nuv["unit"]) == ("", None, "")
    assert (u["filter"], u["star_fwhm_px"], u["unit"]) == (FILTERS["U"], None, "")
    assert (nuv["electrons_per_unit"], u["electrons_per_unit"]) == (None, None)


def test_the_candidate_lies_in_the_middle_of_its_stamp(as_ada, imported):
    for item in as_ada.post(URL, {"count": 10}).json():
        assert 49 < item["stamp_x"] <= 50
        assert 49 < item["stamp_y"] <= 50
        assert (item["stamp_x"] - item["x_pix"]) % 1 == pytest.approx(0, abs=1e-9)


def test_the_addresses_of_an_item_exist(as_ada, imported):
    (item,) = as_ada.post(URL, {}).json()
    for name in ("stamps_url", "rgb_url", "rgb_centre_url"):
        assert as_ada.get(item[name]).status_code == HTTPStatus.OK


def test_it_marks_padded_stamps(as_ada, imported):
    items = as_ada.post(URL, {"count": 10}).json()
    assert {item["catalogue_id"] for item in items if item["edge"]} == {"4", "6"}


def test_it_reveals_neither_opinions_nor_the_sample(as_ada, field, admin):
    promote(field, admin, {c.pk: 0.70071 for c in field.candidates.all()})
    words = as_ada.post(URL, {"count": 10}).content.decode()
    for secret in ("entropy", "p_class", "network", "control", "sample", "pool", "vote", "0.70071"):
        assert secret not in words


def test_it_never_serves_a_candidate_that_the_caller_voted_on(as_ada, field):
    seen = set()
    while items := as_ada.post(URL, {"count": 2}).json():
        for item in items:
            assert item["candidate"] not in seen
            seen.add(item["candidate"])
            body = {"candidate": item["candidate"], "label": 1}
            assert put_vote(as_ada, body).status_code == HTTPStatus.OK
    assert len(seen) == 6


@pytest.mark.django_db(transaction=True)
def test_two_tabs_of_one_expert_get_different_candidates(ada):
    make_field(candidates=12)
    served = at_once(6, lambda _: client_of(ada).post(URL, {"count": 3}).json())
    every = [item["candidate"] for items in served for item in items]
    assert len(every) == len(set(every)) == 12


def test_it_serves_the_requested_field(as_ada, field):
    make_field("ngc2")
    items = as_ada.post(URL, {"count": 10, "field": "ngc2"}).json()
    assert {item["field"] for item in items} == {"ngc2"}


def test_without_a_field_it_continues_with_the_next_field(as_ada, field):
    make_field("ngc2")
    items = as_ada.post(URL, {"count": 10}).json()
    assert [item["field"] for item in items] == ["ngc1"] * 6 + ["ngc2"] * 4


def test_it_is_empty_when_nothing_waits(as_ada):
    response = as_ada.post(URL, {"count": 3})
    assert (response.status_code, response.json()) == (HTTPStatus.OK, [])


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({"count": 0}, "count"),
        ({"count": 11}, "count"),
        ({"count": "many"}, "count"),
        ({"field": "nowhere"}, "field"),
        ([], "non_field_errors"),
    ],
)
def test_it_rejects_invalid_requests(as_ada, field, body, name):
    refused = problem(as_ada.post(URL, body), HTTPStatus.BAD_REQUEST)
    assert name in refused["errors"]
    assert not Lease.objects.exists()


def test_the_number_of_queries_does_not_depend_on_the_count(
    as_ada, django_assert_max_num_queries, imported
):
    # 6 candidates: at most 11 statements each (lease, its transactions); the session's, the field's
    # and its mosaics' once.
    with django_assert_max_num_queries(72):
        as_ada.post(URL, {"count": 6})


def test_a_vote_on_a_served_candidate_ends_its_lease(as_ada, field):
    (item,) = as_ada.post(URL, {}).json()
    put_vote(as_ada, answer_of(field.candidates.get(pk=item["candidate"])))
    assert not Lease.objects.exists()


def test_skipped_candidates_come_after_new_ones_of_another_field(as_ada, ada):
    one, _ = make_field("a1", 1), make_field("a2", 2)
    (skipped,) = lease_next(one, ada, 1)
    skipped.skip()
    items = as_ada.post(URL, {"count": 3}).json()
    assert [item["field"] for item in items] == ["a2", "a2", "a1"]


def test_leases_are_not_taken_over_while_another_field_has_candidates(as_ada, bea):
    one = make_field("b1", 1, votes_needed=1)
    lease_next(one, bea, 1)
    Lease.objects.update(leased_at=timezone.now() - timedelta(hours=1))
    make_field("b2", 2)
    assert {item["field"] for item in as_ada.post(URL, {"count": 2}).json()} == {"b2"}
    assert [item["field"] for item in as_ada.post(URL, {"count": 2}).json()] == ["b1"]
