"""What the application says to PostgreSQL, heard where it leaves: through SQLAlchemy or straight to the driver."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from coordination.kit.roles import APP
from tests.conftest import Base

COMMIT = "commit"
Line = psycopg.Connection[Any]


@contextmanager
def before_each(base: Base, heard: Callable[[Line, str], None]) -> Iterator[None]:
    """Calls `heard` right before each statement, and each commit, of the application in this base."""
    ask, commit = psycopg.Cursor.execute, psycopg.Connection.commit

    def tell(line: Line, said: str) -> None:
        if (line.info.dbname, line.info.user) == (base.name, APP):
            heard(line, said)

    def asking(cursor: psycopg.Cursor[Any], query: Any, *rest: Any, **options: Any) -> Any:
        tell(cursor.connection, query.decode() if isinstance(query, bytes) else str(query))
        return ask(cursor, query, *rest, **options)

    def committing(line: Line) -> None:
        tell(line, COMMIT)
        commit(line)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(psycopg.Cursor, "execute", asking)
        patch.setattr(psycopg.Connection, "commit", committing)
        yield
