"""Copies of a database as JSON: the rows of every table, one a line, and the migrations applied.

The scripts of this folder import it as their neighbour, since `make.py` runs one of them on the
code of an older version.
"""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from django.apps import apps
from django.core.management.color import no_style
from django.db import connection, models, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder

SECRET_KEY = "signs the sessions of the copies"
Table = dict[str, Any]


def tables() -> dict[str, Table]:
    """Columns and rows of every table of the current models, in the order of their keys."""
    return {
        model._meta.db_table: {"columns": columns, "rows": _rows(model, columns)}
        for model in apps.get_models(include_auto_created=True)
        if (columns := [field.attname for field in model._meta.concrete_fields])
    }


def _rows(model: type[models.Model], columns: Sequence[str]) -> list[list[Any]]:
    rows = model._base_manager.order_by("pk").values_list(*columns)
    return json.loads(json.dumps([*map(list, rows)], default=str))


def write(path: Path) -> None:
    """Write all rows of the database, and which migrations it had."""
    applied = sorted(MigrationRecorder(connection).applied_migrations())
    parts = [f'{{"migrations": {json.dumps(applied)}, "tables": {{']
    for number, (name, table) in enumerate(tables().items()):
        rows = ",\n".join(json.dumps(row, ensure_ascii=False) for row in table["rows"])
        comma = "," if number else ""
        parts.append(f'{comma}\n"{name}": {{"columns": {json.dumps(table["columns"])}, "rows": [')
        parts.append(f"\n{rows}]}}")
    path.write_text("".join([*parts, "\n}}\n"]), encoding="utf-8")


def load(path: Path) -> None:
    """Fill an empty database: the tables as those migrations make them, and the rows."""
    copy = json.loads(path.read_text(encoding="utf-8"))
    executor = MigrationExecutor(connection)
    state = executor.migrate(_last_of_each_app(executor, copy["migrations"]))
    by_table = {
        model._meta.db_table: model
        for model in state.apps.get_models(include_auto_created=True)
        if model._meta.managed
    }
    with transaction.atomic(), connection.cursor() as cursor:
        for name in by_table:
            # What the migrations themselves have put in is among the rows.
            cursor.execute(f"DELETE FROM {connection.ops.quote_name(name)}")
        for name, table in copy["tables"].items():
            _insert(by_table[name], table["columns"], table["rows"])
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), list(by_table.values())):
            cursor.execute(statement)


def _last_of_each_app(
    executor: MigrationExecutor, applied: Iterable[Sequence[str]]
) -> list[tuple[str, str]]:
    """Those of the applied migrations that no other of their app builds on."""
    nodes = executor.loader.graph.node_map
    keys = {(app, name) for app, name in applied if (app, name) in nodes}
    earlier = {
        parent.key for key in keys for parent in nodes[key].parents if parent.key[0] == key[0]
    }
    return sorted(keys - earlier)


def _insert(
    model: type[models.Model], columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Write rows as they stand: no default, no `auto_now`."""
    fields = {field.attname: field for field in model._meta.concrete_fields}
    quoted = connection.ops.quote_name
    names = ", ".join(quoted(fields[column].column) for column in columns)
    holes = ", ".join(["%s"] * len(columns))
    sql = f"INSERT INTO {quoted(model._meta.db_table)} ({names}) VALUES ({holes})"
    values = [
        [
            fields[column].get_db_prep_save(fields[column].to_python(value), connection)
            for column, value in zip(columns, row, strict=True)
        ]
        for row in rows
    ]
    if values:
        with connection.cursor() as cursor:
            cursor.executemany(sql, values)
