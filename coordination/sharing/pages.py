"""Pages of agreements: recording one, its receipt, withdrawing it, and who sees what."""

from datetime import timedelta
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from coordination.households import queries as households
from coordination.identity.permissions import Permission
from coordination.identity.queries import organisations
from coordination.kit.clock import today
from coordination.kit.db import ActorSession
from coordination.kit.errors import Malformed
from coordination.kit.forms import FormState, read
from coordination.kit.web import Acting, Submitted, Walled, go, needs, page
from coordination.sharing import queries, service
from coordination.sharing.forms import AgreementForm
from coordination.sharing.rules import NOTICE_VERSION, Answer, Audience, GivenHow, Purpose, SharedPart

router = APIRouter(prefix="/foyers/{household_id}")
HALF_A_YEAR = 182


@router.get("/accords/nouveau", dependencies=[needs(Permission.RECORD_AGREEMENTS)])
def new_agreement(request: Request, household_id: UUID, session: Walled) -> Response:
    """The agreement's form, with the notice to read out."""
    households.refuse_non_holder(session, household_id)
    form = FormState.of(
        {
            "audience": Audience.ALL.value,
            "parts": [SharedPart.IDENTITY.value],
            "valid_until": f"{today() + timedelta(days=HALF_A_YEAR):%d/%m/%Y}",
        }
    )
    return _form(request, session, household_id, form)


def _form(request: Request, session: ActorSession, household_id: UUID, form: FormState, status: int = 200) -> Response:
    header = households.file_header(session, household_id)
    partners = [o for o in organisations(session).values() if o.id != header.holder_organisation_id]
    title, paragraphs = queries.notice(NOTICE_VERSION)
    return page(
        request,
        "sharing/new_agreement.html",
        title="Accord de partage",
        status=status,
        file=header,
        form=form,
        adults=queries.adults_of(session, household_id),
        answers=[(a.value, a.label) for a in Answer],
        partners=[(str(o.id), o.name, o.commune) for o in partners],
        parts=[(p.value, p.label) for p in SharedPart],
        audiences=[(a.value, a.label) for a in Audience],
        purposes=[(p.value, p.label) for p in Purpose],
        ways=[(w.value, w.label) for w in GivenHow],
        notice_title=title,
        notice=paragraphs,
        notice_version=NOTICE_VERSION,
    )


@router.post("/accords/nouveau", dependencies=[needs(Permission.RECORD_AGREEMENTS)])
def record(request: Request, household_id: UUID, data: Submitted, session: Walled) -> Response:
    """Records the answers; what is agreed opens at once."""
    households.refuse_non_holder(session, household_id)
    asked, form = read(AgreementForm, data, lists=("recipients", "parts"))
    if asked is None:
        return _form(request, session, household_id, form, 422)
    try:
        agreement = service.record_agreement(session, household_id, asked)
    except Malformed as refused:
        session.rollback()
        form.refuse("recipients", refused.sentence)
        return _form(request, session, household_id, form, 422)
    words = (
        "Accord enregistré : les structures choisies voient maintenant ce qui a été accepté."
        if asked.granting
        else "Réponse enregistrée : rien n’est partagé. L’aide et l’accompagnement continuent."
    )
    return go(request, f"/foyers/{household_id}/accords/{agreement.id}", words)


@router.get("/accords/{agreement_id}", dependencies=[needs(Permission.READ_FILES)])
def agreement(request: Request, household_id: UUID, agreement_id: UUID, session: Walled, member: Acting) -> Response:
    """The receipt of an agreement, to read and to print."""
    header = households.file_header(session, household_id)
    view = queries.agreement_of(session, household_id, agreement_id)
    title, paragraphs = queries.notice(view.agreement.notice_version)
    return page(
        request,
        "sharing/agreement.html",
        title="Accord de partage",
        file=header,
        view=view,
        holder=organisations(session)[header.holder_organisation_id],
        withdrawable=member.organisation_id in (header.holder_organisation_id, view.agreement.organisation_id),
        notice_title=title,
        notice=paragraphs,
    )


@router.post("/accords/{agreement_id}/retirer", dependencies=[needs(Permission.RECORD_AGREEMENTS)])
def withdraw(request: Request, household_id: UUID, agreement_id: UUID, session: Walled) -> Response:
    """Withdraws an agreement; effective at the next query."""
    service.withdraw_agreement(session, household_id, agreement_id)
    words = "Accord retiré : ces structures ne voient plus ce dossier. L’aide continue."
    return go(request, f"/foyers/{household_id}/partage", words)


@router.get("/partage", dependencies=[needs(Permission.READ_FILES)])
def sharing(request: Request, household_id: UUID, session: Walled, member: Acting) -> Response:
    """Who sees what of the file today, and every agreement."""
    header = households.file_header(session, household_id)
    return page(
        request,
        "sharing/sharing.html",
        title="Qui voit ce dossier",
        file=header,
        seen=queries.who_sees(session, household_id),
        agreements=queries.agreements_of(session, household_id),
        holds=header.holder_organisation_id == member.organisation_id,
    )
