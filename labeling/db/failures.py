"""Failures of the storage that are nobody's mistake: the disk is full, the database is away."""

import errno
import sqlite3
from enum import Enum

import psycopg2.errors
from django.db import InterfaceError, OperationalError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_AWAY_SQLITE = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_READONLY,
}


class StorageFailure(Enum):
    """Why nothing can be stored at present; the same request may succeed later."""

    FULL = "The server's disk is full. Nothing was changed; try again when there is space."
    AWAY = "The database does not answer. Nothing was changed; try again in a few seconds."


def storage_failure(error: BaseException) -> StorageFailure | None:
    """Return which failure of the storage the error is, None for any other error."""
    if isinstance(error, OSError):
        return StorageFailure.FULL if error.errno in _FULL else None
    if not isinstance(error, OperationalError | InterfaceError):
        return None
    cause = error.__cause__
    if isinstance(cause, psycopg2.errors.DiskFull):
        return StorageFailure.FULL
    if isinstance(cause, sqlite3.Error):
        # The low byte is the kind; a missing table, for instance, is SQLITE_ERROR.
        code = getattr(cause, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_FULL:
            return StorageFailure.FULL
        return StorageFailure.AWAY if code in _AWAY_SQLITE else None
    return StorageFailure.AWAY
