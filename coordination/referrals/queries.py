"""Reads of needs and referrals: the queue with its counts, one referral, those of a household, today's work."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, tuple_, union_all
from sqlmodel import col, select

from coordination.households import queries as households
from coordination.identity import queries as identity
from coordination.identity.permissions import Permission
from coordination.kit.actor import may
from coordination.kit.clock import now
from coordination.kit.db import ActorSession
from coordination.kit.errors import NotKnown
from coordination.kit.text import fold
from coordination.referrals.models import Need, Referral, ReferralEvent, ReferralText
from coordination.referrals.rules import (
    BASKETS,
    WRITERS,
    Basket,
    Coverage,
    Domain,
    NeedState,
    Outcome,
    Refusal,
    Side,
    State,
    coverage,
    is_late,
    late_before,
    needs_state,
    sides_of,
)

PAGE = 25


# ------------------------------------------------------------------ the queue


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
class Line:
    """One referral in a list: codes for everybody, names where the identity is shared."""

    row: Referral
    state: State
    sides: frozenset[Side]
    name: str | None
    domain: Domain
    sender: str
    receiver: str
    waiting_days: int
    late: bool

    @property
    def title(self) -> str:
        """The person's name where one may see it, the household's code otherwise."""
        return self.name or f"Foyer {self.row.household_code}"


@dataclass(frozen=True)
class QueuePage:
    """A page of a basket, and where the next one begins (None: this was the last)."""

    lines: list[Line]
    next: Cursor | None


def sides_open(session: ActorSession) -> list[Side]:
    """The sides from which this member may look at the queue."""
    coordinates = may(session.member, Permission.COORDINATE_REFERRALS)
    return [side for side in Side if coordinates or side is not Side.COORDINATOR]


def member_sides(session: ActorSession, row: Referral) -> frozenset[Side]:
    """The sides this member holds on one referral."""
    return sides_of(
        session.member.organisation_id,
        row.from_organisation_id,
        row.to_organisation_id,
        by_hand=row.by_hand,
        coordinates=may(session.member, Permission.COORDINATE_REFERRALS),
    )


def _seen_from(session: ActorSession, side: Side, domain: Domain | None) -> list[ColumnElement[bool]]:
    """What a side's queue is made of; counts and lists both start here."""
    member = session.member
    wanted: list[ColumnElement[bool]] = [col(Referral.network_id) == member.network_id]
    if side is Side.RECEIVER:
        wanted += [col(Referral.to_organisation_id) == member.organisation_id, col(Referral.by_hand).is_(False)]
    elif side is Side.SENDER:
        wanted.append(col(Referral.from_organisation_id) == member.organisation_id)
    elif not may(member, Permission.COORDINATE_REFERRALS):
        raise NotKnown
    if domain is not None:
        wanted.append(col(Referral.public_domain) == domain.value)
    return wanted


def _late(basket: Basket, at: datetime) -> list[ColumnElement[bool]]:
    """What a basket asks of the date, as `Basket.holds` says it."""
    if basket.late is None:
        return []
    sent_at, limit = col(Referral.sent_at), late_before(at)
    return [sent_at < limit if basket.late else sent_at >= limit]


def count_baskets(
    session: ActorSession, side: Side, domain: Domain | None = None, at: datetime | None = None
) -> list[BasketCount]:
    """The baskets of a side with their counts, in one statement."""
    at = at or now()
    counts = [
        func.count().filter(and_(col(Referral.state).in_([s.value for s in basket.states]), *_late(basket, at)))
        for basket in BASKETS[side]
    ]
    query: Select[Any] = select(*counts).select_from(Referral).where(*_seen_from(session, side, domain))
    found = session.execute(query).one()
    return [BasketCount(basket, n) for basket, n in zip(BASKETS[side], found, strict=True)]


