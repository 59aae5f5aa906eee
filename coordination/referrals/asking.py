"""What a basket asks of the database: `machine.standing` and `baskets.holds` in SQL, each question written out once.

A question is built for a shape (a side, a basket, which filters are set) and its values are given when it is asked:
building it anew for every page cost more than the answer.
"""

from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Select,
    String,
    Uuid,
    and_,
    exists,
    false,
    func,
    inspect,
    literal,
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
Asked = list[ColumnElement[bool]]


@dataclass(frozen=True)
class Shape:
    """Which filters are set, whatever their values."""

    domain: bool = False
    partner: bool = False
    follower: bool = False
    unassigned: bool = False
    code: bool = False


# ------------------------------------------------------------------ the queue of a side


def _seen_from(side: Side, shape: Shape) -> Asked:
    """What a side's queue is made of; counts and lists both start here."""
    mine = Given("organisation", KEY)
    wanted: Asked = [col(Referral.network_id) == Given("network", KEY)]
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


@dataclass(frozen=True)
class Piece:
    """A stored state, and what makes it truly stand in a basket; `stops`: that its agreement ended, or did not."""

    stored: State
    asked: Asked
    stops: bool | None = None

    @property
    def holds(self) -> ColumnElement[bool]:
        """Whether a referral stands there, from its own columns."""
        carried = _carries(Referral)
        ended = {None: [], True: [not_(carried)], False: [carried]}[self.stops]
        return and_(col(Referral.state) == self.stored.value, *self.asked, *ended)


def _carries(referral: type[Referral]) -> ColumnElement[bool]:
    """Whether its agreement carries it today."""
    return col(referral.carried).bool_op("@>")(TODAY)


def _pieces(basket: Basket) -> list[Piece]:
    """The basket as stored states (`machine.standing`, in SQL)."""
    narrowed = _narrowed(basket)
    return [replace(piece, asked=[*piece.asked, *narrowed]) for state in basket.states for piece in _standing(state)]


def _standing(state: State) -> list[Piece]:
    running, spent = col(Referral.expires_at) > AT, col(Referral.expires_at) <= AT
    match state:
        case State.EXPIRED:
            return [Piece(state, []), *(Piece(s, [spent], False) for s in sorted(EXPIRING_STATES))]
        case State.REVOKED:
            return [Piece(state, []), *(Piece(s, [], True) for s in sorted(CARRIED_STATES))]
        case _ if state in EXPIRING_STATES:
            return [Piece(state, [running], False)]
        case _ if state in CARRIED_STATES:
            return [Piece(state, [], False)]
    return [Piece(state, [])]


def _narrowed(basket: Basket) -> Asked:
    """What a basket asks of the wait and of the need's other referrals."""
    late, risk, soon = col(Referral.late_at) <= AT, col(Referral.risk_at) <= AT, col(Referral.expires_at) <= SOON
    asked: dict[Wait | None, Asked] = {
        None: [],
        Wait.FRESH: [not_(late), not_(risk), not_(soon)],
        Wait.LATE: [late, not_(risk), not_(soon)],
        Wait.RISK: [risk, not_(soon)],
        Wait.EXPIRING: [soon],
    }
    narrowed = asked[basket.wait]
    if basket.alone is not None:
        followed = _another().exists()
        narrowed = [*narrowed, not_(followed) if basket.alone else followed]
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


def _another() -> Select[Any]:
    """The other referrals of the same need that are truly open, or brought some help."""
    other = aliased(Referral)
    carried = and_(
        col(other.state).in_(CARRIED),
        or_(col(other.state).not_in(EXPIRING), col(other.expires_at) > AT),
        _carries(other),
    )
    helped = col(other.outcome).in_([Outcome.GOT_HELP.value, Outcome.PARTIAL.value])
    waiting = col(other.state).in_([State.BY_HAND.value, State.DISPUTED.value])
    return select(true()).where(
        col(other.need_id) == col(Referral.need_id),
        col(other.id) != col(Referral.id),
        or_(carried, waiting, helped),
    )


# ------------------------------------------------------------------ the questions


@cache
def counting(side: Side, shape: Shape, baskets: tuple[Basket, ...] | None = None) -> Written:
    """How many stand in each basket, `MANY` and one at most: one line, a number for each.

    Those under way are few: they are read once, for all the baskets. What ended is counted basket by basket, along the
    index (its order says so to PostgreSQL) and not beyond `MANY`; of what was refused, each need is looked at once.
    """
    seen, numbers, lost = _seen_from(side, shape), [], None
    for basket in baskets or BASKETS[side]:
        standing, narrowed = [piece for state in basket.states for piece in _standing(state)], _narrowed(basket)
        under_way = [piece.holds for piece in standing if piece.stored in CARRIED_STATES]
        found: ColumnElement[int] = func.count().filter(and_(or_(false(), *under_way), *narrowed))
        ended = [piece for piece in standing if piece.stored not in CARRIED_STATES]
        if basket.alone is None:
            each = [select(literal(1)).select_from(Referral).where(*seen, piece.holds, *narrowed) for piece in ended]
            some = [select(_ordered(one, TABLE.c, down=False).limit(MANY + 1).subquery()) for one in each]
        else:
            lost = _lost(seen, [piece.stored.value for piece in ended]) if lost is None else lost
            some = [select(literal(1)).where(lost.c.followed.is_(not basket.alone))]
        if some:
            counted = union_all(*some).limit(MANY + 1).subquery()
            found = found + select(func.count()).select_from(counted).scalar_subquery()
        numbers.append(func.least(found, MANY + 1))
    rows = select(*numbers).select_from(Referral)
    return written(rows.where(*seen, col(Referral.state).in_(CARRIED)))


def _lost(seen: Asked, states: list[str]) -> CTE:
    """Those of these states, each with whether its need is followed elsewhere: read once for both
    baskets that ask, as far as the one that goes further."""
    followed = func.coalesce(_another().limit(1).scalar_subquery(), false())
    return select(followed.label("followed")).where(*seen, col(Referral.state).in_(states)).cte("lost")


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
        _ordered(rows.where(piece.holds), TABLE.c, down).limit(size + 1).subquery() for piece in _pieces(basket)
    ]
    together = union_all(*(select(*part.c) for part in by_state)).subquery()
    return written(_ordered(select(*together.c), together.c, down).limit(size + 1))


def _ordered(rows: Select[Any], columns: Any, down: bool) -> Select[Any]:
    return rows.order_by(*(key.desc() if down else key.asc() for key in (columns.sent_at, columns.id)))
