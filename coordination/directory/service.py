"""Acts on services outside the network: writing one down, and keeping it true."""

from typing import Any
from uuid import UUID

from coordination.audit.service import act
from coordination.directory.forms import ServiceForm
from coordination.directory.models import OutsideService
from coordination.identity.permissions import Permission
from coordination.kit.clock import now
from coordination.kit.db import ActorSession, lock
from coordination.kit.errors import NotKnown, Stale


@act("service.add", "Service extérieur ajouté", needs=Permission.KEEP_DIRECTORY)
def add(session: ActorSession, told: ServiceForm) -> OutsideService:
    """Writes a service down."""
    row = OutsideService(
        network_id=session.member.network_id,
        written_by=session.member.membership_id,
        **_columns(told),
    )
    session.add(row)
    session.flush()
    return row


@act("service.change", "Service extérieur modifié", needs=Permission.KEEP_DIRECTORY)
def change(session: ActorSession, service_id: UUID, told: ServiceForm) -> OutsideService:
    """What is true of it from now on. Raises `NotKnown` or `Stale`."""
    row: OutsideService | None = lock(session, OutsideService, service_id)
    if row is None:
        raise NotKnown
    if row.version != told.version:
        raise Stale
    for name, value in _columns(told).items():
        setattr(row, name, value)
    row.version += 1
    row.written_at, row.written_by = now(), session.member.membership_id
    session.flush()
    return row


def _columns(told: ServiceForm) -> dict[str, Any]:
    return {
        **told.model_dump(include={"name", "email", "phone", "closed_from", "closed_until", "full_until", "capacity"}),
        "domains": sorted(set(told.domains)),
        "communes": told.commune_names(),
        "open_days": [day.value for day in told.open_days],
        "active": not told.ended,
    }
