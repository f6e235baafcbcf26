"""From new labels to a new order of the queue: 20 000 candidates, 3 000 labels, ten members.

The heads alone, against scikit-learn's LogisticRegression, member by member on the same features:
as accurate on what was not labelled, to a per cent. Then all of it, as the task does it, on SQLite
and on PostgreSQL, against the goal: labels from votes, heads, and each prediction's place. In the
worst case: every probability moves, and one candidate in ten has a vote already.

    PYTHONPATH=. python tests/benchmarks/bench_refresh.py [CANDIDATES]
"""

import csv
import json
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path

import django
import numpy as np
import torch
from numpy.typing import NDArray
from report import record
from safetensors.torch import save_file
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from classifier import TrainingConfig
from classifier.core.training_set import COLUMNS, Manifest
from classifier.inference import embeddings, head_refit
from tests.services import postgresql

CANDIDATES = 20_000
LABELS = 3_000
MEMBERS, FEATURES, CLASSES = 10, 1024, 4
GOAL_S = 5.0
NEW = 100
"""Of the labels, those that the run has not learnt."""


def write_run(folder: Path, candidates: int) -> NDArray[np.int64]:
    """A run's folder, without its backbones; returns the classes (N,) of the ids from 1.

    Features are those of a network as far as it matters: at least zero, correlated, and classes
    overlap in them.
    """
    rng = np.random.default_rng(0)
    truth = rng.integers(1, CLASSES + 1, candidates)
    config = TrainingConfig.from_dict("paper-resnet18", {"members": MEMBERS})
    about = {"format": "asterism-run/1", "config": config.to_dict()}
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(about))
    nothing = np.zeros(candidates)
    manifest = Manifest(folder, "", np.arange(1, candidates + 1), *[nothing] * 7)
    path = folder / "embeddings.zarr"
    features = embeddings.create(path, MEMBERS, manifest, FEATURES)
    for member in range(MEMBERS):
        state = {"head.bias": torch.zeros(CLASSES)}
        state["head.weight"] = torch.from_numpy(rng.normal(0, 0.03, (CLASSES, FEATURES))).float()
        save_file(state, folder / f"member-{member:02d}.safetensors")
        features[member] = _seen(rng, truth)
    embeddings.finish(path, np.zeros(candidates, dtype=np.int64))
    return truth


def _seen(rng: np.random.Generator, truth: NDArray[np.int64]) -> NDArray[np.float16]:
    """One member's features (N, F) of candidates of these classes (N,)."""
    shapes = rng.normal(0, 1, (CLASSES, 64))
    hidden = shapes[truth - 1] * 0.2 + rng.normal(0, 1, (len(truth), 64))
    mixed = hidden @ rng.normal(0, 0.3, (64, FEATURES)) / 8 + 0.3
    noise = rng.normal(0, 0.1, mixed.shape)
    return np.maximum(mixed + noise, 0).astype(np.float16)


def peer(folder: Path, labels: Mapping[int, int]) -> NDArray[np.float64]:
    """scikit-learn's mean probability (N, K)."""
    stored = embeddings.Embeddings.read(folder / "embeddings.zarr")
    rows = np.array(sorted(labels)) - 1
    truth = np.array([labels[row + 1] for row in rows.tolist()])
    total = np.zeros((len(stored.candidate), CLASSES))
    for member in range(MEMBERS):
        x_NF = stored.features[member].astype(np.float32)
        # The same prior, in its own units.
        model = LogisticRegression(C=head_refit.SPREAD**2 / FEATURES, max_iter=200)
        total += make_pipeline(StandardScaler(), model).fit(x_NF[rows], truth).predict_proba(x_NF)
    return total / MEMBERS


def measure_heads(folder: Path, truth: NDArray[np.int64]) -> None:
    """Time and accuracy of the heads against the peer's; all labels are new, so as it has them."""
    count = len(truth)
    labels = dict(zip(range(1, LABELS + 1), truth[:LABELS].tolist(), strict=True))
    start = time.perf_counter()
    refitted = head_refit.refit(folder, folder / "embeddings.zarr", labels, {}, range(1, count + 1))
    ours = time.perf_counter() - start
    start = time.perf_counter()
    theirs = peer(folder, labels)
    seconds = time.perf_counter() - start
    name = f"{MEMBERS} heads refitted on {LABELS} labels, asked of {count}"
    record(name, 1 / ours, "1/s", 1 / seconds, file="refresh")
    right, peers = (
        float((p[LABELS:].argmax(axis=1) + 1 == truth[LABELS:]).mean())
        for p in (refitted.probability, theirs)
    )
    record(f"{name}: accuracy on the others", right, "share", peers, file="refresh")


def measure_task(name: str, folder: str, url: str, candidates: int) -> None:
    """In a process of its own: a field with votes in a new database, and the task on it."""
    os.environ |= {"ASTERISM_HOME": folder, "DATABASE_URL": url}
    os.environ |= {"REDIS_URL": "redis://127.0.0.1:9", "DJANGO_SETTINGS_MODULE": "deploy.settings"}
    django.setup()
    # Only now that Django knows its database can its models be imported.
    refreshed_field = import_module("refreshed_field")
    truth = write_run(Path(folder) / "runs" / "1", candidates)
    learnt = range(1, LABELS - NEW + 1)
    with (Path(folder) / "runs" / "1" / "training_set.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(COLUMNS)
        table.writerows([pk, "f", pk, "none", pk, "train", truth[pk - 1]] for pk in learnt)
    field = refreshed_field.make_refreshed_field(truth, LABELS, len(learnt))
    seconds, waits = refreshed_field.refresh(field)
    label = f"{name}, {candidates} candidates: from {LABELS} labels to a new order"
    record(label, 1 / seconds, "1/s", 1 / GOAL_S, file="refresh")
    record(f"{label}: longest part in which votes wait", 1 / waits, "1/s", 1 / 0.5, file="refresh")


def main(candidates: int) -> None:
    """Append the figures to `bench/refresh.jsonl`."""
    with tempfile.TemporaryDirectory() as name:
        measure_heads(Path(name) / "run", write_run(Path(name) / "run", candidates))
    for database in ("sqlite", "postgresql"):
        with tempfile.TemporaryDirectory() as name:
            home = Path(name)
            server = postgresql.Server(home, settings=()) if database == "postgresql" else None
            url = server.create("asterism") if server else f"sqlite:///{home / 'db.sqlite3'}"
            arguments = (database, str(home / "home"), url, candidates)
            process = get_context("spawn").Process(target=measure_task, args=arguments)
            process.start()
            process.join()
            if server:
                server.stop()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else CANDIDATES)
