"""manage.py audit: derived rows against the votes."""

import pytest
from django.core.management import call_command
from django.db.models import F
from django.utils import timezone

from labeling.models import Candidate, Consensus, Field, Prediction
from tests.labeling.world import promote, settle, vote


@pytest.fixture
def busy(field, ada, bea, cy, cur):
    """A field with votes, a changed and a retracted vote, a tie and a ruling."""
    settled, retracted, tied, ruled, *_ = field.candidates.all()
    settle(settled, [ada, bea, cy], 1)
    vote(settled, ada, 2)
    vote(retracted, ada, 1).retract()
    for label, expert in enumerate([ada, bea, cy], 1):
        vote(tied, expert, label)
    ruled.adjudicate(cur, 3, "seen before")
    return field


def audit(capsys, *options):
    """Return the exit status and the output of the command."""
    try:
        call_command("audit", *options)
    except SystemExit as error:
        return error.code, capsys.readouterr().out
    return 0, capsys.readouterr().out


def test_it_finds_nothing_after_votes_and_rulings(busy, capsys):
    assert audit(capsys) == (0, "0 differences\n")


def test_it_finds_a_changed_consensus(busy, capsys):
    Consensus.objects.filter(candidate=busy.candidates.first()).update(label=4, n_class4=9)
    code, output = audit(capsys)
    assert code == 1
    assert "ngc1 1: consensus.label is not what the votes say" in output
    assert output.endswith("2 differences\n")


def test_it_finds_a_vote_that_bypassed_the_candidate(busy, capsys):
    busy.candidates.first().votes.update(retracted_at=timezone.now())
    assert audit(capsys)[0] == 1


@pytest.mark.parametrize("which", ["first", "last_ruled"])
def test_it_finds_a_missing_consensus(busy, capsys, which):
    candidate = busy.candidates.all()[0 if which == "first" else 3]
    Consensus.objects.filter(candidate=candidate).delete()
    code, output = audit(capsys)
    assert code == 1
    assert output.startswith(f"{candidate}: ")


@pytest.mark.parametrize("column", ["control", "shuffle", "catalogue_number"])
def test_it_finds_a_changed_sample_order_or_number_of_a_candidate(busy, capsys, column):
    candidate = busy.candidates.first()
    new = not candidate.control if column == "control" else candidate.shuffle + 1
    Candidate.objects.filter(pk=candidate.pk).update(**{column: new})
    assert audit(capsys)[0] == 1


def test_after_a_change_of_the_rule_the_field_refreshes_its_consensus(busy, capsys):
    Field.objects.update(votes_needed=5)
    assert audit(capsys)[0] == 1
    busy.refresh_from_db()
    busy.refresh_consensus()
    assert audit(capsys) == (0, "0 differences\n")


@pytest.fixture
def predicted(busy, admin):
    promote(busy, admin, {candidate.pk: 1.0 for candidate in busy.candidates.all()})
    return busy


def test_it_finds_nothing_after_a_promotion(predicted, capsys):
    assert audit(capsys) == (0, "0 differences\n")


def test_a_difference_in_the_last_digit_is_none(predicted, capsys):
    # As another version of Python or numpy, or another processor, may compute it.
    Prediction.objects.exclude(queue=None).update(priority=F("priority") * (1 + 1e-15))
    Consensus.objects.filter(vote_entropy__gt=0).update(
        vote_entropy=F("vote_entropy") * (1 - 1e-15)
    )
    assert audit(capsys) == (0, "0 differences\n")


@pytest.mark.parametrize("factor", [1 + 1e-6, 1 - 1e-6])
def test_it_finds_a_value_that_is_wrong_by_a_millionth(predicted, capsys, factor):
    Prediction.objects.exclude(queue=None).update(priority=F("priority") * factor)
    assert audit(capsys)[0] == 1


@pytest.mark.parametrize("values", [{"priority": 0.123}, {"queue": None}])
def test_it_finds_a_prediction_with_a_wrong_value_or_queue(predicted, capsys, values):
    waiting = Prediction.objects.exclude(queue=None).first()
    Prediction.objects.filter(pk=waiting.pk).update(**values)
    code, output = audit(capsys)
    assert code == 1
    assert output.startswith(f"{waiting.candidate}: stands at the wrong place in the queue of run")


@pytest.mark.parametrize("needed", [True, False])
def test_it_finds_a_candidate_that_is_wrongly_open_or_closed(busy, capsys, needed):
    candidate = busy.candidates.filter(open=needed).first()
    Candidate.objects.filter(pk=candidate.pk).update(open=not needed)
    code, output = audit(capsys)
    assert code == 1
    assert output.startswith(f"{candidate}: is open where no votes are needed, or closed")


def test_it_finds_a_promoted_run_without_a_promotion(field, admin, capsys):
    run = promote(field, admin)
    assert audit(capsys)[0] == 0
    run.promotions.update(rolled_back_at=timezone.now())
    code, output = audit(capsys)
    assert code == 1
    assert "ngc1: goes by another run than its promotions say" in output
