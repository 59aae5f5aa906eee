"""Pages on which a worker asks the household what became of a closed referral: the answer, the calls, the paper."""

from collections.abc import Callable
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from coordination.households import protection
from coordination.households import queries as households
from coordination.identity import queries as identity
from coordination.identity.permissions import Permission
from coordination.kit import once
from coordination.kit.db import ActorSession
from coordination.kit.errors import NotKnown, NotNow
from coordination.kit.forms import FormState, read
from coordination.kit.qr import qr_svg
from coordination.kit.web import Submitted, Walled, go, needs, page
from coordination.referrals import confirming, moves, queries, service
from coordination.referrals.forms import MoveForm, SaidForm
from coordination.referrals.household import Said
from coordination.referrals.machine import WRITERS, State

router = APIRouter(prefix="/orientations/{referral_id}/confirmation", dependencies=[needs(Permission.ANSWER_REFERRALS)])
CONFIRMED = "Réponse du foyer enregistrée. Merci de lui avoir demandé."
DISPUTED = "Réponse enregistrée : le foyer n’est pas d’accord, l’orientation est rouverte pour qui l’a envoyée."


@router.get("")
def confirm(request: Request, session: Walled, referral_id: UUID) -> Response:
    """The question, the words to say on the telephone, the paper; how the household may be reached comes first."""
    return _show(request, session, referral_id, FormState())


@router.post("")
def record(request: Request, session: Walled, data: Submitted, referral_id: UUID) -> Response:
    """What the household answers."""
    asked, form = read(SaidForm, data)
    if asked is None:
        return _show(request, session, referral_id, form, 422)

    def deed() -> str:
        row = confirming.record(session, referral_id, asked.version, asked.said, asked.call_back)
        return DISPUTED if State(row.state) is State.DISPUTED else CONFIRMED

    return _done(request, session, referral_id, form, deed)


@router.post("/non-joint")
def not_reached(request: Request, session: Walled, data: Submitted, referral_id: UUID) -> Response:
    """Nobody answered the telephone."""
    asked, form = read(MoveForm, data)
    if asked is None:
        return _show(request, session, referral_id, form, 422)

    def deed() -> str:
        row = confirming.not_reached(session, referral_id, asked.version)
        return "C’est noté : un autre essai est prévu." if row.household_due else "C’est noté : on ne rappelle plus."

    return _done(request, session, referral_id, form, deed)


@router.post("/rappele")
def recalled(request: Request, session: Walled, data: Submitted, referral_id: UUID) -> Response:
    """The household was called back, as it wished."""
    asked, form = read(MoveForm, data)
    if asked is None:
        return _show(request, session, referral_id, form, 422)

    def deed() -> str:
        moves.recall(session, referral_id, asked.version)
        return "C’est noté : le foyer a été rappelé."

    return _done(request, session, referral_id, form, deed)


@router.post("/papier")
def paper(request: Request, session: Walled, data: Submitted, referral_id: UUID) -> Response:
    """A paper with a new link, shown this once: its secret is not kept. The same form sent twice makes one link."""
    asked, form = read(MoveForm, data)
    if asked is None:
        return _show(request, session, referral_id, form, 422)
    row = queries.show(session, referral_id).line.row
    try:
        if State(row.state) is not State.CLOSED or row.household_says is not None:
            raise moves.AlreadyHeard
        address = confirming.paper_link(session, row, request.app.state.settings.base_url, once.drawn(request))
    except NotNow as refused:
        session.rollback()
        return _show(request, session, referral_id, form, refused.status, refused)
    return page(
        request,
        "referrals/paper.html",
        title="Papier à remettre au foyer",
        back_href=f"/orientations/{referral_id}/confirmation",
        address=address,
        code=qr_svg(address, "Code à scanner pour répondre"),
        until=max(link.until for link in confirming.links_of(session, referral_id)),
    )


@router.post("/annuler-liens")
def end_links(request: Request, session: Walled, referral_id: UUID) -> Response:
    """The papers already given are worth nothing from now on."""
    done = confirming.end_links(session, referral_id)
    said = "Les papiers déjà remis ne servent plus." if done else "Aucun papier ne servait encore."
    return go(request, f"/orientations/{referral_id}/confirmation", said)


def _done(
    request: Request, session: ActorSession, referral_id: UUID, form: FormState, deed: Callable[[], str]
) -> Response:
    try:
        said = deed()
    except NotNow as refused:
        session.rollback()
        return _show(request, session, referral_id, form, refused.status, refused)
    return go(request, f"/orientations/{referral_id}", said)


def _show(
    request: Request,
    session: ActorSession,
    referral_id: UUID,
    form: FormState,
    status: int = 200,
    refused: NotNow | None = None,
) -> Response:
    view = queries.show(session, referral_id)
    line = view.line
    if not line.sides & WRITERS:
        raise NotKnown
    service.note_read(session, view)
    row = line.row
    profile = households.profile_of(session, row.household_id)
    me = session.member
    return page(
        request,
        "referrals/confirm.html",
        title="Demander au foyer",
        status=status,
        form=form,
        refused=refused,
        line=line,
        row=row,
        protected=protection.protection_of(session, row.household_id),
        care=protection.safe_contact_of(session, row.household_id),
        phone=(profile.phone or profile.representative_phone) if profile else "",
        organisation=identity.organisations(session)[me.organisation_id].name,
        verbs={move.verb for move in moves.offers(me, line)},
        answers=[(said.value, said.label) for said in Said],
        tried=confirming.attempts(queries.history(session, referral_id)),
        policy=confirming.policy(),
        printable=confirming.may_print_link(session, referral_id),
        links=confirming.links_of(session, referral_id),
    )
