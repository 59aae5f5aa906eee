"""Referrals to services without an account. What such a service may read is frozen in the row, as the person agreed."""

from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import ForeignKeyConstraint, Index, text
from sqlmodel import SQLModel

from coordination.households.models import ORGANISATION, of_household
from coordination.kit.clock import now
from coordination.kit.db import Holds, column
from coordination.kit.types import Moment

NEED = ("need.network_id", "need.household_id", "need.id")


class OutsideReferral(SQLModel, table=True):
    """One referral of one need to one outside service, with the person's agreement to it. Parts: identity and needs.

    `link_id` names the only link that answers today: another one takes its place, and the former is worth nothing.
    """

    __tablename__ = "outside_referral"
    __table_args__ = of_household(
        ForeignKeyConstraint(["network_id", "from_organisation_id"], ORGANISATION),
        ForeignKeyConstraint(["network_id", "service_id"], ("outside_service.network_id", "outside_service.id")),
        ForeignKeyConstraint(["network_id", "household_id", "need_id"], NEED),
        Index("outside_referral_need", "need_id", "sent_at"),
        Index("outside_referral_to_mail", "sent_at", postgresql_where=text("mail_state = 'pending'")),
    )
    id: UUID = column(Holds.LINK, default_factory=uuid4, primary_key=True)
    network_id: UUID = column(Holds.NOTHING)
    household_id: UUID = column(Holds.LINK)
    need_id: UUID = column(Holds.LINK)
    from_organisation_id: UUID = column(Holds.LINK)
    service_id: UUID = column(Holds.LINK)
    public_domain: str = column(Holds.NEEDS)
    commune: str = column(Holds.CONTACT, "")
    person_name: str = column(Holds.IDENTITY)
    contact: str = column(Holds.CONTACT)
    agreed_on: date = column(Holds.LINK)
    agreed_how: str = column(Holds.LINK)
    sent_at: datetime = column(Holds.LINK, default_factory=now, sa_type=Moment)
    sent_by: UUID = column(Holds.WORKER)
    state: str = column(Holds.LINK)
    refusal: str | None = column(Holds.LINK, None)
    answered_at: datetime | None = column(Holds.LINK, None, sa_type=Moment)
    withdrawn_at: datetime | None = column(Holds.LINK, None, sa_type=Moment)
    withdrawn_by: UUID | None = column(Holds.WORKER, None)
    link_id: UUID = column(Holds.ACCESS, default_factory=uuid4)
    link_until: datetime = column(Holds.NOTHING, sa_type=Moment)
    mail_state: str = column(Holds.NOTHING, "pending")
    claimed_at: datetime | None = column(Holds.NOTHING, None, sa_type=Moment)
    mailed_at: datetime | None = column(Holds.NOTHING, None, sa_type=Moment)
    attempts: int = column(Holds.NOTHING, 0)
    version: int = column(Holds.NOTHING, 1)
