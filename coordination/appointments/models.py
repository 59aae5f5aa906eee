"""Appointments, what happened to each, the public places where they are held, and the calendars people read them in."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlmodel import SQLModel

from coordination.households.models import MEMBERSHIP, ORGANISATION, of_household
from coordination.kit.clock import now
from coordination.kit.db import Holds, column
from coordination.kit.types import Moment


class ReceptionPlace(SQLModel, table=True):
    """A public place where an organisation receives people. Read by the whole network."""

    __tablename__ = "reception_place"
    __table_args__ = (
        ForeignKeyConstraint(["network_id", "organisation_id"], ORGANISATION),
        UniqueConstraint("network_id", "id"),
        Index("reception_place_organisation", "organisation_id"),
    )
    id: UUID = column(Holds.NOTHING, default_factory=uuid4, primary_key=True)
    network_id: UUID = column(Holds.NOTHING)
    organisation_id: UUID = column(Holds.NOTHING)
    name: str = column(Holds.NOTHING)
    address: str = column(Holds.NOTHING, "")
    closed: bool = column(Holds.NOTHING, False)
    updated_at: datetime = column(Holds.NOTHING, default_factory=now, sa_type=Moment)
    updated_by: UUID = column(Holds.WORKER)
    version: int = column(Holds.NOTHING, 1)


class Appointment(SQLModel, table=True):
    """A date on a referral, at the organisation it goes to: codes and dates only. What was written about the place
    stands behind the share, as a message of the referral (`words_id`).

    `proposed_by`: the organisation whose date it is; the other one answers. `held_by`: who receives the person.
    """

    __tablename__ = "appointment"
    __table_args__ = of_household(
        ForeignKeyConstraint(
            ["network_id", "household_id", "referral_id"],
            ("referral.network_id", "referral.household_id", "referral.id"),
        ),
        ForeignKeyConstraint(["network_id", "from_organisation_id"], ORGANISATION),
        ForeignKeyConstraint(["network_id", "to_organisation_id"], ORGANISATION),
        ForeignKeyConstraint(["network_id", "held_by"], MEMBERSHIP),
        ForeignKeyConstraint(["network_id", "place_id"], ("reception_place.network_id", "reception_place.id")),
        ForeignKeyConstraint(["words_id"], ("referral_text.id",)),
        UniqueConstraint("network_id", "id"),
        Index("appointment_referral", "referral_id"),
        Index("appointment_household", "household_id"),
        Index("appointment_to", "to_organisation_id", "starts_at"),
        Index("appointment_from", "from_organisation_id", "starts_at"),
        Index("appointment_held", "held_by", "starts_at"),
        Index("appointment_next", "network_id", "starts_at", postgresql_where=text("state = 'confirmed'")),
    )
    id: UUID = column(Holds.LINK, default_factory=uuid4, primary_key=True)
    network_id: UUID = column(Holds.NOTHING)
    household_id: UUID = column(Holds.LINK)
    referral_id: UUID = column(Holds.LINK)
    from_organisation_id: UUID = column(Holds.LINK)
    to_organisation_id: UUID = column(Holds.LINK)
    starts_at: datetime = column(Holds.LIFE, sa_type=Moment)
    minutes: int = column(Holds.NOTHING)
    place: str = column(Holds.LINK)
    place_id: UUID | None = column(Holds.LINK, None)
    words_id: UUID | None = column(Holds.LINK, None)
    held_by: UUID | None = column(Holds.WORKER, None)
    state: str = column(Holds.LINK)
    excused: bool | None = column(Holds.LIFE, None)
    proposed_by: UUID = column(Holds.WORKER)
    created_at: datetime = column(Holds.LINK, default_factory=now, sa_type=Moment)
    created_by: UUID = column(Holds.WORKER)
    moved_at: datetime = column(Holds.LINK, default_factory=now, sa_type=Moment)
    moved_by: UUID = column(Holds.WORKER)
    version: int = column(Holds.NOTHING, 1)


class AppointmentEvent(SQLModel, table=True):
    """One step of an appointment, in codes, under the row's version: what both sides read of it."""

    __tablename__ = "appointment_event"
    __table_args__ = (
        ForeignKeyConstraint(["network_id", "appointment_id"], ("appointment.network_id", "appointment.id")),
        ForeignKeyConstraint(["network_id", "organisation_id"], ORGANISATION),
        UniqueConstraint("appointment_id", "version"),
        Index("appointment_event_at", "network_id", "at"),
    )
    id: UUID = column(Holds.LINK, default_factory=uuid4, primary_key=True)
    network_id: UUID = column(Holds.NOTHING)
    appointment_id: UUID = column(Holds.LINK)
    at: datetime = column(Holds.LINK, default_factory=now, sa_type=Moment)
    verb: str = column(Holds.LINK)
    state: str = column(Holds.LINK)
    starts_at: datetime = column(Holds.LIFE, sa_type=Moment)
    organisation_id: UUID = column(Holds.WORKER)
    membership_id: UUID = column(Holds.WORKER)
    version: int = column(Holds.NOTHING)


class CalendarFeed(SQLModel, table=True):
    """The secret address under which a member's calendar is read by another application: its hash alone is kept."""

    __tablename__ = "calendar_feed"
    __table_args__ = (
        ForeignKeyConstraint(["network_id", "membership_id"], MEMBERSHIP),
        Index("calendar_feed_live", "membership_id", unique=True, postgresql_where=text("revoked_at is null")),
    )
    id: UUID = column(Holds.ACCESS, default_factory=uuid4, primary_key=True)
    network_id: UUID = column(Holds.NOTHING)
    membership_id: UUID = column(Holds.WORKER)
    token_hash: str = column(Holds.ACCESS, unique=True)
    made_at: datetime = column(Holds.WORKER, default_factory=now, sa_type=Moment)
    read_at: datetime | None = column(Holds.WORKER, None, sa_type=Moment)
    revoked_at: datetime | None = column(Holds.WORKER, None, sa_type=Moment)
