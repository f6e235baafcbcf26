"""manage.py import_field NAME --mosaic PATH ...: import a field's mosaics."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from labeling.ingest.abandoned import remove_abandoned
from labeling.ingest.mosaic_requests import MosaicRequest, StatedZeroPoint
from labeling.ingest.mosaics import FieldPlan, plan_field
from labeling.management.band_rule_options import add_band_rule_options
from labeling.management.import_errors import as_command_errors
from labeling.management.progress import PrintedProgress
from labeling.management.split_option import add_split_option
from labeling.number_texts import share_text


class Command(BaseCommand):
    """Create or update a field from the FITS mosaics of its filters."""

    help = "Create or update a field from its FITS mosaics, with all of them or none."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("name", help="short name of the field, as in ngc1566")
        parser.add_argument(
            "--mosaic",
            action="append",
            default=[],
            metavar="[FILTER=]PATH[[HDU[,PLANE]]]",
            help="a mosaic; FILTER overrides the header; HDU, and PLANE of a cube, count from 0",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="print what was recognised, and write nothing"
        )
        parser.add_argument(
            "--filters-from-names",
            action="store_true",
            help="take the filter from the name of a file where no header names it",
        )
        parser.add_argument(
            "--align",
            action="store_true",
            help="resample mosaics that have other pixels than the reference band's, keeping "
            "their flux, instead of refusing them; needs the package reproject",
        )
        parser.add_argument(
            "--zero-point",
            action="append",
            default=[],
            metavar="BAND=VALUE:SYSTEM",
            help="magnitude of one image unit, as in V=25.8325:Vega or V=25.78:AB; "
            "default: by the header",
        )
        parser.add_argument("--galaxy", help="name of the galaxy, as on the pages")
        parser.add_argument("--distance", type=float, help="distance of the galaxy in Mpc")
        parser.add_argument("--pixel-scale", type=float, help="arcsec; by default from the WCS")
        parser.add_argument("--no-wcs", action="store_true", help="import mosaics without a WCS")
        parser.add_argument("--simulated", action="store_true", help="the pixels are simulated")
        add_split_option(parser)
        parser.add_argument("--votes", type=int, help="votes that a candidate needs; default: 3")
        self.add_band_rule(parser)

    def add_band_rule(self, parser: CommandParser) -> None:
        """Declare in how many bands candidates must be observed and detected."""
        add_band_rule_options(parser)

    def handle(self, *_args: Any, **options: Any) -> None:
        """Import the mosaics, and print the field."""
        with as_command_errors():
            if not options["dry_run"]:
                remove_abandoned()
            plan = self.plan(options)
            if options["dry_run"]:
                self.stdout.write("A dry run: nothing is written.")
            else:
                plan.write(PrintedProgress(sys.stderr))
        self.stdout.write(report_text(plan))

    def plan(self, options: dict[str, Any]) -> FieldPlan:
        """Read and check the mosaics. Raises BadInput."""
        return plan_field(
            options["name"],
            [MosaicRequest.parse(text) for text in options["mosaic"]],
            needs_wcs=not options["no_wcs"],
            filters_from_names=options["filters_from_names"],
            align=options["align"],
            zero_points=[StatedZeroPoint.parse(text) for text in options["zero_point"]],
            progress=PrintedProgress(sys.stderr),
            galaxy=options["galaxy"],
            distance_mpc=options["distance"],
            pixel_scale_arcsec=options["pixel_scale"],
            simulated=options["simulated"] or None,
            votes_needed=options["votes"],
            split=options["split"],
            min_observed=options["min_observed"],
            min_detected=options["min_detected"],
        )


def report_text(plan: FieldPlan) -> str:
    """Return what was recognised: a line for the field, and some for each file."""
    mosaics = plan.report["mosaics"]
    bands = ", ".join(f"{row['band']} {row['filter']}" for row in mosaics) or "no new mosaics"
    lines = [f"Field {plan.name}: {bands}; {plan.report['pixel_scale_arcsec']:.4f} arcsec/px."]
    for row in mosaics:
        lines += [f"  {row['band']}: {text}" for text in _facts(row)]
        lines += [f"  {row['band']}: note: {note}" for note in row["notes"]]
    rule = plan.report["band_rule"]
    lines.append(
        f"  Candidates are put to the vote if observed in {rule['min_observed']} and detected in "
        f"{rule['min_detected']} bands (--min-observed, --min-detected)."
    )
    lines += [f"  To confirm: {question}" for question in plan.questions]
    return "\n".join(lines)


def _facts(row: dict[str, Any]) -> list[str]:
    """Return what was recognised in one file, in two lines."""
    place = str(row["hdu"]) if row["plane"] is None else f"{row['hdu']}, plane {row['plane']}"
    name = f" {row['hdu_name']}" if row["hdu_name"] else ""
    ab, vega = row["zero_point_ab"], row["zero_point_vega"]
    zero_points = [f"{v:.3f} {s}" for v, s in ((vega, "Vega"), (ab, "AB")) if v is not None]
    source = f" ({row['zero_point_source']})" if zero_points else ""
    stars = "too few stars" if row["star_fwhm_px"] is None else f"{row['star_fwhm_px']:.2f} px"
    scale = row["pixel_scale_arcsec"]
    return [
        f"{row['filter']} ({row['band_source']}), {row['path']} HDU {place}{name}, "
        f"{row['width']} x {row['height']} px, "
        + (f"{scale:.4f} arcsec/px" if scale is not None else "no WCS"),
        f"unit {row['unit'] or 'unknown'}, zero point {', '.join(zero_points) or 'unknown'}"
        f"{source}, sky {row['sky']:.4g} ± {row['sky_sigma']:.2g}, FWHM of stars {stars}, "
        f"offset {row['offset_px'][0]:+.2f}, {row['offset_px'][1]:+.2f} px, covers "
        f"{share_text(row['covered_share'])} of the frame",
    ]
