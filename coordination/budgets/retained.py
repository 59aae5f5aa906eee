"""Reads of what organisations retained of barèmes' answers: each decision, and whether a later one replaced it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import col, select

from coordination.budgets.bareme import ZoneKind
from coordination.budgets.models import AssessmentResult, BudgetDecision
from coordination.budgets.routing import RETAINED, departs
from coordination.identity.queries import member_names, organisations
from coordination.kit.ahead import ABOUT, Question
from coordination.kit.db import ActorSession


@dataclass(frozen=True)
class Decision:
    """A decision, ready to be shown; `bareme` and `of` are the title and the organisation of the barème's answer."""

    row: BudgetDecision
    organisation: str
    author: str
    bareme: str
    of: str
    mine: bool
    replaced: bool

    @property
    def proposed(self) -> ZoneKind | None:
        return ZoneKind(self.row.proposed) if self.row.proposed else None

    @property
    def proposed_label(self) -> str:
        return self.proposed.label if self.proposed else "pas de réponse"

    @property
    def retained(self) -> ZoneKind:
        return ZoneKind(self.row.retained)

    @property
    def label(self) -> str:
        """ "ouvrir l’accès"."""
        return RETAINED[self.retained]

    @property
    def departs(self) -> bool:
        return departs(self.row.proposed, self.row.retained)

    @property
    def at(self) -> datetime:
        return self.row.decided_at


DECISIONS = Question(
    select(BudgetDecision, AssessmentResult)
    .join(
        AssessmentResult,
        (col(AssessmentResult.assessment_id) == BudgetDecision.assessment_id)
        & (col(AssessmentResult.bareme_code) == BudgetDecision.bareme_code),
    )
    .where(BudgetDecision.household_id == ABOUT)
    .order_by(col(BudgetDecision.decided_at).desc(), col(BudgetDecision.id))
)


def decisions_of(session: ActorSession, household_id: UUID, assessment_id: UUID | None = None) -> list[Decision]:
    """Every decision one may read of a file, or of one of its budgets; one's own organisation's first, newest first."""
    found = [
        (row, answer)
        for row, answer in DECISIONS.of(session, household_id)
        if assessment_id in (None, row.assessment_id)
    ]
    if not found:
        return []
    partners = organisations(session)
    authors = member_names(session, {row.decided_by for row, _ in found})
    replaced = {row.replaces for row, _ in found}
    mine = session.member.organisation_id
    made = [
        Decision(
            row=row,
            organisation=partners[row.organisation_id].name,
            author=authors.get(row.decided_by, ""),
            bareme=_whose(answer)["title"],
            of=_whose(answer)["organisation_label"],
            mine=row.organisation_id == mine,
            replaced=row.id in replaced,
        )
        for row, answer in found
    ]
    return sorted(made, key=lambda decision: not decision.mine)


def _whose(answer: AssessmentResult) -> dict[str, Any]:
    whose: dict[str, Any] = answer.result["bareme"]
    return whose
