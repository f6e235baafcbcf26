"""The database's clock: one for all hosts, whose own clocks may differ."""

from datetime import UTC, datetime, timedelta

from django.db import connection

MAX_AHEAD = timedelta(minutes=1)
"""Times further ahead of the database's clock were written while a clock was wrong."""

_NOW = {
    "postgresql": "SELECT STATEMENT_TIMESTAMP()",
    "sqlite": "SELECT STRFTIME('%Y-%m-%d %H:%M:%f', 'NOW')",
}


def database_now() -> datetime:
    """Return the database's time, by a query of its own: elsewhere `Now()` is part of a query."""
    with connection.cursor() as cursor:
        cursor.execute(_NOW[connection.vendor])
        (now,) = cursor.fetchone()
    # SQLite has no type for times, and gives them in UTC.
    time = now if isinstance(now, datetime) else datetime.fromisoformat(now)
    return time.replace(tzinfo=time.tzinfo or UTC)
