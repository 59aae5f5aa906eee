"""Appointments in JSON: those of a referral or of a day; taking a date, answering, saying whether the person came."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from coordination.appointments import queries, service
from coordination.appointments.forms import LONGEST_WORDS, DateForm
from coordination.appointments.models import Appointment as Row
from coordination.appointments.rules import USUAL_LENGTH, Doubt, Place, State
from coordination.identity.idempotency import OnceOnly
from coordination.identity.permissions import Permission
from coordination.kit.clock import today
from coordination.kit.db import ActorSession
from coordination.kit.errors import NotKnown
from coordination.kit.rest import BEARER, PREFIX, Body, Invalid, form_of
from coordination.kit.web import Walled, needs
from coordination.referrals.queue import lines_by_id

router = APIRouter(prefix=PREFIX, tags=["rendez-vous"], dependencies=[Depends(BEARER)])
READS, ANSWERS = [needs(Permission.READ_REFERRALS)], [needs(Permission.ANSWER_REFERRALS)]
Version = Annotated[int, Field(ge=1, le=2_000_000_000, description="La version que vous aviez lue.")]


class Appointment(BaseModel):
    """Un rendez-vous sur une orientation : des codes et des dates ; le nom et les mots là où ils sont partagés."""

    id: UUID
    referral: UUID
    household: UUID
    household_code: str
    name: str | None = Field(description="`null` si l’identité ne vous est pas partagée.")
    sender: UUID
    receiver: UUID = Field(
        description="La structure qui reçoit la personne ; la vôtre, quand vous notez la date d’un service extérieur."
    )
    starts_at: datetime
    minutes: int
    place: Place
    place_id: UUID | None = Field(description="Un lieu public de l’une des deux structures.")
    place_label: str
    address: str = Field(description="Celle du lieu public ; vide sinon.")
    words: str = Field(description="Ce qui est écrit du lieu ; vide aussi quand ce n’est pas (ou plus) partagé.")
    held_by: UUID | None = Field(description="Qui reçoit la personne (une appartenance).")
    state: State = Field(description="Où il en est vraiment : une date à venir tombe avec son orientation.")
    due: bool = Field(description="Passé, et ni tenu ni manqué.")
    excused: bool | None = Field(description="Manqué : la personne avait-elle prévenu ?")
    proposed_by: UUID = Field(description="La structure dont c’est la date : l’autre y répond.")
    moves: list[str] = Field(description="Ce que vous pouvez faire maintenant.", examples=[["confirm", "cancel"]])
    doubts: list[Doubt] = Field(description="À vérifier, après une date prise : un jour fermé, un autre rendez-vous.")
    version: int


class Waiting(StrEnum):
    """Ce que l’on demande de la journée."""

    DAY = "jour"
    TO_RECORD = "a-noter"
    TO_ANSWER = "a-confirmer"
    COMING = "a-venir"


class NewDate(Body):
    """Une date, à l’heure de Paris."""

    day: date
    hour: Annotated[str, Field(max_length=12, examples=["14:30"])]
    minutes: int = USUAL_LENGTH
    place: Place | UUID = Field(Place.OFFICE, description="Un mot, ou l’identifiant d’un lieu public.")
    words: Annotated[str, Field(max_length=LONGEST_WORDS, description="Derrière le partage.")] = ""
    held_by: UUID | None = None
    fixed: bool = Field(False, description="Convenue avec la personne : confirmée tout de suite.")

    def form(self) -> DateForm:
        """The page's form, so that both doors validate alike."""
        given = {"day": self.day, "hour": self.hour, "minutes": self.minutes, "where": self.place, "words": self.words}
        fixed = {"fixed": "oui" if self.fixed else "", "held_by": self.held_by}
        return form_of(DateForm, {**given, **fixed}, {"where": "place", "": "day"})


class OtherDate(NewDate):
    """Une autre date pour le même rendez-vous."""

    version: Version


