"""Page of a hand-over: a colleague's open tasks and files, to another, in one act."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from coordination.casework import queries, service
from coordination.casework.forms import HandOverForm
from coordination.identity.permissions import Permission
from coordination.kit.db import ActorSession
from coordination.kit.forms import FormState, read
from coordination.kit.web import Submitted, Walled, carry_out, go, needs, page

router = APIRouter(prefix="/suivi/passer")
WRITES = [needs(Permission.WRITE_CASEWORK)]


@router.get("", dependencies=WRITES)
def hand_over(request: Request, session: Walled, de: Annotated[str, Query(max_length=40)] = "") -> Response:
    """Whose work, to whom; once somebody is chosen, what she has in hand."""
    return _page(request, session, FormState.of({"from_whom": de}))


def _page(request: Request, session: ActorSession, form: FormState, status: int = 200) -> Response:
    loaded = queries.loaded_colleagues(session)
    chosen = next((key for key, _ in loaded if str(key) == form.value("from_whom")), None)
    return page(
        request,
        "casework/hand_over.html",
        title="Passer le suivi à un collègue",
        status=status,
        form=form,
        loaded=_people(loaded),
        colleagues=_people(queries.colleagues(session)),
        chosen=dict(loaded)[chosen] if chosen else "",
        load=queries.load_of(session, chosen) if chosen else None,
    )


def _people(found: list[tuple[UUID, str]]) -> list[tuple[str, str]]:
    return [(str(key), name) for key, name in found]


@router.post("", dependencies=WRITES)
def do_hand_over(request: Request, session: Walled, data: Submitted) -> Response:
    """Hands everything over, and shows what the colleague now has in hand."""

    def deed(asked: HandOverForm) -> Response:
        done = service.hand_over(session, asked.from_whom, asked.to_whom)
        to = dict(queries.colleagues(session))[asked.to_whom]
        return go(request, "/suivi/passer", f"Passé à {to} : {done.sentence}.", de=str(asked.to_whom))

    def again(form: FormState, status: int) -> Response:
        return _page(request, session, form, status)

    return carry_out(session, read(HandOverForm, data), deed, again)
