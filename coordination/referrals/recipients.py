"""Whom one may refer to: the other organisations of the network, the outside services, and what may pass to each."""

from dataclasses import dataclass
from uuid import UUID

from coordination.directory import queries as directory
from coordination.households import protection
from coordination.households import queries as households
from coordination.identity import queries as identity
from coordination.identity.permissions import Part
from coordination.kit.clock import today
from coordination.kit.db import ActorSession
from coordination.kit.text import fold
from coordination.kit.web import date_fr
from coordination.referrals.models import Referral, ReferralLink
from coordination.referrals.queries import recipient_of
from coordination.referrals.routing import service_key
from coordination.referrals.rules import Coverage, coverage

LONGEST_NAME, LONGEST_CONTACT = 120, 200


@dataclass(frozen=True)
class Partner:
    """An organisation or an outside service one may refer to, and what the household's agreement lets pass to it."""

    id: UUID
    name: str
    slug: str
    coverage: Coverage
    outside: bool = False
    email: str = ""
    """Where a service's link goes."""

    @property
    def key(self) -> str:
        """How the routes name it."""
        return service_key(self.name) if self.outside else self.slug


def partners(session: ActorSession, household_id: UUID) -> list[Partner]:
    """The other organisations of the network, in the order of their names, then the services one works with."""
    rows = session.rows(
        "select o.id, o.name, o.slug, false as outside, '' as email, access.covered(:id, o.id, 'identity') as identity,"
        " access.covered(:id, o.id, 'needs') as needs, access.covered(:id, o.id, 'sensitive') as sensitive"
        " from organisation o where o.network_id = access.network() and o.id <> access.organisation()"
        " union all select v.id, v.name, '', true, v.email, access.service_covered(:id, v.id, 'identity'),"
        " access.service_covered(:id, v.id, 'needs'), access.service_covered(:id, v.id, 'sensitive')"
        " from outside_service v where v.network_id = access.network() and v.active",
        id=household_id,
    )
    found = [
        Partner(
            r.id,
            r.name,
            r.slug,
            coverage(identity=r.identity, needs=r.needs, sensitive=r.sensitive),
            r.outside,
            r.email,
        )
        for r in rows
    ]
    return sorted(found, key=lambda partner: (partner.outside, fold(partner.name), partner.id))


def partner_of(session: ActorSession, household_id: UUID, to: UUID | None) -> Partner | None:
    """The one behind an id; None for whoever one may not refer to."""
    return next((partner for partner in partners(session, household_id) if partner.id == to), None)


@dataclass(frozen=True)
class Place:
    """Where a recipient is, for a paper given to the person."""

    name: str
    commune: str
    phone: str
    email: str


def place_of(session: ActorSession, referral: Referral) -> Place:
    """Whoever a referral goes to, as the network knows it."""
    if referral.to_service_id is not None:
        service = directory.service_of(session, referral.to_service_id)
        return Place(service.name, "", service.phone, service.email)
    there = identity.organisations(session)[recipient_of(referral)]
    return Place(there.name, there.commune, there.phone, there.email)


def busy_until(session: ActorSession) -> dict[UUID, str]:
    """The services that take nobody today, each with why in a few words."""
    full, on = directory.full_services(session), today()
    found: dict[UUID, str] = {}
    for service in directory.services(session):
        there = service.presence
        if there.is_closed(on):
            found[service.id] = f"Fermé jusqu’au {date_fr(service.closed_until)}."
        elif there.is_full(on):
            found[service.id] = f"Complet jusqu’au {date_fr(service.full_until)}."
        elif service.id in full:
            found[service.id] = "Complet ce mois-ci."
    return found


# ------------------------------------------------------------------ what a service reads once it has accepted


@dataclass(frozen=True)
class Reach:
    """The name a service reads once it has accepted, and how it may reach the person."""

    name: str = ""
    contact: str = ""


def reach_of(session: ActorSession, household_id: UUID) -> Reach:
    """What the file says; no number where contact must be careful: somebody then writes which."""
    if not {Part.IDENTITY, Part.NEEDS} <= households.visible_parts(session, household_id):
        return Reach()
    profile = households.profile_of(session, household_id)
    careful = protection.safe_contact_of(session, household_id) is not None
    contact = (profile.phone or profile.email) if profile and not careful else ""
    name = households.reference_names(session, {household_id}).get(household_id, "")
    return Reach(name[:LONGEST_NAME], contact[:LONGEST_CONTACT])


def link_of(session: ActorSession, referral: Referral) -> ReferralLink | None:
    """The link of a referral to a service, for whoever sent it."""
    return session.get(ReferralLink, referral.id) if referral.to_service_id else None