def page_of(
    session: ActorSession,
    side: Side,
    basket: Basket,
    *,
    domain: Domain | None = None,
    after: Cursor | None = None,
    at: datetime | None = None,
    size: int = PAGE,
) -> QueuePage:
    """One page of a basket: ids first from the row's own indexed columns, each state in index order, then the rows."""
    at = at or now()
    where = [*_seen_from(session, side, domain), *_late(basket, at)]
    place = tuple_(col(Referral.sent_at), col(Referral.id))
    if after is not None:
        there = tuple_(after.sent_at, after.id)
        where.append(place < there if basket.newest_first else place > there)
    order = [c.desc() if basket.newest_first else c.asc() for c in (col(Referral.sent_at), col(Referral.id))]
    by_state = [
        select(Referral.id, Referral.sent_at)
        .where(*where, Referral.state == state.value)
        .order_by(*order)
        .limit(size + 1)
        .subquery()
        for state in basket.states
    ]
    together = union_all(*(select(part.c.id, part.c.sent_at) for part in by_state)).subquery()
    keys = [together.c.sent_at, together.c.id]
    ordered = select(together.c.id).order_by(*(k.desc() if basket.newest_first else k.asc() for k in keys))
    ids = list(session.execute(ordered.limit(size + 1)).scalars())
    rows = _by_ids(session, ids[:size])
    more = len(ids) > size
    return QueuePage(lines(session, rows, at), Cursor(rows[-1].sent_at, rows[-1].id) if more and rows else None)


def _by_ids(session: ActorSession, ids: Sequence[UUID]) -> list[Referral]:
    """The rows of these ids, in their order."""
    found = {r.id: r for r in session.exec(select(Referral).where(col(Referral.id).in_(ids)))} if ids else {}
    return [found[i] for i in ids if i in found]


def lines(session: ActorSession, rows: Sequence[Referral], at: datetime | None = None) -> list[Line]:
    """Rows dressed for a list: names and true domains through the wall, one query each for the whole page."""
    at = at or now()
    names = households.reference_names(session, {row.household_id for row in rows})
    domains = _domains(session, {row.need_id for row in rows})
    organisations = identity.organisations(session) if rows else {}
    return [
        Line(
            row=row,
            state=State(row.state),
            sides=member_sides(session, row),
            name=names.get(row.household_id),
            domain=domains.get(row.need_id, Domain(row.public_domain)),
            sender=organisations[row.from_organisation_id].name,
            receiver=organisations[row.to_organisation_id].name,
            waiting_days=max(0, (at - row.sent_at).days),
            late=State(row.state) is State.SENT and is_late(row.sent_at, at),
        )
        for row in rows
    ]


def _domains(session: ActorSession, need_ids: Iterable[UUID]) -> dict[UUID, Domain]:
    """The true domains of the needs one may see."""
    query = select(Need.id, Need.domain).where(col(Need.id).in_(list(need_ids)))
    return {row[0]: Domain(row[1]) for row in session.exec(query)}


# ------------------------------------------------------------------ one referral


@dataclass(frozen=True)
class Told:
    """Words written about a referral, by whom and when."""

    words: str
    organisation: str
    name: str
    written_at: datetime


@dataclass(frozen=True)
class Moved:
    """One line of a referral's timeline."""

    at: datetime
    verb: str
    state: State
    reason: str
    organisation: str
    name: str


@dataclass(frozen=True)
class ReferralView:
    """A referral as the actor may see it: `need` is None when the needs are not (or no longer) shared with her."""

    line: Line
    need: Need | None
    parts: frozenset[str]
    words: list[Told]
    moves: list[Moved]

    @property
    def may_write(self) -> bool:
        """Whether words may be kept: those of the two sides, behind the same share as the need."""
        return self.need is not None and bool(self.line.sides & WRITERS)


def show(session: ActorSession, referral_id: UUID) -> ReferralView:
    """One referral with its timeline and words. Raises `NotKnown`."""
    row = session.get(Referral, referral_id)
    if row is None:
        raise NotKnown
    texts = session.exec(
        select(ReferralText)
        .where(ReferralText.referral_id == referral_id, ReferralText.words != "")
        .order_by(col(ReferralText.written_at), col(ReferralText.id))
    ).all()
    events = session.exec(
        select(ReferralEvent)
        .where(ReferralEvent.referral_id == referral_id)
        .order_by(col(ReferralEvent.at).desc(), col(ReferralEvent.id))
    ).all()
    organisations = identity.organisations(session)
    names = identity.member_names(session, {t.written_by for t in texts} | {e.membership_id for e in events})
    return ReferralView(
        line=lines(session, [row])[0],
        need=session.get(Need, row.need_id),
        parts=frozenset(households.visible_parts(session, row.household_id)),
        words=[
            Told(t.words, organisations[t.organisation_id].name, names.get(t.written_by, ""), t.written_at)
            for t in texts
        ],
        moves=[
            Moved(
                e.at,
                e.verb,
                State(e.state),
                reason_label(e.reason),
                organisations[e.organisation_id].name,
                names.get(e.membership_id, ""),
            )
            for e in events
        ],
    )


