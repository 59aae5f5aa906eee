"""The page of follow-up figures and its table: what became of the referrals, how long it took."""

import csv
from io import StringIO
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from coordination.audit.service import reading
from coordination.identity.permissions import Permission
from coordination.indicators import queries
from coordination.indicators.rules import MASKED, By, Delay, Fate, Figures, Voice, periods, told, untold
from coordination.kit.clock import today
from coordination.kit.db import ActorSession
from coordination.kit.errors import Malformed
from coordination.kit.text import harmless
from coordination.kit.web import Walled, needs, page
from coordination.referrals.machine import Side
from coordination.referrals.rules import Outcome, Refusal
from coordination.simulators.disclosure import FEWEST_IN_GROUP, Table

router = APIRouter(prefix="/chiffres")
READS = [needs(Permission.READ_FIGURES)]
reading("figures.read", "Chiffres de suivi des orientations lus")
HEADINGS = ("Tableau", "Ligne", "Colonne", "Valeur")


class Asked:
    """Which side and which period the address asks for."""

    def __init__(self, cote: str = "", periode: str = "") -> None:
        self.side, self.period = cote, periode


Wanted = Annotated[Asked, Depends()]


def _view(request: Request, session: ActorSession, asked: Asked) -> queries.View:
    known = {period.key: period for period in periods(today())}
    period = known.get(asked.period or next(iter(known)))
    if period is None or asked.side not in {"", *Side}:
        raise Malformed
    side = Side(asked.side) if asked.side else queries.sides_open(session)[0]
    return queries.figures_of(session, side, period, request.app.state.key.encode())


@router.get("", dependencies=READS)
def figures(request: Request, session: Walled, asked: Wanted) -> Response:
    """What became of the referrals of a period, in rounded figures."""
    view = _view(request, session, asked)
    return page(
        request,
        "indicators/figures.html",
        title="Suivi des orientations",
        view=view,
        shown=view.figures,
        sides=[(side.value, side.label) for side in queries.sides_open(session)],
        periods=[(period.key, period.label) for period in periods(today())],
        other="Structure qui oriente" if view.side is Side.RECEIVER else "Structure qui reçoit",
        By=By,
        Fate=Fate,
        legend=_legend(view.figures),
        masked=MASKED,
        told=told,
        untold=untold,
        outcomes=tuple(Outcome),
        refusals=tuple(Refusal),
        voices=tuple(Voice),
        fewest=FEWEST_IN_GROUP,
    )


@router.get("/tableau.csv", dependencies=READS)
def table(request: Request, session: Walled, asked: Wanted) -> Response:
    """The same figures for a spreadsheet, exactly as they are shown."""
    view = _view(request, session, asked)
    out = StringIO()
    written = csv.writer(out, delimiter=";", lineterminator="\r\n")
    written.writerow(HEADINGS)
    if view.figures is not None:
        written.writerows([harmless(cell) for cell in line] for line in _cells(view.figures))
    name = f"suivi-{view.side.value}-{view.period.key}.csv"
    headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"}
    return Response("\ufeff" + out.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


def _legend(shown: Figures | None) -> list[tuple[str, str]]:
    """What the pieces of a bar stand for."""
    known = [(fate.value, fate.label) for fate in shown.fates_shown] if shown else []
    return [*known, (MASKED, "Masquées (moins de 5)")]


LABELS = {each.value: each.label for each in (*Fate, *Outcome, *Voice)}
REFUSALS = {each.value: each.label for each in Refusal}


def _cells(shown: Figures) -> list[tuple[str, str, str, str]]:
    tables = [(each, LABELS) for each in (shown.whole, *shown.fates.values(), shown.outcomes, shown.voices)]
    found = [cell for each, labels in [*tables, (shown.refusals, REFUSALS)] for cell in _of_table(each, labels)]
    for by, waits in shown.waits.items():
        for wait in waits:
            for what, delay in (("première réponse", wait.answer), ("clôture", wait.closing)):
                found += [
                    (f"Délai médian ({by.value})", wait.group, f"{what}, {unit}", days) for unit, days in _days(delay)
                ]
    return found


def _of_table(table: Table, labels: dict[str, str]) -> list[tuple[str, str, str, str]]:
    return [
        (table.name, line.group, labels[column], "trop peu de foyers" if line.hidden else line.cells[column].shown)
        for line in table.lines
        for column in table.columns
    ]


def _days(delay: Delay) -> list[tuple[str, str]]:
    known = {"jours d’ouverture": delay.opening, "jours de calendrier": delay.calendar}
    return [(unit, "trop peu de foyers" if days is None else str(days)) for unit, days in known.items()]
