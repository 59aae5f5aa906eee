"""Pages of « Et si… »: a budget tried with other amounts and other people; nothing kept unless asked."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from coordination.budgets import queries, service
from coordination.budgets.again import thaw_composition
from coordination.budgets.answers import Answer, Totals, totals_of
from coordination.budgets.forms import (
    Row,
    filled,
    full,
    kinds_offered,
    named_errors,
    read_lines,
    rows_shown,
    set_lines_beside,
)
from coordination.budgets.models import Assessment
from coordination.budgets.questions import Questions, questions_of
from coordination.budgets.rules import Composition, Line, LineKind, Origin, Period, Side
from coordination.budgets.whatif import MOST_CHILDREN, Move, WhatIfForm, custody_options, is_minor, moves
from coordination.households.queries import file_header
from coordination.identity.permissions import Part, Permission
from coordination.kit.db import ActorSession
from coordination.kit.errors import Malformed, NotNow, Stale
from coordination.kit.forms import FormState
from coordination.kit.money import euros_exact
from coordination.kit.web import Submitted, Walled, go, needs, page

router = APIRouter(prefix="/foyers/{household_id}/budget/{assessment_id}/et-si")
PERIODS = [(period.value, period.phrase) for period in Period]
ORIGINS = [(origin.value, origin.label) for origin in Origin]
ALWAYS_OFFERED = frozenset({LineKind.LOYER})
CHILDREN = [(str(n), str(n) if n else "aucun") for n in range(MOST_CHILDREN + 1)]


@dataclass(frozen=True)
class Base:
    """The budget one starts from: its lines and its people, with their names where they are known."""

    assessment: Assessment
    lines: list[Line]
    people: Composition
    mine: bool

    @property
    def is_draft(self) -> bool:
        return self.assessment.status == queries.DRAFT


@dataclass(frozen=True)
class Tried:
    """What the change does, or what keeps it from being known."""

    moves: list[Move]
    before: Totals
    after: Totals
    people: tuple[int, int]
    questions: Questions
    faults: list[tuple[str, str]]

    @property
    def main(self) -> Move | None:
        return next((move for move in self.moves if move.mine), None)

    @property
    def _answer(self) -> Answer | None:
        return self.main.after if self.main else None

    @property
    def shown(self) -> str:
        """The figure kept in sight: our barème's, else what the month leaves."""
        if self.faults:
            return "—"
        return self._answer.result.shown if self._answer and self._answer.result else euros_exact(self.after.net, 2)

    @property
    def unit(self) -> str:
        if self.faults:
            return "réponses à corriger"
        return self._answer.result.unit_phrase if self._answer and self._answer.result else "par mois pour le foyer"

    @property
    def zone(self) -> str:
        return self._answer.zone_label if self._answer and self._answer.result else ""

    @property
    def tone(self) -> str:
        return self._answer.tone if self._answer else "neutral"

    @property
    def moved(self) -> int:
        return sum(move.changes for move in self.moves)

    @property
    def said(self) -> str:
        """What is said to those who listen."""
        if self.faults:
            return "Des réponses sont à corriger."
        if not self.moved:
            return "Aucune structure ne change de réponse."
        return " ".join(f"{move.organisation} : {move.words}." for move in self.moves if move.changes)


def base_of(session: ActorSession, household_id: UUID, assessment_id: UUID) -> Base:
    """A budget one may read; of a draft, one that one may take up. Raises `NotKnown`, `SomebodyElses`."""
    view = queries.assessment_view(session, household_id, assessment_id)
    found = view.assessment
    if found.status == queries.DRAFT:
        service.refuse_reader(session, found)
    if found.status == queries.DRAFT or not found.composition:
        people, _ = queries.composition_of(session, household_id, found.reference_date)
    else:
        people = thaw_composition(found.composition)
    if len(view.people) == len(people.heads):
        heads = tuple(replace(head, name=name) for head, name in zip(people.heads, view.people, strict=True))
        people = replace(people, heads=heads)
    return Base(found, view.lines, people, view.mine)


def _start(base: Base) -> FormState:
    """The form of the budget as it stands."""
    form = filled(base.lines, base.assessment.reference_date, base.assessment.version)
    return form.with_value("births", "0").with_value("unborn", "0")


def _rows(base: Base, form: FormState, adding: Side | None) -> dict[Side, list[Row]]:
    """The rows worth showing: those of the base, those typed in, the rent, and some free ones."""
    kept = set(_start(base).rows("lines"))
    return {
        side: [
            row
            for row in rows
            if row.kind is None
            or row.kind in ALWAYS_OFFERED
            or row.number in kept
            or form.value(f"{row.name}-amount").strip()
        ]
        for side, rows in rows_shown(form, adding).items()
    }


