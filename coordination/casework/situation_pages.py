"""Pages of what a worker notes of a situation: debts, the household's project, documents seen."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from coordination.casework import service
from coordination.casework.forms import DebtForm, DocumentsForm, GoalForm
from coordination.casework.models import Debt, Goal
from coordination.casework.rules import CreditorKind, DocumentKind, GoalState
from coordination.households import queries as households
from coordination.identity.permissions import Part, Permission
from coordination.kit.clock import today
from coordination.kit.db import ActorSession
from coordination.kit.forms import FormState, read
from coordination.kit.web import Submitted, Walled, carry_out, go, needs, page

router = APIRouter(prefix="/foyers/{household_id}/suivi")
WRITES = [needs(Permission.WRITE_CASEWORK)]
DEBT_WORDS = {"creditor_kind": dict(CreditorKind.options()), "plan": {"oui": "oui"}, "ended": {"oui": "soldée"}}
GOAL_WORDS = {"state": dict(GoalState.options())}


def _page(
    request: Request,
    session: ActorSession,
    template: str,
    title: str,
    household_id: UUID,
    form: FormState,
    status: int = 200,
    **context: Any,
) -> Response:
    """A form about a file, under the file's name."""
    header = households.file_header(session, household_id)
    return page(request, f"casework/{template}.html", title=title, status=status, form=form, header=header, **context)


def _back(request: Request, household_id: UUID, said: str) -> Response:
    return go(request, f"/foyers/{household_id}#suivi", said)


def _typed(cents: int | None) -> str:
    """An amount as it is typed."""
    return "" if cents is None else f"{cents // 100},{cents % 100:02d}"


# ------------------------------------------------------------------ debts


def _debt(
    request: Request,
    session: ActorSession,
    household_id: UUID,
    form: FormState,
    status: int = 200,
    debt: Debt | None = None,
) -> Response:
    service.refuse_closed(session, household_id, Part.BUDGET)
    households.refuse_ended(session, household_id)
    title, kinds = "Corriger une dette" if debt else "Nouvelle dette", CreditorKind.options()
    return _page(request, session, "debt", title, household_id, form, status, debt=debt, kinds=kinds)


@router.get("/dette", dependencies=WRITES)
def new_debt(request: Request, session: Walled, household_id: UUID) -> Response:
    """What the household owes."""
    return _debt(request, session, household_id, FormState())


@router.post("/dette", dependencies=WRITES)
def note_debt(request: Request, session: Walled, data: Submitted, household_id: UUID) -> Response:
    """Notes the debt."""

    def deed(asked: DebtForm) -> Response:
        service.note_debt(session, household_id, asked)
        return _back(request, household_id, "Dette notée.")

    return carry_out(
        session, read(DebtForm, data), deed, lambda form, status: _debt(request, session, household_id, form, status)
    )


@router.get("/dettes/{debt_id}", dependencies=WRITES)
def debt(request: Request, session: Walled, household_id: UUID, debt_id: UUID) -> Response:
    """A debt, to correct or to end."""
    found = service.debt_of(session, household_id, debt_id)
    return _debt(request, session, household_id, _stored_debt(found), debt=found)


def _stored_debt(found: Debt) -> FormState:
    return FormState.of(
        {
            "creditor_kind": found.creditor_kind,
            "creditor": found.creditor,
            "amount": _typed(found.amount_cents),
            "plan": "oui" if found.plan else "",
            "instalment": _typed(found.instalment_cents),
            "ended": "oui" if found.ended_on else "",
            "version": found.version,
        }
    )


@router.post("/dettes/{debt_id}", dependencies=WRITES)
def correct_debt(request: Request, session: Walled, data: Submitted, household_id: UUID, debt_id: UUID) -> Response:
    """Corrects the debt, unless a colleague did meanwhile."""

    def found() -> Debt:
        return service.debt_of(session, household_id, debt_id)

    def deed(asked: DebtForm) -> Response:
        service.correct_debt(session, household_id, debt_id, asked)
        return _back(request, household_id, "Dette corrigée.")

    def again(form: FormState, status: int) -> Response:
        now_known = found()
        if status == 409 and data.get("version") != str(now_known.version):
            form.set_beside(_stored_debt(now_known), DEBT_WORDS, ("plan", "ended"))
        return _debt(request, session, household_id, form, status, now_known)

    return carry_out(session, read(DebtForm, data), deed, again, lambda: found().version)


