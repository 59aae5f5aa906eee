"""Reads of appointments: those of a referral, of a day, those that wait for an answer or to be recorded."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, or_
from sqlmodel import col, select

from coordination.appointments.models import Appointment, AppointmentEvent, ReceptionPlace
from coordination.appointments.rules import (
    EVENT_WORDS,
    PLANNED,
    RECORDED,
    Doubt,
    Place,
    Standing,
    State,
    Whose,
    day_bounds,
    doubts_of,
    open_verbs,
    whose,
)
from coordination.identity import queries as identity
from coordination.identity.permissions import Permission, permissions_of
from coordination.kit.clock import PARIS, now
from coordination.kit.db import ActorSession
from coordination.kit.errors import NotKnown
from coordination.kit.web import datetime_fr, hour_fr
from coordination.referrals import following, receptions
from coordination.referrals import queries as referrals
from coordination.referrals import queue as referral_queue
from coordination.referrals.machine import CARRIED_STATES, WRITERS
from coordination.referrals.opening import Opening

MOST = 200
AROUND = timedelta(hours=4)


# ------------------------------------------------------------------ one appointment, dressed


@dataclass(frozen=True)
class Meeting:
    """An appointment as the actor may see it: `state` is where it truly stands, `words` only behind the share."""

    row: Appointment
    state: State
    referral: referrals.Line
    sides: frozenset[Whose]
    verbs: list[str]
    place: str
    address: str
    """Of a public place; empty otherwise."""

    words: str
    holder: str
    due: bool

    @property
    def day(self) -> date:
        return self.row.starts_at.astimezone(PARIS).date()

    @property
    def hours(self) -> str:
        """« 9 h 30 à 10 h »."""
        return f"{hour_fr(self.row.starts_at)} à {hour_fr(self.ends_at)}"

    @property
    def ends_at(self) -> datetime:
        return self.row.starts_at + timedelta(minutes=self.row.minutes)

    @property
    def slot(self) -> tuple[datetime, int]:
        """When it begins, and its minutes."""
        return self.row.starts_at, self.row.minutes

    @property
    def label(self) -> str:
        if self.state is State.MISSED and self.row.excused is not None:
            return f"{self.state.label}, {'excusée' if self.row.excused else 'sans prévenir'}"
        return "À noter" if self.due else self.state.label

    @property
    def tone(self) -> str:
        return "warning" if self.due else self.state.tone


def standing_of(row: Appointment, line: referrals.Line) -> Standing:
    """What decides what may still be done with a row of this referral."""
    open_ = line.state in CARRIED_STATES and not line.row.by_hand
    return Standing(State(row.state), row.starts_at, row.moved_at, open_, line.row.closed_at)


def sides_of(session: ActorSession, row: Appointment) -> frozenset[Whose]:
    """What my organisation is to an appointment; nothing to a coordinator who only reads."""
    return whose(
        session.member.organisation_id,
        host=row.to_organisation_id,
        sender=row.from_organisation_id,
        proposed_by=row.proposed_by,
    )


def dressed(session: ActorSession, rows: Sequence[Appointment], at: datetime | None = None) -> list[Meeting]:
    """Rows for a list, in their order; a few questions for all of them."""
    at = at or now()
    lines = referral_queue.lines_by_id(session, {row.referral_id for row in rows})
    names = identity.member_names(session, {row.held_by for row in rows if row.held_by})
    places = {place.id: place for place in _places(session, {row.place_id for row in rows if row.place_id})}
    words = referrals.words_by_id(session, {row.words_id for row in rows if row.words_id})
    found = []
    for row in rows:
        if (line := lines.get(row.referral_id)) is None:
            continue
        standing, sides = standing_of(row, line), sides_of(session, row)
        place = places.get(row.place_id) if row.place_id else None
        found.append(
            Meeting(
                row=row,
                state=standing.truly,
                referral=line,
                sides=sides,
                verbs=[verb for verb in open_verbs(standing, sides, at) if not (line.outside and verb == "give")],
                place=_place(row, line, place),
                address=place.address if place else "",
                words=words.get(row.words_id, "") if row.words_id else "",
                holder=names.get(row.held_by, "") if row.held_by else "",
                due=standing.due(at),
            )
        )
    return found


def _place(row: Appointment, line: referrals.Line, place: ReceptionPlace | None) -> str:
    if place is not None:
        return place.name
    return {Place.OFFICE: line.receiver, Place.PHONE: "Par téléphone", Place.OTHER: "Ailleurs"}[Place(row.place)]


def may_take(line: referrals.Line) -> bool:
    """Whether a date may be taken on a referral by this side of it."""
    return not line.row.by_hand and line.state in CARRIED_STATES and bool(line.sides & WRITERS)


def host_of(line: referrals.Line) -> UUID:
    """The organisation that receives the person; in the place of an outside service, which keeps no diary here, whoever
    refers to it and is told the date."""
    return line.row.to_organisation_id or line.row.from_organisation_id


def show(session: ActorSession, appointment_id: UUID) -> Meeting:
    """One appointment. Raises `NotKnown`."""
    row = session.get(Appointment, appointment_id)
    found = dressed(session, [row]) if row is not None else []
    if not found:
        raise NotKnown
    return found[0]


def of_referral(session: ActorSession, referral_id: UUID) -> list[Meeting]:
    """The appointments of a referral, the latest date first."""
    query = select(Appointment).where(Appointment.referral_id == referral_id)
    return dressed(session, session.exec(query.order_by(col(Appointment.starts_at).desc())).all())


def recorded_of(session: ActorSession, household_id: UUID) -> list[Meeting]:
    """The appointments a household kept or missed, of the referrals the actor may see."""
    query = select(Appointment).where(
        Appointment.household_id == household_id, col(Appointment.state).in_([state.value for state in RECORDED])
    )
    return dressed(session, session.exec(query.order_by(col(Appointment.starts_at))).all())


@dataclass(frozen=True)
class Happened:
    """One step of an appointment, for the referral's timeline."""

    at: datetime
    title: str
    text: str
    organisation: str
    name: str
    tone: str


