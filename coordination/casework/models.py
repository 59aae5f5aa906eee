"""What workers write about a file: notes, contacts, tasks, its referent; debts, goals, documents seen."""

from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, Column, ForeignKeyConstraint, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from coordination.households.models import ORGANISATION, of_household
from coordination.kit.clock import now
from coordination.kit.db import Holds, column
from coordination.kit.types import Moment

NOTE = ("network_id", "household_id", "organisation_id", "id")


class Note(SQLModel, table=True):
    """One version of a professional note. Part: notes, its author's organisation alone.

    A correction is a new row that `replaces` the former: nothing is overwritten, and no version is replaced twice.
    """

    __tablename__ = "note"
    __table_args__ = of_household(
        ForeignKeyConstraint(["network_id", "organisation_id"], ORGANISATION),
        UniqueConstraint(*NOTE),
        UniqueConstraint("replaces"),
        ForeignKeyConstraint(
            ["network_id", "household_id", "organisation_id", "replaces"], [f"note.{name}" for name in NOTE]
        ),
        Index("note_household", "household_id", "organisation_id"),
    )
    id: UUID = column(Holds.LINK, default_factory=uuid4, primary_key=True)
    network_id: UUID = column(Holds.NOTHING)
    household_id: UUID = column(Holds.LINK)
    organisation_id: UUID = column(Holds.LINK)
    replaces: UUID | None = column(Holds.LINK, None)
    words: str = column(Holds.HEALTH)
    written_at: datetime = column(Holds.LINK, default_factory=now, sa_type=Moment)
    written_by: UUID = column(Holds.WORKER)


class Contact(SQLModel, table=True):
    """A contact with the household: a visit, a call… Part: notes, its author's organisation alone.

    The day of the last one is told more widely, by a door: how long a file is kept depends on it. One written by
    mistake is taken back by its writer within a day; the row stays, and no longer counts.
    """

    __tablename__ = "contact"
    __table_args__ = of_household(
        ForeignKeyConstraint(["network_id", "organisation_id"], ORGANISATION),
        Index("contact_household", "household_id", "met_on"),
    )
    id: UUID = column(Holds.LINK, default_factory=uuid4, primary_key=True)
    network_id: UUID = column(Holds.NOTHING)
    household_id: UUID = column(Holds.LINK)
    organisation_id: UUID = column(Holds.LINK)
    met_on: date = column(Holds.LIFE)
    medium: str = column(Holds.LIFE)
    with_whom: str = column(Holds.IDENTITY, "")
    words: str = column(Holds.HEALTH, "")
    written_at: datetime = column(Holds.LINK, default_factory=now, sa_type=Moment)
    written_by: UUID = column(Holds.WORKER)
    cancelled_at: datetime | None = column(Holds.LINK, None, sa_type=Moment)
    cancelled_by: UUID | None = column(Holds.WORKER, None)


class Task(SQLModel, table=True):
    """Something to do for a household, by a day, by somebody of one's organisation. Part: notes."""

    __tablename__ = "task"
    __table_args__ = of_household(
        ForeignKeyConstraint(["network_id", "organisation_id"], ORGANISATION),
        ForeignKeyConstraint(["assigned_to"], ["membership.id"]),
        Index("task_household", "household_id", "organisation_id"),
        Index("task_assigned", "assigned_to", "done_at", "due_on"),
    )
    id: UUID = column(Holds.LINK, default_factory=uuid4, primary_key=True)
    network_id: UUID = column(Holds.NOTHING)
    household_id: UUID = column(Holds.LINK)
    organisation_id: UUID = column(Holds.LINK)
    what: str = column(Holds.NEEDS)
    due_on: date = column(Holds.LIFE)
    assigned_to: UUID = column(Holds.WORKER)
    created_at: datetime = column(Holds.LINK, default_factory=now, sa_type=Moment)
    created_by: UUID = column(Holds.WORKER)
    done_at: datetime | None = column(Holds.LINK, None, sa_type=Moment)
    done_by: UUID | None = column(Holds.WORKER, None)
    version: int = column(Holds.NOTHING, 1)