def last_move(session: ActorSession, referral_id: UUID) -> ReferralEvent | None:
    """The last thing that happened to a referral."""
    query = select(ReferralEvent).where(ReferralEvent.referral_id == referral_id).order_by(col(ReferralEvent.at).desc())
    return session.exec(query.limit(1)).first()


def reason_label(code: str | None) -> str:
    """The French words of a refusal's or an outcome's code; empty for none."""
    if code in set(Refusal):
        return Refusal(code).label
    return Outcome(code).label if code in set(Outcome) else ""


# ------------------------------------------------------------------ a household's needs and referrals


@dataclass(frozen=True)
class NeedView:
    """A need, its state computed from the referrals the actor may see, and those referrals, the oldest first."""

    row: Need
    domain: Domain
    organisation: str
    state: NeedState
    referrals: list[Line]


def needs_of(session: ActorSession, household_id: UUID) -> list[NeedView]:
    """The needs of a household that are open to the actor, the newest first."""
    rows = session.exec(
        select(Need).where(Need.household_id == household_id).order_by(col(Need.opened_at).desc(), col(Need.id))
    ).all()
    return _needs(session, rows, referrals_of(session, household_id)) if rows else []


def need_of(session: ActorSession, household_id: UUID, need_id: UUID) -> NeedView:
    """One need of one household. Raises `NotKnown`."""
    row = session.get(Need, need_id)
    if row is None or row.household_id != household_id:
        raise NotKnown
    return _needs(session, [row], referrals_of(session, household_id))[0]


def _needs(session: ActorSession, rows: Sequence[Need], referrals: Sequence[Line]) -> list[NeedView]:
    organisations = identity.organisations(session)
    found = []
    for row in rows:
        own = [line for line in referrals if line.row.need_id == row.id]
        state = needs_state((line.state, Outcome(line.row.outcome) if line.row.outcome else None) for line in own)
        found.append(NeedView(row, Domain(row.domain), organisations[row.organisation_id].name, state, own))
    return found


def referrals_of(session: ActorSession, household_id: UUID) -> list[Line]:
    """The referrals of a household the actor may see, the oldest first."""
    rows = session.exec(
        select(Referral).where(Referral.household_id == household_id).order_by(col(Referral.sent_at), col(Referral.id))
    ).all()
    return lines(session, rows)


@dataclass(frozen=True)
class Partner:
    """An organisation one may refer to, and what the household's agreement lets pass to it."""

    id: UUID
    name: str
    coverage: Coverage


def partners(session: ActorSession, household_id: UUID) -> list[Partner]:
    """The other organisations of the network, in the order of their names."""
    rows = session.rows(
        "select o.id, o.name, access.covered(:id, o.id, 'identity') as identity,"
        " access.covered(:id, o.id, 'needs') as needs, access.covered(:id, o.id, 'sensitive') as sensitive"
        " from organisation o where o.network_id = access.network() and o.id <> access.organisation()"
        " order by o.id",
        id=household_id,
    )
    found = [Partner(r.id, r.name, coverage(identity=r.identity, needs=r.needs, sensitive=r.sensitive)) for r in rows]
    return sorted(found, key=lambda partner: fold(partner.name))


# ------------------------------------------------------------------ today


@dataclass(frozen=True)
class Today:
    """What waits for one's organisation: its baskets as receiver, as sender, and the network's for a coordinator."""

    received: list[BasketCount]
    sent: list[BasketCount]
    network: list[BasketCount]


def today(session: ActorSession) -> Today:
    """The counts of the home page, the same as the queue's."""
    at = now()
    return Today(
        received=count_baskets(session, Side.RECEIVER, at=at),
        sent=count_baskets(session, Side.SENDER, at=at),
        network=count_baskets(session, Side.COORDINATOR, at=at) if Side.COORDINATOR in sides_open(session) else [],
    )