def history(session: ActorSession, referral_id: UUID) -> list[Happened]:
    """What happened to the appointments of a referral, the oldest first."""
    query = (
        select(AppointmentEvent)
        .join(Appointment, col(Appointment.id) == AppointmentEvent.appointment_id)
        .where(Appointment.referral_id == referral_id)
        .order_by(col(AppointmentEvent.at), col(AppointmentEvent.version))
    )
    events = session.exec(query).all()
    partners = identity.organisations(session) if events else {}
    names = identity.member_names(session, {e.membership_id for e in events})
    return [
        Happened(
            e.at,
            EVENT_WORDS[e.verb],
            datetime_fr(e.starts_at).capitalize(),
            partners[e.organisation_id].name,
            names.get(e.membership_id, ""),
            State(e.state).tone,
        )
        for e in events
    ]


# ------------------------------------------------------------------ what there is to do


@dataclass(frozen=True)
class Desk:
    """What waits for my organisation: received that day, to record, to answer, to come after today."""

    today: list[Meeting] = field(default_factory=list)
    to_record: list[Meeting] = field(default_factory=list)
    to_answer: list[Meeting] = field(default_factory=list)
    coming: list[Meeting] = field(default_factory=list)


def desk(session: ActorSession, day: date, at: datetime | None = None) -> Desk:
    """The day of the organisation, and its baskets: each is a list, and its count is the list's."""
    at = at or now()
    own = session.member.organisation_id
    host, either = _host(own), or_(_host(own), col(Appointment.from_organisation_id) == own)
    start, end = day_bounds(day)
    planned = col(Appointment.state).in_([state.value for state in PLANNED])
    proposed = (col(Appointment.state) == State.PROPOSED.value) & (col(Appointment.proposed_by) != own)
    when = col(Appointment.starts_at)
    asked = (
        [host, when >= start, when < end],
        [host, planned, when <= at],
        [either, proposed, when > at],
        [either, planned, when >= max(at, day_bounds(at.astimezone(PARIS).date())[1])],
    )
    rows = [_rows(session, where) for where in asked]
    meetings = {
        m.row.id: m for m in dressed(session, list({row.id: row for part in rows for row in part}.values()), at)
    }
    today, to_record, to_answer, coming = ([meetings[r.id] for r in part if r.id in meetings] for part in rows)
    return Desk(
        today=[m for m in today if m.state in PLANNED | RECORDED and not m.referral.outside],
        to_record=[m for m in to_record if m.due],
        to_answer=[m for m in to_answer if m.state is State.PROPOSED],
        coming=[m for m in coming if m.state in PLANNED and m not in to_answer],
    )


