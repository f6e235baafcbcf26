"""A step of the upgrade test, as a script: read the files of an older version by API and pages."""

import hashlib
import json
import sys
from typing import Any

import django

django.setup()

from django.contrib.auth.models import User  # noqa: E402
from django.test import Client, override_settings  # noqa: E402

from labeling.models import Candidate, Experiment, Release, TrainingRun  # noqa: E402

# Nothing is collected here, so static files keep their own names.
PLAIN = {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}


def digests(browser: Client, addresses: dict[str, str]) -> dict[str, str]:
    """SHA-256 of each answer by name, or its status if it is not a success."""
    answers = {name: browser.get(address) for name, address in addresses.items()}
    return {
        name: hashlib.sha256(answer.content).hexdigest()
        if answer.status_code == 200
        else str(answer.status_code)
        for name, answer in answers.items()
    }


@override_settings(STORAGES=PLAIN)
def report() -> dict[str, Any]:
    """All that the test compares with what the older version noted."""
    browser = Client()
    browser.force_login(User.objects.get(username="admin"))
    candidates = [*Candidate.objects.in_play().values_list("pk", flat=True)]
    run, experiment = TrainingRun.objects.get(status="promoted"), Experiment.objects.get()
    release = Release.objects.get()
    training_sets = {
        entry["name"]: f"/experiments/{experiment.pk}/training-sets/{entry['name']}.csv"
        for entry in experiment.training_sets
    }
    pages = ["/", f"/runs/{run.pk}/", f"/candidates/{candidates[0]}/", "/exports/"]
    texts = {page: browser.get(page) for page in pages}
    return {
        "stamps": digests(
            browser, {str(pk): f"/api/v1/candidates/{pk}/stamps.npy" for pk in candidates}
        ),
        "fits": browser.get(f"/api/v1/candidates/{candidates[0]}/stamps.fits").status_code,
        "pages": {page: answer.status_code for page, answer in texts.items()},
        "damage": [page for page, answer in texts.items() if b"damaged" in answer.content],
        "made_with": run.made_with,
        "training_set": digests(browser, {"run": f"/runs/{run.pk}/training-set.csv"}),
        "manifest_sha256": run.manifest_sha256,
        "experiment": digests(browser, training_sets),
        "experiment_sha256": {e["name"]: e["sha256"] for e in experiment.training_sets},
        "release": digests(browser, {"file": f"/api/v1/releases/{release.pk}/file.csv"}),
        "release_sha256": release.sha256,
    }


if __name__ == "__main__":
    json.dump(report(), sys.stdout)
