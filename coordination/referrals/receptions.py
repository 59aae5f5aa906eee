"""When the partners receive people, and which of them to propose first for a need, with why."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlmodel import select

from coordination.audit.service import act
from coordination.directory import queries as directory
from coordination.directory.rules import Presence, suits
from coordination.households import queries as households
from coordination.identity.permissions import Part, Permission
from coordination.kit.clock import now, today
from coordination.kit.db import ActorSession, lock
from coordination.kit.errors import Stale
from coordination.kit.web import date_fr
from coordination.referrals.baskets import Clocks
from coordination.referrals.delays import delay
from coordination.referrals.forms import ReceptionForm
from coordination.referrals.models import Reception, Referral
from coordination.referrals.opening import WORKING_WEEK, Opening
from coordination.referrals.queries import recipient_of
from coordination.referrals.recipients import Partner, busy_until, partners
from coordination.referrals.routing import Route, propose, publics_of
from coordination.referrals.rules import Domain


def reception_of(session: ActorSession, organisation_id: UUID) -> Reception | None:
    """What an organisation of the network said of itself; None: nothing yet."""
    return session.exec(select(Reception).where(Reception.organisation_id == organisation_id)).first()


def opening_of(row: Reception | None) -> Opening:
    """The opening days of a partner; from Monday to Friday when it said nothing."""
    return Opening() if row is None else Opening(frozenset(row.weekdays), tuple(closures_of(row)))


def closures_of(row: Reception) -> list[tuple[date, date]]:
    """The closures of a row, as days."""
    days = ([date.fromisoformat(day) for day in interval.split("/")] for interval in row.closures)
    return [(first, last) for first, last in days]


def presence_opening(there: Presence) -> Opening:
    """The opening days of an outside service; from Monday to Friday when they are not known."""
    closures = ((there.closed_from or date.min, there.closed_until),) if there.closed_until else ()
    return Opening(there.weekdays or WORKING_WEEK, closures)


def opening_there(session: ActorSession, referral: Referral) -> Opening | None:
    """When whoever a referral goes to receives people; None when it said nothing."""
    if referral.to_service_id is not None:
        there = directory.service_of(session, referral.to_service_id).presence
        return presence_opening(there) if there.open_days or there.closed_until else None
    row = reception_of(session, recipient_of(referral))
    return opening_of(row) if row else None


def clocks(session: ActorSession, domain: Domain, to: UUID, *, outside: bool = False) -> Clocks:
    """The delays of a referral that leaves now for this partner, or this outside service."""
    opening = (
        presence_opening(directory.service_of(session, to).presence)
        if outside
        else opening_of(reception_of(session, to))
    )
    return delay(domain, today()).clocks(now(), opening)


# ------------------------------------------------------------------ whom to propose


SUITS = "Répond à ce besoin dans cette commune"


@dataclass(frozen=True)
class Proposal:
    """A partner one may refer to; `why` it is proposed (empty: it is not), `busy` when it takes nobody more, and until
    when."""

    partner: Partner
    why: str = ""
    busy: str = ""


def proposals(session: ActorSession, household_id: UUID, domain: Domain | None) -> list[Proposal]:
    """Every partner: those the routes propose for this need first, then the services whose record answers it, then the
    others, then those that are full."""
    known = Part.IDENTITY in households.visible_parts(session, household_id)
    profile = households.profile_of(session, household_id) if known else None
    commune = profile.commune if profile else ""
    busy = _full(session) | busy_until(session)
    routes = {route.to: route.why for route in _routes(session, household_id, domain, commune)} if domain else {}
    suited = {
        row.id
        for row in directory.services(session)
        if domain is not None and suits(row.domains, row.communes, domain.value, commune)
    }
    order = {key: rank for rank, key in enumerate(routes)}

    def why(partner: Partner) -> str:
        return routes.get(partner.key, SUITS if partner.id in suited else "")

    def rank(one: Proposal) -> tuple[bool, int]:
        last = len(order) + 1
        return bool(one.busy), order.get(one.partner.key, last - 1 if one.partner.id in suited else last)

    found = [Proposal(p, "" if p.id in busy else why(p), busy.get(p.id, "")) for p in partners(session, household_id)]
    return sorted(found, key=rank)


def _routes(session: ActorSession, household_id: UUID, domain: Domain, commune: str) -> list[Route]:
    known = Part.IDENTITY in households.visible_parts(session, household_id)
    people = households.residents(session, household_id, today()) if known else []
    return propose(domain, commune, publics_of([person.age for person in people]), today())


def _full(session: ActorSession) -> dict[UUID, str]:
    rows = session.exec(select(Reception)).all()
    return {
        row.organisation_id: f"Complet jusqu’au {date_fr(row.full_until)}."
        for row in rows
        if row.full_until and row.full_until >= today()
    }


# ------------------------------------------------------------------ saying it


@act("reception.set", "Jours d’accueil et places de la structure", needs=Permission.SET_RECEPTION)
def set_reception(session: ActorSession, form: ReceptionForm) -> Reception:
    """Says when one's own organisation receives people. Raises `Stale` when a colleague said otherwise meanwhile."""
    member = session.member
    row = reception_of(session, member.organisation_id)
    if (row.version if row else 0) != form.version:
        raise Stale
    if row is None:
        row = Reception(
            network_id=member.network_id,
            organisation_id=member.organisation_id,
            weekdays=sorted(WORKING_WEEK),
            updated_by=member.membership_id,
            version=0,
        )
    else:
        row = lock(session, Reception, row.id)
        assert row is not None
        if row.version != form.version:
            raise Stale
    row.weekdays = sorted(set(form.weekdays))
    row.closures = [f"{one.first.isoformat()}/{one.last.isoformat()}" for one in form.closures]
    row.full_until = form.full_until
    row.updated_at, row.updated_by = now(), member.membership_id
    row.version += 1
    session.add(row)
    session.flush()
    return row
