"""What a basket asks of the database: `machine.standing` and `baskets.holds` in SQL, each question written out once.

A question is built for a shape (a side, a basket, which filters are set) and its values are given when it is asked:
building it anew for every page cost more than the answer.
"""

from dataclasses import dataclass, fields, replace
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    FromClause,
    Select,
    SQLColumnExpression,
    String,
    Uuid,
    and_,
    case,
    exists,
    false,
    func,
    inspect,
    literal,
    literal_column,
    not_,
    or_,
    select,
    true,
    tuple_,
    union_all,
)
from sqlalchemy.orm import aliased
from sqlmodel import col

from coordination.kit.types import Moment
from coordination.kit.written import Given, Written, written
from coordination.referrals.baskets import BASKETS, Basket, Wait
from coordination.referrals.household import Due
from coordination.referrals.machine import CARRIED_STATES, EXPIRING_STATES, Side, State
from coordination.referrals.models import Referral, ReferralAssignment
from coordination.referrals.rules import Outcome

MANY = 100
"""How far the referrals of a basket are counted."""
KEY = Uuid()
TABLE = inspect(Referral).local_table
AT, SOON, ASKED_SINCE = Given("at", Moment), Given("soon", Moment), Given("asked_since", Moment)
TODAY = select(func.access.today()).scalar_subquery()
CARRIED = tuple(sorted(state.value for state in CARRIED_STATES))
EXPIRING = tuple(sorted(state.value for state in EXPIRING_STATES))
Conditions = list[ColumnElement[bool]]


@dataclass(frozen=True)
class Shape:
    """Which filters are set, whatever their values."""

    domain: bool = False
    partner: bool = False
    follower: bool = False
    unassigned: bool = False
    code: bool = False


# ------------------------------------------------------------------ the queue of a side


def _seen_from(side: Side, shape: Shape) -> Conditions:
    """What a side's queue is made of; counts and lists both start here."""
    mine = Given("organisation", KEY)
    wanted: Conditions = [col(Referral.network_id) == Given("network", KEY)]
    if side is Side.RECEIVER:
        wanted += [col(Referral.to_organisation_id) == mine, col(Referral.by_hand).is_(False)]
    elif side is Side.SENDER:
        wanted.append(col(Referral.from_organisation_id) == mine)
    if shape.domain:
        wanted.append(col(Referral.public_domain) == Given("domain", String()))
    if shape.partner:
        ends = (col(Referral.from_organisation_id), col(Referral.to_organisation_id), col(Referral.to_service_id))
        wanted.append(or_(*(end == Given("partner", KEY) for end in ends)))
    if shape.code:
        wanted.append(func.starts_with(col(Referral.household_code), Given("code", String())))
    followed = exists().where(
        col(ReferralAssignment.referral_id) == col(Referral.id), col(ReferralAssignment.organisation_id) == mine
    )
    if shape.follower:
        wanted.append(followed.where(col(ReferralAssignment.membership_id) == Given("follower", KEY)))
    if shape.unassigned:
        wanted.append(not_(followed))
    return wanted


# ------------------------------------------------------------------ where a referral truly stands


def _another() -> Select[Any]:
    """The other referrals of the same need that are truly open, or brought some help."""
    other = aliased(Referral)
    carried = and_(
        col(other.state).in_(CARRIED),
        or_(col(other.state).not_in(EXPIRING), col(other.expires_at) > AT),
        col(other.carried).bool_op("@>")(TODAY),
    )
    helped = col(other.outcome).in_([Outcome.GOT_HELP.value, Outcome.PARTIAL.value])
    waiting = col(other.state).in_([State.BY_HAND.value, State.DISPUTED.value])
    return select(true()).where(
        col(other.need_id) == col(Referral.need_id),
        col(other.id) != col(Referral.id),
        or_(carried, waiting, helped),
    )


@dataclass(frozen=True)
class Asked:
    """What baskets ask of a referral: whether its agreement carries it today, whether its time is spent…"""

    state: SQLColumnExpression[str]
    carries: ColumnElement[bool]
    spent: ColumnElement[bool]
    soon: ColumnElement[bool]
    risk: ColumnElement[bool]
    late: ColumnElement[bool]
    followed: ColumnElement[bool]
    """Whether its need is followed elsewhere; looked at of those that stand refused or expired alone."""
    table: FromClause

    @classmethod
    def once(cls, rows: Select[Any]) -> "Asked":
        """The same, worked out once for each of these rows, whatever the number of baskets (`offset` says so to
        PostgreSQL)."""
        spent = and_(OF_A_ROW.state.in_(EXPIRING), OF_A_ROW.spent, OF_A_ROW.carries)
        worked = replace(OF_A_ROW, followed=case((spent, OF_A_ROW.followed)))
        names = [field.name for field in fields(cls) if field.name != "table"]
        asked = rows.with_only_columns(*(getattr(worked, name).label(name) for name in names))
        table = asked.offset(literal_column("0")).subquery()
        return cls(**dict(table.c), table=table)


OF_A_ROW = Asked(
    state=col(Referral.state),
    carries=col(Referral.carried).bool_op("@>")(TODAY),
    spent=col(Referral.expires_at) <= AT,
    soon=col(Referral.expires_at) <= SOON,
    risk=col(Referral.risk_at) <= AT,
    late=col(Referral.late_at) <= AT,
    followed=func.coalesce(_another().limit(1).scalar_subquery(), false()),
    table=TABLE,
)


