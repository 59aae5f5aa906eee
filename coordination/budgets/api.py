"""Budgets in JSON: each organisation's assessments with their answers, a draft typed, a draft validated."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from coordination.budgets import queries, service
from coordination.budgets.answers import Answer
from coordination.budgets.exact import ExactCents, exact
from coordination.budgets.forms import BudgetForm
from coordination.budgets.rules import Line, LineKind, Origin, Period, Result, Side, Standing, ZoneKind
from coordination.identity.idempotency import OnceOnly
from coordination.identity.permissions import Permission
from coordination.kit.actor import may
from coordination.kit.clock import today
from coordination.kit.db import ActorSession
from coordination.kit.errors import NotKnown, NotNow
from coordination.kit.forms import LONGEST_ROWS
from coordination.kit.money import MAX_CENTS
from coordination.kit.rest import BEARER, PREFIX, Body, form_of
from coordination.kit.web import Acting, Walled, needs

router = APIRouter(
    prefix=f"{PREFIX}/households/{{household_id}}/assessments", tags=["budgets"], dependencies=[Depends(BEARER)]
)
NAMES = {"amount": "amount_cents", "landlord": "paid_to_landlord"}

Status = Literal["draft", "validated", "superseded"]
Month = Annotated[
    str | None,
    Field(pattern=r"^[0-9]{4}-[0-9]{2}$", description="Le mois du montant, `AAAA-MM`.", examples=["2026-10"]),
]


class AssessmentLine(BaseModel):
    """Un budget dans une liste."""

    id: UUID
    organisation: UUID = Field(description="La structure qui l’a établi.")
    status: Status = Field(description="Brouillon, validé (figé), ou remplacé par un plus récent.")
    reference_date: date
    mine: bool = Field(description="De votre structure.")


class BudgetLine(BaseModel):
    """Une ressource ou une charge. Ce qui touche à la santé n’est nommé que si cela vous est ouvert."""

    id: UUID
    side: Side
    kind: LineKind
    label: str
    amount_cents: int = Field(description="Centimes d’euro, par `period`.", examples=[74000])
    period: Period
    origin: Origin
    month: date | None = Field(description="Un jour du mois du montant.")
    paid_to_landlord: bool = Field(description="Aide au logement versée au bailleur.")


class LineAnswer(BaseModel):
    """Ce que le barème a fait d’une ligne."""

    line: str = Field(description="L’identifiant de la ligne.")
    outcome: str = Field(examples=["counted"])
    monthly_cents: ExactCents = Field(description="Centimes d’euro par mois, avant la règle.")
    counted_cents: ExactCents = Field(description="Centimes d’euro par mois, comptés.")
    says: str = Field(description="La règle, en une phrase.")
    rule: str = Field(description="L’endroit du barème qui le dit.", examples=["lines.loyer.cap"])
    source: str = Field(description="D’où vient cette règle.")


class BaremeResult(BaseModel):
    """Le reste à vivre selon un barème daté : chiffres exacts, jamais ramenés à zéro."""

    bareme: str = Field(description="Le code du barème.")
    version: date = Field(description="La date de sa version.")
    value_cents: ExactCents = Field(description="Centimes d’euro, dans l’unité du barème.")
    unit: str = Field(examples=["par jour et par personne"])
    per_day_cents: ExactCents = Field(description="Centimes d’euro, par jour et par personne ou part.")
    resources_cents: ExactCents = Field(description="Centimes d’euro par mois, comptés en ressources.")
    charges_cents: ExactCents = Field(description="Centimes d’euro par mois, comptés en charges.")
    zone: ZoneKind
    zone_label: str
    terms: str = Field(description="Ce que dure l’accès, quand la zone l’ouvre.")
    purchase_cents: int | None = Field(description="Budget d’achat d’un mois, en centimes d’euro.")
    threshold: str = Field(description="Le seuil le plus proche, en une phrase.")
    lines: list[LineAnswer]
    notices: list[str] = Field(description="Ce qui semble à vérifier.")


class BaremeAnswer(BaseModel):
    """Ce qu’un barème répond : un résultat, ou ce qui manque pour répondre."""

    organisation: str
    title: str
    standing: Standing = Field(description="Adopté par la structure, publié, ou de démonstration.")
    mine: bool = Field(description="Le barème de votre structure.")
    refusal: str | None = Field(description="Ce qui manque pour répondre.")
    result: BaremeResult | None


class Assessment(AssessmentLine):
    """Un budget, ses lignes et les réponses des barèmes : figées s’il est validé, du jour si c’est un brouillon."""

    version: int = Field(description="À renvoyer en modifiant ou en validant.")
    created_at: datetime
    validated_at: datetime | None
    author: str
    people: list[str] = Field(description="Les personnes comptées.")
    resources_cents: ExactCents = Field(description="Centimes d’euro par mois, avant tout barème.")
    charges_cents: ExactCents = Field(description="Centimes d’euro par mois, avant tout barème.")
    lines: list[BudgetLine]
    answers: list[BaremeAnswer]


def _line(line: Line) -> BudgetLine:
    return BudgetLine(
        id=UUID(line.id),
        side=line.kind.side,
        kind=line.kind,
        label=line.label,
        amount_cents=line.amount_cents,
        period=line.period,
        origin=line.origin,
        month=line.month,
        paid_to_landlord=line.paid_to_landlord,
    )


def _result(result: Result) -> BaremeResult:
    return BaremeResult(
        bareme=result.bareme_code,
        version=result.bareme_version,
        value_cents=exact(result.value_cents),
        unit=result.unit_phrase,
        per_day_cents=exact(result.per_day_cents),
        resources_cents=exact(result.resources_cents),
        charges_cents=exact(result.charges_cents),
        zone=result.zone,
        zone_label=result.zone_label,
        terms=result.terms,
        purchase_cents=result.purchase_cents,
        threshold=result.threshold_sentence,
        lines=[
            LineAnswer(
                line=line.line_id,
                outcome=line.outcome.value,
                monthly_cents=exact(line.monthly_cents),
                counted_cents=exact(line.counted_cents),
                says=line.says,
                rule=line.rule,
                source=line.source,
            )
            for line in result.lines
        ],
        notices=[notice.says for notice in result.notices],
    )


def _answer(answer: Answer) -> BaremeAnswer:
    return BaremeAnswer(
        organisation=answer.organisation,
        title=answer.title,
        standing=answer.standing,
        mine=answer.mine,
        refusal=answer.refusal or None,
        result=_result(answer.result) if answer.result else None,
    )


def _assessment(session: ActorSession, household_id: UUID, assessment_id: UUID) -> Assessment:
    view = queries.assessment_view(session, household_id, assessment_id)
    row = view.assessment
    return Assessment(
        id=row.id,
        organisation=row.organisation_id,
        status=row.status,
        reference_date=row.reference_date,
        mine=view.mine,
        version=row.version,
        created_at=row.created_at,
        validated_at=row.validated_at,
        author=view.author,
        people=view.people,
        resources_cents=exact(view.totals.resources),
        charges_cents=exact(view.totals.charges),
        lines=[_line(line) for line in view.lines],
        answers=[_answer(answer) for answer in view.answers],
    )


@router.get("", summary="Les budgets d’un foyer", dependencies=[needs(Permission.READ_BUDGETS)])
def assessments(session: Walled, member: Acting, household_id: UUID) -> list[AssessmentLine]:
    """Ceux de chaque structure, les plus récents d’abord ; des brouillons, ceux de la vôtre seulement."""
    queries.open_part(session, household_id)
    return [
        AssessmentLine(
            id=a.id,
            organisation=a.organisation_id,
            status=a.status,
            reference_date=a.reference_date,
            mine=a.organisation_id == member.organisation_id,
        )
        for a in queries.assessments_of(session, household_id)
    ]


@router.get("/{assessment_id}", summary="Un budget", dependencies=[needs(Permission.READ_BUDGETS)])
def assessment(session: Walled, household_id: UUID, assessment_id: UUID) -> Assessment:
    """Le budget, ses lignes et ce que chaque barème répond, avec le détail de chaque règle."""
    found = queries.assessment_of(session, household_id, assessment_id)
    if found.status == queries.DRAFT:
        if not may(session.actor, Permission.WRITE_BUDGETS):
            raise NotKnown
        service.refuse_reader(session, found)
    return _assessment(session, household_id, assessment_id)


class NewLine(Body):
    """Une ressource ou une charge ; le genre décide du côté."""

    kind: LineKind
    amount_cents: Annotated[int, Field(ge=0, le=MAX_CENTS, description="Centimes d’euro, par `period`.")]
    period: Period = Period.MONTHLY
    origin: Origin = Origin.DECLARED
    month: Month = None
    label: Annotated[str, Field(max_length=80)] = ""
    paid_to_landlord: bool = Field(False, description="Aide au logement seulement.")


Lines = Annotated[list[NewLine], Field(max_length=LONGEST_ROWS)]


class NewAssessment(Body):
    """Un brouillon : vide, repris d’un budget précédent (`source`), ou avec ses lignes."""

    source: UUID | None = Field(None, description="Un budget du même foyer, dont on reprend les lignes.")
    reference_date: date | None = Field(None, description="Avec des lignes ; aujourd’hui sinon.")
    lines: Lines | None = Field(None, description="Remplacent celles de `source`.")


class LinesChange(Body):
    """Toutes les lignes d’un brouillon : elles remplacent les précédentes."""

    reference_date: date
    lines: Lines
    version: Annotated[int, Field(ge=1, le=2_000_000_000, description="La version que vous aviez lue.")]


class Validation(Body):
    """La version que l’on valide."""

    version: Annotated[int, Field(ge=1, le=2_000_000_000, description="La version que vous aviez lue.")]


class DraftExists(NotNow):
    """Votre structure a déjà un budget en cours de saisie pour ce foyer : reprenez-le."""

    def __init__(self, draft_id: UUID) -> None:
        super().__init__()
        self.extra = {"assessment": str(draft_id)}


def _form(lines: list[NewLine], on: date, version: int) -> BudgetForm:
    rows = [
        {
            "kind": line.kind,
            "amount": line.amount_cents,
            "period": line.period,
            "origin": line.origin,
            "month": "/".join(reversed(line.month.split("-"))) if line.month else "",
            "label": line.label,
            "landlord": line.paid_to_landlord,
        }
        for line in lines
    ]
    return form_of(BudgetForm, {"reference_date": on.isoformat(), "lines": rows, "version": version}, NAMES)


@router.post("", status_code=201, summary="Commencer un budget", dependencies=[needs(Permission.WRITE_BUDGETS)])
def start(session: Walled, once: OnceOnly, household_id: UUID, asked: NewAssessment) -> Assessment:
    """Un brouillon par structure et par foyer : 409 s’il y en a un (`assessment` dit lequel)."""
    form = None if asked.lines is None else _form(asked.lines, asked.reference_date or today(), 1)

    def deed() -> UUID:
        try:
            if asked.source is None:
                draft = service.start_assessment(session, household_id)
            else:
                draft = service.start_from(session, household_id, asked.source)
        except service.AlreadyStarted as started:
            raise DraftExists(started.draft_id) from started
        if form is not None:
            service.save_lines(session, household_id, draft.id, form)
        session.flush()
        return draft.id

    made = once.do(asked, deed)
    once.located(f"{PREFIX}/households/{household_id}/assessments/{made}")
    return _assessment(session, household_id, made)


@router.put(
    "/{assessment_id}/lines",
    summary="Remplacer les lignes d’un brouillon",
    dependencies=[needs(Permission.WRITE_BUDGETS)],
)
def save(session: Walled, household_id: UUID, assessment_id: UUID, asked: LinesChange) -> Assessment:
    """409 si le brouillon a changé depuis votre lecture, ou s’il est déjà validé."""
    form = _form(asked.lines, asked.reference_date, asked.version)
    service.save_lines(session, household_id, assessment_id, form)
    session.flush()
    return _assessment(session, household_id, assessment_id)


@router.post("/{assessment_id}/validate", summary="Valider un budget", dependencies=[needs(Permission.WRITE_BUDGETS)])
def validate(session: Walled, once: OnceOnly, household_id: UUID, assessment_id: UUID, asked: Validation) -> Assessment:
    """Fige le brouillon avec les personnes et la réponse de chaque barème ; il remplace le précédent."""

    def deed() -> UUID:
        done = service.validate_assessment(session, household_id, assessment_id, asked.version)
        session.flush()
        return done.id

    return _assessment(session, household_id, once.do(asked, deed))
