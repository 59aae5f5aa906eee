"""What leaves for PostgreSQL, and in how few journeys: what awaits no answer leaves with the next question."""

import select
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.adapt import PyFormat, Transformer
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.pq.abc import PGconn, PGresult
from sqlalchemy import Connection
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.exc import DBAPIError

from coordination.kit.written import DIALECT, Written

Values = Mapping[str, Any]
Said = tuple[Written, Values]
Plan = tuple[Written, tuple[int, ...]]
"""A statement and the types of its values."""
BEGIN, COMMIT, ROLLBACK = Written("begin"), Written("commit"), Written("rollback")
KEPT = 100
"""Statements a connection keeps prepared; beyond, the one that was asked longest ago goes."""
REFUSED = (ExecStatus.FATAL_ERROR, ExecStatus.BAD_RESPONSE)
STALE = (psycopg.errors.FeatureNotSupported, psycopg.errors.InvalidSqlStatementName)
"""A plan of before an upgrade, or one the server has forgotten."""


@dataclass(frozen=True)
class Answer:
    """What a statement answered: its rows, as bare tuples."""

    rows: list[tuple[Any, ...]]
    result: PGresult

    @property
    def names(self) -> list[str]:
        """The names of its columns."""
        return [(self.result.fname(place) or b"").decode() for place in range(self.result.nfields)]


class Line(psycopg.Connection[Any]):
    """A connection that is lent.

    What is `waiting` (the beginning of a transaction, writes of which nothing is asked back) leaves in its order with
    the next question, or with the commit, in one message (libpq's pipeline mode): either everything in it was done, or
    the first refusal is raised and the rest was not. Statements are prepared when they are first said and kept: psycopg
    would forget them all at each rollback. Values travel apart from the words: no server's log shows them.
    """

    def __init__(self, pgconn: PGconn, *rest: Any, **options: Any) -> None:
        super().__init__(pgconn, *rest, **options)
        self.waiting: list[Said] = []
        self._beginning = 0
        self._names: OrderedDict[Plan, bytes] = OrderedDict()
        self._ever = 0
        self._adapting = Transformer(self)
        self._ear = select.poll()

    # -------------------------------------------------------------- what is said

    def ask(self, statement: Written, values: Values) -> Answer:
        """What a statement answers, once what waited was said. Raises what PostgreSQL refuses, as psycopg does."""
        result = self.say([*self.waiting, (statement, values)])
        rows: list[tuple[Any, ...]] = []
        if result.status == ExecStatus.TUPLES_OK:
            self._adapting.set_pgresult(result)
            rows = self._adapting.load_rows(0, result.ntuples, tuple)
        return Answer(rows, result)

    def begin(self, *said: Said) -> None:
        """Begins a transaction, unless one is under way, and says this first of all."""
        if not self.waiting and self.pgconn.transaction_status == TransactionStatus.IDLE:
            self.waiting.append((BEGIN, {}))
            self._beginning = 1 + len(said)
        self.waiting += said

    def settle(self) -> None:
        """Says what waits: something else is about to be said by other means."""
        if self.waiting:
            self.say(self.waiting)

    def commit(self) -> None:
        """With what waits. A transaction in which nothing was said never began."""
        if len(self.waiting) > self._beginning or self.pgconn.transaction_status != TransactionStatus.IDLE:
            self.say([*self.waiting, (COMMIT, {})])
        self.forget()

    def rollback(self) -> None:
        """With a server that has left there is nothing to take back."""
        self.forget()
        if self.pgconn.transaction_status not in (TransactionStatus.IDLE, TransactionStatus.UNKNOWN):
            self.say([(ROLLBACK, {})])

    def rollback_to(self, savepoint: str) -> None:
        """As far as a savepoint."""
        self.forget()
        self.say([(Written(f'rollback to savepoint "{savepoint}"'), {})])

    def forget(self) -> None:
        """What waits is never said."""
        self.waiting, self._beginning = [], 0

    # -------------------------------------------------------------- how it travels

    def say(self, said: Sequence[Said]) -> PGresult:
        """All of it in one message, in the place of what waited; the answer to the last."""
        ready = [self._dressed(statement, values) for statement, values in said]
        self.forget()
        line, new = self.pgconn, list[Plan]()
        try:
            line.enter_pipeline_mode()
            for plan, *given in ready:
                line.send_query_prepared(self._named(plan, new), *given)
            line.pipeline_sync()
            results = self._heard()
            line.exit_pipeline_mode()
        except BaseException:  # it left, or we were interrupted: nobody knows any more where the line stands
            line.finish()
            raise
        for result in results:
            if result.status in REFUSED:
                for plan in new:
                    self._names.pop(plan, None)
                failure = psycopg.errors.error_from_result(result)
                if isinstance(failure, STALE):
                    line.finish()
                raise failure
        return results[-1]

    def _dressed(self, statement: Written, values: Values) -> tuple[Plan, Any, Any]:
        """What names a statement's plan, its values as they travel, and how. Raises what cannot travel."""
        names = statement.served[1]
        given = self._adapting.dump_sequence([values[name] for name in names], [PyFormat.AUTO] * len(names))
        return (statement, tuple(self._adapting.types or ())), given, self._adapting.formats

    def _named(self, plan: Plan, new: list[Plan]) -> bytes:
        """The name of a plan; one that has none is prepared in the same message."""
        name = self._names.get(plan)
        if name is not None:
            self._names.move_to_end(plan)
            return name
        statement, types = plan
        self._ever += 1
        name = self._names[plan] = b"said_%d" % self._ever
        self.pgconn.send_prepare(name, statement.served[0], types)
        new.append(plan)
        if len(self._names) > KEPT:
            self.pgconn.send_query_params(b"deallocate " + self._names.popitem(last=False)[1], None)
        return name

    def _heard(self) -> list[PGresult]:
        """The answers to one message, in its order."""
        line, heard, silent = self.pgconn, list[PGresult](), False
        while line.flush():
            self._wait(select.POLLIN | select.POLLOUT)
            line.consume_input()
        while True:
            while line.is_busy():
                self._wait(select.POLLIN)
                line.consume_input()
            result = line.get_result()
            if result is None and silent:
                raise psycopg.OperationalError("the server left in the middle of an answer")
            silent = result is None
            if result is not None:
                if result.status == ExecStatus.PIPELINE_SYNC:
                    return heard
                heard.append(result)

    def _wait(self, events: int) -> None:
        self._ear.register(self.pgconn.socket, events)
        self._ear.poll()


