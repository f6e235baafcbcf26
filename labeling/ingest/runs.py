"""Import the predictions of another network for a field as an external run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from django.contrib.auth.models import User

from labeling.ingest.errors import BadInput
from labeling.ingest.probabilities import Probabilities, read_probabilities
from labeling.ingest.table_files import sha256_of
from labeling.ingest.table_options import TableOptions
from labeling.models import Field, TrainingRun
from labeling.number_texts import count_text
from labeling.rules.prediction_arrays import PredictionArrays

MAX_NAME_LENGTH = 80


def import_run(
    field: Field,
    path: Path,
    network: str,
    user: User,
    fmt: str | None = None,
    options: TableOptions | None = None,
) -> tuple[TrainingRun, bool]:
    """Import a network's probabilities as a run of the field; return it and whether it is new.

    The same file under the same name, with the same options, gives the existing run. Raises
    BadInput, naming file, row and reason; nothing has changed then.
    """
    network = network.strip()
    if not 0 < len(network) <= MAX_NAME_LENGTH or not network.isprintable():
        raise BadInput(
            f"{path}: a network's name has 1 to {MAX_NAME_LENGTH} characters: {network!r}."
        )
    if not path.is_file():
        raise BadInput(f"{path}: there is no such file.")
    source: dict[str, Any] = {"file": path.name, "sha256": sha256_of(path).hexdigest()}
    if options and options != TableOptions():
        source["options"] = json.dumps(options.fingerprint_parts(), sort_keys=True)
    if existing := TrainingRun.objects.imported_into(field, network, source).first():
        return existing, False
    probabilities = read_probabilities(path, fmt, options)
    candidates = _candidates_by_row(field, probabilities)
    predictions = _predictions(probabilities, candidates)
    source |= {
        "format": probabilities.format,
        "content": probabilities.content,
        "rows": len(candidates),
        "notes": list(probabilities.notes),
        "set_aside": candidates.count(None),
        "silent": field.candidates.in_play().count() - len(predictions.candidate_N),
    }
    return TrainingRun.objects.import_predictions(network, field, predictions, source, user)


def _candidates_by_row(field: Field, probabilities: Probabilities) -> list[int | None]:
    """Return the candidate of each row; None for those that are set aside. Raises BadInput."""
    path, ids, n_rows = probabilities.path, probabilities.ids, len(probabilities.p_NK)
    rows = list(field.candidates.order_by("pk").values_list("pk", "catalogue_id", "set_aside"))
    if ids is None:
        if n_rows != len(rows):
            raise BadInput(
                f"{path}: has {count_text(n_rows, 'row')}, and field {field} has "
                f"{count_text(len(rows), 'candidate')}, including those that are set aside. "
                "Without ids, the file must have one row for each candidate, in the order of the "
                "catalogue."
            )
        return [None if set_aside else pk for pk, _, set_aside in rows]
    candidates = {text: None if set_aside else pk for pk, text, set_aside in rows}
    for row, text in enumerate(ids, 1):
        if text not in candidates:
            raise BadInput(f"{path}, row {row}: field {field} has no candidate {text!r}.")
    return [candidates[text] for text in ids]


def _predictions(probabilities: Probabilities, candidates: list[int | None]) -> PredictionArrays:
    """Return the predictions for the candidates that are not set aside."""
    in_play_N = np.array([candidate is not None for candidate in candidates], dtype=bool)
    pks = [candidate for candidate in candidates if candidate is not None]
    return PredictionArrays.of_one_network(
        np.array(pks, dtype=np.int64),
        probabilities.label_N[in_play_N],
        probabilities.p_NK[in_play_N],
    )
