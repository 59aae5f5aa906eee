"""Pages of whoever refers to an outside service: what it will read, the person's agreement, what became of it."""

from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from coordination.directory import queries as directory
from coordination.directory.rules import suits
from coordination.households import queries as households
from coordination.identity.permissions import Permission
from coordination.kit.clock import today
from coordination.kit.db import ActorSession
from coordination.kit.errors import NotKnown, NotNow
from coordination.kit.forms import FormState, read
from coordination.kit.web import Submitted, Walled, go, needs, page
from coordination.outside import queries, service
from coordination.outside.forms import SendForm
from coordination.outside.rules import How
from coordination.referrals import queries as referrals

router = APIRouter(
    prefix="/foyers/{household_id}/besoins/{need_id}/services", dependencies=[needs(Permission.SEND_REFERRALS)]
)
SUITS = "Pour ce besoin, dans cette commune."
SENT = "C’est parti : le service reçoit un courriel qui ne nomme personne."
NO_MAIL = "Cette installation n’envoie pas de courriel : remettez la fiche en main propre. Rien n’a été envoyé."


@router.get("")
def outside(request: Request, household_id: UUID, need_id: UUID, session: Walled) -> Response:
    """What was sent for this need, and the form."""
    return _show(request, session, household_id, need_id, FormState())


@router.post("")
def send_outside(request: Request, household_id: UUID, need_id: UUID, data: Submitted, session: Walled) -> Response:
    """Sends, with the person's agreement."""
    referrals.need_of(session, household_id, need_id)
    told, form = read(SendForm, data)
    if told is None:
        return _show(request, session, household_id, need_id, form, 422)
    try:
        if request.app.state.settings.mailer() is None:
            raise NotNow(NO_MAIL)
        service.send(session, household_id, need_id, told)
    except NotKnown:
        session.rollback()
        form.refuse("service", "Choisissez un service de la liste.")
        return _show(request, session, household_id, need_id, form, 422)
    except NotNow as refused:
        session.rollback()
        form.refuse("service", refused.sentence)
        return _show(request, session, household_id, need_id, form, refused.status)
    return go(request, _address(household_id, need_id), SENT)


@router.post("/{outside_id}/retirer")
def withdraw_outside(
    request: Request, household_id: UUID, need_id: UUID, outside_id: UUID, session: Walled
) -> Response:
    """The link opens nothing from now on."""
    service.withdraw(session, household_id, outside_id)
    return go(request, _address(household_id, need_id), "C’est retiré : le lien ne montre plus rien.")


def _address(household_id: UUID, need_id: UUID) -> str:
    return f"/foyers/{household_id}/besoins/{need_id}/services"


def _show(
    request: Request, session: ActorSession, household_id: UUID, need_id: UUID, form: FormState, status: int = 200
) -> Response:
    need = referrals.need_of(session, household_id, need_id)
    header = households.file_header(session, household_id)
    profile = households.profile_of(session, household_id)
    known = directory.services(session)
    on, commune = today(), profile.commune if profile else ""
    suited = {row.id for row in known if suits(row.domains, row.communes, need.row.domain, commune)}
    waiting = queries.of_need(session, household_id, need_id)
    busy = {line.row.service_id for line in waiting if line.state.is_open}
    offered = [row for row in known if row.presence.takes(on) and row.id not in busy]
    offered.sort(key=lambda row: row.id not in suited)
    if not form.typed:
        form = FormState.of({"person_name": header.name or "", "agreed_on": f"{on:%d/%m/%Y}"})
    return page(
        request,
        "outside/outside.html",
        title="Services extérieurs",
        status=status,
        header=header,
        need=need,
        lines=waiting,
        services=[(str(row.id), row.name, SUITS if row.id in suited else "") for row in offered],
        hows=[(how.value, how.label) for how in How],
        form=form,
    )
