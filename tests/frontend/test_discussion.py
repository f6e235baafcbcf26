"""The discussion on a candidate's page."""

import re
from http import HTTPStatus

import pytest

from frontend.views import disagreements
from labeling.models import Sample
from tests.labeling.world import lease_to, settle, vote


def test_who_has_voted_reads_and_writes_it(browse, candidate, people):
    vote(candidate, people["ada"])
    page = f"/candidates/{candidate.pk}/"
    candidate.comments.create(author=people["bea"], text="two peaks?")
    browse("ada").post(f"{page}comments/", {"text": " one <b>"})
    shown = browse("ada").get(page).content.decode()
    assert "two peaks?" in shown
    assert "one &lt;b&gt;" in shown
    assert [c.text for c in candidate.comments.all()] == ["two peaks?", "one <b>"]


def test_who_has_not_voted_does_neither(browse, candidate, people):
    candidate.comments.create(author=people["bea"], text="two peaks?")
    page = f"/candidates/{candidate.pk}/"
    refused = browse("ada").post(f"{page}comments/", {"text": "hm"})
    assert refused.status_code == HTTPStatus.FORBIDDEN
    assert "two peaks?" not in browse("ada").get(page).content.decode()
    assert candidate.comments.count() == 1


def test_what_somebody_flagged_waits_for_a_curator_though_no_votes_are_tied(
    browse, candidate, people
):
    vote(candidate, people["ada"], 1, flagged=True, comment="a star?")
    assert "Decide 1: tied, flagged or discussed" in browse("cur").get("/").content.decode()
    assert "flagged or discussed" not in browse("ada").get("/").content.decode()
    shown = browse("cur").get("/disagreements/").content.decode()
    assert all(words in shown for words in ("1 to decide", "flagged", "a star?"))
    candidate.adjudicate(people["cur"], 4, "a star: FWHM of the PSF")
    assert "Nothing to decide" in browse("cur").get("/disagreements/").content.decode()


def test_a_remark_waits_for_a_curator_until_one_has_decided(browse, candidate, people):
    settle(candidate, [people[name] for name in ("ada", "bea", "cy")], 1)
    browse("ada").post(f"/candidates/{candidate.pk}/comments/", {"text": "a background galaxy?"})
    assert "a background galaxy?" in browse("cur").get("/disagreements/").content.decode()
    candidate.adjudicate(people["cur"], 4, "a background galaxy")
    assert "Nothing to decide" in browse("cur").get("/disagreements/").content.decode()


def test_a_flag_on_what_was_asked_again_is_seen(browse, candidate, people):
    vote(candidate, people["ada"], 1)
    lease_to(candidate, people["ada"], Sample.REPEAT)
    vote(candidate, people["ada"], 2, flagged=True, comment="two peaks")
    shown = browse("cur").get("/disagreements/").content.decode()
    assert all(words in shown for words in ("asked again", "flagged", "two peaks"))


def test_a_remark_that_is_sent_twice_is_one(browse, candidate, people):
    vote(candidate, people["ada"])
    for _ in range(2):
        browse("ada").post(f"/candidates/{candidate.pk}/comments/", {"text": "two peaks?"})
    assert candidate.comments.count() == 1


@pytest.fixture
def discussed(candidate, people):
    """A candidate that waits for a curator, and what people may do to it meanwhile."""
    first = vote(candidate, people["ada"], 1, flagged=True)
    second = vote(candidate, people["bea"], 1)
    candidate.comments.create(author=people["ada"], text="a star?")
    meanwhile = {
        "nothing": lambda: None,
        "a vote": lambda: vote(candidate, people["cy"], 2),
        "a flag": lambda: vote(candidate, people["cy"], 1, flagged=True),
        "a change of mind": lambda: vote(candidate, people["ada"], 1, flagged=True),
        "a retraction": second.retract,
        "an older vote's retraction": first.retract,
        "a comment": lambda: candidate.comments.create(author=people["bea"], text="two peaks"),
    }
    return candidate, meanwhile


