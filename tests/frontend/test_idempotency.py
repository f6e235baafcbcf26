"""Forms that make something can be sent twice, as after a lost answer."""

import re

import pytest

from labeling.models import Comment, Release, TrainingRun
from tests.labeling.world import vote


@pytest.fixture
def labelled(field, people):
    """A field whose labels suffice for training."""
    field.candidates.update(control=False)
    field.votes_needed = 1
    field.save()
    for number, candidate in enumerate(field.candidates.all()):
        vote(candidate, people["ada"], 1 + number % 4)
    return field


def key_of(browser, page):
    """The key that the page's form sends."""
    html = browser.get(page).content.decode()
    return re.search(r'name="idempotency_key" value="([0-9a-f-]{36})"', html)[1]


def test_a_run_is_started_once(browse, labelled):
    browser = browse("admin")
    form = {"preset": "quick", "label_source": "votes", "field": ""}
    form |= {"idempotency_key": key_of(browser, "/runs/")}
    first = browser.post("/runs/", form)
    TrainingRun.objects.update(status="running")
    assert browser.post("/runs/", form)["Location"] == first["Location"]
    assert TrainingRun.objects.count() == 1


def test_a_release_is_made_once_and_confirmed_twice(browse, field):
    browser = browse("cur")
    form = {"version": "v1", "note": "", "idempotency_key": key_of(browser, "/exports/")}
    for _ in range(2):
        assert "Release v1 is made" in browser.post("/exports/", form, follow=True).content.decode()
    assert Release.objects.count() == 1


def test_a_changed_form_is_another_request(browse, field):
    browser = browse("cur")
    key = key_of(browser, "/exports/")
    for version in ("v1", "v2"):
        browser.post("/exports/", {"version": version, "idempotency_key": key})
    assert Release.objects.count() == 2


def test_a_comment_has_a_key_too(browse, people, candidate):
    browser = browse("cur")
    page = f"/candidates/{candidate.pk}/"
    form = {"text": "a pair", "idempotency_key": key_of(browser, page)}
    for _ in range(2):
        browser.post(f"{page}comments/", form)
        candidate.adjudicate(people["cur"], 4, "a pair")
    assert Comment.objects.count() == 1


@pytest.mark.parametrize("page", ["/runs/", "/experiments/", "/exports/"])
def test_each_form_has_a_new_key(browse, labelled, page):
    assert len({key_of(browse("admin"), page) for _ in range(3)}) == 3
