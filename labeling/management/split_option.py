"""Option of commands for how a field's candidates are divided."""

from django.core.management.base import CommandParser

from labeling.rules.figure_question import FieldSplit


def add_split_option(parser: CommandParser) -> None:
    """Declare --split."""
    parser.add_argument(
        "--split",
        choices=FieldSplit.values,
        help="control sample of a field without candidates: random (the default) measures networks "
        "on the rest of the field, cells (sky cells with a guard) on new sky of it",
    )
