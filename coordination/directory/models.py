"""Services outside the network: what a network knows of them, and nothing of anybody they receive."""

from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import Index, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import SQLModel

from coordination.directory.rules import Presence
from coordination.kit.clock import now
from coordination.kit.db import Holds, column
from coordination.kit.types import Moment


class OutsideService(SQLModel, table=True):
    """A service without an account here. `email` is the only address its links go to."""

    __tablename__ = "outside_service"
    __table_args__ = (
        UniqueConstraint("network_id", "id"),
        Index("outside_service_network", "network_id", "name"),
    )
    id: UUID = column(Holds.NOTHING, default_factory=uuid4, primary_key=True)
    network_id: UUID = column(Holds.NOTHING, foreign_key="network.id")
    name: str = column(Holds.NOTHING)
    email: str = column(Holds.WORKER)
    phone: str = column(Holds.WORKER, "")
    domains: list[str] = column(Holds.NOTHING, default_factory=list, sa_type=ARRAY(Text))
    communes: list[str] = column(Holds.NOTHING, default_factory=list, sa_type=ARRAY(Text))
    open_days: list[str] = column(Holds.NOTHING, default_factory=list, sa_type=ARRAY(Text))
    closed_from: date | None = column(Holds.NOTHING, None)
    closed_until: date | None = column(Holds.NOTHING, None)
    full_until: date | None = column(Holds.NOTHING, None)
    capacity: int | None = column(Holds.NOTHING, None)
    active: bool = column(Holds.NOTHING, True)
    written_at: datetime = column(Holds.WORKER, default_factory=now, sa_type=Moment)
    written_by: UUID = column(Holds.WORKER)
    version: int = column(Holds.NOTHING, 1)

    @property
    def presence(self) -> Presence:
        """When it is there."""
        return Presence(self.open_days, self.closed_from, self.closed_until, self.full_until, self.active)
