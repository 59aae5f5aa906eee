"""Needs and referrals in JSON: those of a household, the queue, one referral; noting and sending."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from coordination.households import queries as households
from coordination.identity.idempotency import OnceOnly
from coordination.identity.permissions import Permission
from coordination.kit.errors import NotAllowed
from coordination.kit.rest import BEARER, PREFIX, Body, Invalid, Listed, Paged
from coordination.kit.web import Walled, needs
from coordination.referrals import queries, service
from coordination.referrals import queue as queue_of
from coordination.referrals.baskets import BASKETS, basket_named
from coordination.referrals.forms import LONGEST_WORDS
from coordination.referrals.machine import Side
from coordination.referrals.recipients import Reach
from coordination.referrals.rules import Domain
from coordination.referrals.shapes import (
    Need,
    ReachContact,
    ReachName,
    Referral,
    ReferralLine,
    Words,
    line_body,
    need_body,
    referral_body,
)

router = APIRouter(prefix=PREFIX, tags=["orientations"], dependencies=[Depends(BEARER)])


# ------------------------------------------------------------------ reading


@router.get("/households/{household_id}/needs", summary="Les besoins", dependencies=[needs(Permission.READ_FILES)])
def list_needs(session: Walled, household_id: UUID) -> list[Need]:
    """Les besoins qui vous sont ouverts, les plus récents d’abord. 403 si le foyer ne les partage pas avec vous."""
    service.refuse_unshared(session, household_id)
    return [need_body(session, view) for view in queries.needs_of(session, household_id)]


@router.get(
    "/households/{household_id}/needs/{need_id}", summary="Un besoin", dependencies=[needs(Permission.READ_FILES)]
)
def need(session: Walled, household_id: UUID, need_id: UUID) -> Need:
    """Un besoin, son état (lu de ses orientations) et celles-ci."""
    households.file_header(session, household_id)
    return need_body(session, queries.need_of(session, household_id, need_id))


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
    """Une bannette d’un côté de la file, page par page. Bannettes : `a-traiter` (reçues), `en-attente` (envoyées,
    réseau), `precision`, `sans-reponse`, `risque-abandon`, `expirent`, `en-cours`, `en-pause`, `desaccord`,
    `terminees` ; pour qui envoie ou coordonne, `refusees-partout`, `refusees`, `arretees`, `main-propre` ; pour qui
    envoie, `a-confirmer` et `a-rappeler`."""
    if side not in queue_of.sides_open(session):
        raise NotAllowed
    chosen = basket_named(side, basket) if basket else BASKETS[side][0]
    if chosen is None:
        raise Invalid([("basket", "Cette bannette n’existe pas de ce côté de la file.")])
    if domain is not None and domain.sensitive:
        raise Invalid([("domain", "La file ne dit pas ce domaine : il est compté avec `autre`.")])
    after = queue_of.Cursor(*paged.after) if paged.after else None
    found = queue_of.page_of(session, side, chosen, filters=queue_of.Filters(domain), after=after, size=paged.size)
    return Listed(
        items=[line_body(session, line) for line in found.lines],
        next=paged.next(found.next.sent_at, found.next.id) if found.next else None,
    )


@router.get("/referrals/{referral_id}", summary="Une orientation", dependencies=[needs(Permission.READ_REFERRALS)])
def referral(session: Walled, referral_id: UUID) -> Referral:
    """L’orientation, ses mots et son histoire. La lecture d’un nom ou d’un besoin est inscrite au journal."""
    return referral_body(session, referral_id)


# ------------------------------------------------------------------ what is written


class NewNeed(Body):
    """Un besoin du foyer."""

    domain: Domain
    summary: Annotated[str, Field(min_length=1, max_length=LONGEST_WORDS, description="En quelques phrases.")]


class NewReferral(Body):
    """À qui orienter, et les mots qui l’accompagnent."""

    organisation: UUID = Field(
        description="Une structure du réseau (`GET /organisations`) ou un service extérieur (`GET /services`)."
    )
    words: Words = ""
    reach_name: ReachName = ""
    reach_contact: ReachContact = ""


@router.post(
    "/households/{household_id}/needs",
    status_code=201,
    summary="Noter un besoin",
    dependencies=[needs(Permission.WRITE_NEEDS)],
)
def note_need(session: Walled, once: OnceOnly, household_id: UUID, asked: NewNeed) -> Need:
    """Pour les structures à qui les besoins du foyer sont ouverts ; un domaine sensible demande aussi cette partie."""
    made = once.do(asked, lambda: service.add_need(session, household_id, asked.domain, asked.summary).id)
    once.located(f"{PREFIX}/households/{household_id}/needs/{made}")
    return need_body(session, queries.need_of(session, household_id, made))


@router.post(
    "/households/{household_id}/needs/{need_id}/referrals",
    status_code=201,
    summary="Orienter un besoin",
    dependencies=[needs(Permission.SEND_REFERRALS)],
)
def send(session: Walled, once: OnceOnly, household_id: UUID, need_id: UUID, asked: NewReferral) -> Referral:
    """Transmise si l’accord du foyer le couvre ; sinon `by_hand` : une fiche à remettre, et rien n’est transmis."""
    queries.need_of(session, household_id, need_id)
    reach = Reach(asked.reach_name, asked.reach_contact)
    made = once.do(asked, lambda: service.send_referral(session, need_id, asked.organisation, asked.words, reach).id)
    once.located(f"{PREFIX}/referrals/{made}")
    return referral_body(session, made)
