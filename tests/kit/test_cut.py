"""Connections that the server cuts: their places in the pool are free again."""

from collections.abc import Iterator
from threading import Timer
from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient
from sqlalchemy.exc import OperationalError

from coordination.kit.actor import Service
from coordination.kit.db import ActorSession, acting, rows_for_nobody
from coordination.kit.engine import close_engine, make_engine
from coordination.kit.roles import libpq
from coordination.kit.wire import Unsure, line_of
from coordination.kit.written import Written
from tests.conftest import Base, application, settings_for
from tests.cutting import READY, WHOLE, on_a_wire
from tests.killing import cut, killed


def test_a_server_that_cuts_more_connections_than_the_pool_holds_is_asked_again(shared_base: Base) -> None:
    """Before any question, before the commit; eight places are soon taken for good otherwise."""
    for turn in range(12):
        with killed(shared_base, 1 + turn % 4), acting(shared_base.engine, Service("x")) as session:
            session.ask(Written("select 1"))
            session.rows("select 2")
        with killed(shared_base, 1):
            rows_for_nobody(shared_base.engine, "generate_series(1, 2)")
    with acting(shared_base.engine, Service("x")) as session:
        assert session.door("1") == 1


@pytest.fixture
def noted(shared_base: Base) -> Iterator[Written]:
    """An act that leaves a line behind."""
    shared_base.admin("create table noted (n int); grant all on noted to public")
    yield Written("insert into noted values (1)")
    shared_base.admin("drop table noted")


def test_a_commit_whose_answer_is_lost_is_neither_told_done_nor_told_undone(shared_base: Base, noted: Written) -> None:
    with on_a_wire(shared_base) as (engine, wire):
        session = ActorSession(engine, Service("x"))
        session.later(noted)
        wire.loses = WHOLE
        with pytest.raises(OperationalError) as told, session:
            session.commit()
        assert isinstance(told.value.orig, Unsure)
        assert shared_base.admin("select count(*) from noted") == [(1,)]


def test_a_commit_answered_by_a_server_that_leaves_right_after_is_done(shared_base: Base, noted: Written) -> None:
    with on_a_wire(shared_base) as (engine, wire):
        with acting(engine, Service("x")) as session:
            session.later(noted)
            wire.loses = READY
        assert wire.loses == 0
        with acting(engine, Service("x")) as session:
            assert session.ask(Written("select count(*) from noted")) == [(1,)]


def test_a_server_that_leaves_before_it_commits_is_not_thought_to_have(shared_base: Base, noted: Written) -> None:
    session = ActorSession(shared_base.engine, Service("x"))
    pid = session.door("pg_backend_pid()")
    session.later(noted)
    cut(shared_base, pid)
    with pytest.raises(OperationalError) as told, session:
        session.commit()
    assert not isinstance(told.value.orig, Unsure)
    assert shared_base.admin("select count(*) from noted") == [(0,)]


def test_a_server_that_leaves_between_two_pages_costs_neither_of_them(shared_base: Base) -> None:
    for _ in range(3):
        with acting(shared_base.engine, Service("x")) as session:
            pid = session.door("pg_backend_pid()")
        cut(shared_base, pid)
        with acting(shared_base.engine, Service("x")) as session:
            assert session.door("pg_backend_pid()") != pid


def test_a_server_whose_machine_is_gone_is_given_up_after_a_minute(shared_base: Base) -> None:
    with acting(shared_base.engine, Service("x")) as session:
        told = line_of(session.connection()).info.get_parameters()
    alone = int(told["keepalives_idle"]) + int(told["keepalives_interval"]) * int(told["keepalives_count"])
    assert (alone, int(told["tcp_user_timeout"])) == (60, 60_000)


def test_a_connection_lent_again_is_not_burdened_by_the_loans_before(shared_base: Base) -> None:
    heard = []
    for _ in range(3):
        with acting(shared_base.engine, Service("x")) as session:
            driver: Any = session.connection().connection.driver_connection
            heard.append(len(driver._notice_handlers))
    assert heard == [0, 0, 0]


def test_a_process_that_starts_while_the_server_is_away_waits_for_it(base: Base) -> None:
    """uvicorn takes one that fails to start for a fault of the application, and ends all those that serve."""

    def closed(said: bool) -> None:
        with psycopg.connect(libpq(base.cluster.admin_url), autocommit=True) as admin:
            admin.execute(f"alter database {base.name} allow_connections {not said}")

    back = Timer(1.5, closed, [False])
    with application(settings_for(base.app_url), base.app_url) as app:
        close_engine(app.state.engine)
        app.state.engine = make_engine(base.app_url, timeout=1)
        closed(True)
        back.start()
        with TestClient(app) as client:
            assert client.get("/sante").status_code == 200
    back.join()
