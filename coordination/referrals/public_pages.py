"""The page of a link on paper: the household says whether it obtained help. No account, no cookie, nobody named.

Opening it changes nothing; a wrong, an expired and an ended link are answered alike.
"""

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from coordination.identity.rules import attempt_key
from coordination.kit.actor import Nobody
from coordination.kit.clock import now
from coordination.kit.db import ActorSession
from coordination.kit.errors import TooMany
from coordination.kit.forms import FormState, read
from coordination.kit.restraint import address_of
from coordination.kit.web import Submitted, page
from coordination.referrals import confirming
from coordination.referrals.forms import ReplyForm
from coordination.referrals.household import Said

router = APIRouter(prefix=confirming.PATH)
MOST_BY_LINK, MOST_BY_ADDRESS = 20, 200
MINUTES = 60
LABELS = {Said.DECLINED: "Je ne souhaite pas répondre"}


class TooManyReplies(TooMany):
    """Cette page a servi trop souvent en peu de temps. Rien n’a été enregistré."""

    next_step = "Attendez une heure, puis réessayez."


@router.get("/{token}")
def reply(request: Request, token: str) -> Response:
    """The question, or why it is not asked."""
    return _show(request, token, FormState())


@router.post("/{token}")
def send_reply(request: Request, token: str, data: Submitted) -> Response:
    """The household answers."""
    _count(request, token)
    link = confirming.opened(request.app.state.engine, token)
    if link is None or not link.asks:
        return _show(request, token, FormState())
    said, form = read(ReplyForm, data)
    if said is None:
        return _show(request, token, form, 422)
    confirming.answer_by_link(request.app.state.engine, link, token, said.said, said.call_back)
    return RedirectResponse(f"{confirming.PATH}/{token}", status_code=303)


def _count(request: Request, token: str) -> None:
    """A link is pressed a few times, not hundreds; nor does one address try many."""
    key = request.app.state.settings.signing_key()
    counted = {
        attempt_key(key, "reply", token): MOST_BY_LINK,
        attempt_key(key, "reply-address", address_of(request)): MOST_BY_ADDRESS,
    }
    since = now() - confirming.minutes(MINUTES)
    with ActorSession(request.app.state.engine, Nobody()) as session:
        if any(
            session.door("access.attempts(:key, :since)", key=name, since=since) >= most
            for name, most in counted.items()
        ):
            raise TooManyReplies
        session.door("access.note_attempt(:keys)", keys=list(counted))
        session.commit()


def _show(request: Request, token: str, form: FormState, status: int = 200) -> Response:
    link = confirming.opened(request.app.state.engine, token)
    return page(
        request,
        "referrals/reply.html",
        title="Votre réponse",
        status=status if link is not None else 404,
        link=link,
        answers=[(said.value, LABELS.get(said, said.label)) for said in Said],
        form=form,
    )
