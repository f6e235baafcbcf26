"""GET /api/v1/progress/"""

from datetime import timedelta
from http import HTTPStatus

import pytest
from django.utils import timezone

from labeling.models import Candidate, Sample, Vote
from labeling.time_zones import COOKIE, time_zone_of_browser
from tests.labeling.world import API, lease_next, lease_to, make_field, problem, settle, vote

URL, QUEUE = f"{API}/progress/", f"{API}/queue/"


def test_it_counts_own_votes_and_waiting_candidates(as_ada, field, ada, bea):
    one, two, *_ = field.candidates.all()
    vote(one, ada)
    vote(two, bea)
    lease_next(field, ada, 2)
    assert as_ada.get(URL, {"field": "ngc1"}).json() == {
        "voted_today": 1,
        "voted": 1,
        "left": 5,
        "votes_needed": 3,
    }


def test_votes_of_yesterday_are_not_counted_for_today(as_ada, candidate, ada):
    vote(candidate, ada)
    Vote.objects.update(cast_at=timezone.now() - timedelta(days=1))
    answer = as_ada.get(URL).json()
    assert (answer["voted_today"], answer["voted"]) == (0, 1)


def test_today_begins_at_midnight_in_the_time_zone_of_the_browser(as_ada, candidate, ada):
    zone = time_zone_of_browser({COOKIE: "840"})
    midnight = timezone.now().astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    vote(candidate, ada)
    as_ada.cookies[COOKIE] = "840"
    for cast_at, expected in ((midnight, 1), (midnight - timedelta(seconds=1), 0)):
        Vote.objects.update(cast_at=cast_at)
        assert as_ada.get(URL).json()["voted_today"] == expected


def test_an_undone_vote_does_not_count(as_ada, candidate, ada):
    vote(candidate, ada).retract()
    assert as_ada.get(URL).json()["voted"] == 0


def test_a_hidden_repeat_is_counted_like_any_other_vote(as_ada, candidate, ada):
    vote(candidate, ada)
    lease_to(candidate, ada, Sample.REPEAT)
    again = vote(candidate, ada, 2)
    answer = as_ada.get(URL).json()
    assert (answer["voted_today"], answer["voted"]) == (2, 2)
    again.retract()
    assert as_ada.get(URL).json()["voted"] == 1


def test_candidates_that_others_have_settled_do_not_wait(as_ada, candidate, bea, cy, cur):
    settle(candidate, [bea, cy, cur])
    assert as_ada.get(URL).json()["left"] == 5


def test_without_a_field_it_counts_all(as_ada, field):
    make_field("ngc2")
    answer = as_ada.get(URL).json()
    assert (answer["left"], answer["votes_needed"]) == (12, None)


def test_it_rejects_an_unknown_field(as_ada):
    problem(as_ada.get(URL, {"field": "nowhere"}), HTTPStatus.BAD_REQUEST)


@pytest.fixture
def bright(field):
    """One control candidate and one of the pool; the others are in the pool, and faint."""
    control, pool, *_ = field.candidates.all()
    field.candidates.update(control=False, mag_v=24)
    Candidate.objects.filter(pk=control.pk).update(control=True)
    Candidate.objects.filter(pk=pool.pk).update(mag_v=20)
    return control, pool


def left(client, **chosen):
    return client.get(URL, chosen).json()["left"]


def test_left_obeys_the_magnitudes_with_the_control_sample_exempt(as_ada, bright):
    assert left(as_ada) == 6
    assert left(as_ada, mag_max=22) == 2
    assert left(as_ada, mag_min=20, mag_max=20) == 2
    assert left(as_ada, mag_min=25) == 1
    assert left(as_ada, field="ngc1", mag_min=22) == 5


def test_a_held_candidate_is_left_if_it_passes_the_filter(as_ada, bright, ada):
    control, pool = bright
    lease_to(control, ada, Sample.CONTROL)
    lease_to(pool, ada, Sample.POOL)
    assert (left(as_ada, mag_max=22), left(as_ada, mag_min=22)) == (2, 5)


def test_left_counts_unfinished_candidates_alone(as_ada, field, ada, bea):
    skipped, taken_back, held, voted, *_ = field.candidates.all()
    lease_to(skipped, ada, Sample.POOL).skip()
    vote(taken_back, ada).retract()
    lease_to(held, ada, Sample.POOL)
    vote(voted, ada)
    lease_to(skipped, bea, Sample.POOL)
    assert left(as_ada, unfinished=True) == 3
    assert left(as_ada, unfinished=False) == 5


@pytest.mark.parametrize("chosen", [{}, {"mag_max": 22.5}, {"mag_min": 21}, {"unfinished": True}])
def test_as_many_are_served_as_are_left(as_ada, bright, ada, field, chosen):
    _, pool = bright
    lease_to(pool, ada, Sample.POOL).skip()
    vote(field.candidates.last(), ada).retract()
    expected = left(as_ada, **chosen)
    body = {"count": 10, "field": "ngc1", **chosen}
    served = {item["candidate"] for _ in range(3) for item in as_ada.post(QUEUE, body).json()}
    assert len(served) == expected
    assert left(as_ada, **chosen) == expected


@pytest.mark.parametrize("chosen", [{"mag_min": "x"}, {"mag_min": 3, "mag_max": 2}, {"count": 1}])
def test_it_rejects_what_the_queue_rejects(as_ada, field, chosen):
    problem(as_ada.get(URL, chosen), HTTPStatus.BAD_REQUEST)
