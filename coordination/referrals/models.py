"""Needs and referrals. The referral row carries codes only; words and sensitive domains sit behind the share."""

from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Integer, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import SQLModel

from coordination.households.models import ORGANISATION, of_household
from coordination.kit.clock import now
from coordination.kit.db import Holds, column
from coordination.kit.types import Days, Moment

SERVICE = ("outside_service.network_id", "outside_service.id")
REFERRAL = ("referral.network_id", "referral.household_id", "referral.id")


class Need(SQLModel, table=True):
    """A need of a household in one domain. Part: needs; a sensitive one also asks for `sensitive`."""

    __tablename__ = "need"
    __table_args__ = of_household(
        ForeignKeyConstraint(["network_id", "organisation_id"], ORGANISATION),
        UniqueConstraint("network_id", "household_id", "id"),
        Index("need_household", "household_id"),
    )
    id: UUID = column(Holds.LINK, default_factory=uuid4, primary_key=True)
    network_id: UUID = column(Holds.NOTHING)
    household_id: UUID = column(Holds.LINK)
    organisation_id: UUID = column(Holds.LINK)
    domain: str = column(Holds.HEALTH)
    sensitive: bool = column(Holds.HEALTH, False)
    summary: str = column(Holds.NEEDS, "")
    opened_at: datetime = column(Holds.LINK, default_factory=now, sa_type=Moment)
    opened_by: UUID = column(Holds.WORKER)


class Referral(SQLModel, table=True):
    """An orientation to another organisation or to an outside service: codes and dates only, so that queues count it.

    `household_says`: what the household answered once it was closed; `household_due`: what is still owed to it, from
    `ask_from` on. `guarded`, as on `share`: the doors keep it, so that nobody reads the referrals of a file that is
    closed to her. `carried`: the days on which its agreement carries it, as the shares stand; triggers write it alone.
    """

    __tablename__ = "referral"
    __table_args__ = of_household(
        ForeignKeyConstraint(["network_id", "from_organisation_id"], ORGANISATION),
        ForeignKeyConstraint(["network_id", "to_organisation_id"], ORGANISATION),
        ForeignKeyConstraint(["network_id", "to_service_id"], SERVICE),
        CheckConstraint("num_nonnulls(to_organisation_id, to_service_id) = 1", name="referral_recipient"),
        ForeignKeyConstraint(
            ["network_id", "household_id", "need_id"], ("need.network_id", "need.household_id", "need.id")
        ),
        # A redirection hangs from a referral of the same need.
        ForeignKeyConstraint(
            ["network_id", "household_id", "need_id", "parent_id"],
            ("referral.network_id", "referral.household_id", "referral.need_id", "referral.id"),
        ),
        UniqueConstraint("network_id", "household_id", "id"),
        UniqueConstraint("network_id", "household_id", "need_id", "id"),
        UniqueConstraint("network_id", "id"),
        Index("referral_need", "need_id", "network_id"),
        Index("referral_to", "to_organisation_id", "state", "sent_at", "id"),
        Index("referral_from", "from_organisation_id", "state", "sent_at", "id"),
        Index("referral_network", "network_id", "state", "sent_at", "id"),
        Index("referral_household", "household_id"),
        Index(
            "referral_due",
            "from_organisation_id",
            "sent_at",
            "id",
            postgresql_where=text("household_due is not null"),
        ),
        Index("referral_service", "to_service_id", postgresql_where=text("to_service_id is not null")),
    )
    id: UUID = column(Holds.LINK, default_factory=uuid4, primary_key=True)
    network_id: UUID = column(Holds.NOTHING)
    household_id: UUID = column(Holds.LINK)
    household_code: str = column(Holds.LINK)
    need_id: UUID = column(Holds.LINK)
    from_organisation_id: UUID = column(Holds.LINK)
    to_organisation_id: UUID | None = column(Holds.LINK, None)
    to_service_id: UUID | None = column(Holds.LINK, None)
    parent_id: UUID | None = column(Holds.LINK, None)
    public_domain: str = column(Holds.NEEDS)
    by_hand: bool = column(Holds.LINK, False)
    state: str = column(Holds.LINK)
    refusal: str | None = column(Holds.LINK, None)
    outcome: str | None = column(Holds.LINK, None)
    sent_at: datetime = column(Holds.LINK, default_factory=now, sa_type=Moment)
    sent_by: UUID = column(Holds.WORKER)
    answered_at: datetime | None = column(Holds.LINK, None, sa_type=Moment)
    closed_at: datetime | None = column(Holds.LINK, None, sa_type=Moment)
    late_at: datetime = column(Holds.LINK, sa_type=Moment)
    risk_at: datetime = column(Holds.LINK, sa_type=Moment)
    expires_at: datetime = column(Holds.LINK, sa_type=Moment)
    household_says: str | None = column(Holds.LINK, None)
    household_due: str | None = column(Holds.LINK, None)
    ask_from: datetime | None = column(Holds.LINK, None, sa_type=Moment)
    moved_by: UUID | None = column(Holds.WORKER, None)
    guarded: bool = column(Holds.LINK, False, sa_column_kwargs={"server_default": text("false")})
    carried: str = column(
        Holds.LINK, None, sa_type=Days(), nullable=False, sa_column_kwargs={"server_default": text("'{}'")}
    )
    version: int = column(Holds.NOTHING, 1)


