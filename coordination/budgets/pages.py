"""Pages of budgets: typing one with its reste à vivre, validating it, reading it frozen."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from coordination.budgets import queries, service
from coordination.budgets.answers import Answer, Totals, totals_of
from coordination.budgets.deciding import questions_of
from coordination.budgets.forms import (
    StartForm,
    VersionForm,
    filled,
    full,
    kinds_offered,
    named_errors,
    read_budget,
    rows_shown,
    set_lines_beside,
)
from coordination.budgets.models import Assessment
from coordination.budgets.questions import Questions
from coordination.budgets.questions import questions_of as asked_by
from coordination.budgets.rules import Line, Origin, Period, Result, Side
from coordination.households.queries import file_header, refuse_ended
from coordination.identity.permissions import Part, Permission
from coordination.kit.actor import may
from coordination.kit.db import ActorSession
from coordination.kit.errors import Malformed, NotKnown, NotNow, Stale
from coordination.kit.forms import FormState, read
from coordination.kit.money import euros_exact
from coordination.kit.web import Submitted, Walled, date_fr, go, needs, page

router = APIRouter(prefix="/foyers/{household_id}/budget")
PERIODS = [(period.value, period.phrase) for period in Period]
CHANGED = "Ce brouillon a changé pendant que vous le vérifiiez. Rien n’a été validé : relisez-le, puis validez."
ORIGINS = [(origin.value, origin.label) for origin in Origin]


@dataclass(frozen=True)
class Live:
    """The block that moves while one types: the answers to what is typed, or what keeps them from being known."""

    answers: list[Answer]
    totals: Totals
    people: int
    on: date
    faults: list[tuple[str, str]]
    empty: bool = False

    @property
    def main(self) -> Answer | None:
        """The answer shown in large: that of one's own organisation."""
        return next((answer for answer in self.answers if answer.mine), None)

    @property
    def questions(self) -> Questions:
        """What is missing or looks wrong in the lines."""
        return asked_by(self.answers)

    @property
    def result(self) -> Result | None:
        return self.main.result if self.main else None

    @property
    def shown(self) -> str:
        """The figure in large: our barème's, else what the month leaves."""
        if self.faults or self.empty:
            return "—"
        return self.result.shown if self.result else euros_exact(self.totals.net, 2)

    @property
    def unit(self) -> str:
        if self.faults:
            return "montants à corriger"
        if self.empty:
            return "aucun montant pour l’instant"
        return self.result.unit_phrase if self.result else "par mois pour le foyer"

    @property
    def zone(self) -> str:
        return self.main.zone_label if self.main and self.result else ""

    @property
    def tone(self) -> str:
        return self.main.tone if self.main else "neutral"

    @property
    def said(self) -> str:
        """What is said to those who listen."""
        if self.faults:
            return "Des montants sont à corriger."
        return "" if self.empty else f"{self.shown} {self.unit}. {self.zone}".strip()


def _address(household_id: UUID, assessment_id: UUID | str, more: str = "") -> str:
    return f"/foyers/{household_id}/budget/{assessment_id}{more}"


# ------------------------------------------------------------------ starting


@router.get("/nouveau", dependencies=[needs(Permission.WRITE_BUDGETS)])
def new_budget(request: Request, household_id: UUID, session: Walled) -> Response:
    """A blank budget, or one that starts from an earlier one; or the draft to take up."""
    queries.open_part(session, household_id)
    refuse_ended(session, household_id)
    return page(
        request,
        "budgets/new_budget.html",
        title="Nouveau budget",
        file=file_header(session, household_id),
        budget=queries.file_budget(session, household_id),
    )


@router.post("/nouveau", dependencies=[needs(Permission.WRITE_BUDGETS)])
def start(request: Request, household_id: UUID, data: Submitted, session: Walled) -> Response:
    """Starts the draft and opens it; the one that exists already is taken up."""
    queries.open_part(session, household_id)
    asked, _ = read(StartForm, data)
    if asked is None:
        raise Malformed
    try:
        if asked.source is None:
            draft = service.start_assessment(session, household_id)
        else:
            draft = service.start_from(session, household_id, asked.source)
    except service.AlreadyStarted as started:
        session.rollback()
        return go(request, _address(household_id, started.draft_id), started.sentence, "info")
    return go(request, _address(household_id, draft.id))


# ------------------------------------------------------------------ reading, typing


@router.get("/{assessment_id}", dependencies=[needs(Permission.READ_BUDGETS)])
def assessment(request: Request, household_id: UUID, assessment_id: UUID, session: Walled) -> Response:
    """A budget: the typing screen while it is a draft, its frozen page afterwards."""
    found = queries.assessment_of(session, household_id, assessment_id)
    if found.status == queries.DRAFT:
        if not may(session.actor, Permission.WRITE_BUDGETS):
            raise NotKnown
        service.refuse_reader(session, found)
        lines = queries.lines_of(session, [found.id])[found.id]
        form = filled(lines, found.reference_date, found.version)
        return _typing(request, session, found, form, lines, found.reference_date)
    return page(
        request,
        "budgets/assessment.html",
        title="Budget et reste à vivre",
        file=file_header(session, household_id),
        view=queries.assessment_view(session, household_id, assessment_id),
        questions=questions_of(session, household_id, assessment_id),
        superseded=found.status == queries.SUPERSEDED,
        Side=Side,
    )


