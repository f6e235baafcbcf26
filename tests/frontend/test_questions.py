"""At which question experts part."""

import pytest

from labeling.agreement.branch_points import branch_points_visible_to
from labeling.models import Candidate, Vote
from tests.labeling.rules.test_decision_tree import path
from tests.labeling.world import vote

ROUND = path("source=yes peaks=one resolved=yes round=yes")
LOPSIDED = path("source=yes peaks=one resolved=yes round=no")
STAR = path("source=yes peaks=one resolved=no")


@pytest.fixture
def answered(field, people):
    """ada, bea and cy on three candidates: the same, at "round", at "resolved"."""
    first, second, third, *_ = field.candidates.order_by("pk")
    for candidate, ways in (
        (first, {"ada": ROUND, "bea": ROUND}),
        (second, {"ada": ROUND, "bea": LOPSIDED, "cy": ROUND}),
        (third, {"ada": ROUND, "bea": STAR}),
    ):
        for name, answers in ways.items():
            vote(candidate, people[name], label=1, answers=answers)
    vote(third, people["cy"], label=2)  # without answers
    return people


def test_it_counts_the_first_different_answer_of_each_pair(answered):
    found = {(p.first, p.second): p for p in branch_points_visible_to(answered["cur"])}
    pair = found["ada", "bea"]
    assert (pair.n, pair.n_identical, dict(pair.counts)) == (3, 1, {"round": 1, "resolved": 1})
    assert (found["ada", "cy"].n, found["ada", "cy"].n_identical) == (1, 1)


def test_a_vote_changed_after_a_disclosure_is_compared_by_the_blind_one(answered):
    third = Vote.objects.get(voter=answered["ada"], candidate__pack_row=2).candidate
    Candidate.objects.disclose(answered["ada"], [third.pk])
    vote(third, answered["ada"], label=4, answers=STAR)
    found = {(p.first, p.second): p for p in branch_points_visible_to(answered["cur"])}
    assert found["ada", "bea"].counts["resolved"] == 1


def test_an_expert_sees_only_their_own_pairs(answered):
    pairs = {(p.first, p.second) for p in branch_points_visible_to(answered["cy"])}
    assert pairs == {("ada", "cy"), ("bea", "cy")}


def test_the_page_shows_the_pairs(browse, answered):
    page = browse("ada").get("/agreement/questions/").content.decode()
    assert "ada and bea" in page
    assert "bea and cy" not in page
