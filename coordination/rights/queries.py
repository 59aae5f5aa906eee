"""Reads of estimated rights: whether they can be estimated here, and the latest answer about a budget."""

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from uuid import UUID

from sqlmodel import col, select

from coordination.budgets.queries import assessment_of, lines_of
from coordination.budgets.rules import Line
from coordination.households.queries import profile_of, residents
from coordination.households.rules import Precision
from coordination.kit.db import ActorSession
from coordination.rights.models import RightsEstimate
from coordination.rights.rules import Amount, Human, Right, rights_of


@dataclass(frozen=True)
class Known:
    """What is known of a budget and of those who live on it, without any name."""

    people: list[Human]
    amounts: list[Amount]
    housing: str
    on: date
    sensitive: bool


@dataclass(frozen=True)
class Shown:
    """The latest question about a budget, and its answer when it came."""

    row: RightsEstimate
    rights: list[Right]

    @property
    def waiting(self) -> bool:
        return self.row.answered_at is None


def known_of(session: ActorSession, household_id: UUID, assessment_id: UUID) -> Known:
    """The facts of a validated budget, as the actor may know them. Raises `NotKnown`."""
    assessment = assessment_of(session, household_id, assessment_id)
    lines = lines_of(session, [assessment.id])[assessment.id]
    on = assessment.reference_date
    profile = profile_of(session, household_id)
    people = [
        Human(
            birth=r.birth.first if r.birth.precision in (Precision.DAY, Precision.MONTH) else None,
            link=r.link.value,
            activity=r.activity.value if r.activity else "",
        )
        for r in residents(session, household_id, on)
    ]
    return Known(
        people,
        amounts_of(lines),
        profile.housing if profile else "",
        on,
        any(line.kind.sensitive for line in lines),
    )


def amounts_of(lines: list[Line]) -> list[Amount]:
    """The lines as the estimate counts them: their kind, and exact cents a month."""
    return [Amount(line.kind.value, Fraction(line.monthly_cents)) for line in lines]


def latest(session: ActorSession, household_id: UUID, assessment_id: UUID) -> Shown | None:
    """The latest question about this budget that the actor may see, or None."""
    query = (
        select(RightsEstimate)
        .where(RightsEstimate.assessment_id == assessment_id, RightsEstimate.household_id == household_id)
        .order_by(col(RightsEstimate.asked_at).desc(), col(RightsEstimate.id))
    )
    row = session.exec(query).first()
    if row is None:
        return None
    lines = lines_of(session, [assessment_id])[assessment_id]
    return Shown(row, rights_of(row.answer, amounts_of(lines)) if row.answer else [])
