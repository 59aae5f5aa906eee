"""The journal's table: identifiers and field names only, never values."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, Column, ForeignKey, Index, PrimaryKeyConstraint, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field, SQLModel

from coordination.kit.db import Holds, column
from coordination.kit.types import Moment


class JournalLine(SQLModel, table=True):
    """One act or one reading. Number, moment and hashes are set by the trigger in `policies/access.sql`."""

    __tablename__ = "journal"
    __table_args__ = (
        PrimaryKeyConstraint("network_id", "number"),
        Index("journal_household", "network_id", "household_id"),
    )
    network_id: UUID = Field(sa_column=Column(ForeignKey("network.id"), nullable=False, info={"holds": Holds.NOTHING}))
    number: int = Field(sa_column=Column(BigInteger, nullable=False, info={"holds": Holds.NOTHING}))
    id: UUID = column(Holds.NOTHING, default_factory=uuid4, unique=True)
    at: datetime = column(Holds.WORKER, sa_type=Moment)
    actor_kind: str = column(Holds.WORKER)
    actor_id: str = column(Holds.WORKER)
    organisation_id: UUID | None = column(Holds.WORKER, None)
    verb: str = column(Holds.WORKER)
    subject: str = column(Holds.NOTHING)
    subject_id: str = column(Holds.LINK)
    household_id: UUID | None = column(Holds.LINK, None)
    fields: list[str] = column(Holds.NOTHING, default_factory=list, sa_type=ARRAY(Text))
    previous_hash: str = column(Holds.NOTHING)
    hash: str = column(Holds.NOTHING)


class JournalHead(SQLModel, table=True):
    """The last number and hash of each network's chain; written by the trigger alone."""

    __tablename__ = "journal_head"
    network_id: UUID = column(Holds.NOTHING, primary_key=True, foreign_key="network.id")
    number: int = Field(sa_column=Column(BigInteger, nullable=False, info={"holds": Holds.NOTHING}))
    hash: str = column(Holds.NOTHING)
