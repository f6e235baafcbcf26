"""`keep_files.py ARCHIVE`: keep the files of an installation, and what its version reads in them.

Run by `make.py` after `populate.py`, on the code of the version that is copied. Weights are too
large: their headers are kept, and the version predicts with values that a seed gives.
"""

import hashlib
import json
import sys
import tarfile
from pathlib import Path
from typing import Any

import django

django.setup()

import weights  # noqa: E402
from django.conf import settings  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from rest_framework.test import APIClient  # noqa: E402

import classifier  # noqa: E402
from labeling.models import Candidate, TrainingRun  # noqa: E402

KEPT = ("packs", "runs", "experiments", "releases")
HOME = Path(settings.HOME)


def replace_weights(folder: Path) -> None:
    """Give each member of a run the values of a seed, and keep only its header for the archive."""
    for seed, path in enumerate(sorted(folder.glob("member-*.safetensors"))):
        header = weights.header_of(path.read_bytes())
        content = weights.with_values(header, seed)
        path.write_bytes(content)
        path.with_suffix(".header").write_bytes(header)
        about = path.with_suffix(".json")
        digest = hashlib.sha256(content).hexdigest()
        about.write_text(json.dumps({**json.loads(about.read_text()), "sha256": digest}))


def predictions(run: TrainingRun) -> dict[str, Any]:
    """What the version predicts with the weights of the run; its embeddings are written again."""
    manifest = classifier.Manifest.read(run.directory / "training_set.csv", HOME / "packs")
    embeddings = run.directory / "embeddings.zarr"
    embeddings.rename(HOME / "embeddings-of-the-training.zarr")
    result = classifier.predict(run.directory, manifest, device="cpu", embeddings=embeddings)
    return {
        "candidate": result.candidate.tolist(),
        "member_probability": result.member_probability.tolist(),
    }


def stamps() -> dict[int, str]:
    """SHA-256 of the stamps of each candidate, as the API gives them."""
    client = APIClient()
    client.force_login(User.objects.get(username="admin"))
    digests = {}
    for pk in Candidate.objects.filter(set_aside="").values_list("pk", flat=True):
        answer = client.get(f"/api/v1/candidates/{pk}/stamps.npy")
        assert answer.status_code == 200, answer.content
        digests[pk] = hashlib.sha256(answer.content).hexdigest()
    return digests


def _is_small(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    path = Path(member.name)
    if path.suffix in {".pdf", ".png", ".svg"} or path.name.startswith("member-"):
        return member if path.suffix in {".json", ".header"} else None
    return member


if __name__ == "__main__":
    run = TrainingRun.objects.get(external="", status="promoted")
    replace_weights(run.directory)
    noted = {"run": run.pk, "stamps": stamps(), "predictions": predictions(run)}
    (HOME / "noted.json").write_text(json.dumps(noted))
    with tarfile.open(sys.argv[1], "w:xz") as archive:
        for name in (*KEPT, "noted.json"):
            archive.add(HOME / name, name, filter=_is_small)
