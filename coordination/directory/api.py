"""Outside services in JSON: whom one may also refer to, and when they are there."""

from datetime import date
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from coordination.directory import queries
from coordination.kit.clock import today
from coordination.kit.rest import BEARER, PREFIX
from coordination.kit.web import Walled, needs

router = APIRouter(prefix=PREFIX, tags=["orientations"], dependencies=[Depends(BEARER)])


class OutsideService(BaseModel):
    """Un service sans compte : il répond aux orientations par un lien."""

    id: UUID
    name: str
    phone: str
    domains: list[str] = Field(description="Les domaines de besoin auxquels il répond.")
    communes: list[str] = Field(description="Vide : toutes les communes.")
    open_days: list[str] = Field(description="Vide : ses jours ne sont pas connus.")
    full_until: date | None
    closed_until: date | None = Field(description="Dernier jour de sa prochaine fermeture, ou de celle en cours.")
    active: bool = Field(description="Faux : le réseau ne lui adresse plus personne.")
    takes: bool = Field(description="Prend quelqu’un aujourd’hui.")


@router.get("/services", summary="Les services extérieurs", dependencies=[needs(None)])
def services(session: Walled) -> list[OutsideService]:
    """Ceux que le réseau connaît, ceux dont il ne se sert plus à la fin. Une orientation peut leur être adressée."""
    on, full = today(), queries.full_services(session)
    return [
        OutsideService(
            id=row.id,
            name=row.name,
            phone=row.phone,
            domains=row.domains,
            communes=row.communes,
            open_days=row.open_days,
            full_until=row.full_until,
            closed_until=row.closed_until,
            active=row.active,
            takes=row.presence.takes(on) and row.id not in full,
        )
        for row in queries.services(session)
    ]
