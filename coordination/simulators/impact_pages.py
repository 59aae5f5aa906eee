"""Whom does our way of computing shut out? A barème over the whole network, its numbers moved, in rounded figures."""

import tempfile
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import Response

from coordination.audit.service import reading
from coordination.budgets.baremes import read_scheme
from coordination.budgets.queries import BAREMES, baremes_of
from coordination.budgets.rules import Bareme
from coordination.budgets.writing import version_text
from coordination.identity.permissions import Permission
from coordination.kit.clock import today
from coordination.kit.db import ActorSession
from coordination.kit.errors import Malformed, NotKnown
from coordination.kit.forms import UNREADABLE, FormState, typed_day
from coordination.kit.parameters import BadParameters
from coordination.kit.web import Submitted, Walled, needs, page
from coordination.simulators import disclosure
from coordination.simulators.crowd import MOVES, Column, Impact, impact
from coordination.simulators.moves import Knob, Moved, dated, knobs, move
from coordination.simulators.queries import Crowds, Read, TooManyRuns

router = APIRouter(prefix="/impact")
reading("impact.simulate", "Simulateur d’impact consulté")
reading("impact.refused", "Simulateur d’impact : limite du jour atteinte")
FIRST_DAY = "first_day"
TITLE = "source_title"
LONGEST_TITLE = 120
BY_ITSELF, WHEN_ASKED = 0.5, 1.5
"""Seconds of reading a request takes: fewer when the page asks again by itself, more when somebody presses."""


@router.get("", dependencies=[needs(Permission.SIMULATE_IMPACT)])
def simulator(request: Request, session: Walled, bareme: str = "") -> Response:
    """What a barème answers today, over the whole network: one's own organisation's first."""
    known = _known(session)
    if not known:
        return _show(request, {}, None, FormState(), None)
    chosen = _chosen(known, bareme or next(iter(known)))
    read = _read_network(request, session)
    if not read.whole:
        return _reading(request, read, {"bareme": chosen.code}, "get")
    return _show(request, known, chosen, FormState(), impact(read.crowd, chosen))


@router.post("", dependencies=[needs(Permission.SIMULATE_IMPACT)])
def tried(request: Request, session: Walled, data: Submitted) -> Response:
    """The same beside a barème whose numbers were moved: who would enter, leave, or be answered otherwise."""
    known, chosen, form = _read(session, data)
    moved = _move(chosen, form)
    if moved is None:
        return _show(request, known, chosen, form, None, status=422)
    read = _read_network(request, session)
    if not read.whole:
        return _reading(request, read, {name: form.value(name) for name in form.typed}, "post")
    answer = impact(read.crowd, chosen, moved.bareme if moved.words else None)
    return _show(request, known, chosen, form, answer, moved=moved)


@router.post("/version", dependencies=[needs(Permission.SIMULATE_IMPACT)])
def version(request: Request, session: Walled, data: Submitted) -> Response:
    """The file of the barème with the version tried at its end, dated, to put in `policies/baremes`."""
    known, chosen, form = _read(session, data)
    moved, first_day = _move(chosen, form), _first_day(chosen, form)
    title = form.value(TITLE).strip()
    if not 0 < len(title) <= LONGEST_TITLE:
        form.refuse(TITLE, f"Écrivez la décision qui l’adopte, en {LONGEST_TITLE} lettres au plus.")
    if moved is not None and not moved.words:
        form.refuse(_first(chosen), "Aucun nombre n’a bougé : il n’y a pas de nouvelle version à écrire.")
    if moved is None or first_day is None or form.errors:
        return _show(request, known, chosen, form, None, status=422)
    text = _file(dated(moved.bareme, first_day, title, today()))
    headers = {"content-disposition": f'attachment; filename="{chosen.code}.yaml"'}
    return Response(text, media_type="application/yaml; charset=utf-8", headers=headers)


def _known(session: ActorSession) -> dict[str, Bareme]:
    """The barèmes of the network in force today, one's own organisation's first."""
    return {bareme.code: bareme for bareme, _ in baremes_of(session, today())}


