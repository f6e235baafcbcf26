"""The agreement of a run with our consensus and with each published catalogue."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from frontend.pages.confusion import MatrixRow, counted_rows
from labeling.agreement.pairs import PairAgreement, pair_agreement
from labeling.evaluation.control_labels import control_labels
from labeling.models import ReferenceLabel, TrainingRun
from labeling.training.label_source import CONSENSUS


@dataclass(frozen=True)
class SourceAgreement:
    """A run's agreement with one label source; the rows are the source's classes."""

    source: str
    agreement: PairAgreement
    rows: list[MatrixRow]


def run_agreement(run: TrainingRun) -> list[SourceAgreement]:
    """Compare the run with every source that labels its candidates, our consensus first.

    Our consensus is that of the control labels. Our own runs may have been trained on any label
    outside the control sample, and are compared with catalogues on that sample only; imported runs
    were trained on none of our labels.
    """
    sample = {} if run.external else {"candidate__control": True}
    answers = dict(run.predictions.filter(**sample).values_list("candidate", "label"))
    of_run = {"candidate__field__in": run.fields.all(), **sample}
    labels: dict[str, dict[int, int]] = defaultdict(dict)
    labels[CONSENSUS.text] = dict(control_labels(run.fields.all()).labels)
    references = ReferenceLabel.objects.filter(**of_run).order_by("source")
    for source, candidate, label in references.values_list("source", "candidate", "label"):
        labels[source][candidate] = label
    pairs = [(source, pair_agreement(of_source, answers)) for source, of_source in labels.items()]
    return [
        SourceAgreement(source, agreement, counted_rows(agreement.confusion))
        for source, agreement in pairs
        if agreement.n
    ]