def seen_in(page, candidate):
    """What the form of this candidate sends back unseen."""
    article = page.split(f'id="candidate-{candidate.pk}"')[1]
    return re.search('name="seen" value="([^"]+)"', article)[1]


@pytest.mark.parametrize(
    "what",
    [
        "nothing",
        "a vote",
        "a flag",
        "a change of mind",
        "a retraction",
        "an older vote's retraction",
        "a comment",
    ],
)
def test_a_decision_stands_only_on_what_was_shown(browse, discussed, what):
    candidate, meanwhile = discussed
    curator = browse("cur")
    seen = seen_in(curator.get("/disagreements/").content.decode(), candidate)
    meanwhile[what]()
    ruling = {"label": "4", "reason": "as sharp as a star", "seen": seen}
    page = curator.post(f"/disagreements/{candidate.pk}/", ruling, follow=True).content.decode()
    decided = what == "nothing"
    assert candidate.adjudications.exists() == decided
    assert ("has come or gone since you opened the page" in page) == (not decided)
    assert ('value="as sharp as a star"' in page) == (not decided)


def test_a_decision_does_not_replace_one_that_was_not_shown(browse, discussed, people):
    candidate, _ = discussed
    curator = browse("cur")
    seen = seen_in(curator.get("/disagreements/").content.decode(), candidate)
    candidate.adjudicate(people["cur"], 2, "elongated")
    ruling = {"label": "4", "reason": "as sharp as a star", "seen": seen}
    page = curator.post(f"/disagreements/{candidate.pk}/", ruling, follow=True).content.decode()
    assert candidate.adjudications.get().reason == "elongated"
    assert "another decision has come or gone since you opened the page" in page


def test_what_waits_for_a_curator_is_shown_to_them(browse, people, candidate):
    vote(candidate, people["ada"], 1, flagged=True)
    browse("cur").get("/disagreements/")
    assert list(people["cur"].disclosures.values_list("candidate", flat=True)) == [candidate.pk]


@pytest.mark.parametrize("page", ["/candidates/{}/", "/candidates/"])
def test_a_page_that_shows_what_others_say_leaves_a_trace(browse, people, field, page):
    told, other = field.candidates.all()[:2]
    for candidate, name in ((told, "ada"), (told, "bea"), (other, "bea")):
        vote(candidate, people[name])
    for _ in range(2):
        browse("ada").get(page.format(told.pk))
    assert list(people["ada"].disclosures.values_list("candidate", flat=True)) == [told.pk]


def test_what_a_curator_began_is_decided_after_another_look(browse, discussed):
    candidate, meanwhile = discussed
    curator, address = browse("cur"), f"/disagreements/{candidate.pk}/"
    ruling = {"label": "4", "reason": "a star", "seen": "nothing"}
    meanwhile["a comment"]()
    page = curator.post(address, ruling, follow=True).content.decode()
    assert 'value="4" required checked' in page
    assert "two peaks" in page
    curator.post(address, ruling | {"seen": seen_in(page, candidate)})
    assert candidate.adjudications.get().reason == "a star"
    assert 'value="a star"' not in curator.get("/disagreements/").content.decode()


def test_what_was_begun_is_on_the_page_of_its_candidate(browse, people, monkeypatch, field):
    monkeypatch.setattr(disagreements, "A_PAGE", 2)
    for candidate in field.candidates.all():
        vote(candidate, people["ada"], flagged=True)
    address = f"/disagreements/{candidate.pk}/"
    answer = browse("cur").post(address, {"reason": "a star"}, follow=True)
    assert answer.redirect_chain[0][0] == f"/disagreements/?page=3#candidate-{candidate.pk}"
    assert "choose a class and give a reason" in answer.content.decode()
    assert 'value="a star"' in answer.content.decode()