class ReferralLink(SQLModel, table=True):
    """The signed link of a referral to an outside service, and the mail that carries it. Parts: identity and needs.

    What it shows is frozen here, and where it goes: an address written on the service's record since is for later ones.
    `link_id` names the only link that answers today: another one takes its place, and the former is worth nothing.
    `mail_step` says what the waiting mail is about, `told_at` until when everything was told.
    `agreed_on`: an agreement to this one referral, taken before agreements could name a service.
    """

    __tablename__ = "referral_link"
    __table_args__ = of_household(
        ForeignKeyConstraint(["network_id", "household_id", "referral_id"], REFERRAL),
        Index("referral_link_to_mail", "told_at", postgresql_where=text("mail_state = 'pending'")),
    )
    referral_id: UUID = column(Holds.LINK, primary_key=True)
    network_id: UUID = column(Holds.NOTHING)
    household_id: UUID = column(Holds.LINK)
    commune: str = column(Holds.CONTACT, "")
    person_name: str = column(Holds.IDENTITY)
    contact: str = column(Holds.CONTACT)
    mailed_to: str = column(Holds.WORKER)
    agreed_on: date | None = column(Holds.LINK, None)
    agreed_how: str | None = column(Holds.LINK, None)
    link_id: UUID = column(Holds.ACCESS, default_factory=uuid4)
    link_until: datetime = column(Holds.NOTHING, sa_type=Moment)
    mail_step: str = column(Holds.NOTHING, "sent")
    told_at: datetime = column(Holds.NOTHING, default_factory=now, sa_type=Moment)
    mail_state: str = column(Holds.NOTHING, "pending")
    claimed_at: datetime | None = column(Holds.NOTHING, None, sa_type=Moment)
    mailed_at: datetime | None = column(Holds.NOTHING, None, sa_type=Moment)
    attempts: int = column(Holds.NOTHING, 0)


class ReferralText(SQLModel, table=True):
    """Words written about a referral, and its true domain when sensitive. Part: needs (and sensitive).

    Confidential words are read by the organisation that wrote them alone.
    """

    __tablename__ = "referral_text"
    __table_args__ = of_household(
        ForeignKeyConstraint(["network_id", "household_id", "referral_id"], REFERRAL),
        Index("referral_text_referral", "referral_id"),
        Index("referral_text_at", "network_id", "written_at"),
    )
    id: UUID = column(Holds.LINK, default_factory=uuid4, primary_key=True)
    network_id: UUID = column(Holds.NOTHING)
    household_id: UUID = column(Holds.LINK)
    referral_id: UUID = column(Holds.LINK)
    organisation_id: UUID = column(Holds.LINK)
    sensitive: bool = column(Holds.HEALTH, False)
    domain: str = column(Holds.HEALTH)
    words: str = column(Holds.NEEDS, "")
    confidential: bool = column(Holds.NOTHING, False, sa_column_kwargs={"server_default": text("false")})
    written_at: datetime = column(Holds.LINK, default_factory=now, sa_type=Moment)
    written_by: UUID = column(Holds.WORKER)


class ReferralEvent(SQLModel, table=True):
    """One move of a referral, in codes: what both sides read as its timeline. `version` is the row's after the move,
    so that two moves at once cannot both be told; nobody is named for what time or the agreement decided."""

    __tablename__ = "referral_event"
    __table_args__ = (
        ForeignKeyConstraint(["network_id", "referral_id"], ("referral.network_id", "referral.id")),
        UniqueConstraint("referral_id", "version"),
        Index("referral_event_at", "network_id", "at"),
    )
    id: UUID = column(Holds.LINK, default_factory=uuid4, primary_key=True)
    network_id: UUID = column(Holds.NOTHING)
    referral_id: UUID = column(Holds.LINK)
    at: datetime = column(Holds.LINK, default_factory=now, sa_type=Moment)
    verb: str = column(Holds.LINK)
    state: str = column(Holds.LINK)
    reason: str | None = column(Holds.LINK, None)
    organisation_id: UUID | None = column(Holds.WORKER, None)
    membership_id: UUID | None = column(Holds.WORKER, None)
    version: int = column(Holds.NOTHING)


