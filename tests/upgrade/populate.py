"""Fill an empty Asterism with a small field that people and networks have worked on.

Run by `make.py` on the code of the version that is copied. Nearly all goes through what stays from
version to version: commands, the API, and the tasks by their names.
"""

import subprocess
import sys
from datetime import timedelta
from io import StringIO
from itertools import cycle
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_OID, uuid5

import django

django.setup()

import copies  # noqa: E402
import numpy as np  # noqa: E402
from astropy.io import fits  # noqa: E402
from astropy.table import Table  # noqa: E402
from django.conf import settings  # noqa: E402
from django.contrib.auth.models import Group, User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.utils import timezone  # noqa: E402
from rest_framework.test import APIClient  # noqa: E402

from celery_worker.app import app  # noqa: E402
from labeling.models import Candidate, Field, Vote  # noqa: E402

API = "/api/v1"
FIELD = "ngc0001"
EXPERTS = ("ada", "bea", "cy")
ROLES = {**dict.fromkeys(EXPERTS, "expert"), "cur": "curator", "admin": "administrator"}
REFERENCE = "Smith+2024"
# Two small networks that learn for seconds, from random weights.
TRAINING = {"preset": "starcnet", "config": {"members": 2, "batches": 4, "batch_size": 8}}
UNSURE = "unsure"


def sign_in(name: str) -> APIClient:
    """The browser of an account, signed in on the log-in page."""
    client = APIClient()
    client.default_format = "json"
    answer = client.post(
        "/login/", {"username": name, "password": name}, format="multipart", secure=False
    )
    assert answer.status_code == 302, answer.content
    return client


def ask(client: APIClient, verb: str, path: str, body: Any = None) -> Any:
    """The answer to a request of the API, which has to be a success."""
    answer = getattr(client, verb)(f"{API}/{path}", body)
    assert answer.status_code < 300, (path, answer.content)
    return answer.json() if answer.content else None


def create_accounts() -> None:
    """Make the accounts; the password is the name."""
    for name, role in ROLES.items():
        is_admin = role == "administrator"
        user = User.objects.create_user(
            name, password=name, is_staff=is_admin, is_superuser=is_admin
        )
        user.groups.add(Group.objects.get(name=role))


def round_pixels(path: Path) -> None:
    """Round to a power of two near two sigma of the sky, so that the stamps take little room."""
    with fits.open(path, mode="update") as file:
        image = file[0].data
        sigma = 1.4826 * np.median(np.abs(image - np.median(image)))
        step = 2.0 ** np.ceil(np.log2(sigma))
        file[0].data = (np.round(image / step) * step).astype(np.float32)


def import_field(folder: Path) -> None:
    """Simulate a field of 60 candidates, and import it with a published class for most of them."""
    command = [sys.executable, "-m", "labeling.simulation", "field", "--output", str(folder)]
    options = ["--candidates", "60", "--size", "700", "--seed", "7"]
    subprocess.run([*command, *options], check=True, stdout=subprocess.DEVNULL)
    catalogue = Table.read(folder / "catalogue.ecsv")
    truth = Table.read(folder / "truth" / "truth.ecsv")
    catalogue["published"] = np.where(truth["id"] % 7, truth["class"], 0)
    catalogue.write(folder / "catalogue.ecsv", overwrite=True)
    for path in folder.glob("*.fits"):
        round_pixels(path)
    mosaics = [f"--mosaic={path}" for path in sorted(folder.glob("*.fits"))]
    call_command("import_field", FIELD, *mosaics, galaxy="NGC 1", distance=18.0, simulated=True)
    call_command(
        "import_catalogue", FIELD, folder / "catalogue.ecsv", reference=[f"{REFERENCE}=published"]
    )
    Field.objects.update(repeat_share=0.3, refresh_after=3, retrain_after=500)