@dataclass(frozen=True)
class Piece:
    """A stored state, and whether a referral in that state truly stands in a basket."""

    stored: State
    holds: ColumnElement[bool]


def _pieces(basket: Basket, of: Asked) -> list[Piece]:
    """The basket as stored states (`machine.standing`, in SQL)."""
    narrowed = _narrowed(basket, of)
    return [
        Piece(stored, and_(of.state == stored.value, *asked, *narrowed))
        for state in basket.states
        for stored, *asked in _standing(state, of)
    ]


def _standing(state: State, of: Asked) -> list[tuple[Any, ...]]:
    """The stored states that truly stand there, and what is asked of each."""
    match state:
        case State.EXPIRED:
            return [(state,), *((stored, of.spent, of.carries) for stored in sorted(EXPIRING_STATES))]
        case State.REVOKED:
            return [(state,), *((stored, not_(of.carries)) for stored in sorted(CARRIED_STATES))]
        case _ if state in EXPIRING_STATES:
            return [(state, not_(of.spent), of.carries)]
        case _ if state in CARRIED_STATES:
            return [(state, of.carries)]
    return [(state,)]


def _narrowed(basket: Basket, of: Asked) -> Conditions:
    """What a basket asks of the wait, of the need's other referrals and of what is owed to the household."""
    asked: dict[Wait | None, Conditions] = {
        None: [],
        Wait.FRESH: [not_(of.late), not_(of.risk), not_(of.soon)],
        Wait.LATE: [of.late, not_(of.risk), not_(of.soon)],
        Wait.RISK: [of.risk, not_(of.soon)],
        Wait.EXPIRING: [of.soon],
    }
    narrowed = asked[basket.wait]
    if basket.alone is not None:
        narrowed = [*narrowed, not_(of.followed) if basket.alone else of.followed]
    if basket.due is not None:
        narrowed = [*narrowed, _due(basket.due)]
    return narrowed


def _due(due: str) -> ColumnElement[bool]:
    """`household.due_now`, in SQL."""
    owed = col(Referral.household_due)
    answer = and_(owed == Due.ANSWER.value, col(Referral.ask_from) <= AT, col(Referral.closed_at) > ASKED_SINCE)
    call = owed == Due.CALL.value
    if due:
        return answer if due == Due.ANSWER else call
    return not_(func.coalesce(or_(answer, call), false()))


# ------------------------------------------------------------------ the questions


@cache
def counting(side: Side, shape: Shape, baskets: tuple[Basket, ...] | None = None) -> Written:
    """How many stand in each basket, `MANY` and one at most: one line, a number for each.

    Those under way are few: they are read once, for all the baskets. What ended is counted basket by basket, along the
    index (its order says so to PostgreSQL) and not beyond `MANY`; of what was refused, each need is looked at once.
    """
    seen, numbers, lost = _seen_from(side, shape), [], None
    under_way = Asked.once(select(Referral).where(*seen, col(Referral.state).in_(CARRIED)))
    for basket in baskets or BASKETS[side]:
        open_ones = [piece.holds for piece in _pieces(basket, under_way) if piece.stored in CARRIED_STATES]
        found: ColumnElement[int] = func.count().filter(or_(false(), *open_ones))
        ended = [piece for piece in _pieces(basket, OF_A_ROW) if piece.stored not in CARRIED_STATES]
        if basket.alone is None:
            each = [select(literal(1)).select_from(Referral).where(*seen, piece.holds) for piece in ended]
            some = [select(_ordered(one, TABLE.c, down=False).limit(MANY + 1).subquery()) for one in each]
        else:
            lost = _lost(seen, [piece.stored.value for piece in ended]) if lost is None else lost
            some = [select(literal(1)).where(lost.c.followed.is_(not basket.alone))]
        if some:
            counted = union_all(*some).limit(MANY + 1).subquery()
            found = found + select(func.count()).select_from(counted).scalar_subquery()
        numbers.append(func.least(found, MANY + 1))
    return written(select(*numbers).select_from(under_way.table))


def _lost(seen: Conditions, states: list[str]) -> CTE:
    """Those of these states, each with whether its need is followed elsewhere: read once for both
    baskets that ask, as far as the one that goes further."""
    return select(OF_A_ROW.followed.label("followed")).where(*seen, OF_A_ROW.state.in_(states)).cte("lost")


@lru_cache(maxsize=500)
def listing(side: Side, shape: Shape, basket: Basket, *, size: int, after: bool, down: bool) -> Written:
    """The rows of one page of a basket and one more, from their own indexed columns, each state in index order."""
    where = _seen_from(side, shape)
    if after:
        place = tuple_(col(Referral.sent_at), col(Referral.id))
        there = tuple_(Given("sent_at", Moment), Given("id", KEY))
        where.append(place < there if down else place > there)
    rows = select(*TABLE.c).where(*where)
    by_state = [
        _ordered(rows.where(piece.holds), TABLE.c, down).limit(size + 1).subquery()
        for piece in _pieces(basket, OF_A_ROW)
    ]
    together = union_all(*(select(*part.c) for part in by_state)).subquery()
    return written(_ordered(select(*together.c), together.c, down).limit(size + 1))


def _ordered(rows: Select[Any], columns: Any, down: bool) -> Select[Any]:
    return rows.order_by(*(key.desc() if down else key.asc() for key in (columns.sent_at, columns.id)))
