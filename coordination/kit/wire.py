"""What leaves for PostgreSQL, and in how few journeys: what awaits no answer leaves with the next question."""

import select
from collections import OrderedDict
from collections.abc import Container, Iterator, Mapping, Sequence
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
Dressed = tuple[Plan, Any, Any]
"""A plan, the values it is given, and how they travel."""
BEGIN, COMMIT, ROLLBACK = Written("begin"), Written("commit"), Written("rollback")
KEPT = 100
"""Statements a connection keeps prepared; beyond, the one that was asked longest ago goes."""
REFUSED = (ExecStatus.FATAL_ERROR, ExecStatus.BAD_RESPONSE)
STALE = (psycopg.errors.FeatureNotSupported, psycopg.errors.InvalidSqlStatementName)
"""A plan of before an upgrade, or one the server has forgotten."""


class Unsure(psycopg.OperationalError):
    """The server left without a word while it was asked to commit: perhaps it had."""


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
        """With what waits. A transaction in which nothing was said never began; one that had failed is rolled back by
        PostgreSQL, which calls that no error."""
        stands = self.pgconn.transaction_status
        try:
            if len(self.waiting) > self._beginning or stands != TransactionStatus.IDLE:
                done = self.say([*self.waiting, (COMMIT, {})])
                if done.command_status != b"COMMIT":
                    raise psycopg.errors.InFailedSqlTransaction("what failed cannot be committed")
        except psycopg.OperationalError as left:
            if self.closed and left.sqlstate is None and stands != TransactionStatus.UNKNOWN:
                raise Unsure from left
            raise
        finally:
            self.forget()

    def rollback(self) -> None:
        """All of it."""
        self._take_back(ROLLBACK)

    def rollback_to(self, savepoint: str) -> None:
        """As far as a savepoint."""
        self._take_back(Written(f'rollback to savepoint "{savepoint}"'))

    def _take_back(self, how: Written) -> None:
        """With a server that has left there is nothing to take back: whoever goes on is told."""
        self.forget()
        if self.pgconn.transaction_status not in (TransactionStatus.IDLE, TransactionStatus.UNKNOWN):
            try:
                self.say([(how, {})])
            except psycopg.OperationalError:
                if not self.closed:
                    raise

    def forget(self) -> None:
        """What waits is never said."""
        self.waiting, self._beginning = [], 0

    # -------------------------------------------------------------- how it travels

    def say(self, said: Sequence[Said]) -> PGresult:
        """All of it in one message, in the place of what waited; the answer to the last. Nothing is ever said outside a
        transaction, which would be in nobody's name."""
        ready = [self._dressed(statement, values) for statement, values in said]
        line = self.pgconn
        if line.transaction_status == TransactionStatus.IDLE and said[0][0] is not BEGIN and not self.autocommit:
            raise psycopg.errors.NoActiveSqlTransaction("the transaction is over")
        self.forget()
        with self.lock:
            results = self._exchanged(ready)
        for result in results:
            if result.status in REFUSED:
                failure = psycopg.errors.error_from_result(result)
                if isinstance(failure, STALE):
                    line.finish()
                raise failure
        return results[-1]

    def _dressed(self, statement: Written, values: Values) -> Dressed:
        """What names a statement's plan, its values as they travel, and how. Raises what cannot travel."""
        names = statement.served[1]
        given = self._adapting.dump_sequence([values[name] for name in names], [PyFormat.AUTO] * len(names))
        return (statement, tuple(self._adapting.types or ())), given, self._adapting.formats

    def _exchanged(self, ready: Sequence[Dressed]) -> list[PGresult]:
        """What is answered: at the head to the plans that go and to those that come, then to each.
        After a refusal nothing more is done."""
        line, heard, before = self.pgconn, list[PGresult](), 0
        new: list[Plan] = []
        try:
            line.enter_pipeline_mode()
            names: list[Any] = [self._names.get(plan) for plan, _, _ in ready]
            if None in names:
                plans = dict.fromkeys(plan for plan, _, _ in ready)
                new = [plan for plan in plans if plan not in self._names]
                before = self._make_room(len(new), plans) + len(new)
                self._prepare(new)
                names = [self._names[plan] for plan, _, _ in ready]
            for name, (plan, given, formats) in zip(names, ready, strict=True):
                self._names.move_to_end(plan)
                line.send_query_prepared(name, given, formats)
            line.pipeline_sync()
            self._hear(heard)
            line.exit_pipeline_mode()
        except BaseException as left:  # it left, or we were interrupted: nobody knows any more where the line stands
            line.finish()
            all_was_told = len(heard) >= before + len(ready) or any(told.status in REFUSED for told in heard)
            if not all_was_told or not isinstance(left, psycopg.OperationalError):
                raise
        for plan, made in zip(new, heard[before - len(new) :] if new else (), strict=False):
            if made.status != ExecStatus.COMMAND_OK:
                del self._names[plan]
        return heard[: before + len(ready)]

    def _prepare(self, plans: Sequence[Plan]) -> None:
        for plan in plans:
            self._ever += 1
            name = self._names[plan] = b"said_%d" % self._ever
            self.pgconn.send_prepare(name, plan[0].served[0], plan[1])

    def _make_room(self, more: int, wanted: Container[Plan]) -> int:
        """Gives up the plans that were asked for longest ago, and are not wanted now; how many went."""
        beyond = max(len(self._names) + more - KEPT, 0)
        gone = [plan for plan in self._names if plan not in wanted][:beyond]
        for plan in gone:
            self.pgconn.send_close_prepared(self._names.pop(plan))
        return len(gone)

    def _hear(self, heard: list[PGresult]) -> None:
        """The answers to one message, in its order."""
        line, silent = self.pgconn, False
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
                    return
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
        line = line_of(connection)
        try:
            line.rollback_to(name)
        except psycopg.Error as failure:
            raise _told(connection, line, None, failure) from failure

    def do_release_savepoint(self, connection: Connection, name: str) -> None:
        """What is refused then of what waited is undone as far as the savepoint: SQLAlchemy believes it is."""
        try:
            super().do_release_savepoint(connection, name)  # type: ignore[no-untyped-call]
        except DBAPIError:
            if not connection.invalidated:
                self.do_rollback_to_savepoint(connection, name)
            raise


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
        raise _told(connection, line, statement, failure) from failure


def _told(connection: Connection, line: Line, said: Written | None, failure: psycopg.Error) -> BaseException:
    """A failure as SQLAlchemy tells it, once it knows whether the server has left."""
    if line.closed:
        connection.invalidate(failure)
    return DBAPIError.instance(said, None, failure, psycopg.Error, hide_parameters=True, dialect=DIALECT)
