"""What waits on a connection: it leaves in its order, with the next question or with the commit, or never."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, OperationalError, PendingRollbackError

from coordination.kit import wire
from coordination.kit.actor import Service
from coordination.kit.db import ActorSession, acting, begin_as
from coordination.kit.engine import close_engine, make_engine
from coordination.kit.errors import NotNow
from coordination.kit.wire import KEPT, Line
from coordination.kit.written import Written, rewriting
from coordination.referrals.models import Referral
from tests import killing
from tests.conftest import Base
from tests.wire import BEGIN, COMMIT, before_each

ANN, BOB = Service("ann"), Service("bob")
WHO = Written("select current_setting('app.actor', true)")
LOCK = Written("select pg_advisory_xact_lock(%(key)s)")
HELD = Written("select objid::int from pg_locks where locktype = 'advisory' and pid = pg_backend_pid() order by 1")
WRONG = Written("select 1 / %(zero)s::int")
PREPARED = "select name from pg_prepared_statements where name ~ '^said'"


@pytest.fixture
def engine(shared_base: Base) -> Iterator[Engine]:
    """An engine of one connection, so that what one session leaves behind the next one finds."""
    made = make_engine(shared_base.app_url, size=1)
    yield made
    close_engine(made)


def line_of(session: ActorSession) -> Line:
    return wire.line_of(session.connection())


def test_a_transaction_begins_with_its_first_question_and_ends_with_its_last_writes(shared_base: Base) -> None:
    said: list[list[str]] = []
    shared_base.engine.connect().close()  # what SQLAlchemy asks of its first connection is behind
    with before_each(shared_base, lambda _, words: said.append(words)), acting(shared_base.engine, ANN) as session:
        assert session.ask(WHO) == [("ann",)]
        session.later(LOCK, key=1)
        session.later(LOCK, key=2)
    assert [len(message) for message in said] == [3, 3]
    assert (said[0][0], said[1][-1]) == (BEGIN, COMMIT)


def test_a_transaction_in_which_nothing_is_said_never_begins(shared_base: Base) -> None:
    said: list[list[str]] = []
    with before_each(shared_base, lambda _, words: said.append(words)), acting(shared_base.engine, ANN) as session:
        session.connection()
    assert said == []


def test_what_waits_is_said_before_what_is_asked_next_by_either_way(engine: Engine) -> None:
    with acting(engine, ANN) as session:
        session.later(LOCK, key=1)
        assert session.ask(HELD) == [(1,)]
        session.later(LOCK, key=2)
        assert session.connection().exec_driver_sql(HELD).all() == [(1,), (2,)]


def test_what_waits_is_said_in_the_name_of_whoever_said_it(shared_base: Base, engine: Engine) -> None:
    """Two actors in one transaction: the second one takes over only after what the first one left."""
    noted = Written("insert into who_said values (current_setting('app.actor'))")
    with engine.begin() as connection:
        connection.exec_driver_sql("create temporary table who_said (name text)")
        for actor in (ANN, BOB):
            with ActorSession(connection, actor) as session:
                session.later(noted)
                session.commit()
        assert connection.exec_driver_sql("select name from who_said").all() == [("ann",), ("bob",)]


def keep_and(engine: Engine, last: Written, **values: Any) -> None:
    with acting(engine, ANN) as session:
        session.later(Written("insert into kept values (1)"))
        session.later(last, **values)


def test_nothing_of_an_earlier_loan_is_said_in_the_next_one(engine: Engine) -> None:
    with engine.connect() as connection:
        begin_as(connection, ANN)  # and nobody takes it back
    with engine.connect() as connection:
        assert connection.exec_driver_sql(WHO).scalar() in (None, "")


def test_what_is_refused_of_what_waits_is_raised_by_the_commit_and_none_of_it_is_done(engine: Engine) -> None:
    with acting(engine, ANN) as session:
        session.connection().exec_driver_sql("create temporary table kept (n int)")
    with pytest.raises(DBAPIError, match="division by zero"):
        keep_and(engine, WRONG, zero=0)
    with acting(engine, ANN) as session:
        assert session.ask(Written("select count(*) from kept")) == [(0,)]


def test_a_row_somebody_else_holds_too_long_stops_all_of_what_waited(shared_base: Base, engine: Engine) -> None:
    """In the middle of the message: what was before it is undone, what was after is never done."""
    note, more = Written("update held set m = m + 1 where n = %(n)s"), Written("set local lock_timeout = 50")
    shared_base.admin("create table held (n int, m int); insert into held values (1, 0), (2, 0)")
    shared_base.admin("grant all on held to public")
    with acting(shared_base.engine, BOB) as other:
        other.ask(note, n=2)
        session = ActorSession(engine, ANN)
        session.ask(more)
        for number in (1, 2, 1):
            session.later(note, n=number)
        with pytest.raises(OperationalError, match="lock timeout"), session:
            session.commit()
        other.rollback()
    with acting(engine, ANN) as session:
        assert session.ask(Written("select n, m from held order by n")) == [(1, 0), (2, 0)]


def test_a_row_that_is_not_there_is_not_written_and_nothing_is_committed(engine: Engine) -> None:
    nobody = {"id": "00000000-0000-4000-8000-000000000000", "state": "accepted"}
    with acting(engine, ANN) as session:
        session.connection().exec_driver_sql("create temporary table kept (n int)")
    with pytest.raises(DBAPIError, match="division by zero"):
        keep_and(engine, rewriting(Referral, ("state",)), **nobody)
    with acting(engine, ANN) as session:
        assert session.ask(Written("select count(*) from kept")) == [(0,)]


def test_what_waits_is_forgotten_with_its_savepoint_or_its_transaction(engine: Engine) -> None:
    with acting(engine, ANN) as session:
        session.later(LOCK, key=1)
        with session.begin_nested() as savepoint:
            session.later(LOCK, key=2)
            savepoint.rollback()
        assert session.ask(HELD) == [(1,)]
        session.later(LOCK, key=3)
        session.rollback()
        assert session.ask(HELD) == []


def test_what_is_refused_of_what_waits_is_undone_with_its_savepoint_alone(engine: Engine) -> None:
    with acting(engine, ANN) as session:
        session.ask(LOCK, key=1)
        savepoint = session.begin_nested()
        session.later(LOCK, key=2)
        session.later(WRONG, zero=0)
        with pytest.raises(DBAPIError, match="division by zero"), savepoint:
            pass
        assert session.ask(HELD) == [(1,)]
        assert session.ask(WHO) == [("ann",)]


def test_a_transaction_in_which_something_failed_is_not_committed_as_if_nothing_had(engine: Engine) -> None:
    """PostgreSQL answers ROLLBACK to such a COMMIT, and calls it no error."""
    session = ActorSession(engine, ANN)
    with pytest.raises(DBAPIError, match="division by zero"):
        session.ask(WRONG, zero=0)
    with pytest.raises(DBAPIError, match="cannot be committed"):
        session.commit()
    session.rollback()
    assert session.ask(WHO) == [("ann",)]
    session.close()


def test_nothing_is_said_in_nobodys_name_once_the_transaction_is_over(shared_base: Base, engine: Engine) -> None:
    """SQLAlchemy ends it at once when a row is refused; PostgreSQL when the end itself is."""
    refused = ActorSession(engine, ANN)
    refused.ask(WHO)
    refused.add(Referral())
    with pytest.raises(DBAPIError):
        refused.flush()
    with pytest.raises(PendingRollbackError):
        refused.ask(WHO)
    with pytest.raises(PendingRollbackError):
        refused.later(WHO)
    refused.close()
    with acting(engine, ANN) as session:
        session.connection().exec_driver_sql("create temporary table late (n int unique deferrable initially deferred)")
    with ActorSession(engine, ANN) as session:
        session.ask(Written("insert into late values (1), (1)"))
        with pytest.raises(DBAPIError, match="duplicate key"):
            session.commit()
        with pytest.raises(DBAPIError, match="the transaction is over"):
            session.ask(WHO)


def test_two_threads_on_one_line_hear_each_its_own_answers(engine: Engine) -> None:
    with acting(engine, ANN) as session, ThreadPoolExecutor(2) as threads:
        session.ask(WHO)
        asked = [threads.submit(session.ask, Written("select %(n)s::int"), n=number) for number in range(100)]
        assert [answer.result(20) for answer in asked] == [[(number,)] for number in range(100)]


# ------------------------------------------------------------------ what is prepared


def prepared(session: ActorSession) -> set[str]:
    return {str(row[0]) for row in session.connection().exec_driver_sql(PREPARED)}


def test_a_transaction_taken_back_takes_no_plan_along(engine: Engine) -> None:
    with acting(engine, ANN) as session:
        session.ask(WHO)
        before = prepared(session)
        session.rollback()
        session.ask(WHO)
        with session.begin_nested() as savepoint:
            savepoint.rollback()
        session.ask(WHO)
        assert before <= prepared(session)
        session.rollback()
        with pytest.raises(DBAPIError):
            session.ask(WRONG, zero=0)
        session.rollback()
        assert before <= prepared(session)


def test_no_more_than_so_many_statements_stay_prepared(engine: Engine) -> None:
    with acting(engine, ANN) as session:
        for number in range(KEPT + 20):
            assert session.ask(Written(f"select {number}")) == [(number,)]
        assert len(prepared(session)) == KEPT
        assert session.ask(Written("select 0")) == [(0,)]


def test_a_savepoint_is_taken_back_where_no_room_is_left_for_plans(engine: Engine) -> None:
    """The place its words need is made although the transaction failed."""
    with acting(engine, ANN) as session:
        for number in range(KEPT):
            session.ask(Written(f"select {number}"))
        with pytest.raises(DBAPIError), session.begin_nested():
            session.connection().exec_driver_sql("select 1 / 0")
        assert session.ask(WHO) == [("ann",)]


def test_what_is_refused_again_and_again_is_prepared_once(engine: Engine) -> None:
    for _ in range(10):
        with pytest.raises(DBAPIError, match="division"), acting(engine, ANN) as session:
            session.ask(WRONG, zero=0)
        with pytest.raises(DBAPIError, match="no_such_table"), acting(engine, ANN) as session:
            session.ask(Written("select * from no_such_table"))
    with acting(engine, ANN) as session:
        assert len(prepared(session)) < 10


@pytest.mark.parametrize("straight", [True, False])
def test_a_plan_of_before_an_upgrade_fails_once_and_its_connection_goes(
    shared_base: Base, engine: Engine, *, straight: bool
) -> None:
    """« cached plan must not change result type »: it would fail for ever on this connection."""
    everything = Written("select * from bench_upgraded")

    def ask(session: ActorSession) -> Any:
        return session.ask(everything) if straight else session.connection().exec_driver_sql(everything).all()

    shared_base.admin("create table bench_upgraded (n int); grant select on bench_upgraded to public")
    try:
        for _ in range(3):
            with acting(engine, ANN) as session:
                assert ask(session) == []
        shared_base.admin("alter table bench_upgraded add m int")
        with pytest.raises(DBAPIError, match="cached plan"), acting(engine, ANN) as session:
            ask(session)
        with acting(engine, ANN) as session:
            assert ask(session) == []
    finally:
        shared_base.admin("drop table bench_upgraded")


# ------------------------------------------------------------------ what goes wrong on the way


def test_a_message_larger_than_the_wire_holds_passes(engine: Engine) -> None:
    with acting(engine, ANN) as session:
        for _ in range(3):
            session.later(Written("select length(%(text)s)"), text="x" * 2_000_000)
        assert session.ask(Written("select repeat(%(text)s, 2)"), text="é" * 1_000_000) == [("é" * 2_000_000,)]


def test_answers_larger_than_the_wire_holds_are_heard_while_we_still_speak(engine: Engine) -> None:
    """Both sides would wait for each other to listen."""
    with acting(engine, ANN) as session:
        for _ in range(3):
            session.later(Written("select repeat(%(text)s, 2)"), text="x" * 1_000_000)
        assert session.ask(WHO) == [("ann",)]


def test_what_cannot_travel_is_refused_before_anything_leaves(engine: Engine) -> None:
    with acting(engine, ANN) as session:
        with pytest.raises(DBAPIError, match="NUL"):
            session.ask(Written("select %(text)s::text"), text="a\x00b")
        assert session.ask(WHO) == [("ann",)]


def test_a_server_that_leaves_in_the_middle_of_its_answer_is_told_as_such(engine: Engine) -> None:
    for _ in range(3):  # its place in the pool is free again each time
        with pytest.raises(OperationalError), acting(engine, ANN) as session:
            session.ask(Written("select pg_terminate_backend(pg_backend_pid())"))
    with acting(engine, ANN) as session:
        assert session.ask(WHO) == [("ann",)]


def test_a_server_that_left_unnoticed_is_told_to_whoever_goes_on_and_not_to_whoever_takes_back(
    shared_base: Base, engine: Engine
) -> None:
    def cut(session: ActorSession) -> None:
        killing.cut(shared_base, line_of(session).info.backend_pid)

    with acting(engine, ANN) as session:
        savepoint = session.begin_nested()
        cut(session)
        with pytest.raises(NotNow), savepoint:
            raise NotNow
        with pytest.raises(OperationalError):
            session.ask(WHO)
        session.rollback()
        session.begin_nested()
        cut(session)
        session.close()
        assert session.ask(WHO) == [("ann",)]


def test_whoever_interrupts_a_question_leaves_no_connection_in_the_middle_of_it(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(line: Line, events: int) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, acting(engine, ANN) as session:
        session.ask(WHO)
        patch.setattr(Line, "_wait", interrupted)
        with pytest.raises(KeyboardInterrupt):
            session.ask(Written("select pg_sleep(0.2)"))
        session.rollback()
    with acting(engine, ANN) as session:
        assert session.ask(WHO) == [("ann",)]


def test_the_server_is_never_shown_a_value_among_the_words(shared_base: Base, engine: Engine) -> None:
    """Its log keeps the words of what it refuses, and of what is slow."""
    with acting(engine, ANN) as session:
        session.ask(Written("select %(name)s::text"), name="Dupont")
        pid = line_of(session).info.backend_pid
        ((words,),) = shared_base.admin("select query from pg_stat_activity where pid = %s", pid)
    assert "$1" in str(words)
    assert "Dupont" not in str(words)