# ------------------------------------------------------------------ the household's project


def _goal(
    request: Request,
    session: ActorSession,
    household_id: UUID,
    form: FormState,
    status: int = 200,
    goal: Goal | None = None,
) -> Response:
    service.refuse_closed(session, household_id, Part.NEEDS)
    households.refuse_ended(session, household_id)
    title, states = "Corriger un projet" if goal else "Nouveau projet", GoalState.options()
    return _page(request, session, "goal", title, household_id, form, status, goal=goal, states=states)


@router.get("/projet", dependencies=WRITES)
def new_goal(request: Request, session: Walled, household_id: UUID) -> Response:
    """What the household wants to reach."""
    return _goal(request, session, household_id, FormState())


@router.post("/projet", dependencies=WRITES)
def note_goal(request: Request, session: Walled, data: Submitted, household_id: UUID) -> Response:
    """Notes the project."""

    def deed(asked: GoalForm) -> Response:
        service.note_goal(session, household_id, asked)
        return _back(request, household_id, "Projet noté.")

    return carry_out(
        session, read(GoalForm, data), deed, lambda form, status: _goal(request, session, household_id, form, status)
    )


@router.get("/projets/{goal_id}", dependencies=WRITES)
def goal(request: Request, session: Walled, household_id: UUID, goal_id: UUID) -> Response:
    """A project, to correct or to end."""
    found = service.goal_of(session, household_id, goal_id)
    return _goal(request, session, household_id, _stored_goal(found), goal=found)


def _stored_goal(found: Goal) -> FormState:
    return FormState.of(
        {
            "words": found.words,
            "until_date": f"{found.until_date:%d/%m/%Y}" if found.until_date else "",
            "state": found.state,
            "version": found.version,
        }
    )


@router.post("/projets/{goal_id}", dependencies=WRITES)
def correct_goal(request: Request, session: Walled, data: Submitted, household_id: UUID, goal_id: UUID) -> Response:
    """Corrects the project, unless a colleague did meanwhile."""

    def found() -> Goal:
        return service.goal_of(session, household_id, goal_id)

    def deed(asked: GoalForm) -> Response:
        service.correct_goal(session, household_id, goal_id, asked)
        return _back(request, household_id, "Projet corrigé.")

    def again(form: FormState, status: int) -> Response:
        now_known = found()
        if status == 409 and data.get("version") != str(now_known.version):
            form.set_beside(_stored_goal(now_known), GOAL_WORDS)
        return _goal(request, session, household_id, form, status, now_known)

    return carry_out(session, read(GoalForm, data), deed, again, lambda: found().version)


# ------------------------------------------------------------------ documents seen


def _documents(
    request: Request, session: ActorSession, household_id: UUID, form: FormState, status: int = 200
) -> Response:
    service.refuse_closed(session, household_id, Part.IDENTITY)
    title, kinds = "Documents vus", DocumentKind.options()
    return _page(request, session, "documents", title, household_id, form, status, kinds=kinds)


@router.get("/document", dependencies=WRITES)
def documents(request: Request, session: Walled, household_id: UUID) -> Response:
    """Documents the household showed."""
    return _documents(request, session, household_id, FormState.of({"seen_on": f"{today():%d/%m/%Y}"}))


@router.post("/document", dependencies=WRITES)
def see_documents(request: Request, session: Walled, data: Submitted, household_id: UUID) -> Response:
    """Marks them as seen."""

    def deed(asked: DocumentsForm) -> Response:
        seen = service.see_documents(session, household_id, asked)
        said = "Document marqué comme vu." if len(seen) == 1 else "Documents marqués comme vus."
        return _back(request, household_id, said)

    def again(form: FormState, status: int) -> Response:
        return _documents(request, session, household_id, form, status)

    return carry_out(session, read(DocumentsForm, data, lists=["kinds"]), deed, again)
