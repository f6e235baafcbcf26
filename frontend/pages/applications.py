"""The applications of a run to fields, for its page."""

from __future__ import annotations

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
        "accuracy": application.accuracy,
        "scope": application.scope,
    }
