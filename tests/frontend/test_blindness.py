"""An expert learns nothing of a candidate from the pages before they have voted on it."""

import pytest

from frontend.pages.gallery import gallery
from labeling.models import Candidate
from labeling.rules.consensus import ConsensusStatus
from tests.labeling.world import promote, vote


@pytest.fixture
def opinions(field, candidate, people):
    """bea and cy have voted on the first candidate, and a network has spoken on all."""
    entropies = {c.pk: 1.234 - 0.01 * c.pk for c in field.candidates.all()}
    promote(field, people["admin"], entropies)
    for name in ("bea", "cy"):
        vote(candidate, people[name], label=3, comment="two peaks")
    return candidate


def test_it_hides_opinions_until_the_vote(browse, opinions):
    page = browse("ada").get(f"/candidates/{opinions.pk}/").content.decode()
    for word in ("bea", "two peaks", "Entropy", "consensus"):
        assert word not in page
    assert "after your vote" in page


@pytest.mark.parametrize("name", ["bea", "cur"])
def test_it_shows_them_to_those_who_voted_and_to_curators(browse, opinions, name):
    page = browse(name).get(f"/candidates/{opinions.pk}/").content.decode()
    for word in ("cy", "two peaks", "Entropy"):
        assert word in page


def test_it_neither_shows_nor_orders_by_what_is_hidden(people, opinions):
    seen = list(gallery(people["ada"], {"order": "entropy"}))
    assert {c.shown_entropy for c in seen} == {None}
    assert [c.pk for c in seen] == sorted(c.pk for c in seen)
    first = gallery(people["bea"], {"order": "entropy"}).first()
    assert (first.pk, first.shown_network) == (opinions.pk, 2)


def test_it_does_not_filter_by_what_is_hidden(people, opinions):
    wish = {"status": ConsensusStatus.INSUFFICIENT}
    assert list(gallery(people["ada"], wish)) == []
    assert list(gallery(people["bea"], wish)) == [opinions]
    # Where nobody has voted yet, more votes are needed too.
    assert set(gallery(people["cur"], wish)) == set(Candidate.objects.all())


def test_it_keeps_the_sample_from_experts(browse, people, field):
    everything = browse("ada").get("/candidates/?sample=control")
    assert everything.context["page"].paginator.count == field.candidates.count()
    control = browse("cur").get("/candidates/?sample=control")
    assert control.context["page"].paginator.count == field.candidates.filter(control=True).count()


def test_it_filters_by_my_own_vote(people, candidate):
    vote(candidate, people["ada"], label=5)
    assert list(gallery(people["ada"], {"mine": "5"})) == [candidate]
    assert candidate not in gallery(people["ada"], {"mine": "none"})
