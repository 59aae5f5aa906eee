"""The work on the queue in JSON: who follows what, many at once, the views one keeps, when one's structure receives."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, Field

from coordination.directory.rules import Day
from coordination.identity import queries as identity
from coordination.identity.idempotency import OnceOnly
from coordination.identity.permissions import Permission
from coordination.kit.clock import today
from coordination.kit.db import ActorSession
from coordination.kit.errors import NotKnown
from coordination.kit.rest import BEARER, PREFIX, Body, Invalid, form_of
from coordination.kit.web import Walled, needs
from coordination.referrals import bulk, following, receptions
from coordination.referrals import queue as queue_of
from coordination.referrals.forms import Codes, ReceptionForm
from coordination.referrals.machine import State
from coordination.referrals.opening import WORKING_WEEK
from coordination.referrals.rules import Dropped, Many, Refusal
from coordination.referrals.shapes import Version

router = APIRouter(prefix=PREFIX, tags=["orientations"], dependencies=[Depends(BEARER)])
ANSWERS, READS = [needs(Permission.ANSWER_REFERRALS)], [needs(Permission.READ_REFERRALS)]
SETS = [needs(Permission.SET_RECEPTION)]
WEEK = tuple(Day)


# ------------------------------------------------------------------ who follows


class Colleague(BaseModel):
    """Une personne de votre structure qui répond aux orientations."""

    id: UUID = Field(description="Son appartenance : ce que demandent `to`, `seen` et `held_by`.")
    name: str


class Follower(BaseModel):
    """Qui suit une orientation dans votre structure ; ce que fait l’autre ne regarde qu’elle."""

    referral: UUID
    member: UUID | None = Field(description="`null` : personne.")
    name: str
    since: datetime | None


class Given(Body):
    """À qui l’orientation est confiée."""

    to: UUID | None = Field(description="Un collègue (`GET /colleagues`) ; `null` : à personne.")
    seen: UUID | None = Field(None, description="Qui la suivait quand vous l’avez lue.")


@router.get("/colleagues", summary="Vos collègues", dependencies=ANSWERS)
def colleagues(session: Walled) -> list[Colleague]:
    """Ceux à qui une orientation peut être confiée, par nom."""
    return [Colleague(id=key, name=name) for key, name in following.colleagues(session)]


@router.get("/referrals/{referral_id}/follower", summary="Qui suit une orientation", dependencies=READS)
def follower(session: Walled, referral_id: UUID) -> Follower:
    """Dans votre structure."""
    return _follower(session, referral_id)


@router.post("/referrals/{referral_id}/assign", summary="Confier une orientation", dependencies=ANSWERS)
def assign(session: Walled, once: OnceOnly, referral_id: UUID, asked: Given) -> Follower:
    """409 si un collègue l’a confiée entre-temps à quelqu’un d’autre que `seen` : la phrase dit à qui, par qui et
    quand."""

    def give() -> UUID:
        following.give(session, referral_id, asked.to, asked.seen)
        return referral_id

    return _follower(session, once.do(asked, give))


def _follower(session: ActorSession, referral_id: UUID) -> Follower:
    if not queue_of.lines_by_id(session, {referral_id}):
        raise NotKnown
    row = following.assignment_of(session, referral_id)
    if row is None:
        return Follower(referral=referral_id, member=None, name="", since=None)
    name = identity.member_names(session, {row.membership_id}).get(row.membership_id, "")
    return Follower(referral=referral_id, member=row.membership_id, name=name, since=row.assigned_at)


# ------------------------------------------------------------------ many at once


class BulkLine(Body):
    """Une orientation, lue sous cette version."""

    referral: UUID
    version: Version


class Bulk(Body):
    """La même étape pour plusieurs orientations."""

    deed: Many
    lines: Annotated[list[BulkLine], Field(min_length=1, max_length=100)]
    reason: Refusal | Dropped | None = Field(
        None, description="Pour `refuser` : un motif, sauf `autre` ; pour `classer` : pourquoi personne ne poursuit."
    )
    to: UUID | None = Field(None, description="Pour `confier` : un collègue (`GET /colleagues`).")


class BulkAnswer(BaseModel):
    """Ce qu’est devenue une ligne."""

    referral: UUID
    done: bool | None = Field(description="`null` quand la demande est rejouée : voyez `state`.")
    detail: str = Field(description="Pourquoi rien n’a été fait ; vide sinon.")
    state: State | None = Field(
        description="Où l’orientation en est maintenant ; `null` si elle ne vous est pas connue."
    )
    version: int | None


@router.post("/referrals/bulk", summary="Répondre à plusieurs orientations", dependencies=ANSWERS)
def many(session: Walled, once: OnceOnly, asked: Bulk) -> list[BulkAnswer]:
    """Une réponse par ligne, dans leur ordre : ce qu’une ligne refuse n’arrête pas les autres."""
    if missing := bulk.lacks(asked.deed, asked.reason):
        raise Invalid([("reason", missing)])
    report: list[bulk.Done] = []

    def deed() -> UUID:
        chosen = [bulk.Chosen(line.referral, line.version) for line in asked.lines]
        report.extend(bulk.do_many(session, asked.deed, chosen, asked.reason, asked.to))
        return uuid4()

    once.do(asked, deed)
    found = queue_of.lines_by_id(session, {line.referral for line in asked.lines})
    answers = []
    for rank, line in enumerate(asked.lines):
        stands, refused = found.get(line.referral), report[rank].refused if report else ""
        answers.append(
            BulkAnswer(
                referral=line.referral,
                done=not refused if report else None,
                detail=refused,
                state=stands.state if stands else None,
                version=stands.row.version if stands else None,
            )
        )
    return answers


# ------------------------------------------------------------------ views one keeps


class View(BaseModel):
    """Une vue de la file que vous gardez ; vous seul·e la voyez."""

    id: UUID
    name: str
    filters: str = Field(description="Ce qui suit `?` dans l’adresse de la file.")


class NewView(Body):
    """Un nom, et ce qui suit `?` dans l’adresse de la file."""

    name: Annotated[str, Field(min_length=1, max_length=60, examples=["À relancer le lundi"])]
    filters: Annotated[Codes, Field(examples=["cote=recues&bannette=sans-reponse"])]


@router.get("/views", summary="Vos vues de la file", dependencies=READS)
def views(session: Walled) -> list[View]:
    """Par nom : vingt au plus."""
    return [View(id=kept.id, name=kept.name, filters=kept.query) for kept in following.kept_views(session)]


@router.post("/views", status_code=201, summary="Garder une vue", dependencies=READS)
def keep(session: Walled, once: OnceOnly, asked: NewView) -> View:
    """Des codes seulement : aucun nom dans une vue. 409 au-delà de vingt."""
    made = once.made(asked, lambda: following.keep_view(session, asked.name, asked.filters))
    found = next((view for view in views(session) if view.id == made), None)
    if found is None:
        raise NotKnown
    return found


@router.delete("/views/{view_id}", status_code=204, summary="Retirer une vue", dependencies=READS)
def drop(session: Walled, view_id: UUID) -> Response:
    """Retire une vue gardée, une des vôtres."""
    following.drop_view(session, view_id)
    return Response(status_code=204)


# ------------------------------------------------------------------ when one's structure receives


class Closure(Body):
    """Une fermeture, premier et dernier jours compris."""

    first: date
    last: date


class NewReception(Body):
    """Quand votre structure reçoit, et si elle peut prendre quelqu’un."""

    weekdays: Annotated[list[Day], Field(min_length=1, max_length=7)]
    closures: Annotated[list[Closure], Field(max_length=30)] = Field(default_factory=list)
    full_until: date | None = Field(None, description="« Complet jusqu’au » : d’ici là, elle n’est plus proposée.")
    version: Annotated[
        int, Field(ge=0, le=2_000_000_000, description="Celle que vous aviez lue ; 0 : rien n’était dit.")
    ]


class Reception(BaseModel):
    """Quand votre structure reçoit ; du lundi au vendredi tant qu’elle n’a rien dit."""

    weekdays: list[Day]
    closures: list[Closure]
    full_until: date | None
    version: int


@router.get("/reception", summary="Les jours d’accueil de votre structure", dependencies=SETS)
def reception(session: Walled) -> Reception:
    """Les délais de réponse se comptent sur ces jours."""
    row = receptions.reception_of(session, session.member.organisation_id)
    return Reception(
        weekdays=[WEEK[day] for day in sorted(row.weekdays if row else WORKING_WEEK)],
        closures=[Closure(first=first, last=last) for first, last in (receptions.closures_of(row) if row else ())],
        full_until=row.full_until if row else None,
        version=row.version if row else 0,
    )


@router.put("/reception", summary="Dire quand votre structure reçoit", dependencies=SETS)
def set_reception(session: Walled, asked: NewReception) -> Reception:
    """Ses jours, ses fermetures et « complet jusqu’au ». 409 si un collègue les a modifiés entre-temps."""
    if asked.full_until is not None and asked.full_until < today():
        raise Invalid([("full_until", "Cette date est passée : donnez le dernier jour où vous êtes complets.")])
    days = [WEEK.index(day) for day in asked.weekdays]
    receptions.set_reception(session, form_of(ReceptionForm, {**asked.model_dump(), "weekdays": days}))
    return reception(session)
