"""Pages of estimated rights: asking about a validated budget, the answer, and the need it becomes in one click."""

from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from coordination.audit.service import note_reading
from coordination.budgets import queries as budgets
from coordination.households import queries as households
from coordination.identity.permissions import Permission
from coordination.kit.db import ActorSession
from coordination.kit.errors import NotNow
from coordination.kit.forms import FormState, read
from coordination.kit.web import Submitted, Walled, go, needs, page
from coordination.rights import queries, service
from coordination.rights.forms import NeedForm
from coordination.rights.rules import CAF, Benefit, Reading

router = APIRouter(prefix="/foyers/{household_id}/budget/{assessment_id}/droits")


@router.get("", dependencies=[needs(Permission.READ_BUDGETS)])
def rights(request: Request, household_id: UUID, assessment_id: UUID, session: Walled) -> Response:
    """What this budget seems to open, and what it takes for granted."""
    budgets.assessment_of(session, household_id, assessment_id)
    note_reading(session, "household.read", household_id)
    return _rights(request, session, household_id, assessment_id, FormState())


def _rights(
    request: Request,
    session: ActorSession,
    household_id: UUID,
    assessment_id: UUID,
    form: FormState,
    status: int = 200,
) -> Response:
    return page(
        request,
        "rights/rights.html",
        title="Droits peut-être non demandés",
        status=status,
        file=households.file_header(session, household_id),
        assessment=budgets.assessment_of(session, household_id, assessment_id),
        shown=queries.latest(session, household_id, assessment_id),
        Reading=Reading,
        Benefit=Benefit,
        caf=CAF,
        form=form,
    )


@router.post("", dependencies=[needs(Permission.READ_BUDGETS)])
def ask(request: Request, household_id: UUID, assessment_id: UUID, session: Walled) -> Response:
    """Asks the worker; says what is missing when it cannot."""
    budgets.assessment_of(session, household_id, assessment_id)
    try:
        service.ask(session, household_id, assessment_id)
    except NotNow as refused:
        session.rollback()
        form = FormState()
        form.refuse("form", refused.sentence)
        return _rights(request, session, household_id, assessment_id, form, 409)
    address = f"/foyers/{household_id}/budget/{assessment_id}/droits"
    return go(request, address, "Estimation demandée : elle arrive en une minute ou deux.")


@router.post("/besoin", dependencies=[needs(Permission.WRITE_NEEDS)])
def note_need(request: Request, household_id: UUID, assessment_id: UUID, data: Submitted, session: Walled) -> Response:
    """One right becomes a need."""
    budgets.assessment_of(session, household_id, assessment_id)
    asked, form = read(NeedForm, data)
    if asked is None:
        return _rights(request, session, household_id, assessment_id, form, 422)
    try:
        service.note_need(session, household_id, assessment_id, asked.benefit)
    except NotNow as refused:
        session.rollback()
        form.refuse("form", refused.sentence)
        return _rights(request, session, household_id, assessment_id, form, 409)
    return go(request, f"/foyers/{household_id}#besoins", "Besoin noté : orientez-le vers qui peut vérifier ce droit.")
