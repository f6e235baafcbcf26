"""manage.py train: queue a training run, as the button does."""

from argparse import ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from classifier.core.config import Preset
from labeling.management.administrators import administrator
from labeling.models import Field, ReferenceLabel
from labeling.number_texts import count_text
from labeling.rules.conflicts import TooFewClasses
from labeling.training.label_source import CONSENSUS, LabelSource
from labeling.training.requests import request_run


def positive_integer(text: str) -> int:
    """Parse a number above zero."""
    if not text.isdecimal() or int(text) == 0:
        raise ArgumentTypeError(f"{text!r} is not a number above zero")
    return int(text)


class Command(BaseCommand):
    """Queue a training run on the labels as they are now."""

    help = "Queue a training run on the labels as they are now; a worker runs it."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument(
            "--preset", choices=[preset.value for preset in Preset], default=Preset.QUICK.value
        )
        parser.add_argument("--field", action="append", default=[], help="default: all fields")
        parser.add_argument(
            "--labels",
            default=CONSENSUS.text,
            help="votes, or the name of a reference label's source",
        )
        parser.add_argument(
            "--by", help="account that requests the run; default: the first administrator"
        )
        parser.add_argument("--members", type=positive_integer, help="members of the ensemble")
        parser.add_argument("--batches", type=positive_integer, help="batches for each member")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Queue the run, and print its numbers of labels."""
        names = options["field"]
        fields = list(Field.objects.filter(name__in=names))
        if missing := set(names) - {field.name for field in fields}:
            raise CommandError(f"There is no field {sorted(missing)[0]}.")
        labels = options["labels"]
        if labels != CONSENSUS.text and not ReferenceLabel.objects.of(labels).exists():
            raise CommandError(f"No reference label comes from {labels!r}.")
        overrides = {k: options[k] for k in ("members", "batches") if options[k] is not None}
        try:
            run = request_run(
                administrator(options["by"]),
                options["preset"],
                fields=fields,
                source=LabelSource(labels),
                overrides=overrides,
            )
        except TooFewClasses as error:
            raise CommandError(str(error)) from None
        counts = {split: sum(classes.values()) for split, classes in run.label_counts.items()}
        self.stdout.write(
            f"Run {run.pk} is queued: {count_text(counts['train'], 'label')} to train on, "
            f"{counts['control']} to measure on."
        )
