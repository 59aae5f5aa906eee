"""Two sessions at once on the lines of one pool, doing anything in any order, against a model of what must be stored
and in whose name: all of what was committed, and nothing else."""

import os
import time
from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import SessionTransaction

from coordination.kit import wire
from coordination.kit.actor import Service
from coordination.kit.db import ActorSession
from coordination.kit.engine import close_engine, make_engine
from coordination.kit.wire import Line
from coordination.kit.written import Written
from tests.conftest import Base
from tests.killing import cut

THOROUGH = os.environ.get("HYPOTHESIS_PROFILE") == "fuzz"
WHO = Written("select current_setting('app.actor')")
PID = Written("select pg_backend_pid()")
UNSENDABLE = Written("select %(text)s::text")
WRONG = Written("select 1 / %(zero)s::int")
TABLE = """
    create table if not exists stored (
        number int unique deferrable initially deferred, who text not null default current_setting('app.actor'));
    grant all on stored to public; truncate stored"""
OPEN = "select count(*) from pg_stat_activity where datname = %s and usename = 'coordination_app'"


@dataclass
class Seat:
    """A session, and what is known of it."""

    session: ActorSession
    who: str
    noted: list[list[int]] = field(default_factory=lambda: [[]])
    """Before any savepoint, then in each."""
    savepoints: list[SessionTransaction] = field(default_factory=list)
    wrong: bool = False
    """Something was refused since the last savepoint, or will be."""
    lost: bool = False
    """Its server has left."""

    @property
    def all(self) -> list[int]:
        return [number for level in self.noted for number in level]

    def over(self) -> None:
        self.noted, self.savepoints, self.wrong, self.lost = [[]], [], False, False


