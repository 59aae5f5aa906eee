"""Pages of agreements: recording one, its receipt, withdrawing it, who sees what; and asking for access."""

from datetime import timedelta
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from coordination.budgets import queries as budgets
from coordination.directory import queries as directory
from coordination.households import queries as households
from coordination.identity.permissions import Permission
from coordination.identity.queries import organisations
from coordination.kit.clock import today
from coordination.kit.db import ActorSession
from coordination.kit.errors import Malformed, NotNow, Problem
from coordination.kit.forms import FormState, read
from coordination.kit.web import Acting, Submitted, Walled, go, needs, page
from coordination.referrals import queries as referrals
from coordination.sharing import queries, service
from coordination.sharing.forms import AccessForm, AgreementForm, AnswerForm, DeclineForm, WithdrawForm
from coordination.sharing.rules import NOTICE_VERSION, Answer, Audience, GivenHow, Purpose, SharedPart
from coordination.sharing.views import Opened, closing

router = APIRouter(prefix="/foyers/{household_id}")
network = APIRouter()
HALF_A_YEAR = 182


@router.get("/accords/nouveau", dependencies=[needs(Permission.RECORD_AGREEMENTS)])
def new_agreement(
    request: Request, household_id: UUID, session: Walled, demande: str = "", renouvelle: str = ""
) -> Response:
    """The agreement's form, with the notice to read out; filled with what a partner asked for, or with the
    agreement it renews. What each adult answers is never filled in."""
    households.refuse_non_holder(session, household_id)
    households.refuse_ended(session, household_id)
    return _form(
        request,
        session,
        household_id,
        FormState.of(
            {**_usual(), **_asked(session, household_id, demande), **_renewed(session, household_id, renouvelle)}
        ),
    )


def _usual() -> dict[str, object]:
    """Without its identity nothing can be shared; who will read it is asked of the person, and never ticked for her."""
    return {
        "parts": [SharedPart.IDENTITY.value],
        "valid_until": f"{today() + timedelta(days=HALF_A_YEAR):%d/%m/%Y}",
    }


def _asked(session: ActorSession, household_id: UUID, demande: str) -> dict[str, object]:
    """What a waiting request asks for; nothing when it cannot be found."""
    for asked in queries.requests_waiting(session, household_id):
        if str(asked.id) == demande:
            return {
                "request": asked.id,
                "recipients": [asked.asker],
                "parts": [part.value for part in asked.parts],
                "purpose": asked.purpose.value,
            }
    return {}


def _renewed(session: ActorSession, household_id: UUID, renouvelle: str) -> dict[str, object]:
    """What an agreement still opens, to be agreed again; nothing when it cannot be found."""
    for view in queries.agreements_of(session, household_id):
        if str(view.agreement.id) == renouvelle:
            lines = closing(queries.opened_by(session, household_id, view.agreement.id), None, None)
            return {
                "recipients": list(dict.fromkeys(line.organisation_id for line in lines)),
                "parts": list(dict.fromkeys(line.part.value for line in lines if line.part is not SharedPart.LINK))
                or [SharedPart.IDENTITY.value],
                "audience": view.audience.value,
                "purpose": view.purpose.value,
            }
    return {}


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
        services=[(str(s.id), s.name, s.email) for s in directory.services(session) if s.active],
        parts=[(p.value, p.label) for p in SharedPart.ticked()],
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
    except (Malformed, NotNow) as refused:
        session.rollback()
        form.refuse("audience" if isinstance(refused, service.WhoReads) else "recipients", refused.sentence)
        return _form(request, session, household_id, form, refused.status)
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
        absent=queries.absent_of(session, household_id, agreement_id),
        opened=queries.opened_by(session, household_id, agreement_id),
        holder=organisations(session)[header.holder_organisation_id],
        holds=header.holder_organisation_id == member.organisation_id,
        withdrawable=member.organisation_id in (header.holder_organisation_id, view.agreement.organisation_id),
        notice_title=title,
        notice=paragraphs,
    )


