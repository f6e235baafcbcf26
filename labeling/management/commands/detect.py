"""manage.py detect FIELD FILE: make a catalogue by detection on one of the field's mosaics."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from classifier.core.bands import band_of, reference_band
from labeling.imaging.detection import detect
from labeling.imaging.mosaics import UnusableImage
from labeling.models import Field


class Command(BaseCommand):
    """Detect sources and write them as a catalogue that import_catalogue reads."""

    help = "Detect sources on one band of a field; writes a catalogue for import_catalogue."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("field", help="name of a field that import_field made")
        parser.add_argument("file", type=Path, help="catalogue to write, .ecsv or .csv")
        parser.add_argument("--band", help="band or filter; default: the reference band")
        parser.add_argument("--sigma", type=float, default=5.0, help="threshold over the noise")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Detect the sources, write them, and print their number."""
        mosaics = {m.band: m for m in _field(options["field"]).mosaics.all()}
        try:
            band = band_of(options["band"]) if options["band"] else reference_band(mosaics)
        except ValueError as error:
            raise CommandError(f"--band: {error}.") from None
        if band not in mosaics:
            raise CommandError(f"Field {options['field']} has no mosaic in band {band}.")
        mosaic = mosaics[band]
        try:
            image = mosaic.read().image
        except UnusableImage as error:
            raise CommandError(str(error)) from None
        table = detect(image, options["sigma"])
        path = options["file"]
        formats = {".ecsv": "ascii.ecsv", ".csv": "ascii.csv"}
        if path.suffix not in formats:
            raise CommandError(f"{path}: the ending must be .ecsv or .csv.")
        try:
            table.write(path, format=formats[path.suffix], overwrite=True)
        except OSError as error:
            raise CommandError(f"{path}: cannot be written ({error.strerror}).") from None
        self.stdout.write(f"{len(table)} sources on {mosaic} in {path}.")


def _field(name: str) -> Field:
    """Return the field. Raises CommandError."""
    field = Field.objects.filter(name=name).first()
    if field is None:
        raise CommandError(f"There is no field {name}: run import_field first.")
    return field
