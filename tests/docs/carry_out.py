"""Report what a copy of the code offers once the recipes were carried out in it; for the test."""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import django

django.setup()

import torch  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.test import Client, override_settings  # noqa: E402

import classifier  # noqa: E402
from labeling.api.runs import RunConfigIn  # noqa: E402
from labeling.auth.roles import Role  # noqa: E402
from tests.classifier.conftest import stamps_of, write_manifest, write_pack  # noqa: E402
from tests.labeling.conftest import person  # noqa: E402
from tests.labeling.world import lease_next, make_field, make_run, only_sample  # noqa: E402

PLAIN = {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}


def trained_with(backbone: str) -> list[float]:
    """Losses of one batch of training with this backbone, from random weights."""
    torch.set_num_threads(1)
    folder = Path(tempfile.mkdtemp())
    labels = [1, 2, 3, 4] * 4
    (folder / "packs").mkdir()
    write_pack(folder / "packs" / "blobs.zarr", stamps_of(labels))
    rows = [(i, "blobs", i, "blobs.zarr", i, "train", label) for i, label in enumerate(labels)]
    path = write_manifest(folder / "training.csv", rows)
    manifest = classifier.Manifest.read(path, folder / "packs")
    settings = {"backbone": backbone, "batches": 1, "batch_size": 8, "members": 1, "input_px": 64}
    config = classifier.TrainingConfig.from_dict("quick", {**settings, "pretrained": False})
    result = classifier.train(config, manifest, folder / "run")
    return list(result.history[0]["loss"])


def page(name: str, address: str) -> str:
    """What somebody sees at an address."""
    browser = Client()
    assert browser.login(username=name, password=name)
    answer = browser.get(address)
    assert answer.status_code == 200, (address, answer.status_code)
    return answer.getvalue().decode()


def served_by(strategy: str) -> list[float]:
    """Highest probability of each candidate, in the order in which an expert gets them."""
    expert = person("bea", Role.EXPERT)
    field = only_sample(make_field("ordered", strategy=strategy, control_share=0.0), control=False)
    run = make_run(field, expert, {candidate.pk: 1.0 for candidate in field.candidates.all()})
    for number, prediction in enumerate(run.predictions.order_by("candidate")):
        highest = 0.4 + 0.1 * (5 * number % 6)
        others = (1 - highest) / 3
        prediction.p_class1 = highest
        prediction.p_class2 = prediction.p_class3 = prediction.p_class4 = others
        prediction.save()
    run.predictions.all().update_queue()
    run.promote(expert)
    field.refresh_from_db()
    leases = lease_next(field, expert, 6)
    return [run.predictions.get(candidate=lease.candidate).p_class1 for lease in leases]


@override_settings(STORAGES=PLAIN)
def report() -> dict[str, Any]:
    """All that the test looks at."""
    call_command("makemigrations", "labeling", verbosity=0)
    call_command("migrate", verbosity=0)
    make_field("demo")
    person("ada", Role.EXPERT)
    person("cur", Role.CURATOR)
    return {
        "backbones": list(RunConfigIn().fields["backbone"].choices),
        "loss": trained_with("mobilenet_v3_small"),
        "exports": page("cur", "/exports/"),
        "jsonl": page("cur", "/api/v1/export/consensus.jsonl"),
        "order": served_by("least-sure"),
        "guide": page("ada", "/guide/"),
        "classify": page("ada", "/classify/"),
    }


if __name__ == "__main__":
    json.dump(report(), sys.stdout)
