"""Bring in what somebody else's network says of a field, as a run beside our own."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from labeling.ingest.errors import BadInput
from labeling.ingest.probabilities import Probabilities, read_probabilities
from labeling.models import Field, TrainingRun
from labeling.rules.prediction_arrays import PredictionArrays

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
    predictions = _predictions(found, candidates)
    source = {
        "file": path.name,
        "sha256": fingerprint,
        "format": found.format,
        "rows": len(candidates),
        "set_aside": candidates.count(None),
        "silent": field.candidates.in_play().count() - len(predictions.candidate_N),
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


def _predictions(found: Probabilities, candidates: list[int | None]) -> PredictionArrays:
    """Return the predictions for the candidates in play."""
    in_play_N = np.array([candidate is not None for candidate in candidates], dtype=bool)
    pks = [candidate for candidate in candidates if candidate is not None]
    return PredictionArrays.of_one_network(
        np.array(pks, dtype=np.int64), found.label_N[in_play_N], found.p_NK[in_play_N]
    )
