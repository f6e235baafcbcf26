"""GET /api/v1/progress/"""

from datetime import timedelta
from http import HTTPStatus

from django.utils import timezone

from labeling.models import Sample, Vote
from labeling.time_zones import COOKIE, time_zone_of_browser
from tests.labeling.world import API, lease_next, lease_to, make_field, problem, settle, vote

URL = f"{API}/progress/"


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
