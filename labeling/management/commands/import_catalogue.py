"""manage.py import_catalogue FIELD FILE: import a survey's catalogue into a field."""

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from classifier.core.packs import open_pack
from labeling.ingest.catalogues import CatalogueOptions, import_catalogue, plan_catalogue
from labeling.management.band_rule_options import add_band_rule_options
from labeling.management.catalogue_lines import catalogue_lines
from labeling.management.import_errors import as_command_errors
from labeling.management.progress import PrintedProgress
from labeling.management.table_arguments import add_catalogue_arguments, table_options
from labeling.models import Field


class Command(BaseCommand):
    """Read candidates, photometry and reference labels, and cut the stamps."""

    help = (
        "Read a catalogue of LEGUS or PHANGS-HST, or any table (CSV, TSV, text, SExtractor, MRT, "
        "ECSV, FITS, VOTable, HDF5, Parquet) with the columns id, x, y or ra, dec, and optional "
        "ci, mag_F555W, err_F555W ..., and cut all stamps. "
        "All or nothing; the same file twice changes nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("field", help="name of an imported field")
        parser.add_argument("file", type=Path, help="the catalogue")
        add_catalogue_arguments(parser)
        parser.add_argument(
            "--origin",
            type=int,
            choices=(0, 1),
            help="number of the first pixel in x and y: 1 (FITS, SExtractor, LEGUS; the default), "
            "or 0",
        )
        parser.add_argument(
            "--allow-outside", action="store_true", help="set aside rows beyond the image"
        )
        parser.add_argument(
            "--lossless",
            action="store_true",
            help="store every pixel exactly, in 200 kB a candidate; without it in 40 kB, with "
            "errors below 1/16 of the sky's sigma",
        )
        add_band_rule_options(parser)
        parser.add_argument(
            "--force",
            action="store_true",
            help="import although x, y and RA, Dec disagree; this is recorded",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="read and check the file, write nothing"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Import the catalogue, or only read it, and report the rows."""
        field = Field.objects.filter(name=options["field"]).first()
        if field is None:
            raise CommandError(f"There is no field {options['field']}: run import_field first.")
        catalogue_options = CatalogueOptions(
            origin=options["origin"],
            table=table_options(options),
            allow_outside=options["allow_outside"],
            lossless=options["lossless"],
            force=options["force"],
            min_observed=options["min_observed"],
            min_detected=options["min_detected"],
        )
        path, progress = options["file"].expanduser(), PrintedProgress(sys.stderr)
        with as_command_errors():
            if options["dry_run"]:
                plan = plan_catalogue(field, path, catalogue_options, progress)
                self._report(plan.report)
                self.stdout.write("Nothing was written (--dry-run).")
                return
            record, is_new = import_catalogue(field, path, catalogue_options, progress)
        if not is_new:
            self.stdout.write(f"{record.file_name} is in {field} already; nothing has changed.")
            if options["lossless"] and open_pack(record.pack_path).quantised:
                self.stdout.write("  Its stamps are not lossless: remove this import first.")
        self._report({"rows": record.rows, **record.report})
        if is_new:
            self.stdout.write(f"To take it back: manage.py remove_import {record.pk}")

    def _report(self, report: dict[str, Any]) -> None:
        """Print the report of the import."""
        for line in catalogue_lines(report):
            self.stdout.write(line)
