"""An agreement and a referral that change at once, on two real connections: neither stands in the other's way, and what
the row says of the agreement is true once both have ended."""

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest

from coordination.audit.service import note_reading
from coordination.households import protection
from coordination.kit.actor import Actor, Member, Service
from coordination.kit.db import ActorSession, acting
from coordination.kit.errors import NotKnown
from coordination.kit.transitions import IllegalMove
from coordination.referrals import bulk, moves, moving, queries, service
from coordination.referrals.machine import State
from coordination.referrals.rules import Domain, Many, Refusal
from coordination.sharing.service import give_up_share, withdraw_agreement
from tests.cast import Cast
from tests.conftest import FALSE_ONES, Base
from tests.households.make import open_household
from tests.referrals.make import note_need, refer, send
from tests.sharing.make import agree, agree_in

HANGS = 60.0
"""Seconds after which whoever has not ended hangs."""
WAITING = "select count(*) from pg_stat_activity where datname = %s and wait_event_type = 'Lock'"
Deed = Callable[[ActorSession], object]


@dataclass(frozen=True)
class Sent:
    """A referral of a file the grocery and the association were trusted with, and who may do what with it."""

    cast: Cast
    base: Base
    file: UUID
    agreement: UUID
    id: UUID

    @property
    def worker(self) -> Member:
        return self.cast.ccas.people["intake"]

    @property
    def partner(self) -> Member:
        return self.cast.epicerie.people["intake"]

    def changes(self) -> dict[str, tuple[Member, Deed]]:
        """What changes what is carried, by whom."""
        both = [self.cast.epicerie, self.cast.secours]
        return {
            "withdraw": (self.worker, lambda s: withdraw_agreement(s, self.file, self.agreement)),
            "grant": (self.worker, lambda s: agree_in(s, self.file, both, days=300)),
            "give up": (self.partner, lambda s: give_up_share(s, self.file)),
            "protect": (self.worker, lambda s: protection.protect(s, self.file, [])),
        }

    def moves(self) -> dict[str, tuple[Member, int, Deed]]:
        """What is done with the referral, by whom, from which version: words and a child hang from the file."""
        return {
            "accept": (self.partner, 1, lambda s: moves.accept(s, self.id, 1, "Venez mardi.")),
            "redirect": (self.worker, 2, lambda s: moves.redirect(s, self.id, 2, self.cast.secours.id, "À vous.")),
        }

    def refused(self) -> None:
        with acting(self.cast.engine, self.partner) as session:
            moves.refuse(session, self.id, 1, Refusal.CAPACITY)

    def until_somebody_waits(self, most: int = 1) -> None:
        ends = time.monotonic() + HANGS
        while self.base.admin(WAITING, self.base.name) != [(most,)]:
            assert time.monotonic() < ends, "nobody waited for the other"
            time.sleep(0.005)

    def is_true(self) -> bool:
        return self.base.admin(FALSE_ONES) == []


@pytest.fixture
def sent(cast: Cast, shared_base: Base) -> Sent:
    worker = cast.ccas.people["intake"]
    file = open_household(cast.engine, worker)
    agreement = agree(cast.engine, worker, file, [cast.epicerie, cast.secours])
    return Sent(cast, shared_base, file, agreement, refer(cast.engine, worker, file, cast.epicerie).id)


@pytest.fixture(scope="module")
def aside() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


def apart(sent: Sent, who: Actor, deed: Deed) -> Any:
    """In a transaction of its own; the refusal of whoever comes too late is an answer."""
    try:
        with acting(sent.cast.engine, who) as session:
            deed(session)
    except (IllegalMove, NotKnown) as late:
        return late
    return None


CHANGES = ("withdraw", "grant", "give up", "protect")


@pytest.mark.parametrize("verb", ["accept", "redirect"])
@pytest.mark.parametrize("change", CHANGES)
def test_whoever_holds_the_referral_ends_her_move_and_the_agreement_changes_next(
    sent: Sent, aside: ThreadPoolExecutor, change: str, verb: str
) -> None:
    if verb == "redirect":
        sent.refused()
    mover, version, move = sent.moves()[verb]
    with ActorSession(sent.cast.engine, mover) as session:
        moving.taken(session, sent.id, version)
        changed: Future[Any] = aside.submit(apart, sent, *sent.changes()[change])
        sent.until_somebody_waits()
        move(session)
        session.commit()
    assert changed.result(HANGS) is None
    assert sent.is_true()


@pytest.mark.parametrize("verb", ["accept", "redirect"])
@pytest.mark.parametrize("change", CHANGES)
def test_whoever_moves_it_meanwhile_is_answered_by_the_new_agreement(
    sent: Sent, aside: ThreadPoolExecutor, change: str, verb: str
) -> None:
    if verb == "redirect":
        sent.refused()
    changer, deed = sent.changes()[change]
    mover, _, move = sent.moves()[verb]
    with ActorSession(sent.cast.engine, changer) as session:
        deed(session)
        moved: Future[Any] = aside.submit(apart, sent, mover, move)
        sent.until_somebody_waits()
        session.commit()
    answer = moved.result(HANGS)
    assert (answer is not None) == (verb == "accept" and change != "grant")
    assert sent.is_true()


