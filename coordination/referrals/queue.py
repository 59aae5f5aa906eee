"""The queue of referrals: baskets with their counts, a page of one. Counts and lists ask the same question."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, false, func, not_, or_, tuple_, union_all
from sqlalchemy.orm import aliased
from sqlmodel import col, select

from coordination.identity.permissions import Permission
from coordination.kit.actor import may
from coordination.kit.clock import now
from coordination.kit.db import ActorSession
from coordination.kit.errors import NotKnown
from coordination.referrals.baskets import BASKETS, EXPIRES_SOON, MINE, Basket, Wait
from coordination.referrals.machine import CARRIED_STATES, EXPIRING_STATES, Side, State
from coordination.referrals.models import Referral, ReferralAssignment
from coordination.referrals.queries import Line, lines
from coordination.referrals.rules import Domain, Outcome

PAGE = 25
Asked = list[ColumnElement[bool]]


@dataclass(frozen=True)
class Cursor:
    """The last line of a page: the next page begins after it."""

    sent_at: datetime
    id: UUID


@dataclass(frozen=True)
class BasketCount:
    """A basket and how many referrals stand in it."""

    basket: Basket
    count: int


@dataclass(frozen=True)
class QueuePage:
    """A page of a basket, and where the next one begins (None: this was the last)."""

    lines: list[Line]
    next: Cursor | None


@dataclass(frozen=True)
class Filters:
    """What narrows a queue, in codes: never a name."""

    domain: Domain | None = None
    partner: UUID | None = None
    """The organisation at the other end; for a coordinator, at either."""
    follower: UUID | None = None
    """The colleague who follows it."""
    unassigned: bool = False
    code: str = ""
    """The first letters of a household's code."""


NO_FILTER = Filters()


def sides_open(session: ActorSession) -> list[Side]:
    """The sides from which this member may look at the queue."""
    coordinates = may(session.member, Permission.COORDINATE_REFERRALS)
    return [side for side in Side if coordinates or side is not Side.COORDINATOR]


# ------------------------------------------------------------------ what a basket asks of the database


def _seen_from(session: ActorSession, side: Side, filters: Filters) -> Asked:
    """What a side's queue is made of; counts and lists both start here."""
    member = session.member
    wanted: Asked = [col(Referral.network_id) == member.network_id]
    if side is Side.RECEIVER:
        wanted += [col(Referral.to_organisation_id) == member.organisation_id, col(Referral.by_hand).is_(False)]
    elif side is Side.SENDER:
        wanted.append(col(Referral.from_organisation_id) == member.organisation_id)
    elif not may(member, Permission.COORDINATE_REFERRALS):
        raise NotKnown
    if filters.domain is not None:
        wanted.append(col(Referral.public_domain) == filters.domain.value)
    return wanted + _kept_by(session, filters)


def _kept_by(session: ActorSession, filters: Filters) -> Asked:
    wanted: Asked = []
    if filters.partner is not None:
        ends = (col(Referral.from_organisation_id), col(Referral.to_organisation_id))
        wanted.append(or_(*(end == filters.partner for end in ends)))
    followed = exists().where(
        col(ReferralAssignment.referral_id) == col(Referral.id),
        col(ReferralAssignment.organisation_id) == session.member.organisation_id,
    )
    if filters.follower is not None:
        wanted.append(followed.where(col(ReferralAssignment.membership_id) == filters.follower))
    if filters.unassigned:
        wanted.append(not_(followed))
    if filters.code:
        wanted.append(col(Referral.household_code).startswith(filters.code, autoescape=True))
    return wanted


STOPPED: ColumnElement[bool] = func.access.stopped(col(Referral.id))


def _pieces(basket: Basket, at: datetime) -> list[tuple[State, Asked]]:
    """The basket as stored states, each with what makes it truly stand there (`machine.standing`, in SQL)."""
    found: list[tuple[State, Asked]] = []
    for state in basket.states:
        found += [(stored, [*asked, *_narrowed(basket, at)]) for stored, asked in _standing(state, at)]
    return found


def _standing(state: State, at: datetime) -> list[tuple[State, Asked]]:
    running, spent = col(Referral.expires_at) > at, col(Referral.expires_at) <= at
    match state:
        case State.EXPIRED:
            return [(state, []), *((s, [spent, not_(STOPPED)]) for s in sorted(EXPIRING_STATES))]
        case State.REVOKED:
            return [(state, []), *((s, [STOPPED]) for s in sorted(CARRIED_STATES))]
        case _ if state in EXPIRING_STATES:
            return [(state, [running, not_(STOPPED)])]
        case _ if state in CARRIED_STATES:
            return [(state, [not_(STOPPED)])]
    return [(state, [])]


def _narrowed(basket: Basket, at: datetime) -> Asked:
    """What a basket asks of the wait and of the need's other referrals."""
    late, risk, soon = (
        col(Referral.late_at) <= at,
        col(Referral.risk_at) <= at,
        col(Referral.expires_at) <= at + EXPIRES_SOON,
    )
    asked: dict[Wait | None, Asked] = {
        None: [],
        Wait.FRESH: [not_(late), not_(risk), not_(soon)],
        Wait.LATE: [late, not_(risk), not_(soon)],
        Wait.RISK: [risk, not_(soon)],
        Wait.EXPIRING: [soon],
    }
    narrowed = asked[basket.wait]
    if basket.alone is not None:
        carried = _carried_on(at)
        narrowed = [*narrowed, not_(carried) if basket.alone else carried]
    return narrowed


