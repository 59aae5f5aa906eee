"""Pages of the queue: one side, one basket, filters that are codes, a page at a time; a table of what one sees."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from coordination.directory import queries as directory
from coordination.identity import queries as identity
from coordination.identity.permissions import Permission
from coordination.kit.ahead import Together
from coordination.kit.clock import today
from coordination.kit.db import ActorSession
from coordination.kit.errors import Malformed, NotAllowed
from coordination.kit.forms import FormState
from coordination.kit.web import Walled, needs, on_the_spot, page
from coordination.referrals import bulk, following, moves
from coordination.referrals import queue as queue_of
from coordination.referrals.baskets import AT_REST, MINE, Basket, basket_named
from coordination.referrals.machine import Side
from coordination.referrals.queries import Line
from coordination.referrals.rules import Domain, reason_label

router = APIRouter()
READS = [needs(Permission.READ_REFERRALS)]
NOBODY, ME = "personne", "moi"
SORTS = {"": None, "anciennes": False, "recentes": True}
MOST_EXPORTED = 1000
CHOICES = Together(identity.ORGANISATIONS, identity.ACTIVE_MEMBERS, directory.SERVICES, following.KEPT)
"""What the filters offer, for one's organisation."""


NO_CODE = "Ce code n’existe pas : il a la forme 7K3M-2PX. Un nom se cherche dans « Foyers »."


def _code(typed: str) -> str:
    """The first letters of a code as it is written: `7k3m 2p` gives `7K3M-2P`."""
    plain = re.sub(r"[\s-]+", "", typed.upper())
    return f"{plain[:4]}-{plain[4:]}" if len(plain) > 4 else plain


class Asked:
    """What the address asks of the queue: words of lists, ids and a household's code, never a name."""

    def __init__(
        self,
        cote: str = "",
        bannette: str = "",
        domaine: str = "",
        partenaire: str = "",
        suivi: str = "",
        code: str = "",
        tri: str = "",
        apres: str = "",
    ) -> None:
        given = {"cote": cote, "bannette": bannette, "domaine": domaine, "partenaire": partenaire, "suivi": suivi}
        self.given = {**given, "code": _code(code), "tri": tri}
        self.after = apres

    def href(self, path: str = "/orientations", **changed: str) -> str:
        """The same view with something changed; a mark never outlives a change."""
        kept = {name: value for name, value in {**self.given, **changed}.items() if value}
        return path + ("?" + urlencode(kept) if kept else "")

    @property
    def narrowed(self) -> bool:
        return any(self.given[name] for name in ("domaine", "partenaire", "suivi", "code"))


Wanted = Annotated[Asked, on_the_spot(Asked)]


@dataclass(frozen=True)
class View:
    """What was asked, understood."""

    side: Side
    filters: queue_of.Filters
    counts: list[queue_of.BasketCount]
    basket: Basket
    newest_first: bool | None


def understood(session: ActorSession, asked: Asked) -> View:
    """Raises `Malformed` for what no list of ours offers, `NotAllowed` for a side that is not hers."""
    given = asked.given
    side = _side(given["cote"], queue_of.sides_open(session))
    if given["tri"] not in SORTS:
        raise Malformed
    if not re.fullmatch("[0-9A-Z-]{0,8}", given["code"]):
        raise Malformed(NO_CODE)
    followed = given["suivi"]
    filters = queue_of.Filters(
        domain=_domain(given["domaine"]),
        partner=_uuid(given["partenaire"]),
        follower=session.member.membership_id if followed == ME else None if followed == NOBODY else _uuid(followed),
        unassigned=followed == NOBODY,
        code=given["code"],
    )
    counts = [queue_of.count_mine(session, side, filters), *queue_of.count_baskets(session, side, filters)]
    first = next((c.basket for c in counts[1:] if c.count), counts[1].basket)
    basket = basket_named(side, given["bannette"]) if given["bannette"] else first
    if basket is None:
        raise Malformed
    return View(side, filters, counts, basket, SORTS[given["tri"]])


