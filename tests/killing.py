"""Ends a session in the middle of what it does, as when a worker dies: PostgreSQL itself cuts the connection."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from sqlalchemy.exc import OperationalError

from tests.conftest import Base
from tests.wire import before_each


@dataclass
class Blow:
    """How many messages are left before it falls; it has, or it has not."""

    left: int

    @property
    def fell(self) -> bool:
        return self.left <= 0


@contextmanager
def killed(base: Base, place: int) -> Iterator[Blow]:
    """Within the block the connection is cut right before its `place`-th message, commits counted; what that raises
    goes no further. A block that says fewer ends well."""
    blow = Blow(place)

    def strike(connection: psycopg.Connection[Any], _: list[str]) -> None:
        blow.left -= 1
        if blow.left == 0:
            cut(base, connection.info.backend_pid)

    base.engine.connect().close()  # what SQLAlchemy asks of its first connection is behind
    try:
        with before_each(base, strike):
            yield blow
    except OperationalError:
        assert blow.fell, "it failed of something else"


def cut(base: Base, pid: int) -> None:
    """Ends this one, and waits until it is gone: PostgreSQL's own way of waiting looks ten times a second only."""
    base.admin("select pg_terminate_backend(%s)", pid)
    while base.admin("select 1 from pg_stat_activity where pid = %s", pid):
        time.sleep(0.002)
