"""What is done and read on a served site's own database, by one `manage.py shell` for all calls.

A call is a line of JSON with the name of a function below and its arguments; so is the answer.
"""

import heapq
import io
import json
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from astropy.table import Table
from django.conf import settings
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.db import connection
from django.test import Client

from classifier.core.bands import BANDS
from classifier.core.uncertainty import entropy
from deploy import demo
from labeling import jobs
from labeling.models import (
    Candidate,
    CatalogueImport,
    Consensus,
    Field,
    Mosaic,
    Prediction,
    ReferenceLabel,
    RunStatus,
    TrainingRun,
    Vote,
)
from labeling.rules.prediction_arrays import PredictionArrays
from tests.labeling import skies
from tests.labeling.world import settle

CHUNK = 5000
SIDE = 6200.0


def answer_calls() -> None:
    """Answer until nobody asks any more."""
    for line in sys.stdin:
        name, positional, named = json.loads(line)
        answer = globals()[name](*positional, **named)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def open_field(
    name: str, candidates: int, people: Mapping[str, str], **rules: Any
) -> dict[str, str]:
    """A field of rows without pixels that a network has seen; the session of each of the people.

    `people` are roles by name. All margins differ, so that there is one order.
    """
    field = Field.objects.create(name=name, galaxy=name.upper(), **rules)
    for band in BANDS:
        size = {"width": int(SIDE), "height": int(SIDE)}
        light = {"hdu": 0, "sky": 0.0, "sky_sigma": 1.0}
        Mosaic.objects.create(field=field, band=band, filter=band, path="none", **size, **light)
    source = CatalogueImport.objects.create(
        field=field, file_name="made.csv", fingerprint=name, origin=1, rows=candidates, pack="none"
    )
    admin, _ = User.objects.get_or_create(username="made-by", is_superuser=True)
    run = TrainingRun.objects.create(requested_by=admin, preset="quick", status=RunStatus.READY)
    run.fields.add(field)
    rng = np.random.default_rng(candidates)
    for first in range(0, candidates, CHUNK):
        _add(source, run, range(first, min(first + CHUNK, candidates)), rng)
    run.promote_unjudged(by=admin)
    with connection.cursor() as cursor:
        # PostgreSQL does so by itself within the minute.
        cursor.execute("ANALYZE")
    return {name: _session(name, role) for name, role in people.items()}


def _add(
    source: CatalogueImport, run: TrainingRun, numbers: range, rng: np.random.Generator
) -> None:
    """Candidates of these numbers, and their predictions."""
    rows = []
    for number in numbers:
        x, y = rng.uniform(0, SIDE, 2)
        magnitudes = {f"mag_{band.lower()}": rng.normal(23, 1.5) for band in BANDS}
        row = Candidate(
            field=source.field,
            catalogue_import=source,
            catalogue_id=str(number + 1),
            pack_row=number,
            x=x,
            y=y,
            observed=" ".join(BANDS),
            **magnitudes,
        )
        row.derive_columns()
        rows.append(row)
    candidates = Candidate.objects.bulk_create(rows)
    pool = [(c.pk, source.field_id) for c in candidates if not c.control]
    Prediction.objects.write(run.pk, _predictions([c.pk for c in candidates], rng), pool)


def _predictions(candidates: Sequence[int], rng: np.random.Generator) -> PredictionArrays:
    """Random predictions of candidates by primary key."""
    p_CK = rng.dirichlet([0.7] * 4, len(candidates))
    entropy_C = entropy(p_CK)
    return PredictionArrays(
        candidate_N=np.array(candidates, dtype=np.int64),
        label_N=p_CK.argmax(axis=1) + 1,
        probability_NK=p_CK,
        entropy_N=entropy_C,
        ensemble_agreement_N=np.full(len(candidates), 0.8),
        mutual_information_N=np.full(len(candidates), 0.1),
        diversity_N=0.5 * entropy_C,
    )


