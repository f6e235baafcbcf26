"""A large field to apply a run to, and a worker that does so, for bench_application.py.

`python tests/benchmarks/applied_field.py make N PRESET` makes a field of N candidates and prints
the number of an application to it; `... work APPLICATION` is one worker, which prints its peak
memory in GiB. ASTERISM_HOME names the data.
"""

import resource
import sys

import django
import numpy as np

django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db.models import F  # noqa: E402
from django.db.models.functions import Mod  # noqa: E402

from celery_worker.tasks import predict, train  # noqa: E402
from classifier.core.bands import BANDS  # noqa: E402
from classifier.core.config import PACK_STAMP_PX  # noqa: E402
from classifier.core.packs import new_pack  # noqa: E402
from labeling.auth.roles import Role  # noqa: E402
from labeling.models import Application, Candidate, Field, ReferenceLabel  # noqa: E402
from labeling.training.label_source import LabelSource  # noqa: E402
from labeling.training.requests import request_run  # noqa: E402
from tests.labeling.conftest import person  # noqa: E402
from tests.labeling.world import make_field  # noqa: E402

STAMPS = 256
LABELLED = 200
OVERRIDES = {
    "small": {"members": 2, "batches": 2, "batch_size": 32, "input_px": 32, "pretrained": False},
    "quick": {"batches": 2, "pretrained": False},
}


def make(candidates: int, preset: str) -> int:
    """Train a run on a small field, and request its application to a large one."""
    call_command("migrate", verbosity=0)
    admin = person("admin", Role.ADMINISTRATOR)
    shape = (STAMPS, len(BANDS), PACK_STAMP_PX, PACK_STAMP_PX)
    stamps = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    with new_pack(settings.PACKS / "noise.zarr", STAMPS) as write_block:
        write_block(0, stamps, np.ones(shape[:2], dtype=bool))
    trained, applied = make_field("trained", LABELLED), make_field("applied", candidates)
    for field in (trained, applied):
        field.imports.update(pack="noise.zarr")
    Candidate.objects.update(pack_row=Mod(F("pack_row"), STAMPS))
    ReferenceLabel.objects.bulk_create(
        ReferenceLabel(candidate=candidate, source="bench", label=1 + candidate.pk % 4)
        for candidate in trained.candidates.all()
    )
    run = request_run(
        admin,
        "quick",
        fields=[trained],
        source=LabelSource("bench"),
        overrides=OVERRIDES[preset],
    )
    train(run.pk)
    run.refresh_from_db()
    return Application.objects.request(run, applied, admin).pk


def work(application: int) -> float:
    """Carry the application out, or assist; return the peak memory in GiB."""
    predict(application)
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return largest / (1024**3 if sys.platform == "darwin" else 1024**2)


def count() -> int:
    """Return the number of predictions in the large field."""
    return Field.objects.get(name="applied").applications.get().outcome["predictions"]


if __name__ == "__main__":
    verb, *arguments = sys.argv[1:]
    if verb == "make":
        answer: float = make(int(arguments[0]), arguments[1])
    else:
        answer = work(int(arguments[0])) if verb == "work" else count()
    sys.stdout.write(f"\n{answer}\n")