class Expert:
    """Somebody who votes, mostly for the published class."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.client = sign_in(name)
        self.votes: list[tuple[str, int]] = []
        self._labels = cycle([None, None, None, 1, None, 4, None, UNSURE, None, None, 2])

    def vote(self, candidate: int, label: Any = None, **answer: Any) -> str:
        """Vote on a candidate; the UUID."""
        row = Candidate.objects.get(pk=candidate)
        published = row.references.values_list("label", flat=True).first()
        label = label or next(self._labels) or published or 3
        uuid = str(uuid5(NAMESPACE_OID, f"{self.name} {len(self.votes)}"))
        body = {"candidate": candidate, "label": label, "seconds": 3.5, **answer}
        ask(self.client, "put", f"votes/{uuid}/", body)
        self.votes.append((uuid, candidate))
        return uuid

    def lease(self, count: int) -> list[dict[str, Any]]:
        """The next candidates of the queue, leased."""
        return ask(self.client, "post", "queue/", {"field": FIELD, "count": count})

    def work(self, count: int) -> None:
        """Vote on so many candidates of the queue."""
        for number in range(count):
            extras: dict[str, Any] = {}
            if number % 9 == 4:
                extras = {"certainty": "possible", "comment": f"{self.name}: too faint?"}
            if number % 13 == 6:
                extras = {"flagged": True, "display": {"stretch": "asinh"}}
            for item in self.lease(1):
                self.vote(item["candidate"], **extras)


def train(admin: APIClient) -> int:
    """Request a run and carry it out, as a worker does."""
    run = ask(admin, "post", "runs/", {**TRAINING, "fields": [FIELD]})["id"]
    app.tasks["asterism.train"].apply(args=[run], throw=True)
    assert ask(admin, "get", f"runs/{run}/")["status"] in {"ready", "promoted", "refused"}
    return int(run)


def promote(admin: APIClient, run: int) -> None:
    """Let the field use the run, whatever the gate says of it."""
    ask(admin, "post", f"runs/{run}/promotion/", {"reason": "a copy for the upgrade test"})


def import_run(folder: Path) -> int:
    """Import predictions of a network from elsewhere; the run."""
    numbers = Candidate.objects.order_by("pk").values_list("catalogue_id", flat=True)
    p = np.random.default_rng(7).dirichlet(np.ones(4), len(numbers))
    columns = {f"p_class{label}": p[:, label - 1] for label in range(1, 5)}
    path = folder / "elsewhere.csv"
    Table({"id": list(numbers), **columns}).write(path)
    call_command("import_run", FIELD, path, name="StarcNet")
    return int(Field.objects.get().runs.exclude(external="").values_list("pk", flat=True)[0])


def vote_in_every_way(experts: list[Expert]) -> None:
    """Votes that were retracted, changed after a look at others', and asked for twice."""
    ada, bea, _cy = experts
    ask(ada.client, "delete", f"votes/{ada.votes[1][0]}/")
    seen = ada.votes[2][1]
    ask(ada.client, "get", f"candidates/{seen}/opinions/")
    ada.vote(seen, 3, replaces=ada.votes[2][0])
    ask(ada.client, "post", f"candidates/{seen}/comments/", {"text": "Two peaks in U, I think."})
    ask(bea.client, "put", f"leases/{bea.lease(1)[0]['lease']['id']}/skip/")
    bea.lease(2)
    by_ada = Vote.objects.filter(voter__username="ada", retracted_at=None)
    by_ada.update(cast_at=timezone.now() - timedelta(hours=2))
    ada.work(22)
    assert Vote.objects.exclude(repeat_of=None).exists()
    assert Vote.objects.filter(informed=True).exists()


def rule(experts: list[Expert], curator: APIClient) -> None:
    """Two ties, of which a curator settles one."""
    unvoted = Candidate.objects.filter(votes=None, set_aside="").order_by("pk")[:2]
    for candidate in list(unvoted):
        for expert, label in zip(experts, (1, 2, 4), strict=True):
            expert.vote(candidate.pk, label)
    ruling = {"candidate": candidate.pk, "label": 2, "reason": "It is elongated in every filter."}
    ask(curator, "post", "adjudications/", ruling)


def refresh() -> None:
    """Let the order of the queue follow the labels that have come since the training."""
    field = Field.objects.get()
    app.tasks["asterism.refresh"].apply(args=[field.pk], throw=True)
    assert field.refreshes.exclude(made_at=None).exists()


def populate(folder: Path) -> None:
    """Do all of it."""
    create_accounts()
    call_command("token", "ada", stdout=StringIO())
    import_field(folder)
    experts = [Expert(name) for name in EXPERTS]
    admin, curator = sign_in("admin"), sign_in("cur")
    for expert in experts:
        expert.work(24)
    first = train(admin)
    promote(admin, first)
    for expert in experts:
        expert.work(8)
    vote_in_every_way(experts)
    rule(experts, curator)
    refresh()
    external = import_run(folder)
    promote(admin, external)
    ask(admin, "delete", f"runs/{external}/promotion/")
    cancelled = ask(admin, "post", "runs/", {**TRAINING, "fields": [FIELD]})["id"]
    ask(admin, "post", f"runs/{cancelled}/cancellation/")
    wish = {"kind": "sources", "label_sources": ["votes", REFERENCE], **TRAINING}
    experiment = ask(admin, "post", "experiments/", wish)["id"]
    app.tasks["asterism.experiment"].apply(args=[experiment], throw=True)
    ask(experts[0].client, "patch", "preferences/", {"theme": "light", "display": {"a": 1}})
    ask(curator, "post", "releases/", {"version": "2026-1", "note": "for the upgrade test"})
    call_command("audit")


if __name__ == "__main__":
    app.loader.import_default_modules()
    # A copy is kept for years, and with it who is signed in.
    settings.SESSION_COOKIE_AGE = 100 * 365 * 24 * 3600
    target = Path(sys.argv[1])
    populate(Path(settings.HOME) / "sources")
    copies.write(target)
    call_command("export_catalogue", target.with_suffix(".csv"))
