"""Reads of the services outside the network."""

from collections.abc import Collection
from uuid import UUID

from sqlmodel import select

from coordination.directory.models import OutsideService
from coordination.kit.ahead import Question
from coordination.kit.db import ActorSession
from coordination.kit.errors import NotKnown
from coordination.kit.text import fold

SERVICES = Question(select(OutsideService), whole=True)


def services(session: ActorSession) -> list[OutsideService]:
    """Every service the network knows, those it no longer works with last."""
    return sorted(SERVICES.of(session), key=lambda row: (not row.active, fold(row.name)))


def service_names(session: ActorSession, service_ids: Collection[UUID]) -> dict[UUID, str]:
    """The names of these services."""
    return {row.id: row.name for row in services(session) if row.id in service_ids} if service_ids else {}


def full_services(session: ActorSession) -> set[UUID]:
    """Those to which as many people were sent this month as they can receive."""
    return {row.id for row in session.rows("select id from access.full_services() id")}


def service_of(session: ActorSession, service_id: UUID) -> OutsideService:
    """One service. Raises `NotKnown`."""
    row = session.get(OutsideService, service_id)
    if row is None:
        raise NotKnown
    return row
