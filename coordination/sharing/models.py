"""Agreements, who gave them and what they cover. They grant nothing by themselves: `share` does."""

from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import ForeignKeyConstraint, Index, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import SQLModel

from coordination.households.models import ORGANISATION, of_household
from coordination.kit.clock import now
from coordination.kit.db import Holds, column
from coordination.kit.types import Moment

AGREEMENT = ("agreement.network_id", "agreement.household_id", "agreement.id")


class Agreement(SQLModel, table=True):
    """What a household accepted, collected by one organisation, until a date."""

    __tablename__ = "agreement"
    __table_args__ = of_household(
        ForeignKeyConstraint(["network_id", "organisation_id"], ORGANISATION),
        UniqueConstraint("network_id", "household_id", "id"),
        Index("agreement_household", "household_id"),
        Index("agreement_ending", "organisation_id", "valid_until"),
    )
    id: UUID = column(Holds.LINK, default_factory=uuid4, primary_key=True)
    network_id: UUID = column(Holds.NOTHING)
    household_id: UUID = column(Holds.LINK)
    organisation_id: UUID = column(Holds.LINK)
    purpose: str = column(Holds.LINK)
    given_how: str = column(Holds.LINK)
    representative: str = column(Holds.IDENTITY, "")
    notice_version: str = column(Holds.NOTHING)
    valid_from: date = column(Holds.LINK)
    valid_until: date = column(Holds.LINK)
    recorded_at: datetime = column(Holds.LINK, default_factory=now, sa_type=Moment)
    recorded_by: UUID = column(Holds.WORKER)
    withdrawn_at: datetime | None = column(Holds.LINK, None, sa_type=Moment)
    withdrawn_by: UUID | None = column(Holds.WORKER, None)


class AgreementPerson(SQLModel, table=True):
    """What one adult answered, for herself or himself; `answered_at` when she was absent and answered since."""

    __tablename__ = "agreement_person"
    __table_args__ = of_household(
        ForeignKeyConstraint(["network_id", "household_id", "agreement_id"], AGREEMENT),
        ForeignKeyConstraint(
            ["network_id", "household_id", "person_id"], ("person.network_id", "person.household_id", "person.id")
        ),
    )
    agreement_id: UUID = column(Holds.LINK, primary_key=True)
    person_id: UUID = column(Holds.LINK, primary_key=True)
    network_id: UUID = column(Holds.NOTHING)
    household_id: UUID = column(Holds.LINK)
    answer: str = column(Holds.LIFE)
    answered_at: datetime | None = column(Holds.LINK, None, sa_type=Moment)


class AgreementPart(SQLModel, table=True):
    """One line of an agreement: this part, to this organisation, for this audience."""

    __tablename__ = "agreement_part"
    __table_args__ = of_household(
        ForeignKeyConstraint(["network_id", "household_id", "agreement_id"], AGREEMENT),
        ForeignKeyConstraint(["network_id", "organisation_id"], ORGANISATION),
    )
    agreement_id: UUID = column(Holds.LINK, primary_key=True)
    organisation_id: UUID = column(Holds.LINK, primary_key=True)
    part: str = column(Holds.LINK, primary_key=True)
    network_id: UUID = column(Holds.NOTHING)
    household_id: UUID = column(Holds.LINK)
    audience: str = column(Holds.LINK)


class AgreementService(SQLModel, table=True):
    """One line of an agreement: an outside service may be told of a need, then of a name and a way to reach the person.

    `sensitive`: of a need that touches health or violence too. Doors alone grant it and take it back.
    """

    __tablename__ = "agreement_service"
    __table_args__ = of_household(
        ForeignKeyConstraint(["network_id", "household_id", "agreement_id"], AGREEMENT),
        ForeignKeyConstraint(["network_id", "service_id"], ("outside_service.network_id", "outside_service.id")),
        Index("agreement_service_file", "household_id", "service_id"),
    )
    agreement_id: UUID = column(Holds.LINK, primary_key=True)
    service_id: UUID = column(Holds.LINK, primary_key=True)
    network_id: UUID = column(Holds.NOTHING)
    household_id: UUID = column(Holds.LINK)
    sensitive: bool = column(Holds.LINK, False)
    granted_at: datetime | None = column(Holds.LINK, None, sa_type=Moment)
    revoked_at: datetime | None = column(Holds.LINK, None, sa_type=Moment)


class AccessRequest(SQLModel, table=True):
    """A request to read a file of which somebody gave the code: what was typed, whether such a file exists or not.

    Written by doors alone. The asker reads it; nothing in it says who holds the file, nor whether there is one.
    """

    __tablename__ = "access_request"
    __table_args__ = (
        ForeignKeyConstraint(["network_id", "organisation_id"], ORGANISATION),
        UniqueConstraint("network_id", "id"),
        Index("access_request_asker", "organisation_id", "asked_at"),
    )
    id: UUID = column(Holds.LINK, default_factory=uuid4, primary_key=True)
    network_id: UUID = column(Holds.NOTHING)
    organisation_id: UUID = column(Holds.LINK)
    asked_by: UUID = column(Holds.WORKER)
    code: str = column(Holds.LINK)
    parts: list[str] = column(Holds.LINK, default_factory=list, sa_type=ARRAY(Text))
    purpose: str = column(Holds.LINK)
    asked_at: datetime = column(Holds.LINK, default_factory=now, sa_type=Moment)
    state: str = column(Holds.LINK)
    reason: str = column(Holds.LINK, "")
    answered_at: datetime | None = column(Holds.LINK, None, sa_type=Moment)


class AccessRequestFile(SQLModel, table=True):
    """The file a request is about, when there is one: what the holder alone reads. Same key as the request."""

    __tablename__ = "access_request_file"
    __table_args__ = of_household(
        ForeignKeyConstraint(["network_id", "id"], ("access_request.network_id", "access_request.id")),
        Index("access_request_household", "household_id"),
    )
    id: UUID = column(Holds.LINK, primary_key=True)
    network_id: UUID = column(Holds.NOTHING)
    household_id: UUID = column(Holds.LINK)
    answered_by: UUID | None = column(Holds.WORKER, None)


class ShareReview(SQLModel, table=True):
    """What an organisation answered, twice a year, about a file shared with it: still needed (`kept`), or given up."""

    __tablename__ = "share_review"
    __table_args__ = of_household(
        ForeignKeyConstraint(["network_id", "organisation_id"], ORGANISATION),
        Index("share_review_organisation", "organisation_id", "household_id"),
    )
    id: UUID = column(Holds.LINK, default_factory=uuid4, primary_key=True)
    network_id: UUID = column(Holds.NOTHING)
    household_id: UUID = column(Holds.LINK)
    organisation_id: UUID = column(Holds.LINK)
    kept: bool = column(Holds.LINK)
    confirmed_at: datetime = column(Holds.LINK, default_factory=now, sa_type=Moment)
    confirmed_by: UUID = column(Holds.WORKER)
