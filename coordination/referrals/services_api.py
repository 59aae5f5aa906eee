"""Outside services in JSON for those who keep the list: here, where the domains of the needs are known."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from coordination.directory import queries, service
from coordination.directory.forms import ServiceForm
from coordination.directory.rules import Day
from coordination.identity.idempotency import OnceOnly
from coordination.identity.permissions import Permission
from coordination.kit.db import ActorSession
from coordination.kit.rest import BEARER, PREFIX, Body, form_of
from coordination.kit.web import Walled, needs
from coordination.referrals.rules import Domain
from coordination.referrals.shapes import Version

router = APIRouter(prefix=PREFIX + "/services", tags=["services extérieurs"], dependencies=[Depends(BEARER)])
KEEPS = [needs(Permission.KEEP_DIRECTORY)]
Commune = Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[^,;\n\r]+$", examples=["Carvin"])]


class ServiceRecord(BaseModel):
    """La fiche entière d’un service extérieur."""

    id: UUID
    name: str
    email: str = Field(description="La seule adresse où partent ses courriels.")
    phone: str
    domains: list[str]
    communes: list[str] = Field(description="Vide : toutes les communes.")
    open_days: list[Day] = Field(description="Vide : ses jours ne sont pas connus.")
    closed_from: date | None
    closed_until: date | None
    full_until: date | None
    capacity: int | None = Field(description="Personnes reçues par mois ; `null` : pas de limite connue.")
    active: bool = Field(description="Faux : le réseau ne lui adresse plus personne, et ses liens ne servent plus.")
    version: int


class NewService(Body):
    """Un service extérieur, tel qu’il est désormais."""

    name: Annotated[str, Field(min_length=1, max_length=120, examples=["Point-justice"])]
    email: Annotated[str, Field(min_length=1, max_length=200, examples=["accueil@service.exemple.fr"])]
    phone: Annotated[str, Field(max_length=30)] = ""
    domains: Annotated[list[Domain], Field(min_length=1, max_length=50, description="Les besoins auxquels il répond.")]
    communes: Annotated[list[Commune], Field(max_length=24, description="Aucune : toutes.")] = Field(
        default_factory=list
    )
    open_days: Annotated[list[Day], Field(max_length=7)] = Field(default_factory=list)
    closed_from: date | None = None
    closed_until: date | None = Field(None, description="Dernier jour de la fermeture.")
    full_until: date | None = Field(None, description="Complet jusqu’à ce jour compris.")
    capacity: Annotated[int | None, Field(ge=0, le=10_000)] = None

    def form(self) -> ServiceForm:
        """The page's form, so that both doors validate alike."""
        given = self.model_dump(exclude={"communes", "active"})
        ended = not getattr(self, "active", True)
        return form_of(ServiceForm, {**given, "communes": "\n".join(self.communes), "ended": ended})


class ChangedService(NewService):
    """La fiche entière, lue sous cette version."""

    active: bool = Field(True, description="Faux : ne plus utiliser ce service.")
    version: Version


def _record(session: ActorSession, service_id: UUID) -> ServiceRecord:
    return ServiceRecord.model_validate(queries.service_of(session, service_id), from_attributes=True)


@router.get("/{service_id}", summary="La fiche d’un service extérieur", dependencies=KEEPS)
def record(session: Walled, service_id: UUID) -> ServiceRecord:
    """Pour qui tient la liste ; tout le réseau lit `GET /services`."""
    return _record(session, service_id)


@router.post("", status_code=201, summary="Ajouter un service extérieur", dependencies=KEEPS)
def add(session: Walled, once: OnceOnly, asked: NewService) -> ServiceRecord:
    """Une orientation peut aussitôt lui être adressée : il répond par un lien."""
    form = asked.form()
    made = once.made(asked, lambda: service.add(session, form))
    once.located(f"{router.prefix}/{made}")
    return _record(session, made)


@router.put("/{service_id}", summary="Modifier un service extérieur", dependencies=KEEPS)
def change(session: Walled, service_id: UUID, asked: ChangedService) -> ServiceRecord:
    """409 si quelqu’un l’a modifié depuis. Avec `active` à faux, les liens déjà envoyés n’ouvrent plus rien."""
    service.change(session, service_id, asked.form())
    return _record(session, service_id)
