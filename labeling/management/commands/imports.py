"""manage.py imports [FIELD]: list the imports of catalogues."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from labeling.ingest.removal import count_opinions
from labeling.models import CatalogueImport
from labeling.number_texts import count_text


class Command(BaseCommand):
    """List imports of catalogues, with what people have said of their candidates."""

    help = "List the imports of catalogues: number, field, file, rows, candidates and votes."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("field", nargs="?", help="name of a field; default: all fields")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Print one line for each import."""
        records = CatalogueImport.objects.select_related("field", "imported_by").order_by("pk")
        if options["field"]:
            records = records.filter(field__name=options["field"])
        for record in records:
            self.stdout.write(_line(record))
        if not records:
            self.stdout.write("There are no imports of catalogues.")


def _line(record: CatalogueImport) -> str:
    """Return an import as one line."""
    parts = [
        f"{record.pk}: {record.file_name} into {record.field}",
        f"{record.created_at:%Y-%m-%d %H:%M} UTC",
        count_text(record.rows, "row"),
        count_text(record.report.get("candidates", 0), "candidate"),
        *(f"{n} {name}" for name, n in count_opinions(record).items() if n),
    ]
    if record.imported_by:
        parts.append(f"by {record.imported_by}")
    if record.forced:
        parts.append("positions not checked (--force)")
    if record.finished_at is None:
        parts.append("not finished")
    return ", ".join(parts)
