"""The discussion on a candidate's page."""

from http import HTTPStatus

from labeling.models import Sample
from tests.labeling.world import settle, vote


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
    candidate.lease_to(people["ada"], Sample.REPEAT)
    vote(candidate, people["ada"], 2, flagged=True, comment="two peaks")
    shown = browse("cur").get("/disagreements/").content.decode()
    assert all(words in shown for words in ("asked again", "flagged", "two peaks"))
