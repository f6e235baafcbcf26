"""The discussion on a candidate's page."""

from http import HTTPStatus

from tests.labeling.world import vote


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