@contextmanager
def _afterwards(line: Line) -> Iterator[None]:
    """For what is said by other means: after what waits, and like the rest never by a plan of another time."""
    line.settle()
    try:
        yield
    except STALE:
        line.pgconn.finish()
        raise


class Lent(PGDialect_psycopg):
    """SQLAlchemy's dialect for lines: what it says itself comes after what waits."""

    supports_statement_cache = True

    def on_connect(self) -> None:
        """It would add the same listener to a line at each loan, and they would never leave."""

    def do_execute(self, cursor: Any, *said: Any, **how: Any) -> None:
        with _afterwards(cursor.connection):
            super().do_execute(cursor, *said, **how)  # type: ignore[no-untyped-call]

    def do_executemany(self, cursor: Any, *said: Any, **how: Any) -> None:
        with _afterwards(cursor.connection):
            super().do_executemany(cursor, *said, **how)  # type: ignore[no-untyped-call]

    def do_execute_no_params(self, cursor: Any, *said: Any, **how: Any) -> None:
        with _afterwards(cursor.connection):
            super().do_execute_no_params(cursor, *said, **how)  # type: ignore[no-untyped-call]

    def do_rollback_to_savepoint(self, connection: Connection, name: str) -> None:
        line_of(connection).rollback_to(name)


registry.register("postgresql.lent", __name__, "Lent")


def line_of(connection: Connection) -> Line:
    """The line behind a connection of SQLAlchemy's."""
    line: Any = connection.connection.driver_connection
    assert isinstance(line, Line)
    return line


def straight(connection: Connection, statement: Written, values: Values) -> Answer:
    """What a written statement answers: SQLAlchemy, which has nothing to learn from it, would take longer than
    PostgreSQL. What is raised is what SQLAlchemy would raise."""
    line = line_of(connection)
    try:
        return line.ask(statement, values)
    except psycopg.Error as failure:
        if line.closed:
            connection.invalidate(failure)
        raise DBAPIError.instance(
            statement, None, failure, psycopg.Error, hide_parameters=True, dialect=DIALECT
        ) from failure
