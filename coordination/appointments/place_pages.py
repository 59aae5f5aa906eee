"""Pages of the public places where an organisation receives people."""

from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from coordination.appointments import queries, service
from coordination.appointments.forms import PlaceForm
from coordination.appointments.models import ReceptionPlace
from coordination.identity.permissions import Permission
from coordination.kit.db import ActorSession
from coordination.kit.errors import NotKnown, Stale
from coordination.kit.forms import FormState, read
from coordination.kit.web import Submitted, Walled, go, needs, page

router = APIRouter(prefix="/rendez-vous/lieux")
SETS = [needs(Permission.SET_RECEPTION)]


@router.get("", dependencies=SETS)
def places(request: Request, session: Walled) -> Response:
    """Those of one's organisation."""
    return _places(request, session, FormState())


def _places(
    request: Request, session: ActorSession, form: FormState, status: int = 200, changed: ReceptionPlace | None = None
) -> Response:
    return page(
        request,
        "appointments/places.html",
        title="Lieux d’accueil",
        status=status,
        form=form,
        places=queries.places_of(session, [session.member.organisation_id], closed=True),
        changed=changed,
    )


@router.post("", dependencies=SETS)
def add_place(request: Request, session: Walled, data: Submitted) -> Response:
    """One more place."""
    asked, form = read(PlaceForm, data)
    if asked is None:
        return _places(request, session, form, 422)
    made = service.set_place(session, None, asked)
    return go(request, "/rendez-vous/lieux", f"« {made.name} » est proposé pour les rendez-vous.")


@router.get("/{place_id}", dependencies=SETS)
def place(request: Request, session: Walled, place_id: UUID) -> Response:
    """One place, to change or close."""
    row = _own_place(session, place_id)
    return _places(request, session, _stored(row), changed=row)


def _stored(row: ReceptionPlace) -> FormState:
    return FormState.of({"name": row.name, "address": row.address, "closed": "oui" if row.closed else ""})


def _own_place(session: ActorSession, place_id: UUID) -> ReceptionPlace:
    own = queries.places_of(session, [session.member.organisation_id], closed=True)
    found = next((row for row in own if row.id == place_id), None)
    if found is None:
        raise NotKnown
    return found


@router.post("/{place_id}", dependencies=SETS)
def change_place(request: Request, session: Walled, data: Submitted, place_id: UUID) -> Response:
    """Keeps it."""
    row = _own_place(session, place_id)
    asked, form = read(PlaceForm, data)
    if asked is None:
        return _places(request, session, form, 422, row)
    try:
        service.set_place(session, place_id, asked)
    except Stale as refused:
        session.rollback()
        form.refuse("form", refused.sentence)
        row = _own_place(session, place_id)
        form.set_beside(_stored(row), {"closed": {"oui": "fermé", "": "ouvert"}}, ("closed",))
        return _places(request, session, form, refused.status, row)
    return go(request, "/rendez-vous/lieux", f"« {asked.name} » est enregistré.")
