"""Errors of imports as commands print them: one line without a traceback."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.core.management.base import CommandError
from django.db import DatabaseError

from classifier.core.errors import PackError
from labeling.ingest.errors import BadInput
from labeling.management.database_errors import remedy


@contextmanager
def as_command_errors() -> Iterator[None]:
    """Turn what an import raises for bad input, a full disk or a database into CommandError."""
    try:
        yield
    except (BadInput, PackError) as error:
        raise CommandError(str(error)) from None
    except OSError as error:
        place = error.filename or settings.HOME
        raise CommandError(f"The import stopped: {error.strerror or error} ({place}).") from error
    except DatabaseError as error:
        if sentence := remedy(error):
            raise CommandError(sentence) from None
        reason = (str(error).strip().splitlines() or ["no reason given"])[0]
        raise CommandError(f"The import stopped: {reason} (database).") from error
