"""The decision on a barème's answer: what there is to decide on a validated budget, and the act itself."""

from dataclasses import dataclass
from uuid import UUID

from sqlmodel import col, select

from coordination.audit.service import act
from coordination.budgets import queries
from coordination.budgets.answers import Answer, thaw_answer
from coordination.budgets.models import Assessment, AssessmentResult, BudgetDecision
from coordination.budgets.retained import Decision, decisions_of
from coordination.budgets.routing import DecisionForm
from coordination.households.queries import refuse_ended
from coordination.identity.permissions import Permission
from coordination.identity.queries import organisations
from coordination.kit.db import ActorSession
from coordination.kit.errors import Malformed, NotKnown, NotNow, Stale


class NotValidated(NotNow):
    """Ce budget est encore un brouillon : validez-le, puis notez la décision."""


class Replaced(NotNow):
    """Ce budget a été remplacé par un plus récent : la décision se note sur celui qui le remplace."""


class DecidedMeanwhile(Stale):
    """Un collègue a noté une décision pendant que vous écriviez la vôtre. Rien n’a été enregistré, et ce que vous avez
    saisi est toujours là : relisez la sienne, puis enregistrez de nouveau si la vôtre doit la remplacer."""


class SameAgain(Malformed):
    """Cette décision est déjà notée, avec les mêmes mots. Rien n’a été enregistré."""


@dataclass(frozen=True)
class Question:
    """One frozen answer of a validated budget, and what was decided on it; `mine`: my organisation's barème."""

    code: str
    version: str
    answer: Answer
    decisions: list[Decision]

    @property
    def mine(self) -> bool:
        return self.answer.mine

    @property
    def proposed(self) -> str:
        return self.answer.result.zone.value if self.answer.result else ""

    @property
    def current(self) -> Decision | None:
        """What my organisation retains today."""
        return next((d for d in self.decisions if d.mine and not d.replaced), None)

    @property
    def standing(self) -> list[Decision]:
        """What each organisation retains today, mine first."""
        return [d for d in self.decisions if not d.replaced]

    @property
    def former(self) -> list[Decision]:
        return [d for d in self.decisions if d.replaced]


def questions_of(session: ActorSession, household_id: UUID, assessment_id: UUID) -> list[Question]:
    """What there is to decide on a validated budget, one's own barème first. Raises `NotKnown`."""
    found = queries.assessment_of(session, household_id, assessment_id)
    if found.status == queries.DRAFT:
        return []
    slug = organisations(session)[session.member.organisation_id].slug
    lines = queries.lines_of(session, [found.id])[found.id]
    decided = decisions_of(session, household_id, assessment_id)
    rows = session.exec(select(AssessmentResult).where(AssessmentResult.assessment_id == found.id))
    made = []
    for row in rows:
        rule = queries.known_bareme(row.bareme_code, row.bareme_version)
        answer = thaw_answer(row.result, lines, rule, mine=rule is not None and rule.organisation == slug)
        about = [decision for decision in decided if decision.row.bareme_code == row.bareme_code]
        made.append(Question(row.bareme_code, row.bareme_version, answer, about))
    return sorted(made, key=lambda question: (not question.mine, question.answer.organisation, question.code))


def question_of(session: ActorSession, household_id: UUID, assessment_id: UUID, code: str) -> Question:
    """One of them. Raises `NotKnown`, `NotValidated`, `Replaced`; `Closed` or `Merged` when the file is ended."""
    refuse_ended(session, household_id)
    assessment = queries.assessment_of(session, household_id, assessment_id)
    _refuse(assessment)
    found = next((q for q in questions_of(session, household_id, assessment_id) if q.code == code), None)
    if found is None:
        raise NotKnown
    return found


def _refuse(assessment: Assessment) -> None:
    if assessment.status == queries.DRAFT:
        raise NotValidated
    if assessment.status == queries.SUPERSEDED:
        raise Replaced


@act("budget.decide", "Décision notée sur un budget", needs=Permission.WRITE_BUDGETS)
def decide(
    session: ActorSession, household_id: UUID, assessment_id: UUID, code: str, form: DecisionForm
) -> BudgetDecision:
    """Keeps what one's organisation retains of an answer, beside what it retained before.

    Raises `NotKnown`, `NotValidated`, `Replaced`, `DecidedMeanwhile`, `SameAgain`.
    """
    question = question_of(session, household_id, assessment_id, code)
    _wait(session, assessment_id, code)
    before = _latest(session, assessment_id, code)
    if form.proposed != question.proposed:
        raise Malformed
    if (before.id if before else None) != form.replaces:
        raise DecidedMeanwhile
    if before is not None and (before.retained, before.reason) == (form.retained.value, form.reason):
        raise SameAgain
    made = BudgetDecision(
        network_id=session.member.network_id,
        household_id=household_id,
        organisation_id=session.member.organisation_id,
        assessment_id=assessment_id,
        bareme_code=code,
        bareme_version=question.version,
        proposed=question.proposed,
        retained=form.retained.value,
        reason=form.reason,
        replaces=form.replaces,
        decided_by=session.member.membership_id,
    )
    session.add(made)
    session.flush()
    return made


def _wait(session: ActorSession, assessment_id: UUID, code: str) -> None:
    """Waits for a colleague who decides on the same answer in the same instant."""
    key = f"decision {assessment_id} {code} {session.member.organisation_id}"
    session.door("pg_advisory_xact_lock(hashtextextended(:key, 0))", key=key)


def _latest(session: ActorSession, assessment_id: UUID, code: str) -> BudgetDecision | None:
    query = select(BudgetDecision).where(
        BudgetDecision.assessment_id == assessment_id,
        BudgetDecision.organisation_id == session.member.organisation_id,
        BudgetDecision.bareme_code == code,
    )
    rows = list(session.exec(query.order_by(col(BudgetDecision.decided_at))))
    replaced = {row.replaces for row in rows}
    return next((row for row in rows if row.id not in replaced), None)
