"""Needs and referrals in JSON: those of a household, the queue, one referral and its moves."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from coordination.households import queries as households
from coordination.identity.idempotency import OnceOnly
from coordination.identity.permissions import Permission
from coordination.kit.db import ActorSession
from coordination.kit.errors import NotAllowed
from coordination.kit.rest import BEARER, PREFIX, Body, Invalid, Listed, Paged, form_of
from coordination.kit.web import Walled, needs
from coordination.referrals import queries, service
from coordination.referrals.forms import LONGEST_WORDS, RefuseForm
from coordination.referrals.models import Referral as Row
from coordination.referrals.rules import BASKETS, Domain, NeedState, Outcome, Refusal, Side, State, basket_named

router = APIRouter(prefix=PREFIX, tags=["orientations"], dependencies=[Depends(BEARER)])

Words = Annotated[str, Field(max_length=LONGEST_WORDS, description="Lu par les deux structures, derrière le partage.")]
Version = Annotated[int, Field(ge=1, le=2_000_000_000, description="La version que vous aviez lue.")]


# ------------------------------------------------------------------ what is read


class ReferralLine(BaseModel):
    """Une orientation : des codes pour tous, le nom et le vrai domaine là où ils sont partagés."""

    id: UUID
    household: UUID
    household_code: str = Field(examples=["7K3M-2PX"])
    name: str | None = Field(description="`null` si l’identité ne vous est pas partagée.")
    need: UUID
    domain: Domain = Field(description="`autre` aussi quand le vrai domaine ne vous est pas ouvert.")
    sender: UUID
    receiver: UUID
    by_hand: bool = Field(description="Fiche remise en main propre : rien n’a été transmis.")
    state: State
    refusal: Refusal | None
    outcome: Outcome | None
    sent_at: datetime
    answered_at: datetime | None
    closed_at: datetime | None
    waiting_days: int = Field(description="Jours entiers depuis l’envoi.")
    late: bool = Field(description="Sans réponse depuis plus de neuf jours.")
    moves: list[str] = Field(description="Ce que vous pouvez faire maintenant : `accept`, `refuse`, `close`, `cancel`.")
    version: int


class Told(BaseModel):
    """Des mots écrits sur l’orientation."""

    words: str
    organisation: str
    name: str
    written_at: datetime


class Moved(BaseModel):
    """Une étape de l’orientation."""

    at: datetime
    verb: str = Field(examples=["accept"])
    state: State
    reason: str = Field(description="Le motif ou le résultat, en clair ; vide s’il n’y en a pas.")
    organisation: str
    name: str


class Referral(ReferralLine):
    """Une orientation, ses mots et son histoire."""

    summary: str | None = Field(description="Le besoin ; `null` s’il ne vous est pas (ou plus) ouvert.")
    words: list[Told]
    history: list[Moved] = Field(description="Les étapes, la dernière d’abord.")


class Need(BaseModel):
    """Un besoin d’un foyer, et où en sont ses orientations."""

    id: UUID
    domain: Domain
    sensitive: bool = Field(description="Le domaine touche à la santé ou aux violences.")
    summary: str
    organisation: UUID = Field(description="La structure qui l’a noté.")
    state: NeedState
    opened_at: datetime
    referrals: list[ReferralLine]


def _values(session: ActorSession, line: queries.Line) -> dict[str, object]:
    row = line.row
    offered = service.offers(session.member, line.state, line.sides)
    return {
        "id": row.id,
        "household": row.household_id,
        "household_code": row.household_code,
        "name": line.name,
        "need": row.need_id,
        "domain": line.domain,
        "sender": row.from_organisation_id,
        "receiver": row.to_organisation_id,
        "by_hand": row.by_hand,
        "state": line.state,
        "refusal": row.refusal,
        "outcome": row.outcome,
        "sent_at": row.sent_at,
        "answered_at": row.answered_at,
        "closed_at": row.closed_at,
        "waiting_days": line.waiting_days,
        "late": line.late,
        "moves": list(dict.fromkeys(move.verb for move in offered)),
        "version": row.version,
    }


def _line(session: ActorSession, line: queries.Line) -> ReferralLine:
    return ReferralLine.model_validate(_values(session, line))


def _need(session: ActorSession, view: queries.NeedView) -> Need:
    return Need(
        id=view.row.id,
        domain=view.domain,
        sensitive=view.row.sensitive,
        summary=view.row.summary,
        organisation=view.row.organisation_id,
        state=view.state,
        opened_at=view.row.opened_at,
        referrals=[_line(session, line) for line in view.referrals],
    )


def _referral(session: ActorSession, referral_id: UUID) -> Referral:
    view = queries.show(session, referral_id)
    service.note_read(session, view)
    return Referral.model_validate(
        {
            **_values(session, view.line),
            "summary": view.need.summary if view.need else None,
            "words": [vars(told) for told in view.words],
            "history": [vars(moved) for moved in view.moves],
        }
    )


@router.get("/households/{household_id}/needs", summary="Les besoins", dependencies=[needs(Permission.READ_FILES)])
def list_needs(session: Walled, household_id: UUID) -> list[Need]:
    """Les besoins qui vous sont ouverts, les plus récents d’abord. 403 si le foyer ne les partage pas avec vous."""
    service.refuse_unshared(session, household_id)
    return [_need(session, view) for view in queries.needs_of(session, household_id)]


@router.get(
    "/households/{household_id}/needs/{need_id}", summary="Un besoin", dependencies=[needs(Permission.READ_FILES)]
)
def need(session: Walled, household_id: UUID, need_id: UUID) -> Need:
    """Un besoin, son état (lu de ses orientations) et celles-ci."""
    households.file_header(session, household_id)
    return _need(session, queries.need_of(session, household_id, need_id))


@router.get("/referrals", summary="La file des orientations", dependencies=[needs(Permission.READ_REFERRALS)])
def queue(
    session: Walled,
    paged: Paged,
    side: Annotated[Side, Query(description="Reçues, envoyées, ou tout le réseau (coordination).")] = Side.RECEIVER,
    basket: Annotated[
        str, Query(max_length=40, description="La bannette ; la première du côté sinon.", examples=["a-traiter"])
    ] = "",
    domain: Annotated[Domain | None, Query(description="Sauf santé et violences, que la file ne dit pas.")] = None,
) -> Listed[ReferralLine]:
    """Une bannette d’un côté de la file, page par page. Bannettes : `a-traiter` (reçues), `en-attente`, `sans-reponse`,
    `en-cours`, `main-propre`, `refusees`, `terminees`."""
    if side not in queries.sides_open(session):
        raise NotAllowed
    chosen = basket_named(side, basket) if basket else BASKETS[side][0]
    if chosen is None:
        raise Invalid([("basket", "Cette bannette n’existe pas de ce côté de la file.")])
    if domain is not None and domain.sensitive:
        raise Invalid([("domain", "La file ne dit pas ce domaine : il est compté avec `autre`.")])
    after = queries.Cursor(*paged.after) if paged.after else None
    found = queries.page_of(session, side, chosen, domain=domain, after=after, size=paged.size)
    return Listed(
        items=[_line(session, line) for line in found.lines],
        next=paged.next(found.next.sent_at, found.next.id) if found.next else None,
    )


@router.get("/referrals/{referral_id}", summary="Une orientation", dependencies=[needs(Permission.READ_REFERRALS)])
def referral(session: Walled, referral_id: UUID) -> Referral:
    """L’orientation, ses mots et son histoire. La lecture d’un nom ou d’un besoin est inscrite au journal."""
    return _referral(session, referral_id)


# ------------------------------------------------------------------ what is written


class NewNeed(Body):
    """Un besoin du foyer."""

    domain: Domain
    summary: Annotated[str, Field(min_length=1, max_length=LONGEST_WORDS, description="En quelques phrases.")]


class NewReferral(Body):
    """À qui orienter, et les mots qui l’accompagnent."""

    organisation: UUID = Field(description="Une structure du réseau (`GET /organisations`).")
    words: Words = ""


class Acceptance(Body):
    """La structure qui reçoit accepte."""

    version: Version
    words: Words = ""


class Refused(Body):
    """La structure qui reçoit refuse, avec un motif ; `autre` demande des mots."""

    version: Version
    reason: Refusal
    words: Words = ""


class Closing(Body):
    """Ce que l’orientation a donné, pour le foyer."""

    version: Version
    outcome: Outcome
    words: Words = ""


class Cancellation(Body):
    """La structure qui a envoyé reprend l’orientation."""

    version: Version
    words: Words = ""


@router.post(
    "/households/{household_id}/needs",
    status_code=201,
    summary="Noter un besoin",
    dependencies=[needs(Permission.WRITE_NEEDS)],
)
def add_need(session: Walled, once: OnceOnly, household_id: UUID, asked: NewNeed) -> Need:
    """Pour les structures à qui les besoins du foyer sont ouverts ; un domaine sensible demande aussi cette partie."""
    made = once.do(asked, lambda: service.add_need(session, household_id, asked.domain, asked.summary).id)
    once.located(f"{PREFIX}/households/{household_id}/needs/{made}")
    return _need(session, queries.need_of(session, household_id, made))


@router.post(
    "/households/{household_id}/needs/{need_id}/referrals",
    status_code=201,
    summary="Orienter un besoin",
    dependencies=[needs(Permission.SEND_REFERRALS)],
)
def send(session: Walled, once: OnceOnly, household_id: UUID, need_id: UUID, asked: NewReferral) -> Referral:
    """Transmise si l’accord du foyer le couvre ; sinon `by_hand` : une fiche à remettre, et rien n’est transmis."""
    queries.need_of(session, household_id, need_id)
    made = once.do(asked, lambda: service.send_referral(session, need_id, asked.organisation, asked.words).id)
    once.located(f"{PREFIX}/referrals/{made}")
    return _referral(session, made)


def _moved(session: ActorSession, once: OnceOnly, asked: Body, deed: Callable[[], Row]) -> Referral:
    return _referral(session, once.do(asked, lambda: deed().id))


@router.post(
    "/referrals/{referral_id}/accept",
    summary="Accepter une orientation",
    dependencies=[needs(Permission.ANSWER_REFERRALS)],
)
def accept(session: Walled, once: OnceOnly, referral_id: UUID, asked: Acceptance) -> Referral:
    """Réservé à la structure qui la reçoit. 409 si quelqu’un a répondu avant vous : la phrase dit qui."""
    return _moved(session, once, asked, lambda: service.accept(session, referral_id, asked.version, asked.words))


@router.post(
    "/referrals/{referral_id}/refuse",
    summary="Refuser une orientation",
    dependencies=[needs(Permission.ANSWER_REFERRALS)],
)
def refuse(session: Walled, once: OnceOnly, referral_id: UUID, asked: Refused) -> Referral:
    """Réservé à la structure qui la reçoit. Le motif est lu par celle qui l’a envoyée."""
    values = {"version": asked.version, "reason": asked.reason, "refuse_words": asked.words}
    form_of(RefuseForm, values, {"refuse_words": "words"})
    return _moved(
        session,
        once,
        asked,
        lambda: service.refuse(session, referral_id, asked.version, asked.reason, asked.words),
    )


@router.post(
    "/referrals/{referral_id}/close",
    summary="Terminer une orientation",
    dependencies=[needs(Permission.ANSWER_REFERRALS)],
)
def close(session: Walled, once: OnceOnly, referral_id: UUID, asked: Closing) -> Referral:
    """Pour qui l’a acceptée, ou la coordination ; remise en main propre, pour qui l’a envoyée."""
    return _moved(
        session,
        once,
        asked,
        lambda: service.close(session, referral_id, asked.version, asked.outcome, asked.words),
    )


@router.post(
    "/referrals/{referral_id}/cancel",
    summary="Annuler une orientation",
    dependencies=[needs(Permission.SEND_REFERRALS)],
)
def cancel(session: Walled, once: OnceOnly, referral_id: UUID, asked: Cancellation) -> Referral:
    """Réservé à la structure qui l’a envoyée, tant qu’elle n’est pas terminée."""
    return _moved(session, once, asked, lambda: service.cancel(session, referral_id, asked.version, asked.words))
