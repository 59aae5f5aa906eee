"""Notices of a member, and how she wants her mail."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlmodel import SQLModel

from coordination.households.models import MEMBERSHIP
from coordination.kit.clock import now
from coordination.kit.db import Holds, column
from coordination.kit.types import Moment


class Notice(SQLModel, table=True):
    """One thing told to one member about one referral, a broken glass or an account, in codes. Doors write it, but for
    `read_at`.

    `about`: the moment it speaks of; with the referral, the step and the member, it is told once. `mail_id` names the
    mail that carries it, drawn when a worker takes it up, and kept if it must be sent again.
    """

    __tablename__ = "notice"
    __table_args__ = (
        ForeignKeyConstraint(["network_id", "referral_id"], ("referral.network_id", "referral.id")),
        ForeignKeyConstraint(["network_id", "membership_id"], MEMBERSHIP),
        UniqueConstraint("referral_id", "step", "membership_id", "about"),
        Index("notice_member", "membership_id", "at", "id"),
        Index("notice_to_mail", "claimed_at", postgresql_where=text("mail_state = 'pending'")),
    )
    id: UUID = column(Holds.LINK, default_factory=uuid4, primary_key=True)
    network_id: UUID = column(Holds.NOTHING)
    referral_id: UUID | None = column(Holds.LINK, None)
    membership_id: UUID = column(Holds.WORKER)
    step: str = column(Holds.LINK)
    about: datetime = column(Holds.LINK, sa_type=Moment)
    at: datetime = column(Holds.WORKER, default_factory=now, sa_type=Moment)
    read_at: datetime | None = column(Holds.WORKER, None, sa_type=Moment)
    mail_state: str = column(Holds.NOTHING, "pending")
    mail_id: UUID | None = column(Holds.NOTHING, None)
    claimed_at: datetime | None = column(Holds.NOTHING, None, sa_type=Moment)
    mailed_at: datetime | None = column(Holds.NOTHING, None, sa_type=Moment)
    attempts: int = column(Holds.NOTHING, 0)


class NoticePreference(SQLModel, table=True):
    """How a member wants her mail; without a row, at once."""

    __tablename__ = "notice_preference"
    __table_args__ = (ForeignKeyConstraint(["network_id", "membership_id"], MEMBERSHIP),)
    membership_id: UUID = column(Holds.WORKER, primary_key=True)
    network_id: UUID = column(Holds.NOTHING)
    mail: str = column(Holds.WORKER)
