"""What became of budgets, in JSON: decisions retained, the reste à vivre over time, a frozen budget computed again."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from coordination.budgets import queries
from coordination.budgets.again import Again, Verdict
from coordination.budgets.exact import ExactCents, exact
from coordination.budgets.history import Point, Series
from coordination.budgets.reproduce import again_for
from coordination.budgets.retained import Decision
from coordination.budgets.rules import ZoneKind
from coordination.identity.permissions import Permission
from coordination.kit.rest import BEARER, PREFIX
from coordination.kit.web import Walled, needs

router = APIRouter(
    prefix=f"{PREFIX}/households/{{household_id}}",
    tags=["budgets"],
    dependencies=[Depends(BEARER), needs(Permission.READ_BUDGETS)],
)
Version = Annotated[date, Field(description="La date de la version du barème.")]
Code = Annotated[str, Field(description="Le code du barème.", examples=["ccas-carvin"])]


class DecisionLine(BaseModel):
    """Ce qu’une structure retient de la réponse d’un barème. Rien ne s’efface : une décision en remplace une autre."""

    id: UUID
    assessment: UUID = Field(description="Le budget sur lequel elle porte.")
    organisation: UUID = Field(description="La structure qui décide.")
    bareme: Code
    version: Version
    proposed: ZoneKind | None = Field(description="Ce que le barème propose ; rien s’il n’a pas pu répondre.")
    retained: ZoneKind
    departs: bool = Field(description="Si la décision s’écarte de ce que propose le barème.")
    reason: str
    author: str
    decided_at: datetime
    replaces: UUID | None = Field(description="La décision remplacée.")
    replaced: bool = Field(description="Si une décision plus récente l’a remplacée.")
    mine: bool = Field(description="De votre structure.")


class HistoryPoint(BaseModel):
    """Ce qu’un barème a répondu à un budget validé."""

    assessment: UUID
    on: date = Field(description="La date de la situation.")
    version: Version
    current: bool = Field(description="Si ce budget n’a pas été remplacé.")
    value_cents: ExactCents | None = Field(description="Centimes d’euro, dans `unit` ; rien sans réponse.")
    unit: str | None = Field(examples=["par jour et par personne"])
    zone: ZoneKind | None
    refusal: str | None = Field(description="Ce qui manquait pour répondre.")
    thresholds_cents: list[int] = Field(description="Les seuils de la version, en centimes d’euro.")


class History(BaseModel):
    """Les réponses d’un barème au fil des budgets, la plus ancienne d’abord."""

    bareme: Code
    organisation: str
    title: str
    mine: bool = Field(description="Le barème de votre structure.")
    points: list[HistoryPoint]


class Difference(BaseModel):
    """Un endroit où le calcul refait n’est pas celui qui a été figé."""

    place: str
    frozen: str
    today: str
    words_only: bool = Field(description="Une phrase tournée autrement : aucun chiffre ne change.")


class Reproduction(BaseModel):
    """Un barème appliqué de nouveau à un budget figé, dans sa version d’alors."""

    bareme: Code
    version: Version
    verdict: Verdict
    why: str | None = Field(description="Pourquoi le calcul ne peut pas être refait.")
    differences: list[Difference]


def _decision(one: Decision) -> DecisionLine:
    row = one.row
    return DecisionLine(
        id=row.id,
        assessment=row.assessment_id,
        organisation=row.organisation_id,
        bareme=row.bareme_code,
        version=date.fromisoformat(row.bareme_version),
        proposed=one.proposed,
        retained=one.retained,
        departs=one.departs,
        reason=row.reason,
        author=one.author,
        decided_at=row.decided_at,
        replaces=row.replaces,
        replaced=one.replaced,
        mine=one.mine,
    )


def _point(point: Point) -> HistoryPoint:
    result = point.answer.result
    return HistoryPoint(
        assessment=point.assessment_id,
        on=point.on,
        version=point.version,
        current=point.current,
        value_cents=exact(result.value_cents) if result else None,
        unit=result.unit_phrase if result else None,
        zone=result.zone if result else None,
        refusal=point.answer.refusal or None,
        thresholds_cents=[each.bound_cents for each in result.distances] if result else [],
    )


def _history(one: Series) -> History:
    points = [_point(point) for point in one.points]
    return History(bareme=one.code, organisation=one.organisation, title=one.title, mine=one.mine, points=points)


def _again(one: Again) -> Reproduction:
    differences = [
        Difference(place=each.place, frozen=each.was, today=each.now, words_only=each.words) for each in one.differences
    ]
    return Reproduction(
        bareme=one.code, version=one.day, verdict=one.verdict, why=one.why or None, differences=differences
    )


@router.get("/decisions", summary="Les décisions prises sur les budgets d’un foyer")
def decisions(session: Walled, household_id: UUID) -> list[DecisionLine]:
    """Celles de votre structure d’abord, les plus récentes d’abord ; celles que d’autres ont remplacées comprises."""
    queries.open_part(session, household_id)
    return [_decision(one) for one in queries.file_decisions(session, household_id)]


@router.get("/reste-a-vivre", summary="Le reste à vivre d’un foyer au fil du temps")
def history(session: Walled, household_id: UUID) -> list[History]:
    """Par barème, celui de votre structure d’abord : ce qu’il a répondu à chaque budget validé."""
    queries.open_part(session, household_id)
    return [_history(one) for one in queries.file_history(session, household_id)]


@router.get("/assessments/{assessment_id}/reproduction", summary="Refaire le calcul d’un budget validé")
def reproduction(session: Walled, household_id: UUID, assessment_id: UUID) -> list[Reproduction]:
    """Chaque barème, dans sa version d’alors, comparé à ce qui a été figé, dans la limite de ce qui vous est ouvert."""
    return [_again(one) for one in again_for(session, household_id, assessment_id)]
