"""Querysets whose SQL is written once, for the few that run at every vote.

Django writes the SQL of a queryset anew each time that it runs; for the long ones of the queue that
costs several times what the database takes to answer. A `Statement` is the same queryset with
`Given`s in the place of what changes, written once per process and planned by PostgreSQL once per
connection.

Its first plan looks up each row by an index, which no number of rows makes bad. By statistics it
believes right after an import that nobody has voted, and would read all votes for each candidate
until it counts anew, thousands of votes later.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import count, islice
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
T = TypeVar("T")

_NOT_BY_INDEX = ("enable_seqscan", "enable_material", "enable_hashjoin", "enable_mergejoin")
"""Ways of PostgreSQL to read whole tables."""

AT_A_TIME = 1000
"""Rows in one statement; SQLite takes some thousands."""


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

    def _run(self, sql: str, values: Sequence[Any], db: BaseDatabaseWrapper) -> CursorWrapper:
        """A cursor that has run it; the caller closes it."""
        if db.vendor == "postgresql":
            sql = self._ready(sql, len(values), db)
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
    """Have PostgreSQL keep the plan of what is prepared, and plan nothing twice."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET plan_cache_mode = force_generic_plan")


class Statement(_Prepared, Generic[M]):
    """A queryset, built when it is first needed, ready to run again and again."""

    def __init__(self, build: Callable[[], QuerySet[M, Any]], lock: str = "") -> None:
        """`lock` is one of PostgreSQL's that Django has no word for."""
        super().__init__()
        self._build = build
        self._lock = lock

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
        with self._run(sql, values, db) as cursor:
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


class Put(_Prepared, Generic[M]):
    """Inserts a row of a model, or writes it over the one that is there under the same key."""

    def __init__(self, model: type[M], *key: str) -> None:
        super().__init__()
        self._model = model
        self._key = key

    def __call__(self, row: M) -> None:
        """Write the row; it learns a primary key that the database makes."""
        db = connections[DEFAULT_DB_ALIAS]
        with self._run(self._sql, _saved(row, self._fields, db, add=True), db) as cursor:
            (pk,) = cursor.fetchone()
        row.pk = pk if row.pk is None else row.pk
        row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS

    @cached_property
    def _fields(self) -> list[Field[Any, Any]]:
        return [f for f in self._model._meta.concrete_fields if not isinstance(f, AutoField)]

    @cached_property
    def _sql(self) -> str:
        table = connection.ops.quote_name(self._model._meta.db_table)
        columns = [_column(field) for field in self._fields]
        key = [_column(self._model._meta.get_field(name)) for name in self._key]
        rest = ", ".join(f"{name} = EXCLUDED.{name}" for name in columns if name not in key)
        over = f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {rest} " if key else ""
        places = ", ".join(["%s"] * len(columns))
        pk = _column(self._model._meta.pk)
        return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places}) {over}RETURNING {pk}"


class Change(_Prepared, Generic[M]):
    """Writes some fields of a row that is there."""

    def __init__(self, model: type[M], *fields: str) -> None:
        super().__init__()
        self._model = model
        self._names = fields

    def __call__(self, row: M) -> None:
        """Write them as the row has them now."""
        db = connections[DEFAULT_DB_ALIAS]
        values = [*_saved(row, self._fields, db, add=False), row.pk]
        self._run(self._sql, values, db).close()

    @cached_property
    def _fields(self) -> list[Any]:
        return [self._model._meta.get_field(name) for name in self._names]

    @cached_property
    def _sql(self) -> str:
        table = connection.ops.quote_name(self._model._meta.db_table)
        places = ", ".join(f"{_column(field)} = %s" for field in self._fields)
        return f"UPDATE {table} SET {places} WHERE {_column(self._model._meta.pk)} = %s"