class Answer(Body):
    """Une réponse à un rendez-vous."""

    version: Version


class Given(Answer):
    """Qui reçoit la personne désormais."""

    held_by: UUID


class Passing(Body):
    """À qui passe ce que suit un collègue absent."""

    to: UUID = Field(description="Un autre collègue (`GET /colleagues`).")


class Passed(BaseModel):
    """Ce qui est passé ; `null` quand la demande est rejouée."""

    referrals: int | None = Field(description="Les orientations qu’il suivait et qui demandent encore quelque chose.")
    dates: int | None = Field(description="Les rendez-vous à venir où il recevait.")
    together: int | None = Field(description="Parmi eux, ceux qui tombent en même temps qu’un autre : à vérifier.")


class Missed(Answer):
    """La personne n’est pas venue."""

    excused: bool = Field(description="Elle avait prévenu.")


def _body(meeting: queries.Meeting, doubts: list[Doubt] | None = None) -> Appointment:
    row, referral = meeting.row, meeting.referral
    return Appointment(
        id=row.id,
        referral=row.referral_id,
        household=row.household_id,
        household_code=referral.row.household_code,
        name=referral.name,
        sender=row.from_organisation_id,
        receiver=row.to_organisation_id,
        starts_at=row.starts_at,
        minutes=row.minutes,
        place=Place(row.place),
        place_id=row.place_id,
        place_label=meeting.place,
        address=meeting.address,
        words=meeting.words,
        held_by=row.held_by,
        state=meeting.state,
        due=meeting.due,
        excused=row.excused,
        proposed_by=row.proposed_by,
        moves=meeting.verbs,
        doubts=doubts or [],
        version=row.version,
    )


def _shown(session: ActorSession, appointment_id: UUID, *, dated: bool = False) -> Appointment:
    meeting = queries.show(session, appointment_id)
    row = meeting.row
    doubts = queries.doubts(session, meeting.referral, row.starts_at, row.minutes, row.held_by, row.id)
    return _body(meeting, doubts if dated else None)


# ------------------------------------------------------------------ reading


@router.get("/appointments", summary="Les rendez-vous de la structure", dependencies=READS)
def appointments(
    session: Walled,
    day: Annotated[date | None, Query(description="Aujourd’hui sinon.")] = None,
    basket: Annotated[Waiting, Query(description="Reçus ce jour, à noter, dates à confirmer, à venir.")] = Waiting.DAY,
) -> list[Appointment]:
    """La journée de la structure qui reçoit, ou l’une de ses bannettes : 200 rendez-vous au plus."""
    asked = day or today()
    if not 2000 < asked.year < 2200:
        raise Invalid([("day", "Ce jour est trop lointain.")])
    desk = queries.desk(session, asked)
    lists = {
        Waiting.DAY: desk.today,
        Waiting.TO_RECORD: desk.to_record,
        Waiting.TO_ANSWER: desk.to_answer,
        Waiting.COMING: desk.coming,
    }
    return [_body(meeting) for meeting in lists[basket]]


@router.get("/referrals/{referral_id}/appointments", summary="Les rendez-vous d’une orientation", dependencies=READS)
def of_referral(session: Walled, referral_id: UUID) -> list[Appointment]:
    """Le plus tardif d’abord."""
    if not lines_by_id(session, {referral_id}):
        raise NotKnown
    return [_body(meeting) for meeting in queries.of_referral(session, referral_id)]


# ------------------------------------------------------------------ what is written


@router.post(
    "/referrals/{referral_id}/appointments", status_code=201, summary="Prendre un rendez-vous", dependencies=ANSWERS
)
def take(session: Walled, once: OnceOnly, referral_id: UUID, asked: NewDate) -> Appointment:
    """Par l’une des deux structures, sur une orientation transmise et en cours. Proposé à l’autre, ou confirmé tout de
    suite avec `fixed`. Un jour fermé ou un autre rendez-vous au même moment se lisent dans `doubts`, sans refus."""
    form = asked.form()
    made = once.made(asked, lambda: service.take(session, referral_id, form))
    return _shown(session, made, dated=True)