@router.get("/orientations", dependencies=READS)
def queue(request: Request, session: Walled, asked: Wanted) -> Response:
    """The queue: one side, one basket, filters, a page at a time."""
    CHOICES.ask(session, session.member.organisation_id)
    view = understood(session, asked)
    found = queue_of.page_of(
        session,
        view.side,
        view.basket,
        filters=view.filters,
        after=_cursor(asked.after),
        newest_first=view.newest_first,
    )
    shown = asked.href(cote=view.side.value, bannette=view.basket.key)
    return page(
        request,
        "referrals/queue.html",
        title="Orientations",
        block="queue",
        side=view.side,
        basket=view.basket,
        lines=found.lines,
        reason_label=reason_label,
        accepts=_accepted_at_once(session, found.lines) if view.side is Side.RECEIVER else (),
        form=FormState.of(asked.given),
        tabs=[
            {"href": f"/orientations?cote={s.value}", "label": s.label, "current": s is view.side}
            for s in queue_of.sides_open(session)
        ],
        baskets=_baskets(asked, view),
        first_href=shown if asked.after else "",
        next_href=f"{shown}&{urlencode({'apres': _mark(found.next)})}" if found.next else "",
        everything_href=f"/orientations?cote={view.side.value}&bannette={view.basket.key}" if asked.narrowed else "",
        export_href=asked.href("/orientations/tableau", cote=view.side.value, bannette=view.basket.key),
        query=shown.partition("?")[2],
        kept=following.kept_views(session),
        **_choices(session, view.side),
    )


def _accepted_at_once(session: ActorSession, lines: list[Line]) -> set[UUID]:
    """Those of these that one may accept without opening them."""
    return {line.row.id for line in lines if any(m.verb == "accept" for m in moves.offers(session.member, line))}


def _choices(session: ActorSession, side: Side) -> dict[str, Any]:
    """What the filters and the deeds on several lines offer."""
    me, offered = session.member, bulk.offered(session, side)
    partners = [(str(o.id), o.name) for o in identity.organisations(session).values() if o.id != me.organisation_id]
    if side is not Side.RECEIVER:
        partners += [(str(s.id), f"{s.name} (sans compte)") for s in directory.services(session)]
    return offered | {
        "domains": [(d.value, d.label) for d in Domain if not d.sensitive],
        "partners": partners,
        "followers": [(ME, "Moi"), (NOBODY, "Personne"), *offered["colleagues"][1:]],
        "sorts": [("anciennes", "Les plus anciennes d’abord"), ("recentes", "Les plus récentes d’abord")],
    }


def _baskets(asked: Asked, view: View) -> list[dict[str, object]]:
    return [
        {
            "href": asked.href(
                cote=view.side.value, bannette=c.basket.key, **{"suivi": ""} if c.basket is MINE else {}
            ),
            "label": c.basket.label,
            "count": c.count,
            "shown": c.label,
            "current": c.basket.key == view.basket.key,
            "tone": c.basket.tone if c.count else "",
            "rests": c.basket.key in AT_REST or not c.count,
        }
        for c in view.counts
    ]


@router.get("/orientations/tableau", dependencies=READS)
def export(request: Request, session: Walled, asked: Wanted) -> Response:
    """The same list as a table for a spreadsheet: what one sees, no more."""
    view = understood(session, asked)
    found = queue_of.page_of(
        session, view.side, view.basket, filters=view.filters, size=MOST_EXPORTED, newest_first=view.newest_first
    )
    name = f"orientations-{view.basket.key}-{today().isoformat()}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(bulk.to_csv(session, found.lines), media_type="text/csv; charset=utf-8", headers=headers)


def _uuid(typed: str) -> UUID | None:
    if not typed:
        return None
    try:
        return UUID(typed)
    except ValueError as unreadable:
        raise Malformed from unreadable


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
