"""What the application says to PostgreSQL, heard where it leaves: written out, or through SQLAlchemy."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from coordination.kit import wire
from coordination.kit.roles import APP
from coordination.kit.wire import Line, Said
from tests.conftest import Base

BEGIN, COMMIT = wire.BEGIN, wire.COMMIT


@contextmanager
def before_each(base: Base, heard: Callable[[psycopg.Connection[Any], list[str]], None]) -> Iterator[None]:
    """Calls `heard` right before each message of the application to this base, with the statements that are in it."""
    say, ask = Line.say, psycopg.Cursor.execute

    def tell(line: psycopg.Connection[Any], said: list[str]) -> None:
        if (line.info.dbname, line.info.user) == (base.name, APP):
            heard(line, said)

    def saying(line: Line, said: Sequence[Said]) -> Any:
        tell(line, [str(statement) for statement, _ in said])
        return say(line, said)

    def asking(cursor: psycopg.Cursor[Any], query: Any, *rest: Any, **options: Any) -> Any:
        tell(cursor.connection, [query.decode() if isinstance(query, bytes) else str(query)])
        return ask(cursor, query, *rest, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Line, "say", saying)
        patch.setattr(psycopg.Cursor, "execute", asking)
        yield
