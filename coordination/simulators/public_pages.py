"""The public simulator: no account, no cookie, nothing stored nor logged. What is typed dies with the answer."""

from dataclasses import dataclass
from datetime import date

from fastapi import APIRouter, Request
from fastapi.responses import Response

from coordination.budgets.answers import Answer, Totals, answer_of, totals_of
from coordination.budgets.rules import Bareme, Composition, Line, Result, Side, reste_a_vivre
from coordination.kit.actor import Nobody
from coordination.kit.clock import today
from coordination.kit.db import ActorSession
from coordination.kit.forms import FormState, read
from coordination.kit.restraint import allowed
from coordination.kit.web import Submitted, page
from coordination.simulators import rules
from coordination.simulators.forms import PublicAnswers, PublicForm
from coordination.simulators.queries import Opened, Partner, opened
from coordination.simulators.rules import MOST_PEOPLE, QUESTIONS, Aid, Words

router = APIRouter()
ROWS_OFFERED = 4
ROWS_ADDED = 3
MOST_ANSWERS = 100
"""By address, in ten minutes: a whole waiting room may share one address."""
NOTHING_TYPED = "Écrivez au moins une somme reçue. Si le foyer ne reçoit rien, écrivez 0 dans « Autre argent reçu »."
NOBODY = "Écrivez au moins votre âge."
TOO_MANY = (
    "Beaucoup de réponses ont été demandées depuis cette connexion : patientez dix minutes, puis demandez de nouveau. "
    "Ce que vous avez écrit est toujours là."
)


@dataclass(frozen=True)
class Reply:
    """What one partner would answer, and how to reach it."""

    partner: Partner | None
    answer: Answer
    words: Words | None


@dataclass(frozen=True)
class Simulation:
    """The whole answer."""

    people: int
    totals: Totals
    replies: list[Reply]
    elsewhere: list[Reply]
    to_check: list[str]
    papers: list[str]

    @property
    def networks(self) -> list[str]:
        """The networks that answer: more than one, and each reply says whose it is."""
        return list(dict.fromkeys(reply.partner.network for reply in self.replies if reply.partner))


@router.get("/simulateur")
def simulator(request: Request) -> Response:
    """The questions, blank."""
    return _show(request, FormState())


@router.post("/simulateur")
def simulate(request: Request, data: Submitted) -> Response:
    """The answer, above the questions as they were typed; or a few more rows to type in."""
    asked, form = read(PublicAnswers, data)
    if form.value("ajouter"):
        return _show(request, FormState(form.typed), more=ROWS_ADDED)
    if asked is not None and not asked.people:
        form.refuse("people-0-age", NOBODY)
    if asked is not None and not any(line.kind.side is Side.RESOURCE for line in asked.lines()):
        form.refuse(rules.RESOURCES[-1].name, NOTHING_TYPED)
    if asked is None or form.errors:
        return _show(request, form, status=422)
    if not allowed(request, "simulator", MOST_ANSWERS):
        form.refuse("", TOO_MANY)
        return _show(request, form, status=429)
    on = today()
    with ActorSession(request.app.state.engine, Nobody()) as session:
        known = opened(session, on, demo=request.app.state.settings.demo)
    return _show(request, form, answer=_answer(asked, known, on))


def _answer(asked: PublicForm, known: Opened, on: date) -> Simulation:
    people, lines = asked.composition(), asked.lines()
    here = [_reply(bareme, people, lines, on, partner) for partner, bareme in known.here]
    elsewhere = [_reply(bareme, people, lines, on, None) for bareme in known.elsewhere]
    results = [reply.answer.result for reply in (*here, *elsewhere) if reply.answer.result]
    kinds = [line.kind for line in lines if line.amount_cents]
    children = any(row.age < 18 for row in asked.people)
    papers = rules.papers(kinds, children=children)
    return Simulation(len(asked.people), totals_of(lines), here, elsewhere, rules.to_check(results), papers)


def _reply(bareme: Bareme, people: Composition, lines: list[Line], on: date, partner: Partner | None) -> Reply:
    computed = reste_a_vivre(bareme, people, lines, on)
    words = rules.ANSWERS[computed.zone] if isinstance(computed, Result) else None
    return Reply(partner, answer_of(bareme, computed, mine=False), words)


def _show(
    request: Request, form: FormState, *, more: int = 0, status: int = 200, answer: Simulation | None = None
) -> Response:
    typed = [number for number in form.rows("people") if number < MOST_PEOPLE]
    shown = min(MOST_PEOPLE, max(ROWS_OFFERED, max(typed, default=0) + 1 + more))
    named = {question.name: question.label for question in QUESTIONS}
    named |= {f"people-{rank}-age": _who(rank) for rank in range(shown)}
    return page(
        request,
        "simulators/simulator.html",
        title="Simulateur",
        status=status,
        form=form,
        rules=rules,
        people=[(f"people-{rank}-age", f"people-{rank}-part", _who(rank)) for rank in range(shown)],
        full=shown == MOST_PEOPLE,
        folded=not any(form.value(q.name) or form.error(q.name) for q in rules.OTHER_CHARGES),
        aids=[(aid.value, aid.label) for aid in Aid],
        labels=named,
        answer=answer,
    )


def _who(rank: int) -> str:
    return "Votre âge" if rank == 0 else f"Âge de la personne n° {rank + 1}"
