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
from coordination.kit.web import Submitted, Walled, date_fr, go, needs, page
from coordination.referrals import queries, receptions, service
from coordination.referrals.forms import NeedForm, SendForm
from coordination.referrals.models import Referral
from coordination.referrals.rules import Domain

router = APIRouter()


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
    return page(
        request,
        "referrals/new_need.html",
        title="Nouveau besoin",
        block=block,
        status=status,
        form=form,
        header=header,
        domains=[(d.value, f"{d.label} (sensible)" if d.sensitive else d.label) for d in Domain],
        **_offered(receptions.proposals(session, household_id, _domain(form.value("domain")))),
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
        sent = service.send_referrals(session, need.id, asked.partners, asked.words)
    except (service.SensitiveNotShared, service.UnknownPartner) as refused:
        session.rollback()
        form.refuse("domain" if isinstance(refused, service.SensitiveNotShared) else "partners", refused.sentence)
        return _new_need(request, session, household_id, form, 422)
    return go(request, f"/foyers/{household_id}/besoins/{need.id}/orienter", f"Besoin noté. {_sent(sent)}".strip())


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


def _offered(found: list[receptions.Proposal]) -> dict[str, list[tuple[str, str, str]]]:
    """The partners to tick: those to propose first, with why, then the others; what is full says until when."""
    choices = [(bool(one.why), (str(one.partner.id), one.partner.name, _about(one))) for one in found]
    return {
        "proposed": [choice for first, choice in choices if first],
        "partners": [choice for first, choice in choices if not first],
    }


def _about(one: receptions.Proposal) -> str:
    full = f"Complet jusqu’au {date_fr(one.full_until)}." if one.full_until else ""
    why = f"{one.why}." if one.why else ""
    return " ".join(part for part in (why, full, one.partner.coverage.label) if part)


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
    busy = {line.row.to_organisation_id for line in need.referrals if line.state.is_open}
    found = receptions.proposals(session, household_id, need.domain)
    free = [one for one in found if one.partner.id not in busy]
    context: dict[str, Any] = {"header": header, "need": need, **_offered(free)}
    return page(request, "referrals/refer.html", title="Orienter un besoin", status=status, form=form, **context)


@router.post("/foyers/{household_id}/besoins/{need_id}/orienter", dependencies=[needs(Permission.SEND_REFERRALS)])
def refer_send(request: Request, session: Walled, data: Submitted, household_id: UUID, need_id: UUID) -> Response:
    """Refers a need already noted to more partners."""
    queries.need_of(session, household_id, need_id)
    asked, form = read(SendForm, data, lists=["partners"])
    if asked is None:
        return _refer(request, session, household_id, need_id, form, 422)
    try:
        sent = service.send_referrals(session, need_id, asked.partners, asked.words)
    except (service.UnknownPartner, service.AlreadyReferred) as refused:
        session.rollback()
        form.refuse("partners", refused.sentence)
        return _refer(request, session, household_id, need_id, form, 422)
    return go(request, f"/foyers/{household_id}/besoins/{need_id}/orienter", _sent(sent))
