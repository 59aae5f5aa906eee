"""The page of a signed link: no account; a button answers, and opening the page changes nothing."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from coordination.identity.rules import attempt_key
from coordination.kit.actor import Nobody
from coordination.kit.clock import now
from coordination.kit.db import ActorSession
from coordination.kit.errors import TooMany
from coordination.kit.forms import FormState, read
from coordination.kit.web import Submitted, go, page
from coordination.outside import queries, service
from coordination.outside.forms import AnswerForm
from coordination.outside.tokens import Read
from coordination.outside.tokens import read as read_token
from coordination.referrals.machine import EXPIRING_STATES, WAITING_STATES
from coordination.referrals.rules import LINK_LASTS, Outcome, Refusal

router = APIRouter(prefix="/lien")
MOST_POSTS = 20
WINDOW = LINK_LASTS / (24 * 15)


@router.get("/{token}")
def link(request: Request, token: str) -> Response:
    """What this link shows today."""
    return _show(request, token, FormState())


@router.post("/{token}")
def answer_link(request: Request, token: str, data: Submitted) -> Response:
    """The service accepts, refuses, asks to be called back, or says how it ended."""
    known = _read(request, token)
    if known is None or known.expired:
        return _show(request, token, FormState())
    _count(request, known)
    said, form = read(AnswerForm, data)
    if said is None:
        return _show(request, token, form, 422)
    with service.holding(request.app.state.engine, known.link) as session:
        kept = service.answer(session, known.link.link_id, said.answer, said.code)
        session.commit()
    if kept is None:
        return _show(request, token, form)
    if kept is not said.answer.state:
        form.refuse("answer", f"Votre service a déjà répondu : « {kept.label} ». Rien n’a été modifié.")
        return _show(request, token, form, 409)
    return go(request, f"/lien/{token}", "Votre réponse est enregistrée. Merci.")


@router.post("/{token}/renouveler")
def renew_link(request: Request, token: str) -> Response:
    """Another link, by mail, to the registered address."""
    known = _read(request, token)
    if known is None:
        return _show(request, token, FormState())
    _count(request, known)
    with service.holding(request.app.state.engine, known.link) as session:
        done = service.renew(session, known.link.link_id)
        session.commit()
    return page(request, "outside/gone.html", title="Lien", status=200 if done else 404, renewed=done, renewable=False)


def _read(request: Request, token: str) -> Read | None:
    return read_token(request.app.state.settings.signing_key(), token, now())


def _count(request: Request, known: Read) -> None:
    """A link is pressed a few times, not hundreds."""
    key = attempt_key(request.app.state.settings.signing_key(), "link", str(known.link.link_id))
    with ActorSession(request.app.state.engine, Nobody()) as session:
        if session.door("access.attempts(:key, :since)", key=key, since=now() - WINDOW) >= MOST_POSTS:
            raise TooMany
        session.door("access.note_attempt(:keys)", keys=[key])
        session.commit()


def _show(request: Request, token: str, form: FormState, status: int = 200) -> Response:
    known = _read(request, token)
    shown = None
    if known is not None:
        with service.holding(request.app.state.engine, known.link) as session:
            shown = queries.link_page(session, known.link.link_id)
    if known is None or shown is None or known.expired or shown.expired:
        renewable = known is not None and shown is not None
        return page(
            request,
            "outside/gone.html",
            title="Lien",
            status=410 if renewable else 404,
            renewed=False,
            renewable=renewable,
        )
    return page(
        request,
        "outside/link.html",
        title="Une orientation",
        status=status,
        shown=shown,
        AWAITED=EXPIRING_STATES,
        WAITING=WAITING_STATES,
        reasons=[(reason.value, reason.label) for reason in Refusal],
        outcomes=[(outcome.value, outcome.label) for outcome in Outcome],
        form=form,
    )