def new_order(name: str) -> tuple[float, float]:
    """Store another network's predictions of a field, and let them go live; seconds of each."""
    field = Field.objects.get(name=name)
    before = field.promoted_run
    assert before
    asked = TrainingRun.objects.create(requested_by=before.requested_by, preset="quick")
    asked.fields.add(field)
    run = TrainingRun.objects.claim(asked.pk)
    assert run
    candidates = list(field.candidates.order_by("pk").values_list("pk", flat=True))
    began = time.monotonic()
    run.succeed(_predictions(candidates, np.random.default_rng(1)), {})
    written = time.monotonic()
    # Drawn by chance, as the gate rightly says.
    run.promote_unjudged(by=run.requested_by, reason="to measure")
    return written - began, time.monotonic() - written


def _session(name: str, role: str) -> str:
    """The session key of a new account that has logged in."""
    user = User.objects.create(username=name)
    user.groups.add(Group.objects.get(name=role))
    browser = Client()
    browser.force_login(user)
    return str(browser.cookies["sessionid"].value)


def open_sky(name: str, folder: str) -> None:
    """A small field with real stamps on which two people agree; there is enough to train on."""
    field = skies.write_sky(Path(folder)).imported(name)
    field.votes_needed = 2
    field.save()
    people = [User.objects.create(username=f"{name}-{number}") for number in range(2)]
    for number, candidate in enumerate(field.candidates.in_play()):
        settle(candidate, people, label=1 + number % 2)


def open_demonstration(name: str, role: str) -> dict[str, str]:
    """The demonstration field with its truth as reference labels, and shuffled; a session.

    Shuffled is what trains; the control sample has the truth in both.
    """
    field = demo.create_field(str)
    (path,) = (settings.HOME / "demo").glob("truth/*")
    table = Table.read(path)
    truth = dict(zip(map(str, table["id"]), table["class"].tolist(), strict=True))
    pool = list(field.candidates.in_play().order_by("pk"))
    learnt = [truth[candidate.catalogue_id] for candidate in pool if not candidate.control]
    by_chance = iter(np.random.default_rng(0).permutation(learnt).tolist())
    for candidate in pool:
        right = truth[candidate.catalogue_id]
        wrong = right if candidate.control else next(by_chance)
        for source, label in (("truth", right), ("shuffled", wrong)):
            ReferenceLabel.objects.create(candidate=candidate, source=source, label=label)
    return {name: _session(name, role)}


def sweep() -> None:
    """Send now what the schedule sends every minute."""
    jobs.publisher(settings.BROKER_URL).send_task(jobs.SWEEP)


def votes(field: str) -> list[Any]:
    """Every vote in the field: UUID, voter, whether it counts, and its body."""
    columns = ("candidate", "label", "comment", "seconds", "display")
    rows = Vote.objects.filter(candidate__field__name=field)
    return [
        [str(row.pop("id")), row.pop("voter__username"), row.pop("retracted_at") is None, row]
        for row in rows.values("id", "voter__username", "retracted_at", *columns)
    ]


def statuses(field: str) -> list[Any]:
    """Number of votes and status of the consensus of each candidate in the field."""
    rows = Consensus.objects.filter(candidate__field__name=field)
    return list(rows.values_list("n_votes", "status"))


def pool_order(field: str, served: Sequence[int]) -> tuple[int, list[Any]]:
    """Votes needed; candidates of the training pool and what the network says of them.

    Those that were served, and as many and one more of those with the smallest margins.
    """
    promoted = Prediction.objects.promoted().filter(candidate__field__name=field)
    pool = promoted.filter(candidate__control=False)
    known = set(served)

    def lead(row: tuple[Any, ...]) -> float:
        *_, second, first = sorted(row[1:])
        return float(first - second)

    rows = pool.values_list("candidate", "p_class1", "p_class2", "p_class3", "p_class4")
    came = [row for row in rows.iterator() if row[0] in known]
    first = heapq.nsmallest(len(served) + 1, rows.iterator(), key=lead)
    needed = Field.objects.get(name=field).votes_needed
    return needed, list({row[0]: row for row in [*came, *first]}.values())


def audit() -> str:
    """What `manage.py audit` says."""
    said = io.StringIO()
    # It exits with 1 where there are differences; the words tell.
    with suppress(SystemExit):
        call_command("audit", stdout=said)
    return said.getvalue().strip()
