"""Pages of the decision: what a worker retains of a barème's answer, and a frozen budget computed again."""

from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from coordination.budgets import deciding, queries
from coordination.budgets.reproduce import again_for
from coordination.budgets.routing import LONGEST_REASON, RETAINED, DecisionForm
from coordination.households.queries import file_header
from coordination.identity.permissions import Part, Permission
from coordination.kit.db import ActorSession
from coordination.kit.errors import Malformed, Stale
from coordination.kit.forms import FormState, read
from coordination.kit.web import Submitted, Walled, go, needs, page

router = APIRouter(prefix="/foyers/{household_id}/budget/{assessment_id}")
CHOICES = [(zone.value, f"{words[0].upper()}{words[1:]}") for zone, words in RETAINED.items()]


@router.get("/decision/{code}", dependencies=[needs(Permission.WRITE_BUDGETS)])
def decision(request: Request, household_id: UUID, assessment_id: UUID, code: str, session: Walled) -> Response:
    """What the barème proposes, and what is retained of it."""
    question = deciding.question_of(session, household_id, assessment_id, code)
    before = question.current.row if question.current else None
    form = FormState.of(
        {
            "retained": before.retained if before else "",
            "reason": before.reason if before else "",
            "replaces": before.id if before else "",
        }
    )
    return _decision(request, session, household_id, assessment_id, question, form)


def _decision(
    request: Request,
    session: ActorSession,
    household_id: UUID,
    assessment_id: UUID,
    question: deciding.Question,
    form: FormState,
    status: int = 200,
) -> Response:
    return page(
        request,
        "budgets/decision.html",
        title="Décision",
        status=status,
        file=file_header(session, household_id),
        assessment=queries.assessment_of(session, household_id, assessment_id),
        question=question,
        form=form,
        choices=CHOICES,
        longest=LONGEST_REASON,
    )


@router.post("/decision/{code}", dependencies=[needs(Permission.WRITE_BUDGETS)])
def decide(
    request: Request, household_id: UUID, assessment_id: UUID, code: str, data: Submitted, session: Walled
) -> Response:
    """Keeps the decision beside the former one; what was typed comes back when a colleague was first."""
    question = deciding.question_of(session, household_id, assessment_id, code)
    typed = [(name, value) for name, value in data.multi_items() if name != "proposed"]
    asked, form = read(DecisionForm, FormData([*typed, ("proposed", question.proposed)]))
    if asked is None:
        return _decision(request, session, household_id, assessment_id, question, form, 422)
    try:
        deciding.decide(session, household_id, assessment_id, code, asked)
    except (Stale, Malformed) as refused:
        session.rollback()
        question = deciding.question_of(session, household_id, assessment_id, code)
        if question.current is not None:
            form = form.with_value("replaces", str(question.current.row.id))
        form.refuse("retained", refused.sentence)
        return _decision(request, session, household_id, assessment_id, question, form, refused.status)
    words = f"Décision notée : {RETAINED[asked.retained]} ({question.answer.organisation})."
    return go(request, f"/foyers/{household_id}/budget/{assessment_id}#decisions", words)


@router.get("/refaire", dependencies=[needs(Permission.READ_BUDGETS)])
def again(request: Request, household_id: UUID, assessment_id: UUID, session: Walled) -> Response:
    """The frozen budget computed again today, beside what was frozen."""
    parts = queries.open_part(session, household_id)
    found = again_for(session, household_id, assessment_id)
    return page(
        request,
        "budgets/again.html",
        title="Calcul refait",
        file=file_header(session, household_id),
        assessment=queries.assessment_of(session, household_id, assessment_id),
        found=found,
        partial=Part.SENSITIVE not in parts,
    )
