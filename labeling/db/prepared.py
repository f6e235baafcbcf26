"""Prepared queries: the few that run at every vote, compiled once and planned once.

Django writes the SQL of a queryset anew each time that it runs; for the long ones of the queue that
takes several times as long as the answer. A `PreparedQuery` is a queryset with a `Param` for each
value that changes: compiled once per process, and on PostgreSQL planned once per connection.
docs/prepared-queries.md says when to use one, what it costs, and how to turn it off.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from itertools import count
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar
from weakref import WeakKeyDictionary

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.models import AutoField, Expression, Field, Model, QuerySet

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.backends.utils import CursorWrapper
    from django.db.models.sql.compiler import SQLCompiler

M = TypeVar("M", bound=Model)

_TABLE_SCANS = tuple(
    f"enable_{method}" for method in ("seqscan", "material", "hashjoin", "mergejoin", "sort")
)
"""PostgreSQL's methods that read whole tables."""
# A plan without them seems so costly to PostgreSQL that it would be compiled, which takes 90 ms.
_INDEXES_ONLY = "".join(f"SET LOCAL {option} = off; " for option in (*_TABLE_SCANS, "jit"))


class Param(Expression):
    """A parameter of a prepared query; `field` converts its values for the database if given."""

    def __init__(self, name: str, field: Field[Any, Any] | None = None) -> None:
        super().__init__(output_field=field)
        self.name = name
        self._field = field

    def as_sql(
        self, _compiler: SQLCompiler, _connection: BaseDatabaseWrapper
    ) -> tuple[str, tuple[Any, ...]]:
        """Return a placeholder, with this parameter in place of its value."""
        return "%s", (self,)

    def db_value(self, value: Any, db: BaseDatabaseWrapper) -> Any:
        """Return the value in the form that the database takes."""
        if self._field:
            return self._field.get_db_prep_value(value, db)
        return db.ops.adapt_unknown_value(value)


class PreparedSQL:
    """SQL with placeholders, prepared once per connection where PREPARED_QUERIES is on."""

    _numbers = count()
    _prepared: WeakKeyDictionary[Any, set[str]] = WeakKeyDictionary()
    """Names of the statements that each connection has prepared."""

    def __init__(self) -> None:
        self._name = f"asterism_{next(self._numbers)}"

    def execute(
        self, sql: str, values: Sequence[Any], db: BaseDatabaseWrapper, *, by_index: bool = False
    ) -> CursorWrapper:
        """Run the SQL and return its cursor, which the caller closes."""
        if db.vendor == "postgresql":
            sql = (_INDEXES_ONLY if by_index else "") + self.statement(sql, len(values), db)
        cursor = db.cursor()
        cursor.execute(sql, values)
        return cursor

    def statement(self, sql: str, n_values: int, db: BaseDatabaseWrapper) -> str:
        """Return what runs the SQL on this PostgreSQL connection, which prepares it if needed."""
        if not settings.PREPARED_QUERIES:
            return sql
        db.ensure_connection()
        prepared = self._prepared.setdefault(db.connection, set())
        if self._name not in prepared:
            self._prepare(sql, n_values, db)
            prepared.add(self._name)
        return f"EXECUTE {self._name} ({', '.join(['%s'] * n_values)})"

    def _prepare(self, sql: str, n_values: int, db: BaseDatabaseWrapper) -> None:
        numbered = sql % tuple(f"${number}" for number in range(1, n_values + 1))
        steps = [
            *(f"SET {option} = off" for option in _TABLE_SCANS),
            f"PREPARE {self._name} AS {numbered}",
            # The generic plan is made, and kept, while only indexes may be used.
            f"EXPLAIN EXECUTE {self._name} ({', '.join(['NULL'] * n_values)})",
            *(f"RESET {option}" for option in _TABLE_SCANS),
        ]
        with db.cursor() as cursor:
            cursor.execute("; ".join(steps))


class PreparedQuery(PreparedSQL, Generic[M]):
    """A queryset that is built when first needed and then runs again and again.

    `lock` is a locking clause that Django cannot express, for PostgreSQL. `by_index` forbids table
    scans to this query and to what follows in the same transaction.
    """

    def __init__(
        self,
        build: Callable[[], QuerySet[M, Any]],
        lock: str = "",
        *,
        by_index: bool = False,
    ) -> None:
        super().__init__()
        self._build = build
        self._lock = lock
        self._by_index = by_index

    def objects(self, **params: Any) -> list[M]:
        """Return the rows as model instances."""
        return [instance for instance, _ in self.annotated(**params)]

    def annotated(self, **params: Any) -> list[tuple[M, dict[str, Any]]]:
        """Return the rows as model instances, each with the values of the annotations."""
        names, annotations, converters = self._columns
        rows: Iterable[Sequence[Any]] = self.rows(**params)
        if converters:
            rows = self._compiled[0].apply_converters(rows, converters)
        from_db = self._queryset.model.from_db
        return [
            (
                from_db(DEFAULT_DB_ALIAS, names, row[: len(names)]),
                {name: row[position] for name, position in annotations},
            )
            for row in rows
        ]

    def rows(self, **params: Any) -> list[tuple[Any, ...]]:
        """Return the rows as the database sends them."""
        _, sql, arguments = self._compiled
        db = connections[DEFAULT_DB_ALIAS]
        values = [
            arg.db_value(params[arg.name], db) if isinstance(arg, Param) else arg
            for arg in arguments
        ]
        with self.execute(sql, values, db, by_index=self._by_index) as cursor:
            return list(cursor.fetchall())

    @cached_property
    def _queryset(self) -> QuerySet[M, Any]:
        return self._build()

    @cached_property
    def _compiled(self) -> tuple[SQLCompiler, str, Sequence[Any]]:
        compiler = self._queryset.query.get_compiler(DEFAULT_DB_ALIAS)
        sql, arguments = compiler.as_sql()
        lock = self._lock if connection.features.has_select_for_update else ""
        return compiler, f"{sql} {lock}", arguments

    @cached_property
    def _columns(self) -> tuple[list[str], list[tuple[str, int]], Any]:
        """Names of the model's columns, which come first; annotations by position; converters."""
        compiler, *_ = self._compiled
        columns: list[Any] = [column for column, *_ in compiler.select or ()]
        annotations = list((compiler.annotation_col_map or {}).items())
        n_fields = len(columns) - len(annotations)
        names = [column.target.attname for column in columns[:n_fields]]
        return names, annotations, compiler.get_converters(columns)


