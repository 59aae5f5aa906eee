"""Pages of a household's need: noting it, referring it to one or several partners, and to more."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from coordination.households import queries as households
from coordination.identity.permissions import Permission
from coordination.kit.db import ActorSession
from coordination.kit.forms import FormState, read
from coordination.kit.web import Submitted, Walled, go, needs, page
from coordination.referrals import queries, receptions, service
from coordination.referrals.forms import NeedForm, ReachForm, SendForm
from coordination.referrals.models import Referral
from coordination.referrals.recipients import Reach, reach_of
from coordination.referrals.rules import Coverage, Domain

router = APIRouter()
REFUSED_AT: dict[type, str] = {service.SensitiveNotShared: "domain", service.NoContact: "reach_contact"}


@router.get("/foyers/{household_id}/besoins/nouveau", dependencies=[needs(Permission.WRITE_NEEDS)])
def new_need(request: Request, session: Walled, household_id: UUID) -> Response:
    """The form of a need and of its first referrals."""
    return _new_need(request, session, household_id, FormState())


def _new_need(
    request: Request,
    session: ActorSession,
    household_id: UUID,
    form: FormState,
    status: int = 200,
    block: str | None = None,
) -> Response:
    header = households.file_header(session, household_id)
    service.refuse_unshared(session, household_id)
    households.refuse_ended(session, household_id)
    found = receptions.proposals(session, household_id, _domain(form.value("domain")))
    return page(
        request,
        "referrals/new_need.html",
        title="Nouveau besoin",
        block=block,
        status=status,
        form=form,
        header=header,
        domains=[(d.value, f"{d.label} (sensible)" if d.sensitive else d.label) for d in Domain],
        **_offered(session, household_id, found, None),  # the domain may change until it is sent
    )


def _domain(typed: str) -> Domain | None:
    return Domain(typed) if typed in set(Domain) else None


@router.post("/foyers/{household_id}/besoins/nouveau", dependencies=[needs(Permission.WRITE_NEEDS)])
def new_need_send(request: Request, session: Walled, data: Submitted, household_id: UUID) -> Response:
    """Notes the need and refers it to the partners that were ticked."""
    asked, form = read(NeedForm, data, lists=["partners"])
    if form.value("proposer"):
        return _new_need(request, session, household_id, form.without_errors(), block="partners")
    if asked is None:
        return _new_need(request, session, household_id, form, 422)
    try:
        need = service.add_need(session, household_id, asked.domain, asked.summary)
        sent = service.send_referrals(session, need.id, asked.partners, asked.words, _reach(asked))
    except (service.SensitiveNotShared, service.UnknownPartner, service.NoContact) as refused:
        session.rollback()
        form.refuse(REFUSED_AT.get(type(refused), "partners"), refused.sentence)
        return _new_need(request, session, household_id, form, 422)
    return go(request, f"/foyers/{household_id}/besoins/{need.id}/orienter", f"Besoin noté. {_sent(sent)}".strip())


def _reach(asked: ReachForm) -> Reach:
    return Reach(asked.reach_name, asked.reach_contact)


def _sent(rows: Iterable[Referral]) -> str:
    """What was transmitted and what remains to hand over, counted."""
    by_hand = [row.by_hand for row in rows]
    transmitted, papers = by_hand.count(False), by_hand.count(True)
    words = []
    if transmitted:
        words.append(f"{transmitted} orientation{'s' * (transmitted > 1)} transmise{'s' * (transmitted > 1)}.")
    if papers:
        words.append(f"{papers} fiche{'s' * (papers > 1)} à imprimer et à remettre en main propre.")
    return " ".join(words)


def _offered(
    session: ActorSession, household_id: UUID, found: list[receptions.Proposal], domain: Domain | None
) -> dict[str, Any]:
    """The partners to tick: those to propose first, with why, the others, then the services without an account; what is
    full says until when. And what the file would tell such a service, if it accepts."""
    choices = [
        (one.partner.outside, bool(one.why), (str(one.partner.id), one.partner.name, _about(one, domain)))
        for one in found
    ]
    covered = any(one.partner.outside and one.partner.coverage is not Coverage.NONE for one in found)
    return {
        "proposed": [choice for _, first, choice in choices if first],
        "partners": [choice for outside, first, choice in choices if not first and not outside],
        "services": [choice for outside, first, choice in choices if not first and outside],
        "reach": reach_of(session, household_id) if covered else None,
    }


def _about(one: receptions.Proposal, domain: Domain | None) -> str:
    why = f"{one.why}." if one.why else ""
    coverage = one.partner.coverage
    link = one.partner.outside and coverage is not Coverage.NONE
    partly = domain is None and coverage is Coverage.EXCEPT_SENSITIVE
    but = ", sauf santé et violences (remise en main propre)" if partly else ""
    by_link = link and (domain is None or coverage.transmits(domain))
    sent = f"Sans compte : il répond par un lien, envoyé à {one.partner.email}, comme l’accord le prévoit{but}."
    said = sent if by_link else coverage.told(domain)
    return " ".join(part for part in (why, one.busy, said) if part)


@router.get("/foyers/{household_id}/besoins/{need_id}/orienter", dependencies=[needs(Permission.SEND_REFERRALS)])
def refer(request: Request, session: Walled, household_id: UUID, need_id: UUID) -> Response:
    """A need, where its referrals stand, and the partners it can still be referred to."""
    return _refer(request, session, household_id, need_id, FormState())


def _refer(
    request: Request, session: ActorSession, household_id: UUID, need_id: UUID, form: FormState, status: int = 200
) -> Response:
    header = households.file_header(session, household_id)
    need = queries.need_of(session, household_id, need_id)
    households.refuse_ended(session, household_id)
    busy = {queries.recipient_of(line.row) for line in need.referrals if line.state.is_open}
    found = receptions.proposals(session, household_id, need.domain)
    free = [one for one in found if one.partner.id not in busy]
    context: dict[str, Any] = {"header": header, "need": need, **_offered(session, household_id, free, need.domain)}
    return page(request, "referrals/refer.html", title="Orienter un besoin", status=status, form=form, **context)


@router.post("/foyers/{household_id}/besoins/{need_id}/orienter", dependencies=[needs(Permission.SEND_REFERRALS)])
def refer_send(request: Request, session: Walled, data: Submitted, household_id: UUID, need_id: UUID) -> Response:
    """Refers a need already noted to more partners."""
    queries.need_of(session, household_id, need_id)
    asked, form = read(SendForm, data, lists=["partners"])
    if asked is None:
        return _refer(request, session, household_id, need_id, form, 422)
    try:
        sent = service.send_referrals(session, need_id, asked.partners, asked.words, _reach(asked))
    except (service.UnknownPartner, service.AlreadyReferred, service.NoContact) as refused:
        session.rollback()
        form.refuse(REFUSED_AT.get(type(refused), "partners"), refused.sentence)
        return _refer(request, session, household_id, need_id, form, 422)
    return go(request, f"/foyers/{household_id}/besoins/{need_id}/orienter", _sent(sent))
