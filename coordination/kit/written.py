"""Statements written out once and for all, and how they reach PostgreSQL: SQLAlchemy is spared what it has nothing to
learn from."""

import re
from collections import namedtuple
from collections.abc import Callable, Collection, Sequence
from functools import cache, cached_property, lru_cache
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import (
    BindParameter,
    ClauseElement,
    ColumnElement,
    Connection,
    Dialect,
    Table,
    Uuid,
    any_,
    inspect,
    literal,
    text,
    update,
)
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine
from sqlmodel import SQLModel, col


class Lent(PGDialect_psycopg):
    """SQLAlchemy's dialect for connections that are lent again and again: it would add the same listener to one at each
    loan, and they would never leave."""

    supports_statement_cache = True

    def on_connect(self) -> None:
        return None

    def do_commit(self, dbapi_connection: Any) -> None:
        """In one message, where the driver sends several."""
        line = dbapi_connection.pgconn
        if line.transaction_status != psycopg.pq.TransactionStatus.IDLE:
            answer = line.exec_(b"commit")
            if answer.status != psycopg.pq.ExecStatus.COMMAND_OK:
                dbapi_connection.commit()  # tells a server that has left
                raise psycopg.errors.error_from_result(answer)


registry.register("postgresql.lent", __name__, "Lent")
DIALECT: Dialect = Lent()  # type: ignore[no-untyped-call]


class Written(str):
    """A statement written out once and for all, for what is too large to be built, or even recognised, each time."""

    @cached_property
    def served(self) -> tuple[bytes, list[str]]:
        """The same as PostgreSQL takes it, a number for each value, and the names of the values in that order."""
        names: list[str] = []

        def number(found: re.Match[str]) -> str:
            if found[1] is None:
                return "%"
            if found[1] not in names:
                names.append(found[1])
            return f"${names.index(found[1]) + 1}"

        return re.sub(r"%(?:\((\w+)\)s|%)", number, self).encode(), names


class Given(BindParameter[Any]):
    """A value that is given, by its name, when the statement is asked; also in a statement written out."""

    inherit_cache = True

    def __init__(self, name: str, kind: TypeEngine[Any]) -> None:
        super().__init__(name, type_=kind)


@compiles(Given)
def _by_name(given: Given, compiler: SQLCompiler, **how: Any) -> str:
    if not how.get("literal_binds"):
        return str(compiler.visit_bindparam(given, **how))  # type: ignore[no-untyped-call]
    return f"%({given.key})s::{compiler.dialect.type_compiler_instance.process(given.type)}"


def written(query: ClauseElement) -> Written:
    """The words of a statement; its constants stand in them, and its `Given` by their names."""
    return Written(str(query.compile(dialect=DIALECT, compile_kwargs={"literal_binds": True})))


@cache
def rewriting(model: type[SQLModel], names: tuple[str, ...]) -> Written:
    """The UPDATE of these columns of one row of this table, named by its `id`."""
    table: Table = inspect(model).local_table
    given = {name: Given(name, table.c[name].type) for name in names}
    return written(update(table).where(table.c.id == Given("id", table.c.id.type)).values(given))


@cache
def together(first: Written, last: Written) -> Written:
    """Two INSERTs in one statement; the values of the first one are named `first_…`."""
    renamed = re.sub(r"%\((\w+)\)s", r"%(first_\1)s", first)
    return Written(f"with first as ({renamed}) {last}")


@cache
def loose(model: type[SQLModel]) -> Callable[[Sequence[Any]], Any]:
    """What makes a row of this table out of its cells. It belongs to no session: it is for reading, and only
    `ActorSession.change` writes it."""
    mapper = inspect(model)
    names = [mapper.get_property_by_column(c).key for c in mapper.columns]
    new = mapper.class_manager.new_instance

    def made(cells: Sequence[Any]) -> Any:
        row = new()
        vars(row).update(zip(names, cells, strict=True))
        return row

    return made


def straight(connection: Connection, statement: Written, values: dict[str, Any]) -> psycopg.Cursor[Any]:
    """Carries a written statement to the driver: SQLAlchemy, which has nothing to learn from it, would take longer than
    PostgreSQL. What is raised is what SQLAlchemy would raise."""
    driver: Any = connection.connection.driver_connection
    words, names = statement.served
    try:
        cursor = psycopg.RawCursor(driver).execute(words, [values[name] for name in names])
    except psycopg.Error as failure:
        if driver.closed:
            connection.invalidate(failure)
        raise DBAPIError.instance(
            statement, None, failure, psycopg.Error, hide_parameters=True, dialect=DIALECT
        ) from failure
    return cursor


@lru_cache(maxsize=500)
def words(query: str) -> Written:
    return Written(str(text(query).compile(dialect=DIALECT)))


@lru_cache(maxsize=500)
def _row(*names: bytes | None) -> Callable[[Sequence[Any]], Any]:
    made: Any = namedtuple("Row", [(name or b"").decode() for name in names], rename=True)  # type: ignore[misc]
    return made._make


KEYS = ARRAY(Uuid)
"""Several ids, given together."""


def among(column: Any, values: Collection[UUID] | Given) -> ColumnElement[bool]:
    """Whether a column is one of these ids: one statement however many they are, where `in` makes one by number."""
    return col(column) == any_(values if isinstance(values, Given) else literal(list(values), KEYS))


def named(answer: psycopg.Cursor[Any]) -> list[Any]:
    """Rows whose values have the names of their columns."""
    found = answer.pgresult
    names = map(found.fname, range(found.nfields)) if found else ()
    return list(map(_row(*names), answer.fetchall()))
