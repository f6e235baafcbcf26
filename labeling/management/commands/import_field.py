"""manage.py import_field NAME --mosaic PATH ...: import a field's mosaics."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from labeling.ingest.mosaics import MosaicRequest, import_field
from labeling.management.import_errors import as_command_errors


class Command(BaseCommand):
    """Create or update a field from the FITS mosaics of its filters."""

    help = "Create or update a field from its FITS mosaics, with all of them or none."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("name", help="short name of the field, as in ngc1566")
        parser.add_argument(
            "--mosaic",
            action="append",
            required=True,
            metavar="[FILTER=]PATH[[HDU]]",
            help="a mosaic; FILTER overrides the header; HDU counts from 0",
        )
        parser.add_argument("--galaxy", help="name of the galaxy, as on the pages")
        parser.add_argument("--distance", type=float, help="distance of the galaxy in Mpc")
        parser.add_argument("--pixel-scale", type=float, help="arcsec; by default from the WCS")
        parser.add_argument("--no-wcs", action="store_true", help="import mosaics without a WCS")
        parser.add_argument("--simulated", action="store_true", help="the pixels are simulated")
        parser.add_argument("--votes", type=int, help="votes that a candidate needs; default: 3")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Import the mosaics, and print the field."""
        with as_command_errors():
            field = import_field(
                options["name"],
                [MosaicRequest.parse(text) for text in options["mosaic"]],
                needs_wcs=not options["no_wcs"],
                galaxy=options["galaxy"],
                distance_mpc=options["distance"],
                pixel_scale_arcsec=options["pixel_scale"],
                simulated=options["simulated"] or None,
                votes_needed=options["votes"],
            )
        scale = f"{field.pixel_scale_arcsec:.4f} arcsec/px"
        bands = ", ".join(f"{m.band} {m.filter}" for m in field.mosaics.all())
        self.stdout.write(f"Field {field}: {bands}; {scale}.")
