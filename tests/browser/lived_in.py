"""What a site in use has to show: votes, a tie, published classes, runs, a release.

`manage.py shell` runs these functions on the data of a served site.
"""

from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from labeling.models import Field, Promotion, ReferenceLabel, Release, TrainingRun
from labeling.models.training_run import RunStatus
from tests.labeling.world import make_run, settle, vote

RELEASE = "lived-in"


def furnish() -> dict[str, int]:
    """Let people and a network have been at work; the numbers that addresses need."""
    demo = Field.objects.get(name="demo")
    experts = [User.objects.get(username=name) for name in ("ada", "bea", "cy")]
    admin = User.objects.get(username="admin")
    tied, settled = demo.candidates.in_play().order_by("-pk")[:2]
    for label, expert in zip((1, 2, 4), experts, strict=True):
        vote(tied, expert, label, comment=f"{expert.username} sees it so", certainty="possible")
    settle(settled, experts, label=2)
    ReferenceLabel.objects.create(candidate=tied, source="Smith+2024", label=3)
    ready = make_run(demo, admin, {c.pk: 1.3 - c.pk % 100 / 100 for c in demo.candidates.all()})
    TrainingRun.objects.filter(pk=ready.pk).update(outcome=outcome())
    Promotion.objects.promote(ready, by=admin)
    running = make_run(demo, admin, status=RunStatus.RUNNING)
    told = {"stage": "train", "member": 0, "members": 2, "batch": 60, "batches": 100, "loss": 1.2}
    TrainingRun.objects.filter(pk=running.pk).update(progress=told, heartbeat_at=timezone.now())
    failed = make_run(demo, admin, status=RunStatus.RUNNING)
    failed.fail("ValueError: the training set names no pack")
    Release.objects.freeze(by=admin, version=RELEASE, note="for a reader")
    return {"tied": tied.pk, "ready": ready.pk, "running": running.pk, "failed": failed.pk}


def outcome() -> dict[str, Any]:
    """What a run of two members, evaluated on a hundred candidates, leaves."""
    four = [[22, 2, 1, 0], [3, 19, 2, 1], [1, 3, 18, 3], [0, 1, 2, 22]]
    two = [[46, 4], [5, 45]]
    return {
        "weights": "random",
        "weights_note": "No file with the weights was found.",
        "device": "cpu",
        "seconds": 61.0,
        "members": 2,
        "history": [{"batch": [1, 50, 100], "loss": [1.4, 0.9, 0.5]}] * 2,
        "evaluation": {
            "count": 100,
            "accuracy": {"right": 81, "of": 100, "value": 0.81, "low": 0.72, "high": 0.87},
            "binary_accuracy": {"right": 91, "of": 100, "value": 0.91, "low": 0.84, "high": 0.95},
            "member_accuracy_mean": 0.75,
            "member_accuracy_std": 0.04,
            "confusion": confusion(["1", "2", "3", "4"], four),
            "binary_confusion": confusion(["1+2", "3+4"], two),
        },
    }


def confusion(classes: list[str], counts: list[list[int]]) -> dict[str, Any]:
    """Counts of the ensemble as the evaluation writes them; the members spread by 5 %."""
    mean = [[100 * count / sum(row) for count in row] for row in counts]
    spread = [[5.0] * len(classes) for _ in classes]
    return {"classes": classes, "ensemble": counts, "percent": {"mean": mean, "std": spread}}


def leave(ready: int, running: int) -> None:
    """Take the network out of use again, and end what seems to run."""
    Promotion.objects.roll_back(TrainingRun.objects.get(pk=ready))
    TrainingRun.objects.get(pk=running).cancel()
