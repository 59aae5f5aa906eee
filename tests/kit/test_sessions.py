"""What a session in somebody's name says to PostgreSQL, and when."""

import pytest

from coordination.kit.actor import Service
from coordination.kit.db import acting
from coordination.kit.written import Written
from tests.conftest import Base

ACTOR = Written("select current_setting('app.actor', true)")
LOCK = Written("select pg_advisory_xact_lock(%(key)s)")
LOCKS = Written("select objid::int from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()")


@pytest.mark.parametrize("name", ["operator", "l'exploitant", "\\', true); select '%s", ""])
def test_who_acts_is_told_word_for_word_and_forgotten_with_the_transaction(shared_base: Base, name: str) -> None:
    with acting(shared_base.engine, Service(name)) as session:
        assert session.ask(ACTOR) == [(name,)]
        session.commit()
        assert session.ask(ACTOR) == [(name,)]
    with shared_base.engine.connect() as connection:
        assert connection.exec_driver_sql(ACTOR).scalar() in (None, "")


def test_what_is_written_out_is_undone_with_its_savepoint(shared_base: Base) -> None:
    with acting(shared_base.engine, Service("operator")) as session:
        session.run(LOCK, key=1)
        with session.begin_nested() as savepoint:
            session.run(LOCK, key=2)
            savepoint.rollback()
        assert session.ask(LOCKS) == [(1,)]


def test_what_is_remembered_is_asked_again_once_a_deed_is_written(shared_base: Base) -> None:
    with acting(shared_base.engine, Service("x")) as session:
        asked: list[int] = []
        for deed in (False, False, True, False):
            if deed:
                session.keep(Written("select 1"))
                session.kept = None
            session.once("this", lambda: asked.append(1))
    assert len(asked) == 2


def test_what_waits_for_its_line_of_the_journal_is_never_left_behind(shared_base: Base) -> None:
    with pytest.raises(AssertionError, match="without its line"), acting(shared_base.engine, Service("x")) as session:
        session.keep(Written("select 1"))
    with acting(shared_base.engine, Service("x")) as session:
        session.connection()
        session.keep(Written("select 1"))
        with pytest.raises(AssertionError, match="two deeds"):
            session.keep(Written("select 1"))
        session.rollback()
        assert session.ask(ACTOR) == [("x",)]