@pytest.mark.parametrize("first", ["send", "change"])
@pytest.mark.parametrize("change", CHANGES)
def test_what_is_sent_while_the_agreement_changes_is_carried_as_it_stands_then(
    sent: Sent, aside: ThreadPoolExecutor, change: str, first: str
) -> None:
    need = note_need(sent.cast.engine, sent.worker, sent.file)
    sending: Deed = lambda s: service.send_referral(s, need, sent.cast.epicerie.id)  # noqa: E731
    deeds = [(sent.worker, sending), sent.changes()[change]]
    (who, deed), other = deeds if first == "send" else deeds[::-1]
    with ActorSession(sent.cast.engine, who) as session:
        deed(session)
        done: Future[Any] = aside.submit(apart, sent, *other)
        sent.until_somebody_waits()
        session.commit()
    assert done.result(HANGS) is None
    assert sent.is_true()
    with acting(sent.cast.engine, sent.worker) as session:
        stands = [line.state for line in queries.referrals_of(session, sent.file)]
    if change == "grant":
        assert stands == [State.SENT] * 2
    else:  # whoever waited for the agreement to end sends nothing: she is told to hand a paper over
        assert stands == [State.REVOKED, State.REVOKED if first == "send" else State.BY_HAND]


def test_a_need_sent_in_the_same_breath_is_sent(sent: Sent, aside: ThreadPoolExecutor) -> None:
    """From the need on one holds the journal, in which whoever withdraws the agreement writes last."""
    with ActorSession(sent.cast.engine, sent.worker) as session:
        need = service.add_need(session, sent.file, Domain.JOB, "Cherche un emploi.")
        withdrawn: Future[Any] = aside.submit(apart, sent, *sent.changes()["withdraw"])
        sent.until_somebody_waits()
        service.send_referral(session, need.id, sent.cast.epicerie.id)
        session.commit()
    assert withdrawn.result(HANGS) is None
    assert sent.is_true()


def test_a_sending_a_redirection_and_a_new_agreement_do_not_wait_for_each_other_in_a_ring(sent: Sent) -> None:
    """Each would hold what the next one waits for: the need, the referral, the file."""
    sent.refused()
    ((need,),) = sent.base.admin("select need_id from referral where id = %s", sent.id)
    sending: Deed = lambda s: service.send_referral(s, need, sent.cast.bonne_action.id)  # type: ignore[arg-type]  # noqa: E731
    with ThreadPoolExecutor(2) as pool, ActorSession(sent.cast.engine, sent.worker) as session:
        moving.taken(session, sent.id, 2)
        granted = pool.submit(apart, sent, *sent.changes()["grant"])
        sent.until_somebody_waits()
        again = pool.submit(apart, sent, sent.worker, sending)
        sent.until_somebody_waits(2)
        sent.moves()["redirect"][2](session)
        session.commit()
        assert [granted.result(HANGS), again.result(HANGS)] == [None, None]
    assert sent.is_true()


def test_sendings_redirections_and_changes_of_agreement_all_at_once_all_end(sent: Sent) -> None:
    """In whatever order they come: each is done or refused by a rule, none is ended by PostgreSQL."""
    engine, cast = sent.cast.engine, sent.cast
    for round_ in range(int(os.environ.get("RING_ROUNDS", "6"))):
        need = note_need(engine, sent.worker, sent.file)
        (row,) = send(engine, sent.worker, need, [cast.epicerie])
        with acting(engine, sent.partner) as session:
            moves.refuse(session, row.id, 1, Refusal.CAPACITY)
        together = Barrier(3)
        deeds: list[Deed] = [
            lambda s, need=need: service.send_referral(s, need, cast.bonne_action.id),  # type: ignore[misc]
            lambda s, key=row.id: moves.redirect(s, key, 2, cast.secours.id, "À vous."),  # type: ignore[misc]
            lambda s: agree_in(s, sent.file, [cast.epicerie, cast.secours], days=100 + round_ % 2),  # noqa: B023
        ]

        def at_once(deed: Deed, together: Barrier = together) -> object:
            together.wait()
            return apart(sent, sent.worker, deed)

        with ThreadPoolExecutor(3) as pool:
            assert list(pool.map(at_once, deeds)) == [None, None, None]
    assert sent.is_true()


def test_many_moved_at_once_wait_before_the_first_and_the_journal_stays_free(
    sent: Sent, aside: ThreadPoolExecutor
) -> None:
    other = open_household(sent.cast.engine, sent.worker)
    agree(sent.cast.engine, sent.worker, other, [sent.cast.epicerie])
    first = refer(sent.cast.engine, sent.worker, other, sent.cast.epicerie).id
    chosen = [bulk.Chosen(first, 1), bulk.Chosen(sent.id, 1)]
    answers: list[bulk.Done] = []
    with ActorSession(sent.cast.engine, sent.worker) as session:
        session.door("access.revoke_agreement(:id)", id=sent.agreement)
        accepted = aside.submit(
            apart, sent, sent.partner, lambda s: answers.extend(bulk.do_many(s, Many.ACCEPT, chosen))
        )
        sent.until_somebody_waits()
        note_reading(session, "household.read", sent.file)
        session.commit()
    assert accepted.result(HANGS) is None
    assert [bool(done.refused) for done in answers] == [False, True]
    assert sent.is_true()


def test_what_time_decided_is_written_without_waiting_for_an_agreement_that_changes(
    sent: Sent, aside: ThreadPoolExecutor
) -> None:
    worker = Service("worker", sent.worker.network_id)
    sent.base.admin("update referral set expires_at = now() where id = %s", sent.id)
    with ActorSession(sent.cast.engine, sent.worker) as session:
        session.door("access.revoke_agreement(:id)", id=sent.agreement)
        assert aside.submit(apart, sent, worker, moving.settle_due).result(HANGS) is None
        session.commit()
    assert sent.base.admin("select state from referral where id = %s", sent.id) == [("sent",)]
    apart(sent, worker, moving.settle_due)
    assert sent.base.admin("select state from referral where id = %s", sent.id) == [("revoked",)]
