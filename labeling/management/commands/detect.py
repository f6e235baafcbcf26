"""manage.py detect FIELD FILE: make a catalogue from the field's mosaics."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from labeling.imaging.selection_figures import draw_selection
from labeling.ingest.mosaics import no_mosaics
from labeling.ingest.source_catalogue import check_format, make_catalogue
from labeling.management.import_errors import as_command_errors
from labeling.management.source_options import (
    NONE,
    add_detection_options,
    add_selection_options,
    source_options,
)
from labeling.models import Field
from labeling.number_texts import count_text


class Command(BaseCommand):
    """Detect and measure sources, and write them as a catalogue that import_catalogue reads."""

    help = (
        "Detect sources on a field's mosaics, measure them in all bands, select candidates if "
        "wished, and write a catalogue for import_catalogue: id, x, y, ra, dec, mag_FILTER and "
        "err_FILTER (Vega), ci, snr."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("field", help="name of a field that import_field made")
        parser.add_argument("file", type=Path, help="catalogue to write: .ecsv, .csv or .fits")
        add_detection_options(parser, band=None)
        add_selection_options(parser, min_ci=NONE, max_error=NONE, faintest=NONE)

    def handle(self, *_args: Any, **options: Any) -> None:
        """Detect and select the sources, write them, and report what was done."""
        field = _field(options["field"])
        mosaics = field.mosaic_by_band
        if not mosaics:
            raise CommandError(no_mosaics(field))
        path = options["file"].expanduser()
        with as_command_errors():
            check_format(path)
            wishes = source_options(options, field.distance_mpc, None)
            catalogue = make_catalogue(mosaics, wishes)
        try:
            catalogue.write(path)
            if options["figures"]:
                draw_selection(
                    options["figures"].expanduser(),
                    catalogue.photometry,
                    catalogue.selection,
                    catalogue.cuts,
                )
        except OSError as error:
            raise CommandError(f"{path}: cannot be written ({error.strerror}).") from None
        self.stdout.write("\n  ".join(catalogue.sentences()))
        self.stdout.write(f"{count_text(len(catalogue.table), 'source')} in {path}.")


def _field(name: str) -> Field:
    """Return the field. Raises CommandError."""
    field = Field.objects.filter(name=name).first()
    if field is None:
        raise CommandError(f"There is no field {name}: run import_field first.")
    return field
