"""What a run's frozen labels stand on: votes and rulings, or references, each with its digest."""

from hashlib import sha256

import pytest

from labeling.db.consistent_read import one_moment
from labeling.models import ReferenceLabel, Vote
from labeling.training.label_source import LabelSource
from labeling.training.requests import request_run
from labeling.training.training_set import take_snapshot
from tests.labeling.world import at_once, make_field, only_sample, settle, vote


@pytest.fixture
def voted(field, ada, bea, cy):
    """Two candidates of the pool are settled, and a third has one vote."""
    only_sample(field, control=False)
    one, two, three = field.candidates.all()[:3]
    settle(one, (ada, bea, cy), 1)
    settle(two, (ada, bea, cy), 2)
    vote(three, ada, 1)
    return field


def digest(lines):
    return sha256("".join(f"{line}\n" for line in sorted(lines)).encode()).hexdigest()


def test_the_basis_contains_the_votes(voted, ada):
    basis = take_snapshot([voted], LabelSource("votes")).basis["votes"]
    live = Vote.objects.live()
    assert basis["count"] == 7
    assert basis["sha256"] == digest(str(pk) for pk in live.values_list("pk", flat=True))
    assert basis["newest_cast_at"] == live.latest("cast_at").cast_at.isoformat()
    assert basis["newest_retracted_at"] is None


def test_an_equal_vote_in_place_of_a_retracted_one_changes_the_basis(voted, ada):
    before = take_snapshot([voted], LabelSource("votes"))
    mine = voted.candidates.all()[0].votes.get(voter=ada)
    mine.retract()
    vote(mine.candidate, ada, mine.label)
    after = take_snapshot([voted], LabelSource("votes"))
    assert after.content == before.content
    assert after.basis["votes"]["count"] == before.basis["votes"]["count"]
    assert after.basis["votes"]["sha256"] != before.basis["votes"]["sha256"]
    mine.refresh_from_db()
    assert after.basis["votes"]["newest_retracted_at"] == mine.retracted_at.isoformat()


def test_the_basis_contains_the_rulings(voted, cur):
    before = take_snapshot([voted], LabelSource("votes")).basis["rulings"]
    assert (before["count"], before["sha256"]) == (0, digest([]))
    ruling = voted.candidates.all()[3].adjudicate(cur, 4, "a galaxy")
    after = take_snapshot([voted], LabelSource("votes")).basis["rulings"]
    assert (after["count"], after["sha256"]) == (1, digest([str(ruling.pk)]))
    assert after["newest_decided_at"] == ruling.decided_at.isoformat()
    ruling.withdraw(cur)
    assert take_snapshot([voted], LabelSource("votes")).basis["rulings"] == before


def test_the_basis_is_of_the_fields_of_the_run(voted, ada):
    before = take_snapshot([voted], LabelSource("votes")).basis
    vote(make_field("other").candidates.all()[0], ada)
    assert take_snapshot([voted], LabelSource("votes")).basis == before


def test_the_basis_contains_the_reference_labels(voted):
    for number, candidate in enumerate(voted.candidates.all()):
        ReferenceLabel.objects.create(candidate=candidate, source="LEGUS", label=1 + number % 2)
    lines = [f"{label.candidate_id},{label.label}" for label in ReferenceLabel.objects.all()]
    expected = {"source": "LEGUS", "count": 6, "sha256": digest(lines)}
    assert take_snapshot([voted], LabelSource("LEGUS")).basis == {"references": expected}


def test_the_basis_of_one_expert_contains_their_votes_only(voted, ada):
    basis = take_snapshot([voted], LabelSource(f"expert:{ada.get_username()}")).basis
    assert set(basis) == {"votes"}
    assert basis["votes"]["count"] == 3


def test_a_run_stores_the_basis_and_an_equal_request_renews_it(voted, admin, bea):
    run = request_run(admin, "quick", fields=[voted])
    known = take_snapshot([voted], LabelSource("votes")).basis
    assert {name: run.basis[name] for name in known} == known
    vote(voted.candidates.all()[2], bea, 1)
    assert request_run(admin, "quick", fields=[voted]) == run
    run.refresh_from_db()
    assert run.basis["votes"]["count"] == 8


@pytest.mark.django_db(transaction=True)
def test_votes_cast_during_the_snapshot_are_not_in_it_and_do_not_wait(voted, cy):
    three = voted.candidates.all()[2]
    with one_moment():
        assert Vote.objects.count() == 7
        at_once(1, lambda _: vote(three, cy, 1))
        assert Vote.objects.count() == 7
    assert Vote.objects.count() == 8


@pytest.mark.django_db(transaction=True)
def test_a_consistent_read_ends_after_an_error(voted):
    with pytest.raises(ZeroDivisionError), one_moment():
        Vote.objects.count()
        raise ZeroDivisionError
    vote(voted.candidates.all()[3], Vote.objects.all()[0].voter, 1)
    assert take_snapshot([voted], LabelSource("votes")).basis["votes"]["count"] == 8
