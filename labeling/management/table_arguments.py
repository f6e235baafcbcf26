"""Options of commands that read a table, and what they say as TableOptions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandError, CommandParser

from labeling.ingest.column_descriptions import SHIPPED
from labeling.ingest.sky_columns import FRAMES
from labeling.ingest.table_format import FORMATS
from labeling.ingest.table_options import TableOptions


def parse_pairs(texts: list[str] | None, option: str) -> dict[str, str]:
    """Parse `A=B` options as a mapping. Raises CommandError."""
    mapping = {}
    for text in texts or []:
        key, equals, value = text.rpartition("=")
        if not equals or not key or not value:
            raise CommandError(f"{option} {text}: write it as LEFT=RIGHT.")
        mapping[key.strip()] = value.strip()
    return mapping


def add_table_arguments(parser: CommandParser, *, columns: str) -> None:
    """Declare the options that every table has; `columns` is an example of a mapped column."""
    group = parser.add_argument_group("reading the table")
    group.add_argument(
        "--column",
        action="append",
        metavar="OURS=THEIRS",
        help=f"a column of the file by its name or its number, e.g. --column {columns}",
    )
    group.add_argument("--table", help="name or number of the table in a file that holds several")
    group.add_argument(
        "--table-format", choices=FORMATS, help="default: recognised by content and name"
    )
    group.add_argument(
        "--no-header", action="store_true", help="the columns have no names, but numbers from 1"
    )
    group.add_argument(
        "--missing",
        action="append",
        default=[],
        metavar="CELL",
        help="a cell that means “no value”, besides the usual ones, e.g. --missing=-1",
    )


def add_catalogue_arguments(parser: CommandParser) -> None:
    """Declare the options of a catalogue's table besides those of every table."""
    add_table_arguments(parser, columns="x=X_IMAGE")
    group = parser.add_argument_group("reading the catalogue")
    group.add_argument(
        "--reference",
        action="append",
        metavar="SOURCE=COLUMN",
        help="a column of classes 0-4, stored as reference labels of that source "
        "(a column number, from 1, in a table without a header)",
    )
    group.add_argument(
        "--artefact-classes",
        action="store_true",
        help="class numbers above 4 are kinds of artefacts: class 4",
    )
    group.add_argument(
        "--description",
        metavar="FILE",
        help="a text that describes the columns by number, such as LEGUS's own, or one of "
        f"{', '.join(SHIPPED)}",
    )
    group.add_argument(
        "--frame",
        metavar="NAME[:EQUINOX]",
        help=f"sky frame of RA and Dec: {', '.join(FRAMES)} …, e.g. fk4:B1950; "
        "default: what the file says, or ICRS",
    )
    group.add_argument(
        "--unit",
        action="append",
        metavar="OURS=UNIT",
        help="unit of a column where the file says none, or a wrong one, e.g. --unit ra=hour",
    )
    group.add_argument(
        "--keep",
        action="append",
        default=[],
        metavar="COLUMN",
        help="a further column to keep with the candidates; NEWNAME=COLUMN gives it another name",
    )


def table_options(options: Mapping[str, Any]) -> TableOptions:
    """Return what the options of a command say. Raises CommandError."""
    return TableOptions(
        columns=parse_pairs(options["column"], "--column"),
        references=parse_pairs(options.get("reference"), "--reference"),
        table=options["table"],
        format=options["table_format"],
        header=not options["no_header"],
        description=options.get("description"),
        frame=options.get("frame"),
        units=parse_pairs(options.get("unit"), "--unit"),
        missing=tuple(options["missing"]),
        artefact_classes=bool(options.get("artefact_classes")),
        keep=tuple(options.get("keep", ())),
    )
