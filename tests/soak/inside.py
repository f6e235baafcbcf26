"""Functions that read and write the database of a running site, called by a `Ledger`.

One `manage.py shell` answers all calls. A call is a line of JSON with the name of a function below
and its arguments; the result is a line of JSON.
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
    """Answer calls until standard input ends."""
    for line in sys.stdin:
        name, positional, named = json.loads(line)
        result = globals()[name](*positional, **named)
        sys.stdout.write(json.dumps(result) + "\n")
        sys.stdout.flush()


def open_field(
    name: str, candidates: int, people: Mapping[str, str], **rules: Any
) -> dict[str, str]:
    """Create a field without pixels and promote a run; return the session of each person.

    `people` are roles by name. All margins differ, so that the order is unique.
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
        _add_candidates(source, run, range(first, min(first + CHUNK, candidates)), rng)
    run.promote_unjudged(by=admin)
    with connection.cursor() as cursor:
        # PostgreSQL would do so by itself, but only within a minute.
        cursor.execute("ANALYZE")
    return {name: _session(name, role) for name, role in people.items()}


def _add_candidates(
    source: CatalogueImport, run: TrainingRun, numbers: range, rng: np.random.Generator
) -> None:
    """Create the candidates with these numbers, and their predictions."""
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
    """Return random predictions of these candidates, given by primary key."""
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


def promote_new_predictions(name: str) -> tuple[float, float]:
    """Store another run of a field and promote it; return the seconds that each took."""
    field = Field.objects.get(name=name)
    previous = field.promoted_run
    assert previous
    queued = TrainingRun.objects.create(requested_by=previous.requested_by, preset="quick")
    queued.fields.add(field)
    run = TrainingRun.objects.claim(queued.pk)
    assert run
    candidates = list(field.candidates.order_by("pk").values_list("pk", flat=True))
    started = time.monotonic()
    run.succeed(_predictions(candidates, np.random.default_rng(1)), {})
    written = time.monotonic()
    # The gate refuses random predictions, so a reason is needed to promote them.
    run.promote_unjudged(by=run.requested_by, reason="to measure")
    return written - started, time.monotonic() - written


def _session(name: str, role: str) -> str:
    """Return the session key of a new account that has logged in."""
    user = User.objects.create(username=name)
    user.groups.add(Group.objects.get(name=role))
    client = Client()
    client.force_login(user)
    return str(client.cookies[settings.SESSION_COOKIE_NAME].value)


def open_sky(name: str, folder: str) -> None:
    """Create a small field with stamps and enough labels, by two people, to train on."""
    field = skies.write_sky(Path(folder)).imported(name)
    field.votes_needed = 2
    field.save()
    people = [User.objects.create(username=f"{name}-{number}") for number in range(2)]
    for number, candidate in enumerate(field.candidates.in_play()):
        settle(candidate, people, label=1 + number % 2)


def open_demonstration(name: str, role: str) -> dict[str, str]:
    """Create the demonstration field with two label sources; return a session by name.

    The source `truth` has the true classes, `shuffled` has shuffled ones in the training pool.
    """
    field = demo.create_field(str)
    (path,) = (settings.HOME / "demo").glob("truth/*")
    table = Table.read(path)
    truth = dict(zip(map(str, table["id"]), table["class"].tolist(), strict=True))
    pool = list(field.candidates.in_play().order_by("pk"))
    in_pool = [truth[candidate.catalogue_id] for candidate in pool if not candidate.control]
    shuffled = iter(np.random.default_rng(0).permutation(in_pool).tolist())
    for candidate in pool:
        true_label = truth[candidate.catalogue_id]
        shuffled_label = true_label if candidate.control else next(shuffled)
        for source, label in (("truth", true_label), ("shuffled", shuffled_label)):
            ReferenceLabel.objects.create(candidate=candidate, source=source, label=label)
    return {name: _session(name, role)}


def sweep() -> None:
    """Send the sweep, which the schedule sends every minute."""
    jobs.publisher(settings.BROKER_URL).send_task(jobs.SWEEP)


def votes(field: str) -> list[Any]:
    """Return every vote in the field: UUID, voter, whether it counts, and its body."""
    columns = ("candidate", "label", "comment", "seconds", "display")
    rows = Vote.objects.filter(candidate__field__name=field)
    return [
        [str(row.pop("id")), row.pop("voter__username"), row.pop("retracted_at") is None, row]
        for row in rows.values("id", "voter__username", "retracted_at", *columns)
    ]


def statuses(field: str) -> list[Any]:
    """Return the number of votes and the consensus status of each candidate of the field."""
    rows = Consensus.objects.filter(candidate__field__name=field)
    return list(rows.values_list("n_votes", "status"))


def pool_order(field: str, served: Sequence[int]) -> tuple[int, list[Any]]:
    """Return the votes needed, and candidates of the training pool with their probabilities.

    They are the served candidates, and one more than their number with the smallest margins.
    """
    promoted = Prediction.objects.promoted().filter(candidate__field__name=field)
    pool = promoted.filter(candidate__control=False)
    served_set = set(served)

    def margin(row: tuple[Any, ...]) -> float:
        *_, second, first = sorted(row[1:])
        return float(first - second)

    rows = pool.values_list("candidate", "p_class1", "p_class2", "p_class3", "p_class4")
    served_rows = [row for row in rows.iterator() if row[0] in served_set]
    first_rows = heapq.nsmallest(len(served) + 1, rows.iterator(), key=margin)
    needed = Field.objects.get(name=field).votes_needed
    return needed, list({row[0]: row for row in [*served_rows, *first_rows]}.values())


def audit() -> str:
    """Return the output of `manage.py audit`."""
    output = io.StringIO()
    # It exits with 1 if there are differences, which its output reports.
    with suppress(SystemExit):
        call_command("audit", stdout=output)
    return output.getvalue().strip()
