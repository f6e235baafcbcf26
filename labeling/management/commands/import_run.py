"""manage.py import_run FIELD FILE --name NAME: bring in what another network says of a field."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from labeling.ingest.errors import BadInput
from labeling.ingest.probabilities import FORMATS
from labeling.ingest.runs import import_run
from labeling.management.administrators import administrator
from labeling.models import Field, TrainingRun

AUTO = "auto"


class Command(BaseCommand):
    """Keep somebody else's predictions as a run, to compare with and to promote."""

    help = (
        "Import the predictions of a network from elsewhere as a run: StarcNet's text table, "
        "StarcNet's scores (.npy; a row for each candidate of the field, in its catalogue's "
        "order), or a CSV/ECSV/FITS/VOTable with the columns id, p_class1 ... p_class4. "
        "All or nothing; the same file twice under the same name changes nothing. It does not go "
        "live by itself."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("field", help="name of a field that has its catalogue")
        parser.add_argument("file", type=Path, help="the predictions")
        parser.add_argument("--name", required=True, help="the network's name, e.g. StarcNet")
        parser.add_argument(
            "--format",
            choices=(AUTO, *FORMATS),
            default=AUTO,
            help="what the file is; default: what it looks like",
        )
        parser.add_argument("--by", help="account that imports; default: the first administrator")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Import, and say what became of the rows and what the gate says."""
        field = Field.objects.filter(name=options["field"]).first()
        if field is None:
            raise CommandError(f"There is no field {options['field']}: run import_field first.")
        by = administrator(options["by"])
        path = options["file"].expanduser()
        fmt = None if options["format"] == AUTO else options["format"]
        try:
            run, new = import_run(field, path, options["name"], by, fmt)
        except BadInput as error:
            raise CommandError(str(error)) from None
        if not new:
            self.stdout.write(
                f"{path.name} is in {field} already, as {run.external} in run {run.pk}; nothing "
                "has changed."
            )
            return
        self._tell(run, path)

    def _tell(self, run: TrainingRun, path: Path) -> None:
        """The import's report, a line a fact."""
        told = run.outcome
        self.stdout.write(
            f"Run {run.pk} is {run.external}, from {path.name}: {told['rows']} rows read, "
            f"{run.predictions.count()} predictions."
        )
        if told["set_aside"]:
            self.stdout.write(f"  {told['set_aside']} rows skipped: their candidates are set aside")
        if told["silent"]:
            self.stdout.write(f"  {told['silent']} candidates have no row, and no prediction")
        for reason in run.verdict["reasons"]:
            self.stdout.write(f"  The gate refuses it: {reason}")
        self.stdout.write("  It goes live when an administrator promotes it, on its page.")
