"""How accuracy grew with the labels of a field, and what more votes would bring."""

from dataclasses import dataclass

from frontend.pages.charts import Dot, learning_dots
from labeling.models import Field, TrainingRun, Vote
from labeling.rules.learning_curve import MIN_RUNS, Measurement, advice
from labeling.training.training_set import VOTES, labels_to_train_on

VOTES_MORE = 100


@dataclass(frozen=True)
class Learning:
    """The learning curve of a field."""

    field: Field
    dots: list[Dot]
    labels: tuple[int, int]
    """Fewest and most of its runs."""
    sentence: str


def learning_of(field: Field) -> Learning | None:
    """The runs like the last one, in the same fields, that were measured; None where none was."""
    own = TrainingRun.objects.filter(fields=field, label_source=VOTES).order_by("-pk")
    last = own.first()
    if last is None:
        return None
    fields = list(last.fields.all())
    alike = own.filter(preset=last.preset, overrides=last.overrides).prefetch_related("fields")
    there = [run for run in alike if set(run.fields.all()) == set(fields)]
    measured = [one for run in there if (one := _measurement(run))][::-1]
    if not measured:
        return None
    labels = [one.labels for one in measured]
    return Learning(
        field, learning_dots(measured), (min(labels), max(labels)), _sentence(fields, measured)
    )


def _measurement(run: TrainingRun) -> Measurement | None:
    accuracy = run.accuracy
    if not accuracy.get("of") or not run.n_learnt:
        return None
    return Measurement(run.pk, run.n_learnt, accuracy["right"], accuracy["of"])


def _sentence(fields: list[Field], measured: list[Measurement]) -> str:
    """What more votes would bring, wherever in the fields on which the runs were trained."""
    labels = labels_to_train_on(VOTES, fields)
    n_votes = Vote.objects.live().filter(candidate__field__in=fields).count()
    found = advice(measured, labels, VOTES_MORE * labels / max(n_votes, 1))
    if found is None:
        return (
            f"What another {VOTES_MORE} votes would bring can be said after {MIN_RUNS} runs "
            "of one kind on different numbers of labels."
        )
    return found.sentence
