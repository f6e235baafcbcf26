"""Querysets whose SQL is written once, for the few that run at every vote.

Django writes the SQL of a queryset anew each time that it runs; for the long ones of the queue that
costs several times what the database takes to answer. A `Statement` is the same queryset with
`Given`s in the place of what changes, written once per process and planned by PostgreSQL once per
connection.

Its first plan looks up each row by an index, which no number of rows makes bad. By statistics it
believes right after an import that nobody has voted, and would read all votes for each candidate
until it counts anew, thousands of votes later. It plans anew whenever it has counted; statements
that walk over many rows are kept to indices then as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from weakref import WeakKeyDictionary

from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.backends.signals import connection_created
from django.db.models import AutoField, Expression, Field, Model, QuerySet
from django.dispatch import receiver

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.backends.utils import CursorWrapper
    from django.db.models.sql.compiler import SQLCompiler

M = TypeVar("M", bound=Model)

_NOT_BY_INDEX = tuple(
    f"enable_{way}" for way in ("seqscan", "material", "hashjoin", "mergejoin", "sort")
)
"""Ways of PostgreSQL to read whole tables."""
_BY_INDEX = "".join(f"SET LOCAL {way} = off; " for way in _NOT_BY_INDEX)


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

    def in_database(self, value: Any, db: BaseDatabaseWrapper) -> Any:
        """The value as the database takes it."""
        if self._field:
            return self._field.get_db_prep_value(value, db)
        return db.ops.adapt_unknown_value(value)


class _Prepared:
    """SQL with places for values, which PostgreSQL plans once per connection."""

    _numbers = count()
    _known: WeakKeyDictionary[Any, set[str]] = WeakKeyDictionary()
    """What a connection has been told already, by name."""

    def __init__(self) -> None:
        self._name = f"asterism_{next(self._numbers)}"

    def _run(
        self, sql: str, values: Sequence[Any], db: BaseDatabaseWrapper, *, by_index: bool = False
    ) -> CursorWrapper:
        """A cursor that has run it; the caller closes it."""
        if db.vendor == "postgresql":
            sql = (_BY_INDEX if by_index else "") + self._ready(sql, len(values), db)
        cursor = db.cursor()
        cursor.execute(sql, values)
        return cursor

    def _ready(self, sql: str, places: int, db: BaseDatabaseWrapper) -> str:
        """The SQL that runs it on this connection, which may have to be told first."""
        db.ensure_connection()
        known = self._known.setdefault(db.connection, set())
        if self._name not in known:
            numbered = sql % tuple(f"${place}" for place in range(1, places + 1))
            steps = [
                *(f"SET {way} = off" for way in _NOT_BY_INDEX),
                f"PREPARE {self._name} AS {numbered}",
                # The plan that is kept is made here, whatever the values.
                f"EXPLAIN EXECUTE {self._name} ({', '.join(['NULL'] * places)})",
                *(f"RESET {way}" for way in _NOT_BY_INDEX),
            ]
            with db.cursor() as cursor:
                cursor.execute("; ".join(steps))
            known.add(self._name)
        return f"EXECUTE {self._name} ({', '.join(['%s'] * places)})"


@receiver(connection_created)
def _keep_plans(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Have PostgreSQL keep the plan of what is prepared, plan nothing twice, and compile nothing.

    What it must do in a way that is off looks endless to it, and worth the compiler's 90 ms.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET plan_cache_mode = force_generic_plan; SET jit = off")


class Statement(_Prepared, Generic[M]):
    """A queryset, built when it is first needed, ready to run again and again."""

    def __init__(
        self,
        build: Callable[[], QuerySet[M, Any]],
        lock: str = "",
        *,
        by_index: bool = False,
    ) -> None:
        """`lock` is one of PostgreSQL's that Django has no word for.

        `by_index` holds for all that follows in the same transaction.
        """
        super().__init__()
        self._build = build
        self._lock = lock
        self._by_index = by_index

    def objects(self, **given: Any) -> list[M]:
        """The rows as model instances."""
        names, more, converters = self._read_as
        rows: Iterable[Sequence[Any]] = self.rows(**given)
        if converters:
            rows = self._compiled[0].apply_converters(rows, converters)
        found = []
        for row in rows:
            one = self._queryset.model.from_db(DEFAULT_DB_ALIAS, names, row[: len(names)])
            for name, position in more:
                setattr(one, name, row[position])
            found.append(one)
        return found

    def rows(self, **given: Any) -> list[tuple[Any, ...]]:
        """The rows as the database has them."""
        _, sql, places = self._compiled
        db = connections[DEFAULT_DB_ALIAS]
        values = [x.in_database(given[x.name], db) if isinstance(x, Given) else x for x in places]
        with self._run(sql, values, db, by_index=self._by_index) as cursor:
            return list(cursor.fetchall())

    @cached_property
    def _queryset(self) -> QuerySet[M, Any]:
        return self._build()

    @cached_property
    def _compiled(self) -> tuple[SQLCompiler, str, Sequence[Any]]:
        compiler = self._queryset.query.get_compiler(DEFAULT_DB_ALIAS)
        sql, places = compiler.as_sql()
        lock = self._lock if connection.features.has_select_for_update else ""
        return compiler, f"{sql} {lock}", places

    @cached_property
    def _read_as(self) -> tuple[list[str], list[tuple[str, int]], Any]:
        """Names of the model's columns, which come first, those of others, and their converters."""
        compiler, *_ = self._compiled
        columns: list[Any] = [column for column, *_ in compiler.select or ()]
        more = list((compiler.annotation_col_map or {}).items())
        names = [column.target.attname for column in columns[: len(columns) - len(more)]]
        return names, more, compiler.get_converters(columns)


