"""The follow-up figures in JSON, exactly as the page shows them."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field

from coordination.identity.permissions import Permission
from coordination.indicators import queries
from coordination.indicators.rules import Delay, Wait, periods
from coordination.kit.clock import today
from coordination.kit.rest import BEARER, PREFIX, Invalid
from coordination.kit.web import Walled, needs
from coordination.referrals.machine import Side
from coordination.simulators.disclosure import Table

router = APIRouter(prefix=PREFIX, tags=["orientations"], dependencies=[Depends(BEARER)])


class Median(BaseModel):
    """Une médiane, en jours ; `null` pour moins de dix foyers."""

    opening: int | None = Field(description="Jours d’ouverture de la structure qui reçoit, jour de l’envoi non compté.")
    calendar: int | None = Field(description="Jours de calendrier.")


class GroupWait(BaseModel):
    """Les délais d’un groupe."""

    group: str
    answer: Median = Field(description="Jusqu’à la première réponse : acceptée ou refusée.")
    closing: Median = Field(description="Jusqu’à la clôture.")


class GroupCells(BaseModel):
    """Une ligne : une case par colonne, arrondie à 5 ; `null` si elle est masquée."""

    group: str
    hidden: bool = Field(description="Trop peu de foyers : la ligne ne montre rien.")
    cells: dict[str, int | None]


class Counted(BaseModel):
    """Un tableau de cases arrondies ou masquées."""

    name: str
    lines: list[GroupCells]


class FigureSet(BaseModel):
    """Ce que sont devenues les orientations d’une période, sans désigner personne."""

    side: Side
    period: str = Field(examples=["12-mois"])
    enough: bool = Field(description="Faux pour moins de dix foyers : les listes sont vides.")
    tables: list[Counted]
    waits: dict[str, list[GroupWait]] = Field(description="Par `ensemble`, `domaine` et `structure`.")


@router.get("/referrals-figures", summary="Les chiffres de suivi", dependencies=[needs(Permission.READ_FIGURES)])
def figures(
    request: Request,
    session: Walled,
    side: Annotated[Side, Query(description="Reçues, envoyées, ou tout le réseau (coordination).")] = Side.SENDER,
    period: Annotated[
        str, Query(max_length=20, description="`12-mois`, ou un des cinq derniers trimestres : `2026-t4`.")
    ] = "12-mois",
) -> FigureSet:
    """Arrondis et masqués comme à l’écran ; chaque question est écrite au journal."""
    chosen = next((each for each in periods(today()) if each.key == period), None)
    if chosen is None:
        raise Invalid([("period", "Cette période n’est pas proposée.")])
    shown = queries.figures_of(session, side, chosen, request.app.state.key.encode()).figures
    if shown is None:
        return FigureSet(side=side, period=period, enough=False, tables=[], waits={})
    tables = [shown.whole, *shown.fates.values(), shown.outcomes, shown.voices, shown.refusals]
    waits = {by.value: [_wait(each) for each in every] for by, every in shown.waits.items()}
    return FigureSet(side=side, period=period, enough=True, tables=[_counted(each) for each in tables], waits=waits)


def _counted(table: Table) -> Counted:
    lines = [
        GroupCells(group=line.group, hidden=line.hidden, cells={c: cell.value for c, cell in line.cells.items()})
        for line in table.lines
    ]
    return Counted(name=table.name, lines=lines)


def _wait(wait: Wait) -> GroupWait:
    return GroupWait(group=wait.group, answer=_median(wait.answer), closing=_median(wait.closing))


def _median(delay: Delay) -> Median:
    return Median(opening=delay.opening, calendar=delay.calendar)