def _carried_on(at: datetime) -> ColumnElement[bool]:
    """Whether another referral of the same need is truly open, or brought some help."""
    other = aliased(Referral)
    carried = and_(
        col(other.state).in_([s.value for s in CARRIED_STATES]),
        or_(col(other.state).not_in([s.value for s in EXPIRING_STATES]), col(other.expires_at) > at),
        not_(func.access.stopped(col(other.id))),
    )
    helped = col(other.outcome).in_([Outcome.GOT_HELP.value, Outcome.PARTIAL.value])
    return exists().where(
        col(other.need_id) == col(Referral.need_id),
        col(other.id) != col(Referral.id),
        or_(carried, col(other.state) == State.BY_HAND.value, helped),
    )


def _matches(basket: Basket, at: datetime) -> ColumnElement[bool]:
    pieces = [and_(col(Referral.state) == stored.value, *asked) for stored, asked in _pieces(basket, at)]
    return or_(false(), *pieces)


# ------------------------------------------------------------------ counts and pages


def count_baskets(
    session: ActorSession, side: Side, filters: Filters = NO_FILTER, at: datetime | None = None
) -> list[BasketCount]:
    """The baskets of a side with their counts, in one statement."""
    at = at or now()
    counts = [func.count().filter(_matches(basket, at)) for basket in BASKETS[side]]
    query: Select[Any] = select(*counts).select_from(Referral).where(*_seen_from(session, side, filters))
    found = session.execute(query).one()
    return [BasketCount(basket, n) for basket, n in zip(BASKETS[side], found, strict=True)]


def count_mine(
    session: ActorSession, side: Side, filters: Filters = NO_FILTER, at: datetime | None = None
) -> BasketCount:
    """What one's organisation gave me to follow and still asks something, counted as it is listed."""
    where = [*_seen_from(session, side, mine(session, filters)), _matches(MINE, at or now())]
    return BasketCount(MINE, session.execute(select(func.count()).select_from(Referral).where(*where)).scalar_one())


def mine(session: ActorSession, filters: Filters) -> Filters:
    """The same filters, on what I follow."""
    return replace(filters, follower=session.member.membership_id, unassigned=False)


def page_of(
    session: ActorSession,
    side: Side,
    basket: Basket,
    *,
    filters: Filters = NO_FILTER,
    after: Cursor | None = None,
    at: datetime | None = None,
    size: int = PAGE,
    newest_first: bool | None = None,
) -> QueuePage:
    """One page of a basket: ids first from the row's own indexed columns, each state in index order, then the rows."""
    at = at or now()
    filters = mine(session, filters) if basket is MINE else filters
    down = basket.newest_first if newest_first is None else newest_first
    where = _seen_from(session, side, filters)
    place = tuple_(col(Referral.sent_at), col(Referral.id))
    if after is not None:
        there = tuple_(after.sent_at, after.id)
        where.append(place < there if down else place > there)
    order = [c.desc() if down else c.asc() for c in (col(Referral.sent_at), col(Referral.id))]
    by_state = [
        select(Referral.id, Referral.sent_at)
        .where(*where, Referral.state == stored.value, *asked)
        .order_by(*order)
        .limit(size + 1)
        .subquery()
        for stored, asked in _pieces(basket, at)
    ]
    together = union_all(*(select(part.c.id, part.c.sent_at) for part in by_state)).subquery()
    keys = [together.c.sent_at, together.c.id]
    ordered = select(together.c.id).order_by(*(k.desc() if down else k.asc() for k in keys))
    ids = list(session.execute(ordered.limit(size + 1)).scalars())
    rows = _by_ids(session, ids[:size])
    more = len(ids) > size
    return QueuePage(lines(session, rows, at), Cursor(rows[-1].sent_at, rows[-1].id) if more and rows else None)


def _by_ids(session: ActorSession, ids: Sequence[UUID]) -> list[Referral]:
    """The rows of these ids, in their order."""
    found = {r.id: r for r in session.exec(select(Referral).where(col(Referral.id).in_(ids)))} if ids else {}
    return [found[i] for i in ids if i in found]


# ------------------------------------------------------------------ today


@dataclass(frozen=True)
class Today:
    """What waits for one's organisation: its baskets as receiver, as sender, and the network's for a coordinator."""

    received: list[BasketCount]
    sent: list[BasketCount]
    network: list[BasketCount] = field(default_factory=list)


def today(session: ActorSession) -> Today:
    """The counts of the home page, the same as the queue's."""
    at = now()
    return Today(
        received=count_baskets(session, Side.RECEIVER, at=at),
        sent=count_baskets(session, Side.SENDER, at=at),
        network=count_baskets(session, Side.COORDINATOR, at=at) if Side.COORDINATOR in sides_open(session) else [],
    )
