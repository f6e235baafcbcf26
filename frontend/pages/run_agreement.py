"""How a run agrees with people: with our consensus, and with each published catalogue."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from frontend.pages.agreement import counted_rows
from frontend.pages.run_progress import MatrixRow
from labeling.agreement.pairs import Agreement, compare
from labeling.models import Consensus, ReferenceLabel, TrainingRun
from labeling.training.training_set import VOTES


@dataclass(frozen=True)
class Against:
    """A run's agreement with one source of labels; rows of the matrix are the source's classes."""

    source: str
    agreement: Agreement
    matrix: list[MatrixRow]


def against_people(run: TrainingRun) -> list[Against]:
    """The run beside each source of labels of its candidates, our consensus first.

    A network of ours may have been trained on any label outside the control sample, so that only
    there its agreement means anything; one from elsewhere was trained on none of ours.
    """
    where = {} if run.external else {"candidate__control": True}
    said = dict(run.predictions.filter(**where).values_list("candidate", "label"))
    about = {"candidate__field__in": run.fields.all(), **where}
    labels: dict[str, dict[int, int]] = defaultdict(dict)
    settled = Consensus.objects.settled().filter(**about).values_list("candidate", "label")
    labels[VOTES] = {candidate: label for candidate, label in settled if label is not None}
    published = ReferenceLabel.objects.filter(**about).order_by("source")
    for source, candidate, label in published.values_list("source", "candidate", "label"):
        labels[source][candidate] = label
    compared = [(source, compare(theirs, said)) for source, theirs in labels.items()]
    return [
        Against(source, agreement, counted_rows(agreement.confusion))
        for source, agreement in compared
        if agreement.n
    ]