def _chosen(known: Mapping[str, Bareme], code: str) -> Bareme:
    if code not in known:
        raise NotKnown
    return known[code]


def _read(session: ActorSession, data: Submitted) -> tuple[dict[str, Bareme], Bareme, FormState]:
    typed: dict[str, list[str]] = {}
    for name, value in data.multi_items():
        if not isinstance(value, str) or UNREADABLE.search(name + value):
            raise Malformed
        typed.setdefault(name, []).append(value)
    form = FormState(typed)
    known = _known(session)
    if not form.value("bareme"):
        raise Malformed
    return known, _chosen(known, form.value("bareme")), form


def _move(chosen: Bareme, form: FormState) -> Moved | None:
    moved, faults = move(chosen, {name: form.value(name) for name in form.typed})
    for name, says in faults.items():
        form.refuse(name, says)
    return moved


def _first_day(chosen: Bareme, form: FormState) -> date | None:
    try:
        day = typed_day(form.value(FIRST_DAY))
    except ValueError as unreadable:
        form.refuse(FIRST_DAY, str(unreadable))
        return None
    last = max(known for known, _ in read_scheme(BAREMES / f"{chosen.code}.yaml").versions)
    if not isinstance(day, date) or not last < day or day.year > today().year + 5:
        form.refuse(FIRST_DAY, f"Le premier jour vient après celui de la dernière version ({last:%d/%m/%Y}).")
        return None
    return day


def _file(made: Bareme) -> str:
    """The barème's own file, as it stands, and the new version after those it has; read back before it leaves."""
    before = (BAREMES / f"{made.code}.yaml").read_text(encoding="utf-8")
    text = before.rstrip("\n") + "\n" + version_text(made)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{made.code}.yaml"
        path.write_text(text, encoding="utf-8")
        try:
            read_scheme(path)
        except BadParameters as wrong:
            raise Malformed(str(wrong)) from wrong
    return text


def _read_network(request: Request, session: ActorSession) -> Read:
    """The network, as far as it is read. The limit reached is a line of the journal too, kept before it is said."""
    by_itself = "hx-request" in request.headers
    try:
        return _crowds(request).of(session, BY_ITSELF if by_itself else WHEN_ASKED)
    except TooManyRuns:
        session.commit()
        raise


def _reading(request: Request, read: Read, typed: Mapping[str, str], method: str) -> Response:
    """How far the network is read; the page asks for the rest by itself, or when somebody presses."""
    return page(
        request,
        "simulators/reading.html",
        title="Impact d’un barème",
        read=read,
        typed=typed,
        method=method,
    )


def _crowds(request: Request) -> Crowds:
    """This application's crowds, made on their first use."""
    state = request.app.state
    if not hasattr(state, "crowds"):
        state.crowds = Crowds(state.key.encode())
    found: Crowds = state.crowds
    return found


def _first(chosen: Bareme) -> str:
    return next(iter(knobs(chosen).values()))[0].name


def _show(
    request: Request,
    known: Mapping[str, Bareme],
    chosen: Bareme | None,
    form: FormState,
    answer: Impact | None,
    *,
    moved: Moved | None = None,
    status: int = 200,
) -> Response:
    groups: dict[str, list[Knob]] = knobs(chosen) if chosen else {}
    every = [knob for each in groups.values() for knob in each]
    shown = FormState({knob.name: [form.value(knob.name) or knob.today] for knob in every}, dict(form.errors))
    for name in (FIRST_DAY, TITLE):
        shown = shown.with_value(name, form.value(name))
    return page(
        request,
        "simulators/impact.html",
        title="Impact d’un barème",
        status=status,
        form=shown,
        known=[(code, f"{each.organisation_label} — {each.title}") for code, each in known.items()],
        chosen=chosen,
        knobs=groups,
        labels={knob.name: knob.label for knob in every},
        answer=answer,
        moved=moved,
        faulty=status != 200,
        opened=bool(moved and moved.words) or status != 200,
        Column=Column,
        MOVES=MOVES,
        fewest=disclosure.FEWEST_HOUSEHOLDS,
        code=chosen.code if chosen else "",
    )
