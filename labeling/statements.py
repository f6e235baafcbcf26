"""Querysets whose SQL is written once, for the few that run at every vote.

Django writes the SQL of a queryset anew each time that it runs; for the long ones of the queue that
costs several times what the database takes to answer. A `Statement` is the same queryset with
`Given`s in the place of what changes, written once per process and planned by PostgreSQL once per
connection.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from itertools import count
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from weakref import WeakKeyDictionary

from django.db import connection
from django.db.models import Expression, Field, Model, QuerySet

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models.sql.compiler import SQLCompiler

M = TypeVar("M", bound=Model)


class Given(Expression):
    """Stands in a queryset for a value that is named when its statement runs.

    Where the database keeps such a value in a form of its own, `field` knows which.
    """

    def __init__(self, name: str, field: Field[Any, Any] | None = None) -> None:
        super().__init__(output_field=field)
        self.name = name
        self._field = field

    def as_sql(
        self, _compiler: SQLCompiler, _connection: BaseDatabaseWrapper
    ) -> tuple[str, tuple[Any, ...]]:
        """A place in the SQL, and itself for whoever fills it."""
        return "%s", (self,)

    def in_database(self, value: Any) -> Any:
        """The value as the database takes it."""
        if self._field:
            return self._field.get_db_prep_value(value, connection)
        return connection.ops.adapt_unknown_value(value)


class Statement(Generic[M]):
    """A queryset, built when it is first needed, ready to run again and again."""

    _numbers = count()
    _known: WeakKeyDictionary[Any, set[str]] = WeakKeyDictionary()
    """The statements that a connection to PostgreSQL has been told, by name."""

    def __init__(self, build: Callable[[], QuerySet[M, Any]]) -> None:
        self._build = build
        self._name = f"asterism_{next(self._numbers)}"

    def objects(self, **given: Any) -> list[M]:
        """The rows as model instances."""
        everything = self._queryset.model._default_manager
        return list(everything.raw(self._ready(), self._filled(given)))

    def rows(self, **given: Any) -> list[tuple[Any, ...]]:
        """The rows as the database has them."""
        ready = self._ready()
        with connection.cursor() as cursor:
            cursor.execute(ready, self._filled(given))
            return list(cursor.fetchall())

    @cached_property
    def _queryset(self) -> QuerySet[M, Any]:
        return self._build()

    @cached_property
    def _written(self) -> tuple[str, Sequence[Any]]:
        return self._queryset.query.sql_with_params()

    def _filled(self, given: dict[str, Any]) -> Sequence[Any]:
        places = self._written[1]
        return [x.in_database(given[x.name]) if isinstance(x, Given) else x for x in places]

    def _ready(self) -> str:
        """The SQL that runs it on this connection."""
        sql, places = self._written
        if connection.vendor != "postgresql":
            return sql
        connection.ensure_connection()
        known = self._known.setdefault(connection.connection, set())
        if self._name not in known:
            numbered = sql % tuple(f"${place}" for place in range(1, len(places) + 1))
            with connection.cursor() as cursor:
                cursor.execute(f"PREPARE {self._name} AS {numbered}")
            known.add(self._name)
        return f"EXECUTE {self._name} ({', '.join(['%s'] * len(places))})"