class Reception(SQLModel, table=True):
    """When an organisation receives people, and until when it can take nobody more. Read by the whole network.

    `weekdays` counts from Monday, 0; `closures` are ISO intervals, first and last days included.
    """

    __tablename__ = "reception"
    __table_args__ = (
        ForeignKeyConstraint(["network_id", "organisation_id"], ORGANISATION),
        UniqueConstraint("organisation_id"),
    )
    id: UUID = column(Holds.NOTHING, default_factory=uuid4, primary_key=True)
    network_id: UUID = column(Holds.NOTHING)
    organisation_id: UUID = column(Holds.NOTHING)
    weekdays: list[int] = column(Holds.NOTHING, default_factory=list, sa_type=ARRAY(Integer))
    closures: list[str] = column(Holds.NOTHING, default_factory=list, sa_type=ARRAY(Text))
    full_until: date | None = column(Holds.NOTHING, None)
    updated_at: datetime = column(Holds.NOTHING, default_factory=now, sa_type=Moment)
    updated_by: UUID = column(Holds.WORKER)
    version: int = column(Holds.NOTHING, 1)


class ReferralAssignment(SQLModel, table=True):
    """Who follows a referral in one organisation: read there alone, one person at a time."""

    __tablename__ = "referral_assignment"
    __table_args__ = of_household(
        ForeignKeyConstraint(["network_id", "household_id", "referral_id"], REFERRAL),
        ForeignKeyConstraint(["network_id", "organisation_id"], ORGANISATION),
        UniqueConstraint("referral_id", "organisation_id"),
        Index("referral_assignment_member", "membership_id"),
    )
    id: UUID = column(Holds.LINK, default_factory=uuid4, primary_key=True)
    network_id: UUID = column(Holds.NOTHING)
    household_id: UUID = column(Holds.LINK)
    referral_id: UUID = column(Holds.LINK)
    organisation_id: UUID = column(Holds.WORKER)
    membership_id: UUID = column(Holds.WORKER)
    assigned_at: datetime = column(Holds.WORKER, default_factory=now, sa_type=Moment)
    assigned_by: UUID = column(Holds.WORKER)


class ConfirmationLink(SQLModel, table=True):
    """A link on paper through which the household says what became of one referral; its hash alone is kept."""

    __tablename__ = "confirmation_link"
    __table_args__ = of_household(
        ForeignKeyConstraint(["network_id", "household_id", "referral_id"], REFERRAL),
        ForeignKeyConstraint(["network_id", "organisation_id"], ORGANISATION),
        UniqueConstraint("secret_hash"),
        Index("confirmation_link_referral", "referral_id"),
    )
    id: UUID = column(Holds.LINK, default_factory=uuid4, primary_key=True)
    network_id: UUID = column(Holds.NOTHING)
    household_id: UUID = column(Holds.LINK)
    referral_id: UUID = column(Holds.LINK)
    organisation_id: UUID = column(Holds.WORKER)
    secret_hash: str = column(Holds.ACCESS)
    made_at: datetime = column(Holds.WORKER, default_factory=now, sa_type=Moment)
    made_by: UUID = column(Holds.WORKER)
    until: datetime = column(Holds.NOTHING, sa_type=Moment)
    ended_at: datetime | None = column(Holds.WORKER, None, sa_type=Moment)
    ended_by: UUID | None = column(Holds.WORKER, None)


class SavedFilter(SQLModel, table=True):
    """A view of the queue a member keeps: a name of hers, and an address made of codes."""

    __tablename__ = "saved_filter"
    __table_args__ = (
        ForeignKeyConstraint(["network_id", "membership_id"], ("membership.network_id", "membership.id")),
        Index("saved_filter_member", "membership_id"),
    )
    id: UUID = column(Holds.WORKER, default_factory=uuid4, primary_key=True)
    network_id: UUID = column(Holds.NOTHING)
    membership_id: UUID = column(Holds.WORKER)
    name: str = column(Holds.WORKER)
    query: str = column(Holds.WORKER)
    saved_at: datetime = column(Holds.WORKER, default_factory=now, sa_type=Moment)
