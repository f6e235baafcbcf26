"""Accuracy against the number of labels, field by field."""

from dataclasses import dataclass

from frontend.pages.charts import LearningDot, learning_dots
from labeling.models import Candidate, Field, TrainingRun, Vote
from labeling.rules.learning_curve import MIN_RUNS, Measurement, advice
from labeling.training.label_source import CONSENSUS

MORE_VOTES = 100
"""Number of further votes whose gain is estimated."""


@dataclass(frozen=True)
class LearningCurve:
    """The learning curve of a field."""

    field: Field
    dots: list[LearningDot]
    labels: tuple[int, int]
    """Fewest and most labels of its runs."""
    sentence: str
    questions: list[str]
    """Which candidates the accuracies are about."""


def learning_curve_of(field: Field) -> LearningCurve | None:
    """Return the curve of the field's evaluated runs that are configured like the last one.

    None without such a run.
    """
    runs = TrainingRun.objects.filter(fields=field, label_source=CONSENSUS.text).order_by("-pk")
    last = runs.first()
    if last is None:
        return None
    fields = list(last.fields.all())
    alike = runs.filter(preset=last.preset, overrides=last.overrides).prefetch_related("fields")
    in_fields = [run for run in alike if set(run.fields.all()) == set(fields)]
    measurements = [m for run in in_fields if (m := _measurement(run))][::-1]
    if not measurements:
        return None
    labels = [measurement.labels for measurement in measurements]
    return LearningCurve(
        field=field,
        dots=learning_dots(measurements),
        labels=(min(labels), max(labels)),
        sentence=_sentence(fields, measurements),
        questions=[scope.label for scope in last.scopes],
    )


def _measurement(run: TrainingRun) -> Measurement | None:
    """Return labels and right answers of a run; None if it has no accuracy or no label count."""
    accuracy = run.accuracy
    if not accuracy.get("of") or not run.n_training_labels:
        return None
    return Measurement(run.pk, run.n_training_labels, accuracy["right"], accuracy["of"])


def _sentence(fields: list[Field], measurements: list[Measurement]) -> str:
    """Say what more votes, cast anywhere in the fields of the runs, are expected to gain."""
    pool = Candidate.objects.filter(field__in=fields).training_pool()
    labels = pool.labelled_by(CONSENSUS).count()
    n_votes = Vote.objects.live().filter(candidate__field__in=fields).count()
    gain = advice(measurements, labels, MORE_VOTES * labels / max(n_votes, 1))
    if gain is None:
        return (
            f"The gain of another {MORE_VOTES} votes can be estimated after {MIN_RUNS} runs "
            "with the same settings and different numbers of labels."
        )
    return gain.sentence
