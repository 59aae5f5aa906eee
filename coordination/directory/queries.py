"""Reads of the services outside the network."""

from uuid import UUID

from sqlmodel import select

from coordination.directory.models import OutsideService
from coordination.kit.db import ActorSession
from coordination.kit.errors import NotKnown
from coordination.kit.text import fold


def services(session: ActorSession) -> list[OutsideService]:
    """Every service the network knows, those it no longer works with last."""
    return sorted(session.exec(select(OutsideService)).all(), key=lambda row: (not row.active, fold(row.name)))


def service_of(session: ActorSession, service_id: UUID) -> OutsideService:
    """One service. Raises `NotKnown`."""
    row = session.get(OutsideService, service_id)
    if row is None:
        raise NotKnown
    return row