class Lines(RuleBasedStateMachine):
    """What anybody may do with a session."""

    base: Base
    places = st.sampled_from([0, 1])

    def __init__(self) -> None:
        super().__init__()
        self.base.admin(TABLE)
        self.engine = make_engine(self.base.app_url, size=2)
        self.engine.connect().close()  # what SQLAlchemy asks of its first connection is behind
        self.people = 0
        self.last = 0
        self.stored: dict[int, str] = {}
        self.seats = [self.sat_down(), self.sat_down()]

    def sat_down(self) -> Seat:
        self.people += 1
        who = f"somebody {self.people}"
        return Seat(ActorSession(self.engine, Service(who)), who)

    def goes(self, deed: Callable[[], Any], *, refused: bool) -> None:
        """Raises exactly when it must."""
        with pytest.raises(SQLAlchemyError) if refused else nullcontext() as raised:
            deed()
        assert "PoolTimeout" not in str(raised), "a place in the pool is lost"

    # -------------------------------------------------------------- what is said

    @rule(place=places, how=st.sampled_from(["later", "ask", "otherwise"]), variant=st.integers(0, 9))
    def note(self, place: int, how: str, variant: int) -> None:
        """The same deed in other words has a plan of its own."""
        seat = self.seats[place]
        self.last += 1
        self.noting(seat, self.last, how, variant)

    def noting(self, seat: Seat, number: int, how: str, variant: int) -> None:
        words = Written(f"insert into stored (number) values (%(number)s) /* {variant} */")
        refused = seat.wrong or seat.lost
        if how == "ask":
            self.goes(lambda: seat.session.ask(words, number=number), refused=refused)
        elif how == "otherwise":
            given = {"number": number}
            self.goes(lambda: seat.session.connection().exec_driver_sql(words, given), refused=refused)
        elif not seat.lost:
            seat.session.later(words, number=number)
        seat.noted[-1].append(number)

    @rule(place=places, variant=st.integers(0, 9))
    @precondition(lambda self: any(seat.all for seat in self.seats))
    def note_twice(self, place: int, variant: int) -> None:
        """Which the commit alone refuses."""
        seat = self.seats[place]
        if seat.all:
            self.noting(seat, seat.all[0], "later", variant)

    @rule(place=places)
    def ask_who(self, place: int) -> None:
        seat = self.seats[place]
        self.goes(lambda: self.in_her_name(seat), refused=seat.wrong or seat.lost)

    def in_her_name(self, seat: Seat) -> None:
        assert seat.session.ask(WHO) == [(seat.who,)]

    @rule(place=places, how=st.sampled_from(["later", "ask", "unsendable"]))
    def go_wrong(self, place: int, how: str) -> None:
        seat = self.seats[place]
        if how == "ask":
            self.goes(lambda: seat.session.ask(WRONG, zero=0), refused=True)
        elif not seat.lost:
            words, given = (WRONG, {"zero": 0}) if how == "later" else (UNSENDABLE, {"text": "a\0b"})
            seat.session.later(words, **given)
        seat.wrong = True

    # -------------------------------------------------------------- what falls

    @rule(place=places)
    def be_cut(self, place: int) -> None:
        seat = self.seats[place]
        if not (seat.wrong or seat.lost):
            cut(self.base, seat.session.ask(PID)[0][0])
            seat.lost = True

    @rule(place=places)
    def be_interrupted(self, place: int) -> None:
        seat = self.seats[place]

        def interrupted(line: Line, events: int) -> None:
            raise KeyboardInterrupt

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Line, "_wait", interrupted)
            try:
                seat.session.ask(WHO)
            except KeyboardInterrupt:
                seat.lost = True
            except SQLAlchemyError:
                assert seat.wrong or seat.lost

    # -------------------------------------------------------------- how it ends

    @rule(place=places)
    def begin_savepoint(self, place: int) -> None:
        seat = self.seats[place]
        refused = seat.wrong or seat.lost
        self.goes(lambda: seat.savepoints.append(seat.session.begin_nested()), refused=refused)
        if refused:
            self.take_back(place)
        else:
            seat.noted.append([])

    @rule(place=places, keep=st.booleans())
    def end_savepoint(self, place: int, keep: bool) -> None:
        seat = self.seats[place]
        if not seat.savepoints:
            return
        savepoint, refused = seat.savepoints.pop(), seat.wrong or seat.lost
        within = seat.noted.pop()
        try:
            with savepoint:
                if not keep:
                    raise ZeroDivisionError
        except ZeroDivisionError:
            assert not keep
        except SQLAlchemyError:
            assert refused
        else:
            assert not refused
            seat.noted[-1] += within
        seat.wrong = False
        if seat.lost:
            self.take_back(place)

    @rule(place=places, on=st.booleans())
    def commit(self, place: int, on: bool) -> None:
        """Whoever goes on after a refusal is never heard in another name."""
        seat = self.seats[place]
        refused = seat.wrong or seat.lost or len(set(seat.all)) < len(seat.all)
        self.goes(seat.session.commit, refused=refused)
        if refused:
            if on:
                with suppress(SQLAlchemyError):
                    self.in_her_name(seat)
            self.take_back(place)
        else:
            self.stored |= dict.fromkeys(seat.all, seat.who)
            seat.over()
            self.holds()

    @rule(place=places)
    def take_back(self, place: int) -> None:
        self.seats[place].session.rollback()
        self.seats[place].over()
        self.holds()

    @rule(place=places)
    def leave(self, place: int) -> None:
        """And somebody else takes the place."""
        self.seats[place].session.close()
        self.seats[place] = self.sat_down()
        self.holds()

    def holds(self) -> None:
        assert set(self.base.admin("select number, who from stored")) == set(self.stored.items())

    def teardown(self) -> None:
        for seat in self.seats:
            seat.session.close()
        close_engine(self.engine)
        ends = time.monotonic() + 30
        while self.base.admin(OPEN, self.base.name) != [(0,)]:  # the pool takes back aside what was left open
            assert time.monotonic() < ends, "a connection stays open"
            time.sleep(0.002)
        self.holds()


@pytest.mark.hypothesis  # so that `make fuzz` finds it
def test_what_was_committed_is_stored_in_its_own_name_whatever_happens_between(
    shared_base: Base, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "KEPT", 6)
    Lines.base = shared_base
    run_state_machine_as_test(
        Lines,
        settings=settings(
            max_examples=300 if THOROUGH else 8,
            stateful_step_count=60 if THOROUGH else 30,
            deadline=None,
            phases=tuple(Phase) if THOROUGH else (Phase.explicit, Phase.generate),
            suppress_health_check=list(HealthCheck),
        ),
    )
