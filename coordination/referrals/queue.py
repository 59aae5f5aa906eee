"""The queue of referrals: baskets with their counts, a page of one. Counts and lists ask the same question."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from sqlmodel import select

from coordination.identity.permissions import Permission
from coordination.kit.actor import may
from coordination.kit.ahead import Question
from coordination.kit.clock import PARIS, now
from coordination.kit.db import ActorSession
from coordination.kit.errors import NotKnown
from coordination.kit.written import KEYS, Given, among, loose
from coordination.referrals.asking import MANY, Shape, counting, listing
from coordination.referrals.baskets import BASKETS, EXPIRES_SOON, MINE, Basket
from coordination.referrals.delays import confirmation
from coordination.referrals.machine import Side
from coordination.referrals.models import Referral
from coordination.referrals.queries import Line, lines
from coordination.referrals.rules import Domain

PAGE = 25


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

    @property
    def label(self) -> str:
        """The count as it is shown: `12`, or `plus de 100`."""
        return str(self.count) if self.count <= MANY else f"plus de {MANY}"


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
    """The organisation or the outside service at the other end; for a coordinator, at either."""
    follower: UUID | None = None
    """The colleague who follows it."""
    unassigned: bool = False
    code: str = ""
    """The first letters of a household's code."""


NO_FILTER = Filters()
THESE = Question(select(Referral).where(among(Referral.id, Given("ids", KEYS))))


def sides_open(session: ActorSession) -> list[Side]:
    """The sides from which this member may look at the queue."""
    coordinates = may(session.member, Permission.COORDINATE_REFERRALS)
    return [side for side in Side if coordinates or side is not Side.COORDINATOR]


def _values(session: ActorSession, side: Side, filters: Filters, at: datetime) -> dict[str, object]:
    """What is given when a question is asked. Raises `NotKnown` to who may not look from that side."""
    member = session.member
    if side is Side.COORDINATOR and not may(member, Permission.COORDINATE_REFERRALS):
        raise NotKnown
    return {
        "network": member.network_id,
        "organisation": member.organisation_id,
        "domain": filters.domain.value if filters.domain else None,
        "partner": filters.partner,
        "follower": filters.follower,
        "code": filters.code,
        "at": at,
        "soon": at + EXPIRES_SOON,
        "asked_since": at - confirmation(at.astimezone(PARIS).date()).asked_within,
    }


def _shape(filters: Filters) -> Shape:
    return Shape(
        domain=filters.domain is not None,
        partner=filters.partner is not None,
        follower=filters.follower is not None,
        unassigned=filters.unassigned,
        code=bool(filters.code),
    )


# ------------------------------------------------------------------ counts and pages


def count_baskets(
    session: ActorSession, side: Side, filters: Filters = NO_FILTER, at: datetime | None = None
) -> list[BasketCount]:
    """The baskets of a side with their counts, in one statement; counted one beyond `MANY`."""
    return _counted(session, side, filters, BASKETS[side], at)


def count_mine(
    session: ActorSession, side: Side, filters: Filters = NO_FILTER, at: datetime | None = None
) -> BasketCount:
    """What one's organisation gave me to follow and still asks something, counted as it is listed."""
    return _counted(session, side, mine(session, filters), (MINE,), at)[0]


def _counted(
    session: ActorSession, side: Side, filters: Filters, baskets: tuple[Basket, ...], at: datetime | None
) -> list[BasketCount]:
    asked = counting(side, _shape(filters), baskets)
    found = session.ask(asked, **_values(session, side, filters, at or now()))[0]
    return [BasketCount(basket, n) for basket, n in zip(baskets, found, strict=True)]


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
    """One page of a basket: its rows, then what dresses them."""
    at = at or now()
    filters = mine(session, filters) if basket is MINE else filters
    down = basket.newest_first if newest_first is None else newest_first
    asked = listing(side, _shape(filters), basket, size=size, after=after is not None, down=down)
    there = {"sent_at": after.sent_at, "id": after.id} if after else {}
    found = session.ask(asked, **_values(session, side, filters, at), **there)
    rows = [loose(Referral)(cells) for cells in found[:size]]
    more = len(found) > size
    return QueuePage(lines(session, rows, at), Cursor(rows[-1].sent_at, rows[-1].id) if more else None)


def lines_by_id(session: ActorSession, ids: Collection[UUID]) -> dict[UUID, Line]:
    """Those of these referrals that one may see, dressed."""
    return {line.row.id: line for line in lines(session, THESE.asked(session, ids=list(ids)))}


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
