"""manage.py build_field NAME --mosaic PATH ...: a field with candidates, from mosaics alone."""

import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from labeling.imaging.selection_figures import draw_selection
from labeling.ingest.abandoned import remove_abandoned
from labeling.ingest.catalogues import CatalogueOptions
from labeling.ingest.errors import BadInput
from labeling.ingest.field_building import FieldBuild, plan_build
from labeling.ingest.source_catalogue import WHITE, check_format
from labeling.management.band_rule_options import add_min_observed
from labeling.management.catalogue_lines import catalogue_lines
from labeling.management.commands import import_field
from labeling.management.import_errors import as_command_errors
from labeling.management.progress import PrintedProgress
from labeling.management.source_options import (
    MEASURED,
    add_detection_options,
    add_selection_options,
    source_options,
)
from labeling.number_texts import count_text
from labeling.rules.selection import FAINTEST_M_V, MAX_ERROR_MAG

_PREVIEW_ROWS = 5


class Command(import_field.Command):
    """Import mosaics, detect and select candidates on them, and import these."""

    help = (
        "Make a field from mosaics without a catalogue: import them as import_field does, detect, "
        "measure and select candidates as LEGUS does, and import these. All or nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options: those of import_field, of the detection and of the selection."""
        super().add_arguments(parser)
        add_detection_options(parser, band=WHITE)
        add_selection_options(
            parser, min_ci=MEASURED, max_error=MAX_ERROR_MAG, faintest=FAINTEST_M_V
        )
        parser.add_argument(
            "--catalogue",
            type=Path,
            metavar="FILE",
            help="catalogue to write: .ecsv, .csv or .fits; default: in ASTERISM_HOME/catalogues",
        )

    def add_band_rule(self, parser: CommandParser) -> None:
        """Declare --min-observed; --min-detected is one of the cuts."""
        add_min_observed(parser)

    def handle(self, *_args: Any, **options: Any) -> None:
        """Build the field, or report what would be built."""
        progress = PrintedProgress(sys.stderr)
        path = _catalogue_path(options)
        with as_command_errors():
            check_format(path)
            if not options["dry_run"]:
                remove_abandoned()
            plan = self.plan(options)
            self.stdout.write(import_field.report_text(plan))
            if plan.questions:
                raise BadInput(plan.questions[0])
            wishes = source_options(options, None, FAINTEST_M_V)
            build = plan_build(plan, wishes, progress)
            self.stdout.write("\n  ".join(build.catalogue.sentences()))
            if options["dry_run"]:
                self._preview(build, path.name, options["figures"])
            else:
                self._write(build, path, options)

    def _preview(self, build: FieldBuild, name: str, figures: Path | None) -> None:
        """Print the first candidates, and what their import would do; draw figures if wanted."""
        report = build.plan(name, CatalogueOptions(), PrintedProgress(sys.stderr)).report
        for line in catalogue_lines(report):
            self.stdout.write(line)
        self.stdout.write("\n".join(build.catalogue.table[:_PREVIEW_ROWS].pformat(max_width=-1)))
        if figures:
            self._draw(build, figures.expanduser())
        self.stdout.write("A dry run: nothing is written.")

    def _write(self, build: FieldBuild, path: Path, options: dict[str, Any]) -> None:
        """Write everything, and report the candidates."""
        record = build.write(path, CatalogueOptions(), PrintedProgress(sys.stderr))
        figures = options["figures"]
        self._draw(build, figures.expanduser() if figures else path.with_suffix(""))
        count = record.report["candidates"]
        self.stdout.write(
            f"{count_text(count, 'candidate')} in field {record.field}; catalogue {path}."
        )

    def _draw(self, build: FieldBuild, folder: Path) -> None:
        catalogue = build.catalogue
        draw_selection(folder, catalogue.photometry, catalogue.selection, catalogue.cuts)
        self.stdout.write(f"Figures of the selection in {folder}.")


def _catalogue_path(options: dict[str, Any]) -> Path:
    """Return where the catalogue is written."""
    chosen: Path | None = options["catalogue"]
    default: Path = settings.HOME / "catalogues" / f"{options['name']}.ecsv"
    return chosen.expanduser() if chosen else default
