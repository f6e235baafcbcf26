"""Requests before, while and after the disk of ASTERISM_HOME is full; prints the statuses as JSON.

Run by test_full_disk.py in a process of its own, on a small disk of its own.
"""

import json
import sys
from itertools import count
from uuid import uuid4

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth.models import Group, User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.test import Client  # noqa: E402

from labeling.models import Candidate, CatalogueImport, Field, Vote  # noqa: E402

API = "/api/v1"
FILLER = settings.HOME / "filler"


def set_up():
    call_command("migrate", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)
    expert = User.objects.create_user("ada", password="ada-ada-ada")
    expert.groups.add(Group.objects.get_or_create(name="expert")[0])
    field = Field.objects.create(name="ngc1", galaxy="NGC 1", pixel_scale_arcsec=0.04)
    source = CatalogueImport.objects.create(field=field, file_name="a.csv", origin=1, rows=400)
    rows = [
        Candidate(field=field, catalogue_import=source, catalogue_id=str(n), x=n, y=n, pack_row=n)
        for n in range(400)
    ]
    for row in rows:
        row.derive_columns()
    Candidate.objects.bulk_create(rows)


def log_in():
    client = Client(raise_request_exception=False, headers={"host": "localhost"})
    answer = client.post("/login/", {"username": "ada", "password": "ada-ada-ada"})
    return client, answer.status_code


def vote(client, candidate, uuid=None):
    body = {"candidate": candidate, "label": 1, "comment": "x" * 2000}
    url = f"{API}/votes/{uuid or uuid4()}/"
    return client.put(url, json.dumps(body), content_type="application/json").status_code


def lease(client):
    answer = client.post(f"{API}/queue/", "{}", content_type="application/json")
    return answer.status_code


def fill_disk():
    with FILLER.open("wb", buffering=0) as file:
        for size in (2**16, 2**10, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                continue


set_up()
ada, _ = log_in()
pks = iter(Candidate.objects.values_list("pk", flat=True).order_by("pk"))
before = [vote(ada, next(pks)), lease(ada)]
fill_disk()
for tries in count(1):
    status = vote(ada, waiting := next(pks))
    if status != 200 or tries == 390:
        break
votes_then = Vote.objects.count()
bea, log_in_then = log_in()
report = {
    "before": before,
    "vote": status,
    "log_in": log_in_then,
    "queue": [lease(bea) for _ in range(20)],
    "page": bea.get("/").status_code,
    "vote_then": vote(bea, waiting),
    "log_in_again": log_in()[1],
    "votes_stored_meanwhile": Vote.objects.count() - votes_then,
    "storage": bea.get("/readyz").json()["storage"],
}
FILLER.unlink()
report["vote_after"] = vote(bea, waiting)
report["reserve_after"] = (settings.HOME / "reserve").stat().st_size > 0
sys.stdout.write(json.dumps(report))
