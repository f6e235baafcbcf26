"""manage.py import_stamps FIELD PATH …: import stamps that were cut elsewhere."""

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from labeling.ingest.catalogue_plan import CataloguePlan
from labeling.ingest.pack_claims import remove_abandoned_imports
from labeling.ingest.stamp_fields import draft_stamp_field, write_stamp_field
from labeling.ingest.stamp_imports import StampImportOptions, plan_stamps
from labeling.ingest.stamp_sets import StampOptions
from labeling.ingest.table_options import TableOptions
from labeling.management.band_rule_options import add_band_rule_options
from labeling.management.commands import import_catalogue
from labeling.management.import_errors import as_command_errors
from labeling.management.progress import PrintedProgress
from labeling.management.split_option import add_split_option
from labeling.management.table_arguments import parse_pairs
from labeling.models import Field


class Command(import_catalogue.Command):
    """Read stamps and their table into a field without mosaics, which is made if it is new."""

    help = (
        "Import stamps that were cut elsewhere: a folder of FITS files (one for each candidate, "
        "an HDU for each filter) or of PNG pictures, or an array (candidate, band, y, x) in .npy, "
        ".npz, HDF5 or Zarr. Other sizes than 100 px are padded with NaN or cropped about the "
        "centre. All or nothing; the same files twice change nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("field", help="short name of the field, new or without mosaics")
        parser.add_argument("path", type=Path, nargs="+", help="files or folders")
        parser.add_argument("--bands", default="", help="NUV,U,B,V,I, or filters, along the array")
        parser.add_argument("--dataset", help="name of the array, where a file holds several")
        parser.add_argument(
            "--table", type=Path, metavar="FILE", help="ids, positions, magnitudes, classes"
        )
        parser.add_argument("--table-name", help="name or number of the table in that file")
        parser.add_argument(
            "--column", action="append", metavar="OURS=THEIRS", help="e.g. --column id=file"
        )
        parser.add_argument(
            "--reference", action="append", metavar="SOURCE=COLUMN", help="a column of classes 0-4"
        )
        parser.add_argument("--keep", action="append", default=[], help="a column to keep")
        parser.add_argument("--origin", type=int, choices=(0, 1), default=1)
        parser.add_argument("--pixel-scale", type=float, help="arcsec; by default from the WCS")
        parser.add_argument("--galaxy", help="name of the galaxy, as on the pages")
        parser.add_argument("--distance", type=float, help="distance of the galaxy in Mpc")
        add_split_option(parser)
        parser.add_argument("--votes", type=int, help="votes that a candidate needs; default: 3")
        parser.add_argument("--simulated", action="store_true", help="the pixels are simulated")
        parser.add_argument(
            "--lossless",
            action="store_true",
            help="store every pixel exactly; whole numbers always are",
        )
        add_band_rule_options(parser)
        parser.add_argument(
            "--dry-run", action="store_true", help="read and check everything, write nothing"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Import the stamps, or only read them, and report."""
        progress = PrintedProgress(sys.stderr)
        paths = [path.expanduser() for path in options["path"]]
        with as_command_errors():
            remove_abandoned_imports()
            field = _field(options, paths)
            plan = plan_stamps(field, paths, _options(options), progress)
            if plan.existing:
                self.stdout.write(f"These stamps are in {field} already; nothing has changed.")
                self._report({"rows": plan.existing.rows, **plan.existing.report})
                return
            self._report_stamps(plan)
            if options["dry_run"]:
                self.stdout.write("Nothing was written (--dry-run).")
                return
            record = write_stamp_field(plan, _columns(options), progress)
        self.stdout.write(f"To take it back: manage.py remove_import {record.pk}")

    def _report_stamps(self, plan: CataloguePlan) -> None:
        """Print what was read."""
        stamps = plan.report["stamps"]
        bands = ", ".join(
            f"{band} {about['filter']}".strip() for band, about in stamps["bands"].items()
        )
        sizes = ", ".join(f"{n} of {size} px" for size, n in stamps["sizes"].items())
        self.stdout.write(f"{stamps['format']}: {bands}; stamps: {sizes}.")
        self._report(plan.report)


def _field(options: dict[str, Any], paths: list[Path]) -> Field:
    """Return the field, stored or new, with what the options say of it; it is not saved."""
    return draft_stamp_field(
        options["field"],
        paths,
        _stamp_options(options),
        **_columns(options),
    )


def _columns(options: dict[str, Any]) -> dict[str, Any]:
    """Return the columns of the field that the options give; None for the others."""
    return {
        "galaxy": options["galaxy"],
        "distance_mpc": options["distance"],
        "votes_needed": options["votes"],
        "split": options["split"],
        "pixel_scale_arcsec": options["pixel_scale"],
        "simulated": options["simulated"] or None,
    }


def _stamp_options(options: dict[str, Any]) -> StampOptions:
    bands = tuple(name for name in options["bands"].split(",") if name.strip())
    return StampOptions(bands, options["dataset"])


def _options(options: dict[str, Any]) -> StampImportOptions:
    if options["table"] is None and (options["reference"] or options["column"] or options["keep"]):
        raise CommandError("--column, --reference and --keep are about a table: add --table FILE.")
    return StampImportOptions(
        stamps=_stamp_options(options),
        table_path=options["table"] and options["table"].expanduser(),
        table=TableOptions(
            columns=parse_pairs(options["column"], "--column"),
            references=parse_pairs(options["reference"], "--reference"),
            table=options["table_name"],
            keep=tuple(options["keep"]),
        ),
        origin=options["origin"],
        lossless=options["lossless"],
        min_observed=options["min_observed"],
        min_detected=options["min_detected"],
    )
