"""Pages show an expert no opinion on a candidate before they have voted on it."""

from functools import partial

import pytest

from frontend.pages.gallery import filtered_candidates
from labeling.models import Candidate
from labeling.rules.consensus import ConsensusStatus
from tests.labeling.world import promote, vote


@pytest.fixture
def opinions(field, candidate, people):
    """bea and cy have voted on the first candidate, and a network has predictions for all."""
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
def test_it_shows_opinions_to_voters_and_to_curators(browse, opinions, name):
    page = browse(name).get(f"/candidates/{opinions.pk}/").content.decode()
    for word in ("cy", "two peaks", "Entropy"):
        assert word in page


def test_the_gallery_neither_shows_nor_orders_by_hidden_opinions(people, opinions):
    shown = list(filtered_candidates(people["ada"], {"order": "entropy"}))
    assert {c.shown_entropy for c in shown} == {None}
    assert [c.pk for c in shown] == sorted(c.pk for c in shown)
    first = filtered_candidates(people["bea"], {"order": "entropy"}).first()
    assert (first.pk, first.shown_network) == (opinions.pk, 2)


def test_the_gallery_does_not_filter_by_hidden_opinions(people, opinions):
    chosen = {"status": ConsensusStatus.INSUFFICIENT}
    assert list(filtered_candidates(people["ada"], chosen)) == []
    assert list(filtered_candidates(people["bea"], chosen)) == [opinions]
    # Candidates without any vote have insufficient votes, too.
    assert set(filtered_candidates(people["cur"], chosen)) == set(Candidate.objects.all())


def test_experts_cannot_filter_by_sample(browse, people, field):
    everything = browse("ada").get("/candidates/?sample=control")
    assert everything.context["page"].paginator.count == field.candidates.count()
    control = browse("cur").get("/candidates/?sample=control")
    assert control.context["page"].paginator.count == field.candidates.filter(control=True).count()


def test_the_gallery_filters_by_own_vote(people, candidate):
    vote(candidate, people["ada"], label=5)
    assert list(filtered_candidates(people["ada"], {"mine": "5"})) == [candidate]
    assert candidate not in filtered_candidates(people["ada"], {"mine": "none"})


@pytest.fixture
def remarks(field, candidate, people):
    """ada flagged 1, commented on 2 with her vote, on 3 after it; the flag on 4 is taken back."""
    one, two, three, four, five, _ = field.candidates.order_by("pk")
    vote(one, people["ada"], 4, flagged=True, certainty="possible", reason="star")
    vote(two, people["ada"], comment="two peaks")
    vote(three, people["ada"])
    three.add_comment(people["ada"], "a background galaxy?")
    vote(four, people["ada"], flagged=True, comment="by mistake").retract()
    for row in (one, five):
        vote(row, people["bea"], flagged=True, comment="hidden from ada")
    return one, two, three


@pytest.mark.parametrize(("mark", "expected"), [("any", "123"), ("flag", "1"), ("comment", "23")])
def test_the_gallery_lists_own_flags_and_comments_alone(browse, remarks, mark, expected):
    page = browse("ada").get("/candidates/", {"marked": mark})
    assert [row.catalogue_id for row in page.context["page"]] == list(expected)
    assert "hidden from ada" not in page.content.decode()
    assert list(browse("cy").get("/candidates/", {"marked": mark}).context["page"]) == []


def test_the_gallery_shows_own_votes_in_full(browse, remarks):
    text = browse("ada").get("/candidates/", {"marked": "any"}).content.decode()
    for part in (" possible star ", "You flagged it", "two peaks", "a background galaxy?"):
        assert part in text
    assert "by mistake" not in text


@pytest.fixture
def in_control(opinions):
    """The candidate is in the control sample."""
    Candidate.objects.filter(pk=opinions.pk).update(control=True)
    return opinions


@pytest.mark.parametrize("name", ["cur", "admin"])
def test_who_may_rule_sees_no_network_before_on_a_control_candidate(
    browse, people, in_control, name
):
    seen = partial(seen_of_the_network, browse(name), people[name], in_control)
    assert seen() == {"page": False, "api": False, "gallery": False}
    in_control.adjudicate(people["bea"], 3, "somebody else's ruling")
    vote(in_control, people[name], 3)
    assert seen() == {"page": False, "api": False, "gallery": False}
    in_control.adjudicate(people[name], 3, "two peaks")
    assert seen() == {"page": True, "api": True, "gallery": True}


def test_experts_see_the_network_on_a_control_candidate_after_their_vote(
    browse, people, in_control
):
    vote(in_control, people["ada"])
    seen = seen_of_the_network(browse("ada"), people["ada"], in_control)
    assert seen == {"page": True, "api": True, "gallery": True}


def seen_of_the_network(client, user, candidate):
    """Which ways show this user the network's opinion of a candidate."""
    page = client.get(f"/candidates/{candidate.pk}/").content.decode()
    opinions = client.get(f"/api/v1/candidates/{candidate.pk}/opinions/").json()
    assert opinions["network_hidden"] is (opinions["network"] is None)
    gallery = client.get("/candidates/?order=entropy").content.decode()
    first = filtered_candidates(user, {"order": "entropy"}).first()
    entropy = f"{1.234 - 0.01 * candidate.pk:.2f}"
    return {
        "page": "Entropy" in page and entropy in page,
        "api": opinions["network"] is not None,
        "gallery": first == candidate and f"{entropy} nat" in gallery,
    }


def test_a_curator_who_sees_no_opinion_votes_blind(browse, people, field):
    Candidate.objects.update(control=True)
    first, second = field.candidates.all()[:2]
    promote(field, people["admin"], {first.pk: 0.5, second.pk: 0.5})
    browse("cur").get(f"/candidates/{first.pk}/")
    assert not vote(first, people["cur"]).informed
    second.adjudicate(people["cur"], 3, "two peaks")
    browse("cur").get(f"/candidates/{second.pk}/")
    assert vote(second, people["cur"]).suggestion_visible
