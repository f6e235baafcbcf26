"""Locks of whole tables, on PostgreSQL; SQLite has one writer at a time."""

from django.db import connection, models


def wait_for_writers(model: type[models.Model]) -> None:
    """Wait until the transactions that write to this table have ended; others begin after ours.

    The server may still commit the transaction of a client that is dead.
    """
    if connection.vendor == "postgresql":
        table = connection.ops.quote_name(model._meta.db_table)
        with connection.cursor() as cursor:
            cursor.execute(f"LOCK TABLE {table} IN SHARE MODE")