class ChangeMany(Generic[M]):
    """Writes some fields of many rows that are there, in one statement, where they are numbers.

    `bulk_update` makes a condition of each value, over which databases take long.
    """

    def __init__(self, model: type[M], *fields: str) -> None:
        self._model = model
        self._names = fields

    def __call__(self, rows: Sequence[M]) -> None:
        """Write them as the rows have them now."""
        place = f"({', '.join(['%s'] * (1 + len(self._names)))})"
        with connection.cursor() as cursor:
            for some in parts(rows):
                values = [
                    x
                    for row in some
                    for x in (row.pk, *_saved(row, self._fields, connection, add=False))
                ]
                cursor.execute(self._sql.format(", ".join([place] * len(some))), values)

    @cached_property
    def _fields(self) -> list[Any]:
        return [self._model._meta.get_field(name) for name in self._names]

    @cached_property
    def _sql(self) -> str:
        table = connection.ops.quote_name(self._model._meta.db_table)
        key = f"{table}.{_column(self._model._meta.pk)}"
        # Both databases call the columns of VALUES so; of one full of nulls they know no type.
        new = ", ".join(
            f"{_column(field)} = CAST(column{number} AS {field.cast_db_type(connection)})"
            for number, field in enumerate(self._fields, 2)
        )
        return f"UPDATE {table} SET {new} FROM (VALUES {{}}) AS new WHERE {key} = column1"


class Load(Generic[M]):
    """Inserts many rows, of numbers, as they come: by COPY on PostgreSQL.

    In parts, with a rest after each, in which those who vote meanwhile find a free processor.
    """

    PART = 10_000
    REST = 0.5
    """As a share of the time that a part took."""

    def __init__(self, model: type[M], *columns: str) -> None:
        names = ", ".join(connection.ops.quote_name(name) for name in columns)
        self._into = f"{connection.ops.quote_name(model._meta.db_table)} ({names})"
        self._places = ", ".join(["%s"] * len(columns))

    def __call__(self, rows: Iterable[Sequence[float | None]]) -> None:
        """Insert them; they are not all held in memory."""
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                self._copy(iter(rows), cursor)
            else:
                insert = f"INSERT INTO {self._into} VALUES ({self._places})"
                for row in rows:
                    cursor.execute(insert, row)

    def _copy(self, rows: Iterator[Sequence[float | None]], cursor: CursorWrapper) -> None:
        while part := list(islice(rows, self.PART)):
            began = time.monotonic()
            cursor.copy_expert(f"COPY {self._into} FROM STDIN", _Lines(part))
            # Foreign keys, which would all wait for the end of the transaction, and votes for them.
            connection.check_constraints()
            time.sleep(self.REST * (time.monotonic() - began))


class _Lines:
    """Rows of numbers as a file in the text format of PostgreSQL's COPY."""

    def __init__(self, rows: Iterable[Sequence[float | None]]) -> None:
        self._rows = iter(rows)

    def read(self, _size: int) -> str:
        """The next lines, about so many as a network likes; empty at the end."""
        return "".join(
            "\t".join([r"\N" if x is None else repr(x) for x in row]) + "\n"
            for row in islice(self._rows, 200)
        )


class Remove(_Prepared, Generic[M]):
    """Deletes a row of a model that no other row points to."""

    def __init__(self, model: type[M]) -> None:
        super().__init__()
        self._model = model

    def __call__(self, row: M) -> None:
        """Delete it; one that is gone is no error."""
        self._run(self._sql, [row.pk], connections[DEFAULT_DB_ALIAS]).close()

    @cached_property
    def _sql(self) -> str:
        table = connection.ops.quote_name(self._model._meta.db_table)
        return f"DELETE FROM {table} WHERE {_column(self._model._meta.pk)} = %s"


def parts(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    """So many after the other as one statement takes."""
    for first in range(0, len(rows), AT_A_TIME):
        yield rows[first : first + AT_A_TIME]


def _saved(row: Model, fields: Sequence[Any], db: Any, *, add: bool) -> list[Any]:
    """The row's values as the database keeps them."""
    return [f.get_db_prep_save(f.pre_save(row, add), db) for f in fields]


def _column(field: Any) -> str:
    return connection.ops.quote_name(field.column)
