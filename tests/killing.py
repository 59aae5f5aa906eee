"""Ends a session in the middle of what it does, as when a worker dies: PostgreSQL itself cuts the connection."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import OperationalError

from tests.conftest import Base


@contextmanager
def killed(base: Base, engine: Engine, place: int) -> Iterator[None]:
    """Within the block the connection is cut right before its `place`-th question, commits counted; what that raises
    goes no further. A block that asks fewer questions ends well."""
    left = place

    def strike(connection: Connection, *_: Any) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            driver: Any = connection.connection.driver_connection
            base.admin("select pg_terminate_backend(%s, 5000)", driver.info.backend_pid)

    for moment in ("before_cursor_execute", "commit"):
        event.listen(engine, moment, strike)
    try:
        yield
    except OperationalError:
        assert left <= 0, "it failed of something else"
    finally:
        for moment in ("before_cursor_execute", "commit"):
            event.remove(engine, moment, strike)
