"""The connections to PostgreSQL: lent by a pool and given back."""

import select
import time
from collections.abc import Callable
from typing import Any

import psycopg
from psycopg_pool import ConnectionPool
from sqlalchemy import Engine, NullPool, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from coordination.kit.wire import Line

# Our statements name one file, one network, one page: the plan made for any of them is the plan for each, and making it
# anew costs more than running it. For the same reason none is worth compiling.
OPTIONS = "-c timezone=Europe/Paris -c plan_cache_mode=force_generic_plan -c jit=off"
VANISHED: dict[str, Any] = {
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
"""A server whose machine is gone says nothing, for ever: whoever waits for it is told after a minute, and not after two
hours."""
STARTS = 60.0
"""Seconds a process that starts waits for its server: for one that fails to start, uvicorn ends them all."""


def once_it_answers(engine: Engine, check: Callable[[Engine], None]) -> None:
    """Runs the check as soon as the server answers; what the check itself refuses is raised at once."""
    give_up = time.monotonic() + STARTS
    while True:
        try:
            return check(engine)
        except (OperationalError, psycopg.OperationalError):
            if time.monotonic() > give_up:
                raise
            time.sleep(0.5)


def make_engine(url: str, *, size: int = 8, timeout: float = 5.0) -> Engine:
    """An engine over a psycopg pool. A server that does not answer within `timeout` seconds raises."""
    parsed = make_url(url)
    host = parsed.query.get("host", parsed.host)
    conninfo = psycopg.conninfo.make_conninfo(
        host=host if isinstance(host, str) else None,
        port=parsed.port,
        dbname=parsed.database,
        user=parsed.username,
        password=parsed.password,
        connect_timeout=int(timeout),
        options=OPTIONS,
        application_name="coordination",
        **VANISHED,
    )
    pool: ConnectionPool[Line] = ConnectionPool(
        conninfo,
        connection_class=Line,
        min_size=0,
        max_size=size,
        timeout=timeout,
        open=False,
        check=_refuse_dead,
        kwargs={"autocommit": False, "prepare_threshold": 1},  # asked twice, asked all day
        close_returns=True,
    )

    def connect() -> Line:
        pool.open()
        try:
            line = pool.getconn()
        except psycopg.OperationalError as failure:
            raise OperationalError("connexion", None, failure) from failure
        line.forget()  # nothing of an earlier loan is ever said in this one
        return line

    engine = create_engine(
        "postgresql+lent://",
        creator=connect,
        poolclass=NullPool,
        pool_reset_on_return=None,  # the pool sees to it
        hide_parameters=True,
    )
    engine.pool_of_psycopg = pool  # type: ignore[attr-defined]

    @event.listens_for(engine, "close")
    def give_back(connection: Line | None, _: object) -> None:
        """What the server cut no longer goes back by itself: without this its place in the pool would stay taken."""
        if connection is not None and connection.closed:
            pool.putconn(connection)

    return engine


def _refuse_dead(connection: psycopg.Connection[Any]) -> None:
    """Raises when the server has left. It says so on the socket, silent between two loans: looking there spares each
    page a question to the server."""
    ear = select.poll()
    ear.register(connection.fileno(), select.POLLIN)
    if ear.poll(0):
        ConnectionPool.check_connection(connection)


def close_engine(engine: Engine) -> None:
    """Gives every connection back to the server."""
    engine.dispose()
    pool = getattr(engine, "pool_of_psycopg", None)
    if pool is not None and not pool.closed:
        pool.close()
