"""manage.py remove_import NUMBER: take an import of a catalogue back."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from labeling.ingest.removal import NotConfirmed, remove_import
from labeling.management.import_errors import as_command_errors
from labeling.models import CatalogueImport
from labeling.rules.conflicts import JobConflict


class Command(BaseCommand):
    """Remove the candidates, stamps and reference labels of one import."""

    help = (
        "Remove an import of a catalogue: its candidates, stamps and reference labels. Once people "
        "have voted on its candidates, --confirm must repeat the name of its file; the votes, "
        "rulings and comments are then kept in the folder archive of ASTERISM_HOME."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("number", type=int, help="number of the import; see manage.py imports")
        parser.add_argument(
            "--confirm", default="", metavar="FILE_NAME", help="name of the import's file"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Remove the import, and say where its votes are kept."""
        record = CatalogueImport.objects.filter(pk=options["number"]).first()
        if record is None:
            raise CommandError(f"There is no import {options['number']}; see manage.py imports.")
        try:
            with as_command_errors():
                archive = remove_import(record, confirmation=options["confirm"])
        except NotConfirmed as reason:
            raise CommandError(f"{reason} (--confirm {record.file_name})") from None
        except JobConflict as reason:
            raise CommandError(str(reason)) from None
        self.stdout.write(f"{record} is removed.")
        if archive:
            self.stdout.write(f"Its votes, rulings and comments are in {archive}.")
