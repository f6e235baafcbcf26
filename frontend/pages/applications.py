"""The applications of a run to fields, for its page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from frontend.forms import ApplicationForm
from labeling.models import Application, TrainingRun
from labeling.models.job import FINISHED


def run_applications(run: TrainingRun) -> dict[str, Any]:
    """Return the applications of a run with their figures, and a form for the next one."""
    rows = list(run.applications.all().to_show())
    can_predict = not run.external and run.status in FINISHED
    return {
        "applications": [_row(application) for application in rows],
        "applications_active": any(application.is_active for application in rows),
        "application_form": ApplicationForm() if can_predict else None,
    }


def _row(application: Application) -> dict[str, Any]:
    return {
        "job": application,
        "accuracy": _accuracy(application.verdict),
        "question": application.run.question_in(application.field),
    }


def _accuracy(verdict: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the accuracy on the field's control labels, with its interval; empty without one."""
    shares = verdict.get("shares")
    accuracy: Mapping[str, Any] = shares[0]["new"] if shares else {}
    return accuracy if accuracy.get("of") else {}
