"""What one link shows to the service that holds it."""

from dataclasses import dataclass
from uuid import UUID

from coordination.kit.db import ActorSession
from coordination.referrals.machine import State
from coordination.referrals.rules import Domain


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
