"""Reads of outside referrals: a need's, for those who sent them; one link's page, for the service."""

from dataclasses import dataclass
from uuid import UUID

from sqlmodel import col, select

from coordination.directory.queries import services
from coordination.kit.db import ActorSession
from coordination.kit.errors import NotKnown
from coordination.outside.models import OutsideReferral
from coordination.outside.rules import State
from coordination.referrals.rules import Domain, Refusal


@dataclass(frozen=True)
class Line:
    """One outside referral as its sender reads it."""

    row: OutsideReferral
    service: str
    state: State
    refusal: str


def of_need(session: ActorSession, household_id: UUID, need_id: UUID) -> list[Line]:
    """The outside referrals of a need sent by one's organisation, the newest first."""
    rows = session.exec(
        select(OutsideReferral)
        .where(OutsideReferral.need_id == need_id, OutsideReferral.household_id == household_id)
        .order_by(col(OutsideReferral.sent_at).desc(), col(OutsideReferral.id))
    ).all()
    names = {row.id: row.name for row in services(session)} if rows else {}
    return [
        Line(
            row,
            names.get(row.service_id, ""),
            State(row.state),
            Refusal(row.refusal).label if row.refusal in set(Refusal) else "",
        )
        for row in rows
    ]


def outside_of(session: ActorSession, household_id: UUID, outside_id: UUID) -> OutsideReferral:
    """One of them. Raises `NotKnown`."""
    row = session.get(OutsideReferral, outside_id)
    if row is None or row.household_id != household_id:
        raise NotKnown
    return row


@dataclass(frozen=True)
class LinkPage:
    """What a link shows: the strict minimum, and the name and contact once the service has accepted."""

    state: State
    domain: Domain | None
    commune: str
    organisation: str
    phone: str
    service: str
    expired: bool
    person_name: str
    contact: str


def link_page(session: ActorSession, link_id: UUID) -> LinkPage | None:
    """The page of the link's holder; None when this link opens nothing any more."""
    rows = session.rows("select * from access.outside_page(:link)", link=link_id)
    if not rows:
        return None
    row = rows[0]
    domain = Domain(row.public_domain) if row.public_domain in set(Domain) else None
    return LinkPage(
        State(row.state),
        None if domain is Domain.OTHER else domain,
        row.commune,
        row.organisation_name,
        row.organisation_phone,
        row.service_name,
        row.expired,
        row.person_name or "",
        row.contact or "",
    )
