"""The gate of runs: predictions for the control sample decide whether a run may be promoted."""

from http import HTTPStatus

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from labeling.models import Prediction, Promotion, RefusedByGate, RunStatus, TrainingRun, Vote
from labeling.rules.gate_comparison import MIN_LABELS
from tests.labeling.world import (
    API,
    arrays_of,
    make_field,
    only_sample,
    problem,
    running_run,
    settle,
)

CANDIDATES = 40
GOOD, SHUFFLED = 0.8, 0.25


@pytest.fixture
def labelled(ada, bea, cy):
    """A field whose candidates are all of the control sample, and settled."""
    field = only_sample(make_field("gated", CANDIDATES), control=True)
    for number, candidate in enumerate(field.candidates.all()):
        settle(candidate, (ada, bea, cy), 1 + number % 4)
    return field


@pytest.fixture
def trained(labelled, admin):
    """A function that makes runs with a worker at them."""

    return lambda: running_run(labelled, admin)


def answers(field, right):
    """Predictions that are right with this probability."""
    rng = np.random.default_rng(0)
    pks = field.candidates.order_by("pk").values_list("pk", flat=True)
    p_NK = np.full((len(pks), 4), 0.1)
    for number in range(len(pks)):
        truth = number % 4
        label = truth if rng.random() < right else (truth + rng.integers(1, 4)) % 4
        p_NK[number, label] = 0.7
    return arrays_of(pks, p_NK)


def test_a_run_that_passes_is_promoted_in_a_field_without_one(trained, labelled, admin):
    run = trained()
    run.succeed(answers(labelled, GOOD), {})
    labelled.refresh_from_db()
    assert (run.status, labelled.promoted_run) == (RunStatus.PROMOTED, run)
    assert labelled.promotions.get().promoted_by == admin
    assert (run.verdict["of"], run.verdict["reasons"]) == (CANDIDATES, [])


def test_a_run_on_shuffled_labels_is_not_promoted(trained, labelled, admin):
    run = trained()
    run.succeed(answers(labelled, SHUFFLED), {})
    labelled.refresh_from_db()
    assert (run.status, labelled.promoted_run) == (RunStatus.REFUSED, None)
    assert run.verdict["reasons"][0].startswith("Its answers could be chance")
    with pytest.raises(RefusedByGate, match="could be chance"):
        run.promote(admin)
    assert not Promotion.objects.exists()
    assert Prediction.objects.filter(run=run).count() == CANDIDATES


def test_a_run_that_cannot_be_judged_waits_for_a_person(trained, labelled, admin):
    others = labelled.candidates.order_by("pk").values_list("pk", flat=True)[MIN_LABELS - 1 :]
    labelled.candidates.filter(pk__in=list(others)).update(control=False)
    run = trained()
    run.succeed(answers(labelled, SHUFFLED), {})
    labelled.refresh_from_db()
    assert (run.status, run.verdict["of"]) == (RunStatus.READY, MIN_LABELS - 1)
    assert labelled.promoted_run is None
    run.promote(admin)
    labelled.refresh_from_db()
    assert labelled.promoted_run == run


def test_a_run_is_judged_by_all_labels_that_there_are_when_it_is_judged(trained, labelled, admin):
    run = trained()
    later = labelled.candidates.order_by("pk").values_list("pk", flat=True)[MIN_LABELS - 1 :]
    votes = Vote.objects.filter(candidate__in=list(later))
    votes.update(retracted_at=timezone.now())
    run.succeed(answers(labelled, SHUFFLED), {})
    assert (run.status, run.verdict["of"]) == (RunStatus.READY, MIN_LABELS - 1)
    votes.update(retracted_at=None)
    with pytest.raises(RefusedByGate, match="could be chance"):
        run.promote(admin)
    assert run.verdict["of"] == CANDIDATES


def test_votes_by_hand_do_not_judge_a_run(trained, labelled):
    Vote.objects.update(sample="")
    run = trained()
    run.succeed(answers(labelled, SHUFFLED), {})
    assert (run.status, run.verdict["of"]) == (RunStatus.READY, 0)


def test_a_worse_run_is_refused(trained, labelled):
    good, worse = trained(), trained()
    good.succeed(answers(labelled, 1), {})
    worse.succeed(answers(labelled, 0.6), {})
    labelled.refresh_from_db()
    assert (worse.status, labelled.promoted_run) == (RunStatus.REFUSED, good)
    assert "less often than the promoted run" in worse.verdict["reasons"][0]


def test_a_run_is_judged_again_beside_the_run_promoted_meanwhile(trained, labelled, admin):
    first, second = trained(), trained()
    first.succeed(answers(labelled, 0.6), {})
    second.succeed(answers(labelled, 0.7), {})
    assert (first.status, second.status) == (RunStatus.PROMOTED, RunStatus.READY)
    best = trained()
    best.succeed(answers(labelled, 1), {})
    best.promote(admin)
    with pytest.raises(RefusedByGate):
        second.promote(admin)
    assert TrainingRun.objects.get(pk=first.pk).status == RunStatus.RETIRED
    assert TrainingRun.objects.get(pk=second.pk).status == RunStatus.REFUSED


def test_an_administrator_overrules_the_gate_with_a_reason(as_admin, trained, labelled):
    run = trained()
    run.succeed(answers(labelled, SHUFFLED), {})
    url = f"{API}/runs/{run.pk}/promotion/"
    assert "chance" in problem(as_admin.post(url), HTTPStatus.CONFLICT)["detail"]
    assert "chance" in problem(as_admin.post(url, {"reason": " "}), HTTPStatus.CONFLICT)["detail"]
    answer = as_admin.post(url, {"reason": "To see the queue move."}).json()
    assert (answer["status"], answer["promoted_in"]) == ("promoted", ["gated"])
    assert Promotion.objects.get().reason == "To see the queue move."
    assert as_admin.delete(url).json()["status"] == "retired"