def _typing(
    request: Request,
    session: ActorSession,
    draft: Assessment,
    form: FormState,
    lines: Sequence[Line] | None,
    on: date,
    *,
    status: int = 200,
    adding: Side | None = None,
    block: str | None = None,
) -> Response:
    """The typing screen, or its moving block alone; `lines` is None when what was typed cannot be read."""
    rows = rows_shown(form, adding)
    sensitive = Part.SENSITIVE in queries.open_part(session, draft.household_id)
    return page(
        request,
        "budgets/draft.html",
        title="Saisie du budget",
        block=block,
        status=status,
        file=file_header(session, draft.household_id),
        draft=draft,
        form=form,
        errors=named_errors(form),
        rows=rows,
        full=full(rows),
        kinds={side: kinds_offered(side, sensitive=sensitive) for side in Side},
        periods=PERIODS,
        origins=ORIGINS,
        Side=Side,
        live=_live(session, draft.household_id, form, lines, on),
        swapped=request.headers.get("hx-request") == "true",
    )


def _live(session: ActorSession, household_id: UUID, form: FormState, lines: Sequence[Line] | None, on: date) -> Live:
    if lines is None:
        return Live([], totals_of([]), 0, on, named_errors(form).errors)
    if not lines:
        return Live([], totals_of([]), 0, on, [], empty=True)
    composition, people = queries.composition_of(session, household_id, on)
    given = queries.answers(session, composition, lines, on)
    return Live(given, totals_of(lines), len(people), on, [])


@router.post("/{assessment_id}/calcul", dependencies=[needs(Permission.WRITE_BUDGETS)])
def compute(request: Request, household_id: UUID, assessment_id: UUID, data: Submitted, session: Walled) -> Response:
    """The reste à vivre of what is typed, without keeping it: the block for htmx, else the whole screen.

    With `ajouter`, one more row is offered on that side.
    """
    draft = _mine(session, household_id, assessment_id)
    asked, form = read_budget(data)
    adding = next((side for side in Side if data.get("ajouter") == side.value), None)
    if asked is None:
        status = 200 if adding else 422
        return _typing(
            request, session, draft, form, None, draft.reference_date, status=status, adding=adding, block="calcul"
        )
    lines = asked.typed_lines()
    return _typing(request, session, draft, form, lines, asked.reference_date, adding=adding, block="calcul")


@router.post("/{assessment_id}/enregistrer", dependencies=[needs(Permission.WRITE_BUDGETS)])
def save(request: Request, household_id: UUID, assessment_id: UUID, data: Submitted, session: Walled) -> Response:
    """Keeps the lines; what was typed comes back when it cannot be kept. `suite` goes on to the check, or to
    « Et si… »."""
    draft = _mine(session, household_id, assessment_id)
    asked, form = read_budget(data)
    if asked is None:
        return _typing(request, session, draft, form, None, draft.reference_date, status=422)
    try:
        service.save_lines(session, household_id, assessment_id, asked)
    except (NotNow, Malformed) as refused:
        session.rollback()
        current = queries.assessment_of(session, household_id, assessment_id)
        if isinstance(refused, Stale):
            form = form.with_value("version", str(current.version))
            stored = queries.lines_of(session, [assessment_id])[assessment_id]
            set_lines_beside(form, refused.sentence, asked, stored, current.reference_date)
        form.refuse("lines", refused.sentence)
        lines = asked.typed_lines()
        return _typing(request, session, current, form, lines, asked.reference_date, status=refused.status)
    following = {"valider": "/valider", "essayer": "/et-si"}.get(str(data.get("suite")))
    if following is not None:
        return go(request, _address(household_id, assessment_id, following))
    return go(request, _address(household_id, assessment_id), "Brouillon enregistré.")


def _mine(session: ActorSession, household_id: UUID, assessment_id: UUID) -> Assessment:
    """A budget of one's own organisation, that one may type in. Raises `NotKnown`, `SomebodyElses`."""
    found = queries.assessment_of(session, household_id, assessment_id)
    if found.organisation_id != session.member.organisation_id:
        raise NotKnown
    if found.status == queries.DRAFT:
        service.refuse_reader(session, found)
    return found


# ------------------------------------------------------------------ validating


@router.get("/{assessment_id}/valider", dependencies=[needs(Permission.WRITE_BUDGETS)])
def validation(request: Request, household_id: UUID, assessment_id: UUID, session: Walled) -> Response:
    """What will be frozen, to check before it is."""
    found = _mine(session, household_id, assessment_id)
    if found.status != queries.DRAFT:
        return go(request, _address(household_id, assessment_id))
    return _check(request, session, household_id, assessment_id)


def _check(
    request: Request, session: ActorSession, household_id: UUID, assessment_id: UUID, said: str = ""
) -> Response:
    return page(
        request,
        "budgets/validation.html",
        title="Vérifier le budget",
        status=409 if said else 200,
        file=file_header(session, household_id),
        view=queries.assessment_view(session, household_id, assessment_id),
        replaced=queries.file_budget(session, household_id).mine,
        said=said,
        Side=Side,
    )


@router.post("/{assessment_id}/valider", dependencies=[needs(Permission.WRITE_BUDGETS)])
def validate(request: Request, household_id: UUID, assessment_id: UUID, data: Submitted, session: Walled) -> Response:
    """Freezes the budget in the version that was checked; changed meanwhile, it is to be checked again."""
    _mine(session, household_id, assessment_id)
    asked, _ = read(VersionForm, data)
    if asked is None:
        raise Malformed
    try:
        done = service.validate_assessment(session, household_id, assessment_id, asked.version)
    except Stale:
        session.rollback()
        return _check(request, session, household_id, assessment_id, CHANGED)
    words = f"Budget du {date_fr(done.reference_date)} validé."
    return go(request, _address(household_id, assessment_id), words)
