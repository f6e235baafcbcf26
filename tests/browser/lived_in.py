"""Content of a site in use: votes, a tie, published classes, runs, a release.

`manage.py shell` runs these functions on the data of a served site.
"""

from typing import Any

import numpy as np
from django.contrib.auth.models import User
from django.utils import timezone

from labeling.export.releases import publish_release
from labeling.models import (
    Application,
    Experiment,
    Field,
    ImportJob,
    ReferenceLabel,
    RunStatus,
    TrainingRun,
)
from labeling.rules import gate
from tests.frontend.test_imports import PREVIEW
from tests.labeling.reported import report_on_experiment, report_on_run
from tests.labeling.world import make_experiment, make_run, settle, vote

RELEASE = "lived-in"


def furnish() -> dict[str, int]:
    """Create votes, runs and experiments; return the primary keys that addresses need."""
    demo = Field.objects.get(name="demo")
    experts = [User.objects.get(username=name) for name in ("ada", "bea", "cy")]
    admin = User.objects.get(username="admin")
    tied, settled = demo.candidates.in_play().order_by("-pk")[:2]
    for label, expert in zip((1, 2, 4), experts, strict=True):
        vote(tied, expert, label, comment=f"{expert.username} sees it so", certainty="possible")
    settle(settled, experts, label=2)
    curator = User.objects.get(username="cur")
    settled.adjudicate(curator, 1, "round in every filter")
    tied.adjudicate(curator, 1, "judged by the radial profile")
    tied.adjudicate(curator, 3, "two peaks in B").withdraw(admin)
    ReferenceLabel.objects.create(candidate=tied, source="Smith+2024", label=3)
    ready = make_run(demo, admin, {c.pk: 1.3 - c.pk % 100 / 100 for c in demo.candidates.all()})
    ready.outcome = outcome()
    report_on_run(ready)
    ready.judge()
    ready.promote_unjudged(by=admin)
    refused = make_run(demo, admin, status=RunStatus.REFUSED)
    truth = np.arange(60) % 4 + 1
    sure = np.full((60, 4), [0.7, 0.1, 0.1, 0.1])
    refused.verdict = gate.judge(truth, sure, np.eye(4)[truth - 1]).to_dict()
    refused.save()
    applications(refused, demo, admin)
    running = make_run(demo, admin, status=RunStatus.RUNNING)
    told = {"stage": "train", "member": 0, "members": 2, "batch": 60, "batches": 100, "loss": 1.2}
    TrainingRun.objects.filter(pk=running.pk).update(progress=told, heartbeat_at=timezone.now())
    failed = make_run(demo, admin, status=RunStatus.RUNNING)
    failed.fail("ValueError: the training set names no pack")
    publish_release(by=admin, version=RELEASE, note="for a reader")
    return {
        "tied": tied.pk,
        "ready": ready.pk,
        "refused": refused.pk,
        "running": running.pk,
        "failed": failed.pk,
        **experiments(demo, admin),
        **import_jobs(admin),
    }


def applications(run: TrainingRun, field: Field, admin: User) -> None:
    """Create a finished, a cancelled and a failed application of a run."""
    about = {"run": run, "field": field, "requested_by": admin}
    result = {"outcome": {"predictions": 60, "unreadable": []}, "verdict": run.verdict}
    Application.objects.create(**about, status=RunStatus.REFUSED, **result)
    Application.objects.create(**about, status=RunStatus.CANCELLED)
    Application.objects.create(**about, status=RunStatus.FAILED, error="A member is missing.")


def import_jobs(admin: User) -> dict[str, int]:
    """Create an import that waits for a person, without pictures, and one that was refused."""
    read = {name: part for name, part in PREVIEW.items() if name not in ("map", "points", "stamps")}
    previewed, refused = (
        ImportJob.objects.create(
            requested_by=admin, options={"field": "demo"}, status=status, preview=preview, **more
        )
        for status, preview, more in (
            (RunStatus.READY, read, {}),
            (RunStatus.FAILED, {}, {"error": "table.csv, row 3: has no id in column 'id'."}),
        )
    )
    return {"previewed import": previewed.pk, "refused import": refused.pk}


def experiments(field: Field, admin: User) -> dict[str, int]:
    """Create a finished, a running and a failed experiment."""
    compared = make_experiment(field, admin)
    report_on_experiment(compared)
    comparing = make_experiment(field, admin, status=RunStatus.RUNNING, kind="filters", arms=6)
    comparing.progress = {
        "arm": "without-NUV",
        "arm_number": 2,
        "arms": 6,
        "stage": "train",
        "member": 0,
        "members": 3,
        "batch": 60,
        "batches": 100,
        "loss": 1.2,
        "seconds_left": 90.0,
    }
    comparing.heartbeat_at = timezone.now()
    comparing.save()
    sources = ["votes", "expert:ada"]
    stopped = make_experiment(
        field, admin, status=RunStatus.RUNNING, kind="sources", sources=sources, arms=2
    )
    stopped.fail("ValueError: the training set names no pack")
    return {"compared": compared.pk, "comparing": comparing.pk, "stopped": stopped.pk}


def outcome() -> dict[str, Any]:
    """Write the files that the training of a run of two members leaves."""
    return {
        "weights": "random",
        "weights_note": "No file with the weights was found.",
        "device": "cpu",
        "seconds": 61.0,
        "members": 2,
        "history": [{"batch": [1, 50, 100], "loss": [1.4, 0.9, 0.5]}] * 2,
    }


def leave(ready: int, running: int, comparing: int) -> None:
    """Roll the network back and end the jobs that are marked as running."""
    TrainingRun.objects.get(pk=ready).roll_back()
    TrainingRun.objects.get(pk=running).cancel()
    Experiment.objects.get(pk=comparing).cancel()