@router.post("/accords/{agreement_id}/reponse", dependencies=[needs(Permission.RECORD_AGREEMENTS)])
def answer(request: Request, household_id: UUID, agreement_id: UUID, data: Submitted, session: Walled) -> Response:
    """What an adult who was absent answers now."""
    households.refuse_non_holder(session, household_id)
    asked, _ = read(AnswerForm, data)
    if asked is None:
        raise Malformed("Choisissez ce que la personne répond. Rien n’a été modifié.")
    service.record_answer(session, household_id, agreement_id, asked)
    words = (
        "Réponse enregistrée : elle est d’accord."
        if asked.answer == "agrees"
        else "Réponse enregistrée : cet accord ne partage plus rien. L’aide continue."
    )
    return go(request, f"/foyers/{household_id}/accords/{agreement_id}", words)


@router.get("/accords/{agreement_id}/retirer", dependencies=[needs(Permission.RECORD_AGREEMENTS)])
def confirm_withdrawal(
    request: Request,
    household_id: UUID,
    agreement_id: UUID,
    session: Walled,
    structure: str = "",
    partie: str = "",
) -> Response:
    """What will stop, before anything is withdrawn: all the agreement, one structure's share or one part of it."""
    header = households.file_header(session, household_id)
    service.withdrawable(session, household_id, agreement_id)
    lines = queries.opened_by(session, household_id, agreement_id)
    recipient = next((line.organisation_id for line in lines if str(line.organisation_id) == structure), None)
    part = next((p for p in SharedPart.ticked() if recipient and p.value == partie), None)
    ending = closing(lines, recipient, part)
    return page(
        request,
        "sharing/confirm_withdrawal.html",
        title="Retirer un accord",
        file=header,
        view=queries.agreement_of(session, household_id, agreement_id),
        ending=ending,
        lasting=[line for line in closing(lines, None, None) if line not in ending],
        recipient=recipient,
        part=part,
        referrals=_referrals_losing(session, household_id, ending),
        budget=_budget_losing(session, household_id, ending),
    )


def _referrals_losing(session: ActorSession, household_id: UUID, ending: list[Opened]) -> list[referrals.Line]:
    """The live referrals, transmitted to or by these structures, that lose their file."""
    losing = {line.organisation_id for line in ending if not line.kept_until and line.part is not SharedPart.BUDGET}
    return [
        line
        for line in referrals.referrals_of(session, household_id)
        if line.state.is_carried
        and not line.row.by_hand
        and losing & {referrals.recipient_of(line.row), line.row.from_organisation_id}
    ]


def _budget_losing(session: ActorSession, household_id: UUID, ending: list[Opened]) -> bool:
    """Whether a budget of the file is read today by one of these structures, and will not be."""
    closes = any(line.part is SharedPart.BUDGET and not line.kept_until for line in ending)
    visible = SharedPart.BUDGET in households.visible_parts(session, household_id)
    return closes and visible and bool(budgets.file_budget(session, household_id).current)


@router.post("/accords/{agreement_id}/retirer", dependencies=[needs(Permission.RECORD_AGREEMENTS)])
def withdraw(request: Request, household_id: UUID, agreement_id: UUID, data: Submitted, session: Walled) -> Response:
    """Withdraws an agreement or a part of it; effective at the next query."""
    asked, _ = read(WithdrawForm, data)
    if asked is None or (asked.part and not asked.recipient):
        raise Malformed
    if asked.recipient is None:
        service.withdraw_agreement(session, household_id, agreement_id)
        words = "Accord retiré : ces structures ne voient plus ce dossier. L’aide continue."
    else:
        service.withdraw_part(session, household_id, agreement_id, asked.recipient, asked.part)
        words = "Partie de l’accord retirée, dès maintenant. Le reste continue, et l’aide aussi."
    return go(request, f"/foyers/{household_id}/partage", words)