def _host(own: UUID) -> ColumnElement[bool]:
    return col(Appointment.to_organisation_id) == own


def _rows(
    session: ActorSession, where: Sequence[ColumnElement[bool]], most: int | None = MOST
) -> Sequence[Appointment]:
    query = select(Appointment).where(Appointment.network_id == session.member.network_id, *where)
    return session.exec(query.order_by(col(Appointment.starts_at), col(Appointment.id)).limit(most)).all()


# ------------------------------------------------------------------ what a date calls for


def doubts(
    session: ActorSession,
    line: referrals.Line,
    starts_at: datetime,
    minutes: int,
    holder: UUID | None,
    but: UUID | None = None,
) -> list[Doubt]:
    """What is worth a second look before a date is taken; `but` is the appointment being moved."""
    opening = receptions.opening_there(session, line.row) or (None if line.outside else Opening())
    others: Sequence[Appointment] = []
    if holder is not None:
        query = select(Appointment).where(
            Appointment.held_by == holder,
            col(Appointment.starts_at).between(starts_at - AROUND, starts_at + AROUND),
            col(Appointment.state).in_([state.value for state in PLANNED]),
        )
        others = session.exec(query).all()
    return doubts_of(
        is_open=opening is None or opening.is_open(starts_at.astimezone(PARIS).date()),
        others=[(o.starts_at, o.minutes) for o in others if o.id != but],
        mine=(starts_at, minutes),
    )


def doubt_words(doubt: Doubt, host: str) -> str:
    """The sentence of a doubt."""
    return {
        Doubt.CLOSED: f"{host} n’accueille pas ce jour-là, d’après ses jours d’ouverture.",
        Doubt.BUSY: "La personne qui reçoit a déjà un rendez-vous à ce moment-là.",
    }[doubt]


def holders(session: ActorSession, line: referrals.Line) -> list[tuple[UUID, str]]:
    """Who may receive somebody at the host's: id and name, by name. Nobody chooses among a partner's people, nor among
    those of a service."""
    if line.row.to_organisation_id != session.member.organisation_id:
        return []
    people = identity.active_members(session, session.member.organisation_id)
    return [(row.id, row.name) for row in people if Permission.ANSWER_REFERRALS in permissions_of(row.roles)]


def usual_holder(session: ActorSession, line: referrals.Line) -> UUID | None:
    """Who receives, when nobody says: at the host's, whoever follows the referral, else whoever acts."""
    named = dict(holders(session, line))
    given = following.assignment_of(session, line.row.id) if named else None
    if given is not None and given.membership_id in named:
        return given.membership_id
    return session.member.membership_id if session.member.membership_id in named else None


def dates_held(session: ActorSession, by: UUID | None = None) -> list[Meeting]:
    """The dates to come on which somebody of my organisation receives a person, the next first; all hers, or all."""
    holder = col(Appointment.held_by)
    held = holder.is_not(None) if by is None else holder == by
    where = [_host(session.member.organisation_id), held, col(Appointment.starts_at) > now()]
    return [meeting for meeting in dressed(session, _rows(session, where, None)) if meeting.state in PLANNED]


# ------------------------------------------------------------------ places


def _places(session: ActorSession, ids: Iterable[UUID]) -> Sequence[ReceptionPlace]:
    wanted = list(ids)
    return session.exec(select(ReceptionPlace).where(col(ReceptionPlace.id).in_(wanted))).all() if wanted else []


def places_of(session: ActorSession, organisations: Iterable[UUID], *, closed: bool = False) -> list[ReceptionPlace]:
    """The public places of these organisations, by name; the closed ones when asked."""
    query = select(ReceptionPlace).where(col(ReceptionPlace.organisation_id).in_(list(organisations)))
    if not closed:
        query = query.where(col(ReceptionPlace.closed).is_(False))
    return list(session.exec(query.order_by(col(ReceptionPlace.name), col(ReceptionPlace.id))))
