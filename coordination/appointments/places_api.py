"""The public places where an organisation receives people, in JSON."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from coordination.appointments import queries, service
from coordination.appointments.forms import PlaceForm
from coordination.identity.idempotency import OnceOnly
from coordination.identity.permissions import Permission
from coordination.kit.db import ActorSession
from coordination.kit.errors import NotKnown
from coordination.kit.rest import BEARER, PREFIX, Body, form_of
from coordination.kit.web import Walled, needs

router = APIRouter(prefix=PREFIX + "/places", tags=["rendez-vous"], dependencies=[Depends(BEARER)])
SETS = [needs(Permission.SET_RECEPTION)]


class Place(BaseModel):
    """Un lieu public où une structure reçoit."""

    id: UUID = Field(description="Ce que demande `place` quand on prend un rendez-vous.")
    organisation: UUID
    name: str
    address: str
    closed: bool = Field(description="N’est plus proposé ; les rendez-vous déjà pris y restent.")
    version: int


class NewPlace(Body):
    """Un lieu de votre structure."""

    name: Annotated[str, Field(min_length=1, max_length=80, examples=["Permanence du mardi"])]
    address: Annotated[str, Field(min_length=1, max_length=200, examples=["3 place Jaurès, Carvin"])]


class ChangedPlace(NewPlace):
    """Le lieu tel qu’il est désormais, lu sous cette version."""

    closed: bool = Field(False, description="Ne plus le proposer.")
    version: Annotated[int, Field(ge=1, le=2_000_000_000, description="La version que vous aviez lue.")]


def _places(session: ActorSession, organisation: UUID, *, closed: bool) -> list[Place]:
    return [
        Place(
            id=row.id,
            organisation=row.organisation_id,
            name=row.name,
            address=row.address,
            closed=row.closed,
            version=row.version,
        )
        for row in queries.places_of(session, [organisation], closed=closed)
    ]


def _own(session: ActorSession, place_id: UUID) -> Place:
    own = _places(session, session.member.organisation_id, closed=True)
    found = next((place for place in own if place.id == place_id), None)
    if found is None:
        raise NotKnown
    return found


@router.get("", summary="Les lieux d’accueil", dependencies=[needs(Permission.READ_REFERRALS)])
def places(
    session: Walled, organisation: Annotated[UUID | None, Query(description="La vôtre sinon.")] = None
) -> list[Place]:
    """D’une structure du réseau, par nom ; de la vôtre, aussi ceux qui ne sont plus proposés."""
    own = session.member.organisation_id
    return _places(session, organisation or own, closed=organisation in (None, own))


@router.post("", status_code=201, summary="Ajouter un lieu d’accueil", dependencies=SETS)
def add(session: Walled, once: OnceOnly, asked: NewPlace) -> Place:
    """Proposé aussitôt pour les rendez-vous."""
    form = form_of(PlaceForm, asked.model_dump())
    return _own(session, once.made(asked, lambda: service.set_place(session, None, form)))


@router.put("/{place_id}", summary="Modifier un lieu d’accueil", dependencies=SETS)
def change(session: Walled, place_id: UUID, asked: ChangedPlace) -> Place:
    """Ou ne plus le proposer, avec `closed`. 409 si un collègue l’a modifié entre-temps."""
    _own(session, place_id)
    given = asked.model_dump(exclude={"closed"}) | {"closed": "oui" if asked.closed else ""}
    service.set_place(session, place_id, form_of(PlaceForm, given))
    return _own(session, place_id)
