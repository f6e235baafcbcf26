"""manage.py import_run FIELD FILE --name NAME: import another network's predictions."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from labeling.ingest.probabilities import CLASSES_AND_QUALITY, FORMATS, SCORES
from labeling.ingest.runs import import_run
from labeling.management.administrators import administrator
from labeling.management.import_errors import as_command_errors
from labeling.management.table_arguments import add_table_arguments, table_options
from labeling.models import Field, TrainingRun
from labeling.number_texts import count_text

AUTO = "auto"


class Command(BaseCommand):
    """Import another network's predictions as a run, to compare and to promote."""

    help = (
        "Import the predictions of another network as a run: StarcNet's text table, "
        "StarcNet's scores or probabilities (.npy; a row for each candidate of the field, in its "
        "catalogue's order), or any table with the columns id, p_class1 ... p_class4, or id, class "
        "and quality (the share of an ensemble that names the class). All or nothing; the same "
        "file twice under the same name changes nothing. An administrator promotes it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("field", help="name of a field with a catalogue")
        parser.add_argument("file", type=Path, help="the predictions")
        parser.add_argument("--name", required=True, help="the network's name, e.g. StarcNet")
        parser.add_argument(
            "--format",
            choices=(AUTO, *FORMATS),
            default=AUTO,
            help="format of the file; default: recognised by its content",
        )
        add_table_arguments(parser, columns="p_class1=PROB_1")
        parser.add_argument("--by", help="account that imports; default: the first administrator")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Import the predictions, and report the rows and the gate's verdict."""
        field = Field.objects.filter(name=options["field"]).first()
        if field is None:
            raise CommandError(f"There is no field {options['field']}: run import_field first.")
        user = administrator(options["by"])
        path = options["file"].expanduser()
        fmt = None if options["format"] == AUTO else options["format"]
        with as_command_errors():
            run, is_new = import_run(
                field, path, options["name"], user, fmt, table_options(options)
            )
        if not is_new:
            self.stdout.write(
                f"{path.name} is in {field} already, as {run.external} in run {run.pk}; nothing "
                "has changed."
            )
            return
        self._report(run, path)

    def _report(self, run: TrainingRun, path: Path) -> None:
        """Print the report of the import."""
        outcome = run.outcome
        self.stdout.write(
            f"Run {run.pk} is {run.external}, from {path.name}: "
            f"{count_text(outcome['rows'], 'row')} read, "
            f"{count_text(run.predictions.count(), 'prediction')}."
        )
        if outcome["set_aside"]:
            self.stdout.write(
                f"  {count_text(outcome['set_aside'], 'row')} skipped: of candidates that are set "
                "aside"
            )
        if outcome["silent"]:
            silent = count_text(outcome["silent"], "candidate has", "candidates have")
            self.stdout.write(f"  {silent} no row, and no prediction")
        for note in outcome["notes"]:
            self.stdout.write(f"  {note}")
        if outcome["content"] == CLASSES_AND_QUALITY:
            self.stdout.write("  Its numbers are classes and the shares that name them")
        elif outcome["content"] == SCORES:
            self.stdout.write("  Its numbers are scores; softmax has made them probabilities")
        else:
            self.stdout.write("  Its numbers are probabilities")
        for reason in run.verdict["reasons"]:
            self.stdout.write(f"  The gate refuses it: {reason}")
        self.stdout.write("  An administrator can promote it on its page.")
