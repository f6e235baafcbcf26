"""manage.py predict FIELD --run N: queue the prediction of a field, as the button does."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from labeling.management.administrators import administrator
from labeling.models import Application, Field, NothingToPredict, TrainingRun
from labeling.models.application import unpredicted
from labeling.number_texts import count_text
from labeling.rules.conflicts import JobConflict


class Command(BaseCommand):
    """Queue the prediction of a field's candidates by a finished run."""

    help = (
        "Queue the prediction of a field's candidates by a finished run, without a training; a "
        "worker carries it out. Candidates that the run has predicted are left as they are."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("field", help="name of a field with a catalogue")
        parser.add_argument("--run", type=int, required=True, help="number of a finished run")
        parser.add_argument(
            "--by", help="account that requests it; default: the first administrator"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Queue the application, and print the number of candidates."""
        field = Field.objects.filter(name=options["field"]).first()
        if field is None:
            raise CommandError(f"There is no field {options['field']}.")
        run = TrainingRun.objects.filter(pk=options["run"]).first()
        if run is None:
            raise CommandError(f"There is no run {options['run']}.")
        try:
            application = Application.objects.request(run, field, administrator(options["by"]))
        except NothingToPredict as reason:
            self.stdout.write(f"{reason} Nothing has changed.")
            return
        except JobConflict as reason:
            raise CommandError(str(reason)) from None
        count = count_text(unpredicted(run, field).count(), "candidate")
        self.stdout.write(
            f"Application {application.pk} is {application.status}: {count} of {field} to predict "
            f"by run {run.pk}."
        )
