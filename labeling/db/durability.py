"""System checks: a transaction that the database has confirmed survives a power cut.

On SQLite and in sessions on PostgreSQL the settings of `deploy.settings` see to it; a server's
`fsync`, and sessions behind a connection pooler, are its administrator's.
"""

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

_FULL = 2
_ON_DISK = {"on", "local", "remote_write", "remote_apply"}
"""Values of synchronous_commit that wait for this server's disk."""


@register(Tags.database)
def check_durability(databases: Sequence[str] | None = None, **_options: Any) -> list[CheckMessage]:
    """Report each setting by which a power cut could take back a confirmed vote."""
    messages: list[CheckMessage] = []
    for alias in databases or []:
        check = _CHECKS.get(connections[alias].vendor)
        messages.extend(check(connections[alias]) if check else [])
    return messages


def _check_sqlite(db: BaseDatabaseWrapper) -> list[CheckMessage]:
    synchronous = int(_value(db, "PRAGMA synchronous"))
    if synchronous >= _FULL:
        return []
    return [
        Error(
            f"SQLite confirms votes before they are on disk (synchronous is {synchronous}).",
            hint="Set it to FULL.",
            id="asterism.E011",
        )
    ]


def _check_postgresql(db: BaseDatabaseWrapper) -> list[CheckMessage]:
    messages: list[CheckMessage] = []
    if (value := _value(db, "SHOW synchronous_commit")) not in _ON_DISK:
        messages.append(
            Error(
                f"PostgreSQL confirms votes before they are on disk (synchronous_commit is {value}"
                " in our sessions).",
                hint="Behind a connection pooler, set it to on in the server's configuration.",
                id="asterism.E012",
            )
        )
    if (value := _value(db, "SHOW fsync")) != "on":
        messages.append(
            Warning(
                f"PostgreSQL does not wait for the disk (fsync is {value}): a power cut can lose "
                "votes, or the database.",
                hint="Set fsync to on in the server's configuration.",
                id="asterism.W011",
            )
        )
    return messages


_CHECKS = {"sqlite": _check_sqlite, "postgresql": _check_postgresql}


def _value(db: BaseDatabaseWrapper, query: str) -> str:
    with db.cursor() as cursor:
        cursor.execute(query)
        return str(cursor.fetchone()[0])