def _stopped(session: ActorSession, household_id: UUID) -> set[UUID | None]:
    """The agreements of which nothing is left open: given up by whom they trusted, or ended by a merge of two files."""
    given = households.shares_of(session, household_id)
    return {share.agreement_id for share in given} - {s.agreement_id for s in given if s.revoked_at is None}


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
        stopped=_stopped(session, household_id),
        holds=header.holder_organisation_id == member.organisation_id,
    )


# ------------------------------------------------------------------ twice a year: what is still needed


@network.get("/partages/a-revoir", dependencies=[needs(Permission.RECORD_AGREEMENTS)])
def review(request: Request, session: Walled) -> Response:
    """The files shared with one's organisation for half a year: still needed, or not."""
    return page(request, "sharing/review.html", title="Dossiers partagés à revoir", rows=queries.to_review(session))


@network.post("/partages/{household_id}/garder", dependencies=[needs(Permission.RECORD_AGREEMENTS)])
def keep_share(request: Request, household_id: UUID, session: Walled) -> Response:
    """Still needed: asked again in half a year."""
    service.confirm_share(session, household_id)
    return go(request, "/partages/a-revoir", "Noté : ce dossier vous est encore utile.")


@network.post("/partages/{household_id}/rendre", dependencies=[needs(Permission.RECORD_AGREEMENTS)])
def give_up(request: Request, household_id: UUID, session: Walled) -> Response:
    """No longer needed: the shares of one's organisation end now."""
    service.give_up_share(session, household_id)
    return go(request, "/partages/a-revoir", "Votre structure ne voit plus ce dossier. Le foyer garde toute son aide.")


# ------------------------------------------------------------------ access requests


@router.post("/demandes/{request_id}/refuser", dependencies=[needs(Permission.RECORD_AGREEMENTS)])
def decline(request: Request, household_id: UUID, request_id: UUID, data: Submitted, session: Walled) -> Response:
    """Declines a request of access, with a code."""
    households.refuse_non_holder(session, household_id)
    asked, _ = read(DeclineForm, data)
    if asked is None:
        raise Malformed("Choisissez pourquoi la demande est refusée. Rien n’a été modifié.")
    service.decline_request(session, household_id, request_id, asked.reason)
    return go(request, f"/foyers/{household_id}", "Demande refusée : la structure qui a demandé voit le motif choisi.")


@network.get("/acces", dependencies=[needs(Permission.RECORD_AGREEMENTS)])
def requests(request: Request, session: Walled) -> Response:
    """What one's own organisation asked, by the code typed."""
    return page(request, "sharing/requests.html", title="Demandes d’accès", requests=queries.my_requests(session))


@network.get("/acces/demander", dependencies=[needs(Permission.RECORD_AGREEMENTS)])
def ask(request: Request) -> Response:
    """Asking to read a file of which the person gave the code."""
    return _ask(request, FormState.of({"parts": [SharedPart.IDENTITY.value]}))


def _ask(request: Request, form: FormState, status: int = 200) -> Response:
    return page(
        request,
        "sharing/ask.html",
        title="Demander un accès",
        status=status,
        form=form,
        parts=[(p.value, p.label) for p in SharedPart.ticked()],
        purposes=[(p.value, p.label) for p in Purpose],
    )


@network.post("/acces/demander", dependencies=[needs(Permission.RECORD_AGREEMENTS)])
def send_request(request: Request, data: Submitted, session: Walled) -> Response:
    """Keeps the request; the answer is the same whether there is such a file or not."""
    asked, form = read(AccessForm, data, lists=("parts",))
    if asked is None:
        return _ask(request, form, 422)
    try:
        service.request_access(session, asked)
    except Problem as refused:
        form.refuse("code", refused.sentence)
        return _ask(request, form, refused.status)
    words = "Demande enregistrée. Si un dossier porte ce code, la structure qui le tient en parlera avec la personne."
    return go(request, "/acces", words)
