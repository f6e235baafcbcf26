"""Querysets whose SQL is written once, for the few that run at every vote.

Django writes the SQL of a queryset anew each time that it runs; for the long ones of the queue that
costs several times what the database takes to answer. A `Statement` is the same queryset with
`Given`s in the place of what changes, written once per process.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from django.db import connection
from django.db.models import Expression, Model, QuerySet

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models.sql.compiler import SQLCompiler

M = TypeVar("M", bound=Model)


class Given(Expression):
    """Stands in a queryset for a value that is named when its statement runs."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def as_sql(
        self, _compiler: SQLCompiler, _connection: BaseDatabaseWrapper
    ) -> tuple[str, tuple[Any, ...]]:
        """A place in the SQL, and itself for whoever fills it."""
        return "%s", (self,)


class Statement(Generic[M]):
    """A queryset, ready to run again and again."""

    def __init__(self, queryset: QuerySet[M, Any]) -> None:
        self._queryset = queryset

    @cached_property
    def _written(self) -> tuple[str, Sequence[Any]]:
        return self._queryset.query.sql_with_params()

    def _filled(self, given: dict[str, Any]) -> Sequence[Any]:
        return [given[x.name] if isinstance(x, Given) else x for x in self._written[1]]

    def objects(self, **given: Any) -> list[M]:
        """The rows as model instances."""
        return list(
            self._queryset.model._default_manager.raw(self._written[0], self._filled(given))
        )

    def rows(self, **given: Any) -> list[tuple[Any, ...]]:
        """The rows as the database has them."""
        adapted = map(connection.ops.adapt_unknown_value, self._filled(given))
        with connection.cursor() as cursor:
            cursor.execute(self._written[0], list(adapted))
            return list(cursor.fetchall())
