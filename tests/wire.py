"""What the application says to PostgreSQL, heard where it leaves: through SQLAlchemy or straight to the driver."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection

from coordination.kit import db
from coordination.kit.actor import Actor
from coordination.kit.roles import APP
from coordination.kit.written import Lent
from tests.conftest import Base

BEGIN, COMMIT = "begin", "commit"
Line = psycopg.Connection[Any]


@contextmanager
def before_each(base: Base, heard: Callable[[Line, str], None]) -> Iterator[None]:
    """Calls `heard` right before each statement, each beginning and each commit of the application in this base."""
    begin, ask, commit = db.begin_as, psycopg.Cursor.execute, Lent.do_commit

    def tell(line: Line, said: str) -> None:
        if (line.info.dbname, line.info.user) == (base.name, APP):
            heard(line, said)

    def beginning(connection: Connection, actor: Actor) -> None:
        line: Any = connection.connection.driver_connection
        tell(line, BEGIN)
        begin(connection, actor)

    def asking(cursor: psycopg.Cursor[Any], query: Any, *rest: Any, **options: Any) -> Any:
        tell(cursor.connection, query.decode() if isinstance(query, bytes) else str(query))
        return ask(cursor, query, *rest, **options)

    def committing(dialect: Lent, lent: Any) -> None:
        tell(lent.driver_connection, COMMIT)
        commit(dialect, lent)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(db, "begin_as", beginning)
        patch.setattr(psycopg.Cursor, "execute", asking)
        patch.setattr(Lent, "do_commit", committing)
        yield
