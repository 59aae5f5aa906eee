"""Pages of the services outside the network: the list everybody reads, and the form of those who keep it."""

from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from coordination.directory import queries, service
from coordination.directory.forms import ServiceForm
from coordination.directory.models import OutsideService
from coordination.directory.rules import Day
from coordination.identity.permissions import Permission
from coordination.kit.actor import may
from coordination.kit.clock import today
from coordination.kit.errors import NotNow
from coordination.kit.forms import FormState, read
from coordination.kit.web import Submitted, Walled, go, needs, page
from coordination.referrals.queries import unknown_to_routes
from coordination.referrals.rules import Domain

router = APIRouter(prefix="/services")
PLAIN = ("name", "email", "phone", "domains", "open_days", "capacity", "version")
LISTS = ["domains", "open_days"]
WORDS = {
    "domains": {domain.value: domain.label for domain in Domain},
    "open_days": {day.value: day.label for day in Day},
    "ended": {"oui": "n’est plus utilisé"},
}
KEEPS = needs(Permission.KEEP_DIRECTORY)


@router.get("", dependencies=[needs(None)])
def services(request: Request, session: Walled) -> Response:
    """Every service, what it does, and whether it takes somebody today."""
    keeps = may(session.actor, Permission.KEEP_DIRECTORY)
    return page(
        request,
        "directory/services.html",
        title="Services extérieurs",
        unknown=unknown_to_routes(session) if keeps else [],
        services=queries.services(session),
        labels={domain.value: domain.label for domain in Domain},
        on=today(),
        keeps=keeps,
    )


@router.get("/nouveau", dependencies=[KEEPS])
def new_service(request: Request) -> Response:
    """The blank record."""
    return _form(request, None, FormState())


@router.post("/nouveau", dependencies=[KEEPS])
def add_service(request: Request, data: Submitted, session: Walled) -> Response:
    """Writes a service down."""
    told, form = read(ServiceForm, data, lists=LISTS)
    told = _known_domains(told, form)
    if told is None:
        return _form(request, None, form, 422)
    made = service.add(session, told)
    return go(request, "/services", f"{made.name} est dans la liste.")


@router.get("/{service_id}", dependencies=[KEEPS])
def edit_service(request: Request, service_id: UUID, session: Walled) -> Response:
    """The record as it stands."""
    row = queries.service_of(session, service_id)
    return _form(request, row, _stored(row))


@router.post("/{service_id}", dependencies=[KEEPS])
def change_service(request: Request, service_id: UUID, data: Submitted, session: Walled) -> Response:
    """What is true of it from now on."""
    row = queries.service_of(session, service_id)
    told, form = read(ServiceForm, data, lists=LISTS)
    told = _known_domains(told, form)
    if told is None:
        return _form(request, row, form, 422)
    try:
        service.change(session, service_id, told)
    except NotNow as refused:
        session.rollback()
        form.refuse("form", refused.sentence)
        row = queries.service_of(session, service_id)
        form.set_beside(_stored(row), WORDS, ("ended", *LISTS))
        return _form(request, row, form.with_value("version", str(row.version)), refused.status)
    return go(request, "/services", f"{told.name} : c’est enregistré.")


def _known_domains(told: ServiceForm | None, form: FormState) -> ServiceForm | None:
    """The domains are those of the needs: the form, lower down, knows only that they are words."""
    if told is not None and not set(told.domains) <= {domain.value for domain in Domain}:
        form.refuse("domains", "Choisissez une des réponses proposées.")
        return None
    return told


def _stored(row: OutsideService) -> FormState:
    days = {name: _typed(getattr(row, name)) for name in ("closed_from", "closed_until", "full_until")}
    plain = {name: getattr(row, name) for name in PLAIN}
    return FormState.of({**plain, **days, "communes": "\n".join(row.communes), "ended": "" if row.active else "oui"})


def _typed(day: object) -> str:
    return f"{day:%d/%m/%Y}" if day else ""


def _form(request: Request, row: OutsideService | None, form: FormState, status: int = 200) -> Response:
    return page(
        request,
        "directory/service.html",
        title=row.name if row else "Nouveau service extérieur",
        status=status,
        service=row,
        form=form,
        domains=list(WORDS["domains"].items()),
        days=list(WORDS["open_days"].items()),
    )
