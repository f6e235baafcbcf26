"""manage.py export_catalogue FILE: the consensus catalogue, as the pages export it."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from classifier.core.atomic_files import atomic_path
from labeling.export.files import WRITERS
from labeling.export.kept import UnknownColumn, kept_names
from labeling.export.rows import catalogue_rows
from labeling.models import Candidate, Field
from labeling.number_texts import count_text


class Command(BaseCommand):
    """Write the consensus catalogue as CSV, ECSV, FITS or VOTable."""

    help = f"Write the consensus catalogue; the file's ending ({', '.join(WRITERS)}) is the format."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("file", help="where to write; - for CSV on standard output")
        parser.add_argument("--field", help="one field only")
        parser.add_argument(
            "--keep-columns",
            default="",
            metavar="NAMES",
            help="columns that imports kept (import_catalogue --keep), added at the end: names "
            "separated by commas, or all",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Write the whole file, or leave what was there."""
        candidates = Candidate.objects.all()
        if name := options["field"]:
            if not Field.objects.filter(name=name).exists():
                raise CommandError(f"There is no field {name}.")
            candidates = candidates.filter(field__name=name)
        path = Path(options["file"])
        ending = "csv" if options["file"] == "-" else path.suffix.removeprefix(".")
        if ending not in WRITERS:
            raise CommandError(f"{path}: the ending must be one of {', '.join(WRITERS)}.")
        _, write = WRITERS[ending]
        try:
            kept = kept_names(candidates, options["keep_columns"])
        except UnknownColumn as error:
            raise CommandError(f"--keep-columns: {error}") from None
        written = write(catalogue_rows(candidates, kept), kept)
        data = written if isinstance(written, bytes) else "".join(written).encode()
        if options["file"] == "-":
            self.stdout.write(data.decode(), ending="")
            return
        try:
            with atomic_path(path) as part:
                part.write_bytes(data)
        except OSError as error:
            raise CommandError(f"{path}: cannot be written ({error.strerror}).") from None
        self.stdout.write(f"{count_text(candidates.count(), 'candidate')} in {path}.")