class Referent(SQLModel, table=True):
    """The worker who follows a file for her organisation. Part: identity; a partner sees the holder's only."""

    __tablename__ = "referent"
    __table_args__ = of_household(
        ForeignKeyConstraint(["network_id", "organisation_id"], ORGANISATION),
        ForeignKeyConstraint(["membership_id"], ["membership.id"]),
        UniqueConstraint("household_id", "organisation_id"),
        Index("referent_membership", "membership_id"),
    )
    id: UUID = column(Holds.LINK, default_factory=uuid4, primary_key=True)
    network_id: UUID = column(Holds.NOTHING)
    household_id: UUID = column(Holds.LINK)
    organisation_id: UUID = column(Holds.LINK)
    membership_id: UUID = column(Holds.WORKER)
    since: date = column(Holds.WORKER)


class Debt(SQLModel, table=True):
    """What a household owes, and to whom; no line of the budget. Part: budget."""

    __tablename__ = "debt"
    __table_args__ = of_household(
        ForeignKeyConstraint(["network_id", "organisation_id"], ORGANISATION),
        Index("debt_household", "household_id"),
    )
    id: UUID = column(Holds.LINK, default_factory=uuid4, primary_key=True)
    network_id: UUID = column(Holds.NOTHING)
    household_id: UUID = column(Holds.LINK)
    organisation_id: UUID = column(Holds.LINK)
    creditor_kind: str = column(Holds.MONEY)
    creditor: str = column(Holds.MONEY, "")
    amount_cents: int = Field(sa_column=Column(BigInteger, nullable=False, info={"holds": Holds.MONEY}))
    plan: bool = column(Holds.MONEY, False)
    instalment_cents: int | None = column(Holds.MONEY, None, sa_type=BigInteger)
    ended_on: date | None = column(Holds.MONEY, None)
    noted_at: datetime = column(Holds.LINK, default_factory=now, sa_type=Moment)
    noted_by: UUID = column(Holds.WORKER)
    version: int = column(Holds.NOTHING, 1)


class Goal(SQLModel, table=True):
    """What a household wants to reach, and until when. Part: needs."""

    __tablename__ = "goal"
    __table_args__ = of_household(
        ForeignKeyConstraint(["network_id", "organisation_id"], ORGANISATION),
        Index("goal_household", "household_id"),
    )
    id: UUID = column(Holds.LINK, default_factory=uuid4, primary_key=True)
    network_id: UUID = column(Holds.NOTHING)
    household_id: UUID = column(Holds.LINK)
    organisation_id: UUID = column(Holds.LINK)
    words: str = column(Holds.NEEDS)
    until_date: date | None = column(Holds.NEEDS, None)
    state: str = column(Holds.NEEDS)
    noted_at: datetime = column(Holds.LINK, default_factory=now, sa_type=Moment)
    noted_by: UUID = column(Holds.WORKER)
    version: int = column(Holds.NOTHING, 1)


class DocumentSeen(SQLModel, table=True):
    """A document that was seen that day: its kind alone, never a number nor a copy. Part: identity."""

    __tablename__ = "document_seen"
    __table_args__ = of_household(
        ForeignKeyConstraint(["network_id", "organisation_id"], ORGANISATION),
        Index("document_seen_household", "household_id"),
    )
    id: UUID = column(Holds.LINK, default_factory=uuid4, primary_key=True)
    network_id: UUID = column(Holds.NOTHING)
    household_id: UUID = column(Holds.LINK)
    organisation_id: UUID = column(Holds.LINK)
    kind: str = column(Holds.LIFE)
    seen_on: date = column(Holds.LIFE)
    noted_at: datetime = column(Holds.LINK, default_factory=now, sa_type=Moment)
    noted_by: UUID = column(Holds.WORKER)