@router.post("/appointments/{appointment_id}/other-date", summary="Donner une autre date", dependencies=ANSWERS)
def other_date(session: Walled, once: OnceOnly, appointment_id: UUID, asked: OtherDate) -> Appointment:
    """Le même rendez-vous, déplacé : l’autre structure répond, sauf avec `fixed`."""
    form = asked.form()
    moved = once.made(asked, lambda: service.move_date(session, appointment_id, asked.version, form))
    return _shown(session, moved, dated=True)


@router.post("/appointments/{appointment_id}/confirm", summary="Confirmer une date", dependencies=ANSWERS)
def confirm(session: Walled, once: OnceOnly, appointment_id: UUID, asked: Answer) -> Appointment:
    """Réservé à la structure à qui la date est proposée."""
    return _shown(session, once.made(asked, lambda: service.confirm(session, appointment_id, asked.version)))


@router.post("/appointments/{appointment_id}/decline", summary="Décliner une date", dependencies=ANSWERS)
def decline(session: Walled, once: OnceOnly, appointment_id: UUID, asked: Answer) -> Appointment:
    """Réservé à la structure à qui la date est proposée."""
    return _shown(session, once.made(asked, lambda: service.decline(session, appointment_id, asked.version)))


@router.post("/appointments/{appointment_id}/give", summary="Confier à un collègue", dependencies=ANSWERS)
def give(session: Walled, once: OnceOnly, appointment_id: UUID, asked: Given) -> Appointment:
    """Réservé à la structure qui reçoit : la date ne change pas."""
    return _shown(
        session, once.made(asked, lambda: service.give(session, appointment_id, asked.version, asked.held_by))
    )


@router.post("/appointments/{appointment_id}/cancel", summary="Annuler un rendez-vous", dependencies=ANSWERS)
def cancel(session: Walled, once: OnceOnly, appointment_id: UUID, asked: Answer) -> Appointment:
    """Par l’une ou l’autre structure."""
    return _shown(session, once.made(asked, lambda: service.cancel(session, appointment_id, asked.version)))


@router.post("/appointments/{appointment_id}/keep", summary="La personne est venue", dependencies=ANSWERS)
def keep(session: Walled, once: OnceOnly, appointment_id: UUID, asked: Answer) -> Appointment:
    """Réservé à la structure qui reçoit, une fois l’heure venue. C’est un contact avec le foyer."""
    return _shown(session, once.made(asked, lambda: service.keep(session, appointment_id, asked.version)))


@router.post("/appointments/{appointment_id}/miss", summary="La personne n’est pas venue", dependencies=ANSWERS)
def miss(session: Walled, once: OnceOnly, appointment_id: UUID, asked: Missed) -> Appointment:
    """Réservé à la structure qui reçoit, une fois l’heure venue."""

    def deed() -> Row:
        return service.miss(session, appointment_id, asked.version, excused=asked.excused)

    return _shown(session, once.made(asked, deed))


@router.post("/colleagues/{member_id}/hand-over", summary="Passer ce que suit un collègue absent", dependencies=ANSWERS)
def hand_over(session: Walled, once: OnceOnly, member_id: UUID, asked: Passing) -> Passed:
    """Ses orientations et ses rendez-vous à venir, d’un seul geste : tout passe, ou rien. 409 si la personne choisie ne
    répond pas aux orientations de votre structure, ou s’il n’y a rien à passer."""
    done: list[service.Passed] = []

    def deed() -> UUID:
        done.append(service.pass_on(session, member_id, asked.to))
        return member_id

    once.do(asked, deed)
    return Passed(**vars(done[0])) if done else Passed(referrals=None, dates=None, together=None)
