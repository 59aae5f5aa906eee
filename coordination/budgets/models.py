"""Budget assessments, their lines and their frozen results."""

from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, Column, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from coordination.households.models import ORGANISATION, of_household
from coordination.kit.clock import now
from coordination.kit.db import Holds, column
from coordination.kit.types import Moment

ASSESSMENT = ("assessment.network_id", "assessment.household_id", "assessment.id")
DECISION = ("network_id", "household_id", "organisation_id", "assessment_id", "bareme_code", "id")


class Assessment(SQLModel, table=True):
    """One budget of one household at a date: draft, then validated (frozen), then superseded by the next."""

    __tablename__ = "assessment"
    __table_args__ = of_household(
        ForeignKeyConstraint(["network_id", "organisation_id"], ORGANISATION),
        UniqueConstraint("network_id", "household_id", "id"),
        Index("assessment_household", "household_id", "status"),
        Index("assessment_author", "created_by", "status", "created_at"),
    )
    id: UUID = column(Holds.LINK, default_factory=uuid4, primary_key=True)
    network_id: UUID = column(Holds.NOTHING)
    household_id: UUID = column(Holds.LINK)
    organisation_id: UUID = column(Holds.LINK)
    status: str = column(Holds.LINK)
    reference_date: date = column(Holds.MONEY)
    composition: dict[str, Any] | None = column(Holds.LIFE, None, sa_type=JSONB)
    created_at: datetime = column(Holds.LINK, default_factory=now, sa_type=Moment)
    created_by: UUID = column(Holds.WORKER)
    validated_at: datetime | None = column(Holds.LINK, None, sa_type=Moment)
    validated_by: UUID | None = column(Holds.WORKER, None)
    superseded_by: UUID | None = column(Holds.LINK, None)
    version: int = column(Holds.NOTHING, 1)


class BudgetLine(SQLModel, table=True):
    """A resource or a charge. `kind` is the public word; a health fact's true kind is in `budget_line_detail`."""

    __tablename__ = "budget_line"
    __table_args__ = of_household(
        ForeignKeyConstraint(["network_id", "household_id", "assessment_id"], ASSESSMENT, ondelete="CASCADE"),
        UniqueConstraint("network_id", "household_id", "id"),
        Index("budget_line_assessment", "assessment_id"),
    )
    id: UUID = column(Holds.LINK, default_factory=uuid4, primary_key=True)
    network_id: UUID = column(Holds.NOTHING)
    household_id: UUID = column(Holds.LINK)
    assessment_id: UUID = column(Holds.LINK)
    position: int = column(Holds.NOTHING)
    side: str = column(Holds.MONEY)
    kind: str = column(Holds.MONEY)
    amount_cents: int = Field(sa_column=Column(BigInteger, nullable=False, info={"holds": Holds.MONEY}))
    period: str = column(Holds.MONEY)
    origin: str = column(Holds.MONEY)
    month: date | None = column(Holds.MONEY, None)
    paid_to_landlord: bool = column(Holds.MONEY, False)
    label: str = column(Holds.MONEY, "")


class BudgetLineDetail(SQLModel, table=True):
    """The true kind of a line that touches health. Part: budget and sensitive."""

    __tablename__ = "budget_line_detail"
    __table_args__ = of_household(
        ForeignKeyConstraint(
            ["network_id", "household_id", "line_id"],
            ("budget_line.network_id", "budget_line.household_id", "budget_line.id"),
            ondelete="CASCADE",
        ),
    )
    line_id: UUID = column(Holds.LINK, primary_key=True)
    network_id: UUID = column(Holds.NOTHING)
    household_id: UUID = column(Holds.LINK)
    kind: str = column(Holds.HEALTH)
    label: str = column(Holds.HEALTH, "")


class AssessmentResult(SQLModel, table=True):
    """The frozen answer of one dated barème: exact figures and the rule applied to each line (by line id)."""

    __tablename__ = "assessment_result"
    __table_args__ = of_household(
        ForeignKeyConstraint(["network_id", "household_id", "assessment_id"], ASSESSMENT),
        Index("assessment_result_assessment", "assessment_id"),
    )
    id: UUID = column(Holds.LINK, default_factory=uuid4, primary_key=True)
    network_id: UUID = column(Holds.NOTHING)
    household_id: UUID = column(Holds.LINK)
    assessment_id: UUID = column(Holds.LINK)
    bareme_code: str = column(Holds.NOTHING)
    bareme_version: str = column(Holds.NOTHING)
    result: dict[str, Any] = column(Holds.MONEY, sa_type=JSONB)


class BudgetDecision(SQLModel, table=True):
    """What an organisation retains of one barème's frozen answer, by whom, and why when it departs. Part: budget.

    Never overwritten: a later decision is a new row that `replaces` the former, and none is replaced twice.
    `proposed` is the zone of the frozen answer, nothing when the barème could not answer.
    """

    __tablename__ = "budget_decision"
    __table_args__ = of_household(
        ForeignKeyConstraint(["network_id", "organisation_id"], ORGANISATION),
        ForeignKeyConstraint(["network_id", "household_id", "assessment_id"], ASSESSMENT),
        UniqueConstraint(*DECISION),
        UniqueConstraint("replaces"),
        ForeignKeyConstraint([*DECISION[:-1], "replaces"], [f"budget_decision.{name}" for name in DECISION]),
        Index("budget_decision_household", "household_id", "decided_at"),
        Index(
            "budget_decision_first",
            "assessment_id",
            "organisation_id",
            "bareme_code",
            unique=True,
            postgresql_where=text("replaces is null"),
        ),
    )
    id: UUID = column(Holds.LINK, default_factory=uuid4, primary_key=True)
    network_id: UUID = column(Holds.NOTHING)
    household_id: UUID = column(Holds.LINK)
    organisation_id: UUID = column(Holds.LINK)
    assessment_id: UUID = column(Holds.LINK)
    bareme_code: str = column(Holds.NOTHING)
    bareme_version: str = column(Holds.NOTHING)
    proposed: str = column(Holds.MONEY)
    retained: str = column(Holds.MONEY)
    reason: str = column(Holds.MONEY, "")
    replaces: UUID | None = column(Holds.LINK, None)
    decided_at: datetime = column(Holds.LINK, default_factory=now, sa_type=Moment)
    decided_by: UUID = column(Holds.WORKER)
