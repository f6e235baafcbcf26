"""manage.py import_labels FIELD FILE --reference SOURCE=COLUMN: add reference labels."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from labeling.ingest.labels import plan_labels
from labeling.management.import_errors import as_command_errors
from labeling.management.table_arguments import add_catalogue_arguments, table_options
from labeling.models import Field
from labeling.number_texts import count_text


class Command(BaseCommand):
    """Add reference labels to candidates that are there, by their catalogue ids."""

    help = (
        "Add reference labels to the candidates of a field, from a table with their catalogue ids "
        "and one or more columns of classes. All or none; the same labels twice change nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("field", help="name of the field")
        parser.add_argument("file", type=Path, help="the table")
        add_catalogue_arguments(parser)
        parser.add_argument(
            "--skip-unknown", action="store_true", help="leave out ids that the field does not have"
        )
        parser.add_argument("--dry-run", action="store_true", help="show the counts, write nothing")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Add the labels, and print their number by source and class."""
        field = Field.objects.filter(name=options["field"]).first()
        if field is None:
            raise CommandError(f"There is no field {options['field']}: run import_field first.")
        with as_command_errors():
            plan = plan_labels(
                field,
                options["file"].expanduser(),
                table_options(options),
                skip_unknown=options["skip_unknown"],
            )
            if not options["dry_run"]:
                plan.write()
        for source, counts in plan.counts.items():
            classes = ", ".join(f"class {label}: {n}" for label, n in counts.items())
            self.stdout.write(f"reference “{source}”: {classes}")
        if plan.unknown:
            ids = count_text(len(plan.unknown), "id is", "ids are")
            self.stdout.write(f"{ids} not in field {field}, and left out.")
        new = count_text(plan.n_new, "new label")
        existing = count_text(plan.n_existing, "was", "were")
        self.stdout.write(f"{new}, {existing} there.")
        if options["dry_run"]:
            self.stdout.write("Nothing was written (--dry-run).")
