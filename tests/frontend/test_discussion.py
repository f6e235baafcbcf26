"""The discussion on a candidate's page."""

import re
from http import HTTPStatus

import pytest

from frontend.views import disagreements
from labeling.models import Sample
from tests.labeling.world import lease_to, settle, vote


def test_voters_read_and_write_comments(browse, candidate, people):
    vote(candidate, people["ada"])
    page = f"/candidates/{candidate.pk}/"
    candidate.comments.create(author=people["bea"], text="two peaks?")
    browse("ada").post(f"{page}comments/", {"text": " one <b>"})
    shown = browse("ada").get(page).content.decode()
    assert "two peaks?" in shown
    assert "one &lt;b&gt;" in shown
    assert [c.text for c in candidate.comments.all()] == ["two peaks?", "one <b>"]


def test_others_neither_read_nor_write_comments(browse, candidate, people):
    candidate.comments.create(author=people["bea"], text="two peaks?")
    page = f"/candidates/{candidate.pk}/"
    refused = browse("ada").post(f"{page}comments/", {"text": "hm"})
    assert refused.status_code == HTTPStatus.FORBIDDEN
    assert "two peaks?" not in browse("ada").get(page).content.decode()
    assert candidate.comments.count() == 1


def test_a_flagged_candidate_waits_for_a_curator_without_a_tie(browse, candidate, people):
    vote(candidate, people["ada"], 1, flagged=True, comment="a star?")
    step = "Adjudicate 1 candidate: ties, flagged or with open comments"
    assert step in browse("cur").get("/").content.decode()
    assert "Adjudicate" not in browse("ada").get("/").content.decode()
    shown = browse("cur").get("/disagreements/").content.decode()
    assert all(words in shown for words in ("1 to adjudicate", "flagged", "a star?"))
    candidate.adjudicate(people["cur"], 4, "a star: FWHM of the PSF")
    assert "Nothing to adjudicate" in browse("cur").get("/disagreements/").content.decode()


def test_a_candidate_with_a_comment_waits_until_it_is_adjudicated(browse, candidate, people):
    settle(candidate, [people[name] for name in ("ada", "bea", "cy")], 1)
    browse("ada").post(f"/candidates/{candidate.pk}/comments/", {"text": "a background galaxy?"})
    assert "a background galaxy?" in browse("cur").get("/disagreements/").content.decode()
    candidate.adjudicate(people["cur"], 4, "a background galaxy")
    assert "Nothing to adjudicate" in browse("cur").get("/disagreements/").content.decode()


def test_a_flag_on_a_repeat_is_shown(browse, candidate, people):
    vote(candidate, people["ada"], 1)
    lease_to(candidate, people["ada"], Sample.REPEAT)
    vote(candidate, people["ada"], 2, flagged=True, comment="two peaks")
    shown = browse("cur").get("/disagreements/").content.decode()
    assert all(words in shown for words in ("second look", "flagged", "two peaks"))


def test_a_comment_sent_twice_is_stored_once(browse, candidate, people):
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


def fingerprint_in(page, candidate):
    """The hidden fingerprint in the form of this candidate."""
    article = page.split(f'id="candidate-{candidate.pk}"')[1]
    return re.search('name="fingerprint" value="([^"]+)"', article)[1]


@pytest.mark.parametrize(
    "change",
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
def test_a_ruling_is_recorded_only_if_nothing_has_changed(browse, discussed, change):
    candidate, meanwhile = discussed
    curator = browse("cur")
    fingerprint = fingerprint_in(curator.get("/disagreements/").content.decode(), candidate)
    meanwhile[change]()
    ruling = {"label": "4", "reason": "as sharp as a star", "fingerprint": fingerprint}
    page = curator.post(f"/disagreements/{candidate.pk}/", ruling, follow=True).content.decode()
    adjudicated = change == "nothing"
    assert candidate.adjudications.exists() == adjudicated
    assert ("was added or taken back after you opened the page" in page) == (not adjudicated)
    assert ('value="as sharp as a star"' in page) == (not adjudicated)


def test_a_ruling_does_not_replace_one_made_meanwhile(browse, discussed, people):
    candidate, _ = discussed
    curator = browse("cur")
    fingerprint = fingerprint_in(curator.get("/disagreements/").content.decode(), candidate)
    candidate.adjudicate(people["cur"], 2, "elongated")
    ruling = {"label": "4", "reason": "as sharp as a star", "fingerprint": fingerprint}
    page = curator.post(f"/disagreements/{candidate.pk}/", ruling, follow=True).content.decode()
    assert candidate.adjudications.get().reason == "elongated"
    assert "was added or taken back after you opened the page" in page


def test_the_disagreements_page_records_disclosures(browse, people, candidate):
    vote(candidate, people["ada"], 1, flagged=True)
    browse("cur").get("/disagreements/")
    assert list(people["cur"].disclosures.values_list("candidate", flat=True)) == [candidate.pk]


@pytest.mark.parametrize("page", ["/candidates/{}/", "/candidates/"])
def test_pages_with_opinions_record_disclosures(browse, people, field, page):
    shown, other = field.candidates.all()[:2]
    for candidate, name in ((shown, "ada"), (shown, "bea"), (other, "bea")):
        vote(candidate, people[name])
    for _ in range(2):
        browse("ada").get(page.format(shown.pk))
    assert list(people["ada"].disclosures.values_list("candidate", flat=True)) == [shown.pk]


def test_a_draft_can_be_submitted_after_another_look(browse, discussed):
    candidate, meanwhile = discussed
    curator, address = browse("cur"), f"/disagreements/{candidate.pk}/"
    ruling = {"label": "4", "reason": "a star", "fingerprint": "nothing"}
    meanwhile["a comment"]()
    page = curator.post(address, ruling, follow=True).content.decode()
    assert 'value="4" required checked' in page
    assert "two peaks" in page
    curator.post(address, ruling | {"fingerprint": fingerprint_in(page, candidate)})
    assert candidate.adjudications.get().reason == "a star"
    assert 'value="a star"' not in curator.get("/disagreements/").content.decode()


def test_a_draft_is_shown_on_the_page_of_its_candidate(browse, people, monkeypatch, field):
    monkeypatch.setattr(disagreements, "PAGE_SIZE", 2)
    for candidate in field.candidates.all():
        vote(candidate, people["ada"], flagged=True)
    address = f"/disagreements/{candidate.pk}/"
    answer = browse("cur").post(address, {"reason": "a star"}, follow=True)
    assert answer.redirect_chain[0][0] == f"/disagreements/?page=3#candidate-{candidate.pk}"
    assert "choose a class and give a reason" in answer.content.decode()
    assert 'value="a star"' in answer.content.decode()