def test_promoting_twice_with_a_reason_keeps_the_verdict(trained, labelled, admin):
    good, worse = trained(), trained()
    good.succeed(answers(labelled, 1), {})
    worse.succeed(answers(labelled, 0.6), {})
    clicks = [TrainingRun.objects.get(pk=worse.pk) for _ in range(2)]
    for run in clicks:
        run.promote(admin, "To see the queue move.")
        assert run.status == RunStatus.PROMOTED
    worse.refresh_from_db()
    assert "less often than the promoted run" in worse.verdict["reasons"][0]
    assert Promotion.objects.filter(run=worse).count() == 1


def test_a_run_promoted_in_one_field_is_judged_again_in_another(trained, labelled, admin):
    other = make_field("other", 2)
    first, best = trained(), trained()
    first.fields.add(other)
    first.succeed(answers(labelled, 0.6), {})
    best.succeed(answers(labelled, 1), {})
    best.promote(admin)
    first.refresh_from_db()
    assert (first.status, first.is_promotable) == (RunStatus.PROMOTED, True)
    with pytest.raises(RefusedByGate, match="less often than the promoted run"):
        first.promote(admin)
    labelled.refresh_from_db()
    assert labelled.promoted_run == best


def test_promoting_twice_changes_nothing(trained, labelled, admin):
    first, second = trained(), trained()
    first.succeed(answers(labelled, 0.7), {})
    second.succeed(answers(labelled, GOOD), {})
    clicks = [TrainingRun.objects.get(pk=second.pk) for _ in range(2)]
    for run in clicks:
        run.promote(admin)
    assert TrainingRun.objects.get(pk=second.pk).status == RunStatus.PROMOTED


def ranked(field, right):
    """Predictions that are right on the first so many candidates, and surer of right answers."""
    pks = list(field.candidates.order_by("pk").values_list("pk", flat=True))
    p_NK = np.full((len(pks), 4), 0.1)
    for number in range(len(pks)):
        p_NK[number, (number + (number >= right)) % 4] = 0.7
    return arrays_of(pks, p_NK)


def test_a_slow_decline_is_refused_by_the_best_run_that_was_promoted(trained, labelled, admin):
    runs = []
    # Each is wrong on two more of the forty: no step alone is shown to be a loss.
    for right in (40, 38, 36, 34, 32):
        run = trained()
        runs.append(run)
        run.succeed(ranked(labelled, right), {})
        try:
            run.promote(admin)
        except RefusedByGate as refused:
            assert f"less often than run {runs[0].pk}, promoted before" in str(refused)
            break
    else:
        pytest.fail("The decline was never refused.")
    labelled.refresh_from_db()
    assert labelled.promoted_run == runs[-2]
    promoted, best = run.verdict["comparisons"]
    assert (promoted["run"], best["run"]) == (None, runs[0].pk)
    assert not promoted["is_worse"]
    assert best["is_worse"]


def test_a_run_that_was_rolled_back_still_counts_as_the_best(trained, labelled, admin):
    first, best, new = trained(), trained(), trained()
    first.succeed(ranked(labelled, 30), {})
    best.succeed(ranked(labelled, 40), {})
    best.promote(admin)
    best.roll_back()
    new.succeed(ranked(labelled, 29), {})
    assert f"than run {best.pk}, promoted before" in " ".join(new.verdict["reasons"])


def test_the_promoted_run_is_compared_once(trained, labelled, admin):
    first, second = trained(), trained()
    first.succeed(ranked(labelled, 30), {})
    second.succeed(ranked(labelled, 31), {})
    assert [other["run"] for other in second.verdict["comparisons"]] == [None]


def test_the_runs_judged_on_a_control_sample_are_counted(trained, labelled, admin):
    runs = [trained() for _ in range(3)]
    for run in runs:
        run.succeed(ranked(labelled, 30), {})
    runs[0].judge()
    assert [run.verdict["looks"] for run in runs] == [3, 2, 3]
    low, high = runs[2].verdict["all_looks"]
    accuracy = runs[2].verdict["shares"][0]["new"]
    assert low < accuracy["low"] < accuracy["high"] < high


def test_a_run_with_too_few_labels_to_judge_waits_for_a_person(trained, labelled, admin):
    first, second = trained(), trained()
    first.succeed(ranked(labelled, 32), {})
    second.succeed(ranked(labelled, 29), {})
    assert (second.status, second.verdict["judged"]) == (RunStatus.READY, False)
    assert "10 percentage points" in second.verdict["doubts"][0]
    second.promote(admin)
    assert second.status == RunStatus.PROMOTED


def test_the_labels_are_read_once_and_no_prediction_without_one(trained, labelled):
    first, second = trained(), trained()
    first.succeed(ranked(labelled, 30), {})
    second.succeed(ranked(labelled, 31), {})
    with CaptureQueriesContext(connection) as queries:
        second.judge()
    statements = [query["sql"] for query in queries]
    # The votes of the control sample are counted in one statement.
    assert sum("n5" in sql and "labeling_vote" in sql for sql in statements) == 1
    probabilities = [sql for sql in statements if "p_class1" in sql]
    assert probabilities
    assert all('"candidate_id" IN (' in sql for sql in probabilities)