class PreparedWrite(PreparedSQL, Generic[M], ABC):
    """A write of one row of a model."""

    def __init__(self, model: type[M], *names: str) -> None:
        super().__init__()
        self._model = model
        self._names = names

    @abstractmethod
    def values(self, row: M, db: BaseDatabaseWrapper) -> list[Any]:
        """Return the values for the placeholders of the SQL."""

    @cached_property
    @abstractmethod
    def sql(self) -> str:
        """The statement, with placeholders."""

    @property
    def _table(self) -> str:
        return connection.ops.quote_name(self._model._meta.db_table)

    @property
    def _pk(self) -> str:
        return column(self._model._meta.pk)


class Upsert(PreparedWrite[M]):
    """Insert a row of a model, or update the one that has the same key; no key: insert only."""

    def __call__(self, row: M) -> None:
        """Write the row and set the primary key that the database gave it."""
        db = connections[DEFAULT_DB_ALIAS]
        with self.execute(self.sql, self.values(row, db), db) as cursor:
            (pk,) = cursor.fetchone()
        row.pk = pk if row.pk is None else row.pk

    def values(self, row: M, db: BaseDatabaseWrapper) -> list[Any]:
        """Return the values of a row, which counts as saved from now on."""
        values = db_values(row, self._fields, db, add=True)
        row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS
        return values

    @cached_property
    def _fields(self) -> list[Field[Any, Any]]:
        return [f for f in self._model._meta.concrete_fields if not isinstance(f, AutoField)]

    @cached_property
    def sql(self) -> str:
        """INSERT, with ON CONFLICT if there is a key."""
        columns = [column(field) for field in self._fields]
        key = [column(self._model._meta.get_field(name)) for name in self._names]
        updates = ", ".join(f"{name} = EXCLUDED.{name}" for name in columns if name not in key)
        conflict = f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {updates} " if key else ""
        into = f"INSERT INTO {self._table} ({', '.join(columns)})"
        marks = ", ".join(["%s"] * len(columns))
        return f"{into} VALUES ({marks}) {conflict}RETURNING {self._pk}"


class Update(PreparedWrite[M]):
    """Update some fields of a row."""

    def values(self, row: M, db: BaseDatabaseWrapper) -> list[Any]:
        """Return the present values of the fields, and the primary key."""
        return [*db_values(row, self._fields, db, add=False), row.pk]

    @cached_property
    def _fields(self) -> list[Any]:
        return [self._model._meta.get_field(name) for name in self._names]

    @cached_property
    def sql(self) -> str:
        """UPDATE of one row."""
        updates = ", ".join(f"{column(field)} = %s" for field in self._fields)
        return f"UPDATE {self._table} SET {updates} WHERE {self._pk} = %s"


class Delete(PreparedWrite[M]):
    """Delete a row of a model that no other row refers to; a missing row is no error."""

    def values(self, row: M, db: BaseDatabaseWrapper) -> list[Any]:
        """Return the primary key."""
        return [row.pk]

    @cached_property
    def sql(self) -> str:
        """DELETE of one row."""
        return f"DELETE FROM {self._table} WHERE {self._pk} = %s"


Write: TypeAlias = tuple[PreparedWrite[Any], Model]
"""A write, and the row that it writes."""


def execute_together(writes: Iterable[Write]) -> None:
    """Execute writes, each of a row that has its primary key, in this order.

    On PostgreSQL they are one round trip.
    """
    db = connections[DEFAULT_DB_ALIAS]
    bound = [(write, write.values(row, db)) for write, row in writes]
    if db.vendor != "postgresql":
        for write, values in bound:
            write.execute(write.sql, values, db).close()
        return
    statements = [write.statement(write.sql, len(values), db) for write, values in bound]
    if not statements:
        return
    with db.cursor() as cursor:
        cursor.execute("; ".join(statements), [x for _, values in bound for x in values])


def db_values(row: Model, fields: Sequence[Any], db: Any, *, add: bool) -> list[Any]:
    """Return the row's values of these fields as the database stores them."""
    return [f.get_db_prep_save(f.pre_save(row, add), db) for f in fields]


def column(field: Any) -> str:
    """Return the name of the field's column, quoted for SQL."""
    return connection.ops.quote_name(field.column)
