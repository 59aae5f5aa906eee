"""The queue of referrals, one referral and its answers, the sheet handed over, and referring a household's need."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from coordination.households import protection
from coordination.households import queries as households
from coordination.identity import queries as identity
from coordination.identity.permissions import Permission
from coordination.kit.db import ActorSession
from coordination.kit.errors import Malformed, NotAllowed, NotNow
from coordination.kit.forms import FormState, read
from coordination.kit.web import Submitted, Walled, go, needs, page
from coordination.referrals import queries, service
from coordination.referrals.forms import AcceptForm, CancelForm, CloseForm, NeedForm, RefuseForm, SendForm
from coordination.referrals.models import Referral
from coordination.referrals.rules import EVENT_WORDS, WRITERS, Domain, Outcome, Refusal, Side, basket_named

router = APIRouter()
TO_LIST = "file"


# ------------------------------------------------------------------ the queue


@router.get("/orientations", dependencies=[needs(Permission.READ_REFERRALS)])
def queue(
    request: Request, session: Walled, cote: str = "", bannette: str = "", domaine: str = "", apres: str = ""
) -> Response:
    """The queue: one side, one basket, perhaps one domain, a page at a time. Every filter is a code in the address."""
    sides = queries.sides_open(session)
    side = _side(cote, sides)
    domain = _domain(domaine)
    counts = queries.count_baskets(session, side, domain)
    basket = basket_named(side, bannette) if bannette else next((c.basket for c in counts if c.count), counts[0].basket)
    if basket is None:
        raise Malformed
    found = queries.page_of(session, side, basket, domain=domain, after=_cursor(apres))
    asked = {"cote": side.value, "domaine": domaine, "bannette": basket.key}
    return page(
        request,
        "referrals/queue.html",
        title="Orientations",
        block="queue",
        side=side,
        basket=basket,
        lines=found.lines,
        offers={line.row.id: _verbs(session, line) for line in found.lines},
        domains=[(d.value, d.label) for d in Domain if not d.sensitive],
        form=FormState.of({"domaine": domaine}),
        tabs=[{"href": _queue(cote=s.value), "label": s.label, "current": s is side} for s in sides],
        baskets=[
            {
                "href": _queue(cote=side.value, bannette=c.basket.key, domaine=domaine),
                "label": c.basket.label,
                "count": c.count,
                "current": c.basket.key == basket.key,
                "tone": c.basket.tone,
            }
            for c in counts
        ],
        first_href=_queue(**asked) if apres else "",
        next_href=_queue(**asked, apres=_mark(found.next)) if found.next else "",
        everything_href=_queue(cote=side.value, bannette=basket.key) if domain else "",
    )


def _side(typed: str, open_sides: list[Side]) -> Side:
    """The side asked for; a coordinator opens on the whole network, the others on what they receive."""
    if not typed:
        return Side.COORDINATOR if Side.COORDINATOR in open_sides else Side.RECEIVER
    if typed not in set(Side):
        raise Malformed
    if Side(typed) not in open_sides:
        raise NotAllowed
    return Side(typed)


def _domain(typed: str) -> Domain | None:
    if not typed:
        return None
    if typed not in set(Domain) or Domain(typed).sensitive:
        raise Malformed
    return Domain(typed)


def _mark(cursor: queries.Cursor) -> str:
    """A place in the list, as the address writes it: a moment and an id."""
    return f"{cursor.sent_at.isoformat()}_{cursor.id}"


def _cursor(typed: str) -> queries.Cursor | None:
    if not typed:
        return None
    moment, _, key = typed.partition("_")
    try:
        sent_at, referral_id = datetime.fromisoformat(moment), UUID(key)
    except ValueError as unreadable:
        raise Malformed from unreadable
    if sent_at.tzinfo is None:
        raise Malformed
    return queries.Cursor(sent_at, referral_id)


def _queue(**filters: str) -> str:
    """The address of the queue with these filters."""
    kept = {name: value for name, value in filters.items() if value}
    return "/orientations" + ("?" + urlencode(kept) if kept else "")


def _verbs(session: ActorSession, line: queries.Line) -> set[str]:
    return {move.verb for move in service.offers(session.member, line.state, line.sides)}


# ------------------------------------------------------------------ one referral


@router.get("/orientations/{referral_id}", dependencies=[needs(Permission.READ_REFERRALS)])
def show(request: Request, session: Walled, referral_id: UUID) -> Response:
    """One referral: what I may see of it, its timeline, and the answers that are mine to give."""
    view = queries.show(session, referral_id)
    service.note_read(session, view)
    return _show(request, session, view, FormState())


def _show(
    request: Request,
    session: ActorSession,
    view: queries.ReferralView,
    form: FormState,
    *,
    status: int = 200,
    refused: NotNow | None = None,
    verb: str = "",
) -> Response:
    """The page of one referral; after a refusal, with the sentence that says why and the words that were typed."""
    return page(
        request,
        "referrals/show.html",
        title=f"Orientation : {view.line.title}",
        status=status,
        form=form,
        view=view,
        line=view.line,
        row=view.line.row,
        protected=protection.protection_of(session, view.line.row.household_id),
        care=protection.safe_contact_of(session, view.line.row.household_id),
        refused=refused,
        verb=verb,
        typed=form.value(f"{verb}_words") if refused else "",
        verbs=_verbs(session, view.line),
        event_words=EVENT_WORDS,
        writers=WRITERS,
        refusals=[(r.value, r.label) for r in Refusal if view.may_write or r is not Refusal.OTHER],
        outcomes=[(o.value, o.label) for o in Outcome],
        ended=queries.reason_label(view.line.row.refusal or view.line.row.outcome),
    )


def _moved(
    request: Request,
    session: ActorSession,
    referral_id: UUID,
    form: FormState,
    verb: str,
    deed: Callable[[], Referral],
    said: str,
) -> Response:
    """Does a move and goes back to the referral, or shows it again with what prevented the move (409)."""
    try:
        deed()
    except NotNow as refused:
        session.rollback()
        view = queries.show(session, referral_id)
        return _show(request, session, view, form, status=refused.status, refused=refused, verb=verb)
    if form.value("suite") == TO_LIST:
        return go(request, "/orientations", said, cote=Side.RECEIVER.value)
    return go(request, f"/orientations/{referral_id}", said)


def _again(request: Request, session: ActorSession, referral_id: UUID, form: FormState, verb: str) -> Response:
    """The page again with what was typed and what is wrong with it (422)."""
    return _show(request, session, queries.show(session, referral_id), form, status=422, verb=verb)


@router.post("/orientations/{referral_id}/accepter", dependencies=[needs(Permission.ANSWER_REFERRALS)])
def accept(request: Request, session: Walled, data: Submitted, referral_id: UUID) -> Response:
    """The receiver takes it."""
    asked, form = read(AcceptForm, data)
    if asked is None:
        return _again(request, session, referral_id, form, "accept")
    said = "Orientation acceptée : la structure qui l’a envoyée le voit dès maintenant."
    return _moved(
        request,
        session,
        referral_id,
        form,
        "accept",
        lambda: service.accept(session, referral_id, asked.version, asked.accept_words),
        said,
    )


@router.post("/orientations/{referral_id}/refuser", dependencies=[needs(Permission.ANSWER_REFERRALS)])
def refuse(request: Request, session: Walled, data: Submitted, referral_id: UUID) -> Response:
    """The receiver refuses, with a reason of the list."""
    asked, form = read(RefuseForm, data)
    if asked is None:
        return _again(request, session, referral_id, form, "refuse")
    return _moved(
        request,
        session,
        referral_id,
        form,
        "refuse",
        lambda: service.refuse(session, referral_id, asked.version, asked.reason, asked.refuse_words),
        "Orientation refusée : la structure qui l’a envoyée en voit le motif.",
    )


@router.post("/orientations/{referral_id}/clore", dependencies=[needs(Permission.ANSWER_REFERRALS)])
def close(request: Request, session: Walled, data: Submitted, referral_id: UUID) -> Response:
    """Says what became of it."""
    asked, form = read(CloseForm, data)
    if asked is None:
        return _again(request, session, referral_id, form, "close")
    return _moved(
        request,
        session,
        referral_id,
        form,
        "close",
        lambda: service.close(session, referral_id, asked.version, asked.outcome, asked.close_words),
        "Orientation terminée.",
    )


@router.post("/orientations/{referral_id}/annuler", dependencies=[needs(Permission.SEND_REFERRALS)])
def cancel(request: Request, session: Walled, data: Submitted, referral_id: UUID) -> Response:
    """The sender takes it back."""
    asked, form = read(CancelForm, data)
    if asked is None:
        return _again(request, session, referral_id, form, "cancel")
    return _moved(
        request,
        session,
        referral_id,
        form,
        "cancel",
        lambda: service.cancel(session, referral_id, asked.version, asked.cancel_words),
        "Orientation annulée.",
    )


@router.get("/orientations/{referral_id}/fiche", dependencies=[needs(Permission.READ_REFERRALS)])
def sheet(request: Request, session: Walled, referral_id: UUID) -> Response:
    """The sheet to print. A sensitive need is never written on it: the person says it herself, or not."""
    view = queries.show(session, referral_id)
    service.note_read(session, view)
    organisations = identity.organisations(session)
    row = view.line.row
    partners = queries.partners(session, row.household_id) if Side.SENDER in view.line.sides else []
    return page(
        request,
        "referrals/sheet.html",
        title="Fiche d’orientation",
        view=view,
        row=row,
        line=view.line,
        sender=organisations[row.from_organisation_id],
        receiver=organisations[row.to_organisation_id],
        worker=identity.member_names(session, {row.sent_by}).get(row.sent_by, ""),
        coverage=next((p.coverage for p in partners if p.id == row.to_organisation_id), None),
    )


# ------------------------------------------------------------------ referring a household's need


@router.get("/foyers/{household_id}/besoins/nouveau", dependencies=[needs(Permission.WRITE_NEEDS)])
def new_need(request: Request, session: Walled, household_id: UUID) -> Response:
    """The form of a need and of its first referrals."""
    return _new_need(request, session, household_id, FormState())


def _new_need(
    request: Request, session: ActorSession, household_id: UUID, form: FormState, status: int = 200
) -> Response:
    header = households.file_header(session, household_id)
    service.refuse_unshared(session, household_id)
    households.refuse_ended(session, household_id)
    return page(
        request,
        "referrals/new_need.html",
        title="Nouveau besoin",
        status=status,
        form=form,
        header=header,
        domains=[(d.value, f"{d.label} (sensible)" if d.sensitive else d.label) for d in Domain],
        partners=_choices(queries.partners(session, household_id)),
    )


@router.post("/foyers/{household_id}/besoins/nouveau", dependencies=[needs(Permission.WRITE_NEEDS)])
def new_need_send(request: Request, session: Walled, data: Submitted, household_id: UUID) -> Response:
    """Notes the need and refers it to the partners that were ticked."""
    asked, form = read(NeedForm, data, lists=["partners"])
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


def _choices(partners: Iterable[queries.Partner]) -> list[tuple[str, str, str]]:
    return [(str(p.id), p.name, p.coverage.label) for p in partners]


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
    free = [p for p in queries.partners(session, household_id) if p.id not in busy]
    context: dict[str, Any] = {"header": header, "need": need, "partners": _choices(free)}
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
