"""What to do about errors of the database that a user can mend."""

import re

from django.conf import settings
from django.db import DatabaseError

_REMEDIES = (
    (
        re.compile(r"no such (table|column)|(relation|column) \S+ does not exist"),
        "The database has no tables of this version: run the command `migrate` first (`serve` "
        "does so by itself).",
    ),
    (
        re.compile(r"readonly database|read-only|unable to open database file"),
        "The database in {home} cannot be written: set ASTERISM_HOME to a folder that you may "
        "write to.",
    ),
)


def remedy(error: DatabaseError) -> str:
    """Return a sentence for the user; empty for other errors."""
    for pattern, sentence in _REMEDIES:
        if pattern.search(str(error)):
            return sentence.format(home=settings.HOME)
    return ""
