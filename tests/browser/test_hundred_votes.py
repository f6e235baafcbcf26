"""A hundred candidates, the keyboard alone, four votes a second."""

import csv
import io
import time
from random import Random

import pytest

from tests.browser.classify_page import VOTES, outbox_shows, painted

pytestmark = pytest.mark.beside("postgresql")

PRESSES = {
    "1": ("1", "sure"),
    "2": ("2", "sure"),
    "3": ("3", "sure"),
    "4": ("4", "sure"),
    "u": ("unsure", "sure"),
    "Shift+Digit1": ("1", "possible"),
    "Shift+Digit4": ("4", "possible"),
}
"""Label and certainty of each key."""
VOTES_CAST = 100
PACE = 0.25
"""Seconds from press to press."""


@pytest.fixture
def dee(live_site, open_as):
    """The window of an expert who has never voted."""
    password = live_site.password_of("dee")
    make = (
        "from django.contrib.auth.models import Group, User; "
        f"dee = User.objects.create_user('dee', password='{password}'); "
        "dee.groups.add(Group.objects.get(name='expert'))"
    )
    live_site.manage("shell", "-v0", "-c", make)
    return open_as("dee")


def catalogue_ids(page):
    """Return the catalogue id of each candidate by primary key."""
    found = {}
    address = "/api/v1/candidates/?page_size=200"
    while address:
        answer = page.request.get(address).json()
        found |= {str(one["candidate"]): one["catalogue_id"] for one in answer["results"]}
        address = answer["next"]
    return found


def votes_on_the_server(page, voter):
    """Return label and certainty of all votes ever cast, by catalogue id."""
    text = page.request.get("/api/v1/export/votes.csv").text()
    rows = [row for row in csv.DictReader(io.StringIO(text)) if row["voter"] == voter]
    votes = {row["catalogue_id"]: (row["label"], row["certainty"]) for row in rows}
    assert len(rows) == len(votes)
    assert not any(row["retracted_at"] for row in rows)
    return votes


def test_the_server_stores_exactly_the_votes_by_key(dee, open_as):
    sent = []
    dee.on("request", lambda r: VOTES.search(r.url) and sent.append(r.post_data_json["candidate"]))
    dee.goto("/classify/")
    candidate, pressed, began = "", {}, None
    for turn, key in enumerate(Random(0).choices(list(PRESSES), k=VOTES_CAST)):
        candidate = painted(dee, other_than=candidate)
        began = began or time.monotonic()
        time.sleep(max(0, began + turn * PACE - time.monotonic()))
        pressed[candidate] = PRESSES[key]
        dee.keyboard.press(key)
    rate = (VOTES_CAST - 1) / (time.monotonic() - began)
    outbox_shows(dee, "saved")
    ids = catalogue_ids(dee)
    assert len(pressed) == VOTES_CAST
    assert votes_on_the_server(open_as("cur"), "dee") == {ids[c]: pressed[c] for c in pressed}
    assert [str(candidate) for candidate in sent] == list(pressed)
    # Four on a machine of its own; other tests may be at work beside this one.
    assert rate > 2
