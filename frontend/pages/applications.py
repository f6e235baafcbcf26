"""The applications of a run to fields, for its page."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from frontend.forms import ApplicationForm
from labeling.models import Application, Field, TrainingRun
from labeling.models.job import FINISHED


def run_applications(run: TrainingRun) -> dict[str, Any]:
    """Return the applications of a run with their figures, and a form for the next one."""
    rows = list(run.applications.all().to_show())
    can_predict = not run.external and run.status in FINISHED
    return {
        "applications": [_row(run, application) for application in rows],
        "applications_active": any(application.is_active for application in rows),
        "application_form": ApplicationForm() if can_predict else None,
    }


def _row(run: TrainingRun, application: Application) -> dict[str, Any]:
    return {
        "job": application,
        "accuracy": application.accuracy,
        "scope": application.scope,
        "roll_backs": roll_backs(run, [application.field]) if application.is_promoted else [],
    }


def roll_backs(run: TrainingRun, fields: Iterable[Field]) -> list[tuple[Field, TrainingRun | None]]:
    """Return fields in which the run is promoted, each with the run before it, or None."""
    return [(field, run.promoted_before_in(field)) for field in fields]
