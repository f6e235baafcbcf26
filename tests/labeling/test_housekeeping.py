"""What is deleted by itself, and what is not."""

from datetime import timedelta
from http import HTTPStatus

import pytest
from django.utils import timezone

from labeling.housekeeping import delete_expired_sessions, delete_unused_embeddings
from labeling.models import Promotion, Session
from tests.labeling.world import make_field, make_run


@pytest.fixture
def runs(field, admin):
    """Five finished runs of one field that have kept what they see."""
    made = [make_run(field, admin) for _ in range(5)]
    for run in made:
        run.embeddings_path.mkdir(parents=True)
    return made


def left(runs):
    return [number for number, run in enumerate(runs) if run.embeddings_path.exists()]


def test_nothing_goes_before_a_run_is_in_use(runs):
    assert delete_unused_embeddings() == []
    assert left(runs) == [0, 1, 2, 3, 4]


def test_what_is_in_use_what_was_before_it_and_what_came_later_stay(runs, admin):
    for number in (0, 1, 3):
        Promotion.objects.promote(runs[number], by=admin)
    assert delete_unused_embeddings() == [runs[2], runs[0]]
    assert left(runs) == [1, 3, 4]
    assert delete_unused_embeddings() == []


def test_after_a_roll_back_they_can_be_needed_again(runs, admin):
    for number in (0, 1, 3):
        Promotion.objects.promote(runs[number], by=admin)
    Promotion.objects.roll_back(runs[3])
    delete_unused_embeddings()
    assert left(runs) == [0, 1, 2, 3, 4]


def test_another_field_may_still_need_them(runs, admin):
    other = make_field("other")
    runs[0].fields.add(other)
    for number in (1, 2):
        Promotion.objects.promote(runs[number], by=admin)
    delete_unused_embeddings()
    assert left(runs) == [0, 1, 2, 3, 4]


def test_sessions_that_have_run_out_are_forgotten_and_no_others(client, ada, bea):
    client.force_login(ada)
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    client.cookies.clear()
    client.force_login(bea)
    assert delete_expired_sessions() == 1
    assert client.get("/api/v1/progress/").status_code == HTTPStatus.OK
    assert Session.objects.get().account == bea
    assert delete_expired_sessions() == 0
