"""Options of commands for the band rule."""

from django.core.management.base import CommandParser

from classifier.core.bands import BANDS


def add_band_rule_options(parser: CommandParser) -> None:
    """Declare --min-observed and --min-detected."""
    add_min_observed(parser)
    parser.add_argument(
        "--min-detected",
        type=int,
        choices=range(len(BANDS) + 1),
        help="bands in which a candidate must have a magnitude, if the catalogue has any; default: "
        "as the field has it, at first 4",
    )


def add_min_observed(parser: CommandParser) -> None:
    """Declare --min-observed."""
    parser.add_argument(
        "--min-observed",
        type=int,
        choices=range(1, len(BANDS) + 1),
        help="bands that must cover a candidate; default: as the field has it, at first 4",
    )
