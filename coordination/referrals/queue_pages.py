"""Pages of the queue: one side, one basket, filters that are codes, a page at a time."""

from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from coordination.identity.permissions import Permission
from coordination.kit.errors import Malformed, NotAllowed
from coordination.kit.forms import FormState
from coordination.kit.web import Walled, needs, page
from coordination.referrals import moves
from coordination.referrals import queue as queue_of
from coordination.referrals.baskets import basket_named
from coordination.referrals.machine import Side
from coordination.referrals.rules import Domain

router = APIRouter()


@router.get("/orientations", dependencies=[needs(Permission.READ_REFERRALS)])
def queue(
    request: Request, session: Walled, cote: str = "", bannette: str = "", domaine: str = "", apres: str = ""
) -> Response:
    """The queue: one side, one basket, perhaps one domain, a page at a time. Every filter is a code in the address."""
    sides = queue_of.sides_open(session)
    side = _side(cote, sides)
    domain = _domain(domaine)
    filters = queue_of.Filters(domain)
    counts = queue_of.count_baskets(session, side, filters)
    basket = basket_named(side, bannette) if bannette else next((c.basket for c in counts if c.count), counts[0].basket)
    if basket is None:
        raise Malformed
    found = queue_of.page_of(session, side, basket, filters=filters, after=_cursor(apres))
    asked = {"cote": side.value, "domaine": domaine, "bannette": basket.key}
    return page(
        request,
        "referrals/queue.html",
        title="Orientations",
        block="queue",
        side=side,
        basket=basket,
        lines=found.lines,
        offers={line.row.id: {move.verb for move in moves.offers(session.member, line)} for line in found.lines},
        domains=[(d.value, d.label) for d in Domain if not d.sensitive],
        form=FormState.of({"domaine": domaine}),
        tabs=[{"href": _queue(cote=s.value), "label": s.label, "current": s is side} for s in sides],
        baskets=[
            {
                "href": _queue(cote=side.value, bannette=c.basket.key, domaine=domaine),
                "label": c.basket.label,
                "count": c.count,
                "current": c.basket.key == basket.key,
                "tone": c.basket.tone,
            }
            for c in counts
        ],
        first_href=_queue(**asked) if apres else "",
        next_href=_queue(**asked, apres=_mark(found.next)) if found.next else "",
        everything_href=_queue(cote=side.value, bannette=basket.key) if domain else "",
    )


def _side(typed: str, open_sides: list[Side]) -> Side:
    """The side asked for; a coordinator opens on the whole network, the others on what they receive."""
    if not typed:
        return Side.COORDINATOR if Side.COORDINATOR in open_sides else Side.RECEIVER
    if typed not in set(Side):
        raise Malformed
    if Side(typed) not in open_sides:
        raise NotAllowed
    return Side(typed)


def _domain(typed: str) -> Domain | None:
    if not typed:
        return None
    if typed not in set(Domain) or Domain(typed).sensitive:
        raise Malformed
    return Domain(typed)


def _mark(cursor: queue_of.Cursor) -> str:
    """A place in the list, as the address writes it: a moment and an id."""
    return f"{cursor.sent_at.isoformat()}_{cursor.id}"


def _cursor(typed: str) -> queue_of.Cursor | None:
    if not typed:
        return None
    moment, _, key = typed.partition("_")
    try:
        sent_at, referral_id = datetime.fromisoformat(moment), UUID(key)
    except ValueError as unreadable:
        raise Malformed from unreadable
    if sent_at.tzinfo is None:
        raise Malformed
    return queue_of.Cursor(sent_at, referral_id)


def _queue(**filters: str) -> str:
    """The address of the queue with these filters."""
    kept = {name: value for name, value in filters.items() if value}
    return "/orientations" + ("?" + urlencode(kept) if kept else "")