def _try(session: ActorSession, base: Base, asked: WhatIfForm) -> Tried:
    on = base.assessment.reference_date
    lines, people = asked.typed_lines(), asked.applied(base.people)
    then, now = queries.baremes_of(session, on), queries.baremes_of(session, asked.reference_date)
    found = moves((then, base.people, base.lines, on), (now, people, lines, asked.reference_date))
    after = [move.after for move in found if move.after]
    counts = (len(base.people.heads), len(people.heads))
    return Tried(found, totals_of(base.lines), totals_of(lines), counts, questions_of(after), [])


def _screen(
    request: Request,
    session: ActorSession,
    base: Base,
    form: FormState,
    tried: Tried,
    *,
    status: int = 200,
    adding: Side | None = None,
    block: str | None = None,
) -> Response:
    household_id = base.assessment.household_id
    rows = _rows(base, form, adding)
    sensitive = Part.SENSITIVE in queries.open_part(session, household_id)
    return page(
        request,
        "budgets/whatif.html",
        title="Et si…",
        block=block,
        status=status,
        file=file_header(session, household_id),
        base=base,
        form=form,
        errors=named_errors(form),
        rows=rows,
        full=full(rows),
        minors=_minors(base, base.assessment.reference_date),
        kinds={side: kinds_offered(side, sensitive=sensitive) for side in Side},
        periods=PERIODS,
        origins=ORIGINS,
        children=CHILDREN,
        Side=Side,
        tried=tried,
        swapped=request.headers.get("hx-request") == "true",
    )


def _minors(base: Base, on: date) -> dict[int, list[tuple[str, str]]]:
    """The custody shares to choose from, for each child."""
    return {rank: custody_options(head.weight) for rank, head in enumerate(base.people.heads) if is_minor(head, on)}


def _faulty(faults: Sequence[tuple[str, str]]) -> Tried:
    nothing = totals_of([])
    return Tried([], nothing, nothing, (0, 0), Questions([], []), list(faults))


@router.get("", dependencies=[needs(Permission.READ_BUDGETS)])
def whatif(request: Request, household_id: UUID, assessment_id: UUID, session: Walled) -> Response:
    """The budget as it stands, ready to be changed."""
    base = base_of(session, household_id, assessment_id)
    on = base.assessment.reference_date
    same = (queries.baremes_of(session, on), base.people, base.lines, on)
    found, totals, count = moves(same, same), totals_of(base.lines), len(base.people.heads)
    asked = questions_of(move.before for move in found if move.before)
    return _screen(request, session, base, _start(base), Tried(found, totals, totals, (count, count), asked, []))


@router.post("", dependencies=[needs(Permission.READ_BUDGETS)])
def try_out(request: Request, household_id: UUID, assessment_id: UUID, data: Submitted, session: Walled) -> Response:
    """What moves, without keeping anything: the block for htmx, else the whole screen."""
    base = base_of(session, household_id, assessment_id)
    asked, form = read_lines(WhatIfForm, data)
    adding = next((side for side in Side if data.get("ajouter") == side.value), None)
    if asked is None:
        tried, status = _faulty(named_errors(form).errors), 200 if adding else 422
    else:
        tried, status = _try(session, base, asked), 200
    return _screen(request, session, base, form, tried, status=status, adding=adding, block="calcul")


@router.post("/garder", dependencies=[needs(Permission.WRITE_BUDGETS)])
def keep(request: Request, household_id: UUID, assessment_id: UUID, data: Submitted, session: Walled) -> Response:
    """Keeps the amounts as a draft: in the draft one tried on, else in a new one. The people are not changed."""
    base = base_of(session, household_id, assessment_id)
    asked, form = read_lines(WhatIfForm, data)
    if asked is None:
        return _screen(request, session, base, form, _faulty(named_errors(form).errors), status=422)
    try:
        kept = _keep(session, base, asked)
    except (NotNow, Malformed) as refused:
        session.rollback()
        base = base_of(session, household_id, assessment_id)
        form = form.with_value("version", str(base.assessment.version))
        if isinstance(refused, Stale):
            set_lines_beside(form, refused.sentence, asked, base.lines, base.assessment.reference_date)
        form.refuse("lines", refused.sentence)
        tried = _try(session, base, asked)
        return _screen(request, session, base, form, tried, status=refused.status)
    changed = asked.applied(base.people) != base.people
    more = " Les personnes n’ont pas changé : notez le départ ou la naissance dans la composition du foyer." * changed
    return go(request, f"/foyers/{household_id}/budget/{kept}", f"Montants gardés dans un brouillon.{more}")


def _keep(session: ActorSession, base: Base, asked: WhatIfForm) -> UUID:
    household_id = base.assessment.household_id
    if base.is_draft:
        return service.save_lines(session, household_id, base.assessment.id, asked).id
    draft = service.start_assessment(session, household_id)
    form = asked.model_copy(update={"version": draft.version})
    return service.save_lines(session, household_id, draft.id, form).id
