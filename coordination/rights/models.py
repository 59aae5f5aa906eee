"""Estimates of rights: what was asked without any name, and what the estimator answered."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ForeignKeyConstraint, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import SQLModel

from coordination.households.models import ORGANISATION, of_household
from coordination.kit.clock import now
from coordination.kit.db import Holds, column
from coordination.kit.types import Moment

ASSESSMENT = ("assessment.network_id", "assessment.household_id", "assessment.id")


class RightsEstimate(SQLModel, table=True):
    """One question about one validated budget, and its answer. Part: budget, and `sensitive` for those that are.

    `facts`: ages, links, monthly amounts by kind, rent, tenure; nothing that names anybody. `answer`: euros a month,
    low and high, by right; None until a worker answered. `fault`: why it could not, in a code.
    """

    __tablename__ = "rights_estimate"
    __table_args__ = of_household(
        ForeignKeyConstraint(["network_id", "organisation_id"], ORGANISATION),
        ForeignKeyConstraint(["network_id", "household_id", "assessment_id"], ASSESSMENT),
        Index("rights_estimate_assessment", "assessment_id", "asked_at"),
        Index("rights_estimate_waiting", "asked_at", postgresql_where=text("answered_at is null")),
    )
    id: UUID = column(Holds.LINK, default_factory=uuid4, primary_key=True)
    network_id: UUID = column(Holds.NOTHING)
    household_id: UUID = column(Holds.LINK)
    assessment_id: UUID = column(Holds.LINK)
    organisation_id: UUID = column(Holds.LINK)
    asked_by: UUID = column(Holds.WORKER)
    asked_at: datetime = column(Holds.LINK, default_factory=now, sa_type=Moment)
    sensitive: bool = column(Holds.HEALTH, False)
    facts: dict[str, Any] = column(Holds.MONEY, sa_type=JSONB)
    assumptions: list[str] = column(Holds.MONEY, sa_type=JSONB)
    claimed_at: datetime | None = column(Holds.NOTHING, None, sa_type=Moment)
    answered_at: datetime | None = column(Holds.LINK, None, sa_type=Moment)
    answer: dict[str, Any] | None = column(Holds.MONEY, None, sa_type=JSONB(none_as_null=True))
    package: str = column(Holds.NOTHING, "")
    fault: str = column(Holds.NOTHING, "")
