"""How a move is made: the row under its lock with where it truly stands, the rule, then the row and its event."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid
from sqlmodel import col, select

from coordination.audit.service import act
from coordination.kit.actor import Member
from coordination.kit.clock import now
from coordination.kit.db import ActorSession
from coordination.kit.errors import NotKnown, NotNow
from coordination.kit.transitions import IllegalMove, Move
from coordination.kit.written import KEYS, Given, among, loose, written
from coordination.referrals import queries, receptions, service
from coordination.referrals.machine import (
    DERIVED,
    ROW_FACTS,
    WRITERS,
    Facts,
    Side,
    State,
    Step,
    after,
    find_move,
)
from coordination.referrals.models import Need, Referral
from coordination.referrals.rules import Domain

RESTARTS = ("answer", "reopen")  # the partner's time to answer begins again
LOCKED = written(select(Referral).where(col(Referral.id) == Given("id", Uuid())).with_for_update(of=Referral))
ALL = written(
    select(Referral.id)
    .where(among(Referral.id, Given("ids", KEYS)))
    .order_by(col(Referral.id))
    .with_for_update(of=Referral)
)


class AlreadyMoved(NotNow):
    """Quelqu’un a répondu avant vous. Rien n’a été modifié."""

    title = "Quelqu’un a été plus rapide"


@dataclass(frozen=True)
class Held:
    """A referral under its lock, and where it truly stands, whatever its row still says."""

    row: Referral
    stands: State

    @property
    def settled(self) -> bool:
        """Whether its row says where it stands."""
        return self.stands.value == self.row.state


def held(session: ActorSession, referral_id: UUID) -> Held | None:
    """A referral for whoever may change it; whoever else would waits. None for what one does not see."""
    found = session.locking(LOCKED, id=referral_id)
    if not found:
        return None
    row: Referral = loose(Referral)(found[0])
    return Held(row, queries.stands(row, now()))


def hold_all(session: ActorSession, ids: Sequence[UUID]) -> None:
    """Locks these referrals, in one order, before any is moved: from the first move on one holds the network's journal,
    and whoever holds one of the others (an agreement that ends) may be waiting for it."""
    session.locking(ALL, ids=list(ids))


def taken(session: ActorSession, referral_id: UUID, version: int) -> Held:
    """The same, as it was read; whoever comes second is told who came first."""
    found = held(session, referral_id)
    if found is None:
        raise NotKnown
    if found.row.version != version:
        told = queries.last_told(session, referral_id)
        raise AlreadyMoved(f"L’orientation est déjà « {found.stands.label.lower()} » {told}. Rien n’a été modifié.")
    return found


def legal(session: ActorSession, found: Held, verb: str) -> Move[State, Side]:
    """The move behind a verb, open to me from where the referral stands. Raises `IllegalMove`."""
    sides = queries.member_sides(session, found.row)
    try:
        return find_move(verb, found.stands, sides)
    except IllegalMove:  # only then does it matter who came before
        told = queries.last_told(session, found.row.id) if found.settled else ""
        return find_move(verb, found.stands, sides, told)


def move(
    session: ActorSession,
    found: Held,
    verb: str,
    words: str = "",
    *,
    reason: str | None = None,
    target: State | None = None,
    **also: Any,
) -> Referral:
    """Makes a move that is legal: first what time or the agreement decided, then the row, its words behind the share
    and its event. `target` where the table alone does not say it; `also`: other columns of the row."""
    target = target or legal(session, found, verb).target
    if not found.settled:
        settle(session, found)
    row, at = found.row, now()
    known = Facts(State(row.state), **{name: getattr(row, name) for name in ROW_FACTS}, closing=row.outcome)
    facts = after(known, Step(verb, target, reason, at, None))
    if facts.household_due != row.household_due:
        also["ask_from"] = at if facts.household_due else None
    if verb in RESTARTS:
        also |= _clocks_again(session, row)
    return rewrite(session, row, verb, facts, words, reason=reason, **also)


def _clocks_again(session: ActorSession, row: Referral) -> dict[str, datetime]:
    need = session.get(Need, row.need_id)
    domain = Domain(need.domain if need else row.public_domain)
    to, outside = queries.recipient_of(row), row.to_service_id is not None
    return vars(receptions.clocks(session, domain, to, outside=outside))


def rewrite(
    session: ActorSession,
    row: Referral,
    verb: str,
    facts: Facts,
    words: str = "",
    *,
    reason: str | None = None,
    **also: Any,
) -> Referral:
    """The row as these facts say, one version further, its words and its event."""
    told = {name: getattr(facts, name) for name in ROW_FACTS}
    mine = session.member.membership_id
    session.change(row, state=facts.state.value, **told, version=row.version + 1, moved_by=mine, **also)
    if words:
        need = session.get(Need, row.need_id)
        if need is None or not queries.member_sides(session, row) & WRITERS:
            raise service.WordsNotKept
        service.tell(session, row, need, words)
    service.note(session, row, verb, reason)
    return row


# ------------------------------------------------------------------ what nobody decides


def settle_due(session: ActorSession, most: int = 500) -> int:
    """Writes down what time and ended agreements decided since: for the worker, or for a coordinator on her network.

    Answers how many were written. Nothing depends on it to be shown right: `queries.stands` does not wait for it.
    """
    done = 0
    for key in queries.due_rows(session, most):
        found = held(session, key)
        if found is not None and not found.settled:
            settle(session, found)
            done += 1
    return done


def settle(session: ActorSession, found: Held) -> None:
    """One derived move: it bears nobody's name, and its own line of the journal."""
    row, stands = found.row, found.stands
    session.change(
        row,
        state=stands.value,
        closed_at=row.expires_at if stands is State.EXPIRED else now(),
        version=row.version + 1,
        moved_by=session.actor.membership_id if isinstance(session.actor, Member) else None,
    )
    service.event(session, row, DERIVED[stands], None, None, None)
    (expire if stands is State.EXPIRED else stop)(session, row)


@act("referral.expire", "Orientation expirée sans réponse", needs=None)
def expire(session: ActorSession, row: Referral) -> Referral:
    """Its time passed without an answer."""
    return row


@act("referral.stop", "Orientation arrêtée : l’accord du foyer a pris fin", needs=None)
def stop(session: ActorSession, row: Referral) -> Referral:
    """Its agreement ended."""
    return row
