"""Pages of notices: a member's own, and how she wants her mail."""

from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from coordination.kit.forms import FormState, read
from coordination.kit.web import Submitted, Walled, go, needs, page, page_before
from coordination.notices import queries, service
from coordination.notices.forms import PreferenceForm
from coordination.notices.rules import When

router = APIRouter(prefix="/avis", dependencies=[needs(None)])


@router.get("")
def notices(request: Request, session: Walled, avant: str = "", cle: str = "") -> Response:
    """What one was told, the newest first."""
    lines = queries.mine(session, queries.PAGE + 1, page_before(avant, cle))
    shown = lines[: queries.PAGE]
    last = shown[-1] if len(lines) > queries.PAGE else None
    return page(
        request,
        "notices/notices.html",
        title="Avis",
        lines=shown,
        unread=queries.count_unread(session),
        next_query=f"?avant={last.at.timestamp()}&cle={last.id}" if last else "",
    )


@router.post("/lus")
def mark_read(request: Request, session: Walled) -> Response:
    """Everything was read."""
    service.mark_read(session)
    return go(request, "/avis", "Tous les avis sont notés comme lus.")


@router.get("/reglages")
def preferences(request: Request, session: Walled) -> Response:
    """How one wants one's mail."""
    return _preferences(request, FormState.of({"mail": queries.wanted(session).value}))


def _preferences(request: Request, form: FormState, status: int = 200) -> Response:
    return page(
        request,
        "notices/preferences.html",
        title="Courriels",
        status=status,
        form=form,
        choices=When.options(),
    )


@router.post("/reglages")
def choose(request: Request, data: Submitted, session: Walled) -> Response:
    """Keeps the choice."""
    asked, form = read(PreferenceForm, data)
    if asked is None:
        return _preferences(request, form, 422)
    service.choose(session, asked.mail)
    return go(request, "/avis/reglages", "Votre choix est enregistré.")


@router.get("/{notice_id}")
def read_one(request: Request, session: Walled, notice_id: UUID) -> Response:
    """What a notice speaks of; the notice is read."""
    return go(request, queries.subject_of(session, service.opened(session, notice_id)))