@dataclass(frozen=True)
class Write:
    """One that is still to be made."""

    by: _Prepared
    sql: str
    values: Sequence[Any]


def make(*writes: Write) -> None:
    """Make them in this order, where PostgreSQL is concerned in one question."""
    db = connections[DEFAULT_DB_ALIAS]
    if db.vendor != "postgresql":
        for write in writes:
            write.by._run(write.sql, write.values, db).close()
        return
    together = "; ".join(write.by._ready(write.sql, len(write.values), db) for write in writes)
    with db.cursor() as cursor:
        cursor.execute(together, [value for write in writes for value in write.values])


class Put(_Prepared, Generic[M]):
    """Inserts a row of a model, or writes it over the one that is there under the same key."""

    def __init__(self, model: type[M], *key: str) -> None:
        super().__init__()
        self._model = model
        self._key = key

    def __call__(self, row: M) -> None:
        """Write the row; it learns a primary key that the database makes."""
        db = connections[DEFAULT_DB_ALIAS]
        with self._run(self._sql, saved(row, self._fields, db, add=True), db) as cursor:
            (pk,) = cursor.fetchone()
        row.pk = pk if row.pk is None else row.pk
        row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS

    def of(self, row: M) -> Write:
        """The same, to be made with others, of a row that has its primary key."""
        values = saved(row, self._fields, connections[DEFAULT_DB_ALIAS], add=True)
        row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS
        return Write(self, self._sql, values)

    @cached_property
    def _fields(self) -> list[Field[Any, Any]]:
        return [f for f in self._model._meta.concrete_fields if not isinstance(f, AutoField)]

    @cached_property
    def _sql(self) -> str:
        table = connection.ops.quote_name(self._model._meta.db_table)
        columns = [column(field) for field in self._fields]
        key = [column(self._model._meta.get_field(name)) for name in self._key]
        rest = ", ".join(f"{name} = EXCLUDED.{name}" for name in columns if name not in key)
        over = f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {rest} " if key else ""
        places = ", ".join(["%s"] * len(columns))
        pk = column(self._model._meta.pk)
        return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places}) {over}RETURNING {pk}"


class Change(_Prepared, Generic[M]):
    """Writes some fields of a row that is there."""

    def __init__(self, model: type[M], *fields: str) -> None:
        super().__init__()
        self._model = model
        self._names = fields

    def of(self, row: M) -> Write:
        """Write them as the row has them now."""
        values = saved(row, self._fields, connections[DEFAULT_DB_ALIAS], add=False)
        return Write(self, self._sql, [*values, row.pk])

    @cached_property
    def _fields(self) -> list[Any]:
        return [self._model._meta.get_field(name) for name in self._names]

    @cached_property
    def _sql(self) -> str:
        table = connection.ops.quote_name(self._model._meta.db_table)
        places = ", ".join(f"{column(field)} = %s" for field in self._fields)
        return f"UPDATE {table} SET {places} WHERE {column(self._model._meta.pk)} = %s"


class Remove(_Prepared, Generic[M]):
    """Deletes a row of a model that no other row points to."""

    def __init__(self, model: type[M]) -> None:
        super().__init__()
        self._model = model

    def of(self, row: M) -> Write:
        """Delete it; one that is gone is no error."""
        return Write(self, self._sql, [row.pk])

    @cached_property
    def _sql(self) -> str:
        table = connection.ops.quote_name(self._model._meta.db_table)
        return f"DELETE FROM {table} WHERE {column(self._model._meta.pk)} = %s"


def saved(row: Model, fields: Sequence[Any], db: Any, *, add: bool) -> list[Any]:
    """The row's values as the database keeps them."""
    return [f.get_db_prep_save(f.pre_save(row, add), db) for f in fields]


def column(field: Any) -> str:
    """Its column's name, quoted for SQL."""
    return connection.ops.quote_name(field.column)
