"""Bring in what somebody else's network says of a field, as a run beside our own."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from classifier.core.classes import PROBABILITY_COLUMNS
from labeling.ingest.errors import BadInput
from labeling.ingest.probabilities import Probabilities, read_probabilities
from labeling.models import Field, TrainingRun

LONGEST_NAME = 80


def import_run(
    field: Field, path: Path, network: str, by: Any, fmt: str | None = None
) -> tuple[TrainingRun, bool]:
    """Read a network's probabilities as a run of the field; the run, and whether it is new.

    The same file under the same name is the run that is there already. Raises BadInput, naming
    file, row and reason; nothing has changed then.
    """
    network = network.strip()
    if not 0 < len(network) <= LONGEST_NAME or not network.isprintable():
        raise BadInput(f"{path}: a network's name has 1 to {LONGEST_NAME} characters: {network!r}.")
    if not path.is_file():
        raise BadInput(f"{path}: there is no such file.")
    fingerprint = sha256(path.read_bytes()).hexdigest()
    if there := TrainingRun.objects.imported_into(field, network, fingerprint).first():
        return there, False
    found = read_probabilities(path, fmt)
    candidates = _candidates(field, found)
    predictions = list(_predictions(found, candidates))
    source = {
        "file": path.name,
        "sha256": fingerprint,
        "format": found.format,
        "rows": len(candidates),
        "set_aside": candidates.count(None),
        "silent": field.candidates.in_play().count() - len(predictions),
    }
    return TrainingRun.objects.import_predictions(network, field, predictions, source, by)


def _candidates(field: Field, found: Probabilities) -> list[int | None]:
    """The candidate of each row; None where it was set aside."""
    rows = list(field.candidates.order_by("pk").values_list("pk", "catalogue_id", "set_aside"))
    if found.ids is None:
        if len(found.p_NK) != len(rows):
            raise BadInput(
                f"{found.path}: has {len(found.p_NK)} rows, and field {field} has {len(rows)} "
                "candidates, those that were set aside among them. Without ids, there must be one "
                "row for each, in the order of the catalogue."
            )
        return [None if set_aside else pk for pk, _, set_aside in rows]
    there = {text: None if set_aside else pk for pk, text, set_aside in rows}
    for row, text in enumerate(found.ids, 1):
        if text not in there:
            raise BadInput(f"{found.path}, row {row}: field {field} has no candidate {text!r}.")
    return [there[text] for text in found.ids]


def _predictions(found: Probabilities, candidates: list[int | None]) -> Iterator[dict[str, Any]]:
    """What `Prediction.objects.write` takes, of the candidates in play."""
    p_NK = found.p_NK
    # p ln p is 0 at p = 0; the maximum turns -0.0, of a network without doubt, into 0.
    logs_NK = np.log(p_NK, out=np.zeros_like(p_NK), where=p_NK > 0)
    entropy_N = np.maximum(-(p_NK * logs_NK).sum(axis=1), 0.0)
    rows = zip(candidates, found.label_N.tolist(), p_NK.tolist(), entropy_N.tolist(), strict=True)
    for candidate, label, p_K, entropy in rows:
        if candidate is not None:
            yield {
                "candidate_id": candidate,
                "label": label,
                **dict(zip(PROBABILITY_COLUMNS, p_K, strict=True)),
                "entropy": entropy,
                # Of one network, which agrees with itself.
                "ensemble_agreement": 1.0,
            }
