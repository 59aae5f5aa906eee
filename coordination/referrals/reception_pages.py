"""The page where a structure says when it receives people, when it closes and until when it is full."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from coordination.identity.permissions import Permission
from coordination.kit.clock import today
from coordination.kit.db import ActorSession
from coordination.kit.errors import Stale
from coordination.kit.forms import FormState, read
from coordination.kit.web import Submitted, Walled, date_fr, go, needs, page
from coordination.referrals import receptions
from coordination.referrals.forms import ReceptionForm
from coordination.referrals.opening import WEEK, WORKING_WEEK

router = APIRouter(prefix="/disponibilite")
SETS = [needs(Permission.SET_RECEPTION)]
EMPTY_ROWS = 2


@router.get("", dependencies=SETS)
def reception(request: Request, session: Walled) -> Response:
    """What one's structure said, to change."""
    row = receptions.reception_of(session, session.member.organisation_id)
    values: dict[str, object] = {"weekdays": sorted(row.weekdays if row else WORKING_WEEK)}
    for rank, (first, last) in enumerate(receptions.closures_of(row) if row else []):
        values |= {f"closures-{rank}-first": f"{first:%d/%m/%Y}", f"closures-{rank}-last": f"{last:%d/%m/%Y}"}
    if row and row.full_until:
        values["full_until"] = f"{row.full_until:%d/%m/%Y}"
    return _page(request, session, FormState.of(values))


def _page(request: Request, session: ActorSession, form: FormState, status: int = 200) -> Response:
    row = receptions.reception_of(session, session.member.organisation_id)
    used = form.rows("closures")
    free = range(max(used, default=-1) + 1, max(used, default=-1) + 1 + EMPTY_ROWS)
    return page(
        request,
        "referrals/reception.html",
        title="Disponibilité de votre structure",
        status=status,
        form=form,
        week=[(str(rank), name.capitalize()) for rank, name in enumerate(WEEK)],
        rows=[*used, *free],
        version=row.version if row else 0,
        full_until=row.full_until if row and row.full_until and row.full_until >= today() else None,
    )


@router.post("", dependencies=SETS)
def save_reception(request: Request, session: Walled, data: Submitted) -> Response:
    """Keeps it: the next proposals and delays follow."""
    asked, form = read(ReceptionForm, data, lists=["weekdays"])
    if asked is not None and asked.full_until is not None and asked.full_until < today():
        form.refuse("full_until", "Cette date est passée : donnez le dernier jour où vous êtes complets.")
        asked = None
    if asked is None:
        return _page(request, session, form, 422)
    try:
        receptions.set_reception(session, asked)
    except Stale as refused:
        session.rollback()
        form.refuse("form", refused.sentence)
        return _page(request, session, form, refused.status)
    until = f" Vous n’êtes plus proposés jusqu’au {date_fr(asked.full_until)}." if asked.full_until else ""
    return go(request, "/disponibilite", f"Enregistré.{until}")
