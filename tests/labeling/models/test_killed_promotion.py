"""A process that is killed while it stores predictions or promotes a run: all or nothing."""

import os
import signal
import subprocess
import sys

import pytest
from django.core.management import call_command
from django.db import connection

from labeling.models import Prediction, Promotion, RunStatus
from tests.labeling.models.killed_promotion import predictions_of
from tests.labeling.world import make_field, running_run, settle
from tests.services.site import ROOT

pytestmark = pytest.mark.django_db(transaction=True)

CANDIDATES = 150


@pytest.fixture
def labelled(ada, bea, cy):
    """A field whose control sample has the labels that `predictions_of` predicts."""
    field = make_field("killed", CANDIDATES)
    for number, candidate in enumerate(field.candidates.order_by("pk")):
        if candidate.control:
            settle(candidate, (ada, bea, cy), 1 + number % 4)
    return field


@pytest.fixture
def new_run(labelled, admin):
    """A function that makes a run with a worker at it."""

    return lambda: running_run(labelled, admin)


def kill_during(run, method, after):
    """Call the method of the run in a process that is killed after another method's return."""
    name = connection.settings_dict["NAME"]
    url = os.environ.get("DATABASE_URL", "").replace("/asterism", "/test_asterism")
    environment = {**os.environ, "DATABASE_URL": url or f"sqlite:///{name}"}
    module = "tests.labeling.models.killed_promotion"
    command = [sys.executable, "-m", module, str(run.pk), method, after]
    result = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == -signal.SIGKILL, result.stderr


def promoted_predictions(field):
    """Return run and candidate of the predictions that queue and exports use."""
    rows = Prediction.objects.promoted().filter(candidate__field=field)
    return set(rows.values_list("run", "candidate"))


STEPS = ["_end", "write_predictions", "judge", "update_queue_after_writing", "_set_promoted"]


@pytest.mark.parametrize("after", STEPS)
def test_a_kill_before_the_end_leaves_neither_predictions_nor_promotion(labelled, new_run, after):
    run = new_run()
    kill_during(run, "succeed", after)
    run.refresh_from_db()
    labelled.refresh_from_db()
    assert (run.status, run.predictions.count()) == (RunStatus.RUNNING, 0)
    assert (labelled.promoted_run, Promotion.objects.count()) == (None, 0)
    call_command("audit")
    run.succeed(predictions_of(labelled), {})
    labelled.refresh_from_db()
    assert labelled.promoted_run == run
    assert len(promoted_predictions(labelled)) == CANDIDATES


def test_a_kill_after_the_end_leaves_both(labelled, new_run):
    run = new_run()
    kill_during(run, "succeed", "succeed")
    labelled.refresh_from_db()
    assert labelled.promoted_run == run
    assert len(promoted_predictions(labelled)) == CANDIDATES
    call_command("audit")


@pytest.mark.parametrize("after", ["judge", "_set_promoted", "promote_unjudged"])
def test_a_killed_promotion_leaves_the_promoted_run(labelled, new_run, after):
    first, second = new_run(), new_run()
    for run in (first, second):
        run.succeed(predictions_of(labelled), {})
    before = promoted_predictions(labelled)
    kill_during(second, "promote", after)
    labelled.refresh_from_db()
    assert labelled.promoted_run == first
    assert promoted_predictions(labelled) == before
    assert {pk for pk, _ in before} == {first.pk}
    call_command("audit")
