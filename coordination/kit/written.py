"""Statements written out once and for all, for what is too large, or asked too often, to be built each time."""

import re
from collections.abc import Callable, Collection, Sequence
from functools import cache, cached_property, lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    ClauseElement,
    ColumnElement,
    Dialect,
    Integer,
    Table,
    Uuid,
    any_,
    func,
    inspect,
    literal,
    literal_column,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine
from sqlmodel import SQLModel, col

DIALECT: Dialect = PGDialect_psycopg()  # type: ignore[no-untyped-call]


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
    """The UPDATE of these columns of one row of this table, named by its `id`. One that finds no row is a division by
    zero: what leaves with it, its commit perhaps, is not done either."""
    table: Table = inspect(model).local_table
    given = {name: Given(name, table.c[name].type) for name in names}
    one, this = literal_column("1", Integer), table.c.id == Given("id", table.c.id.type)
    done = update(table).where(this).values(given).returning(one).cte("written")
    return written(select(one // func.count()).select_from(done))


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


@lru_cache(maxsize=500)
def words(query: str) -> Written:
    return Written(str(text(query).compile(dialect=DIALECT)))


KEYS = ARRAY(Uuid)
"""Several ids, given together."""


def among(column: Any, values: Collection[UUID] | Given) -> ColumnElement[bool]:
    """Whether a column is one of these ids: one statement however many they are, where `in` makes one by number."""
    return col(column) == any_(values if isinstance(values, Given) else literal(list(values), KEYS))
