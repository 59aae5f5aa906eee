"""Acts on appointments: one verb by act, its event and its line of the journal; public places; a calendar's address."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from coordination.appointments import feeds, queries
from coordination.appointments.forms import DateForm, PlaceForm
from coordination.appointments.models import Appointment, AppointmentEvent, CalendarFeed, ReceptionPlace
from coordination.appointments.rules import PLANNED, Place, State, date_fault, find_move, overlap
from coordination.audit.service import act
from coordination.identity.permissions import Permission
from coordination.identity.rules import token_hash
from coordination.kit.clock import now
from coordination.kit.db import ActorSession, lock
from coordination.kit.errors import NotKnown, NotNow, Stale
from coordination.kit.web import datetime_fr
from coordination.referrals import following
from coordination.referrals import queue as referral_queue
from coordination.referrals import service as referrals
from coordination.referrals.queries import Line

ANSWERS = Permission.ANSWER_REFERRALS


class NoDate(NotNow):
    """Un rendez-vous se prend sur une orientation transmise et en cours, par l’une de ses deux structures.
    Rien n’a été modifié."""


class BadDate(NotNow):
    """Cette date ne peut pas être prise. Rien n’a été modifié."""

    status = 422


class AlreadyTaken(NotNow):
    """Ce rendez-vous est déjà noté. Rien n’a été modifié."""


class AlreadyMoved(NotNow):
    """Quelqu’un a répondu avant vous. Rien n’a été modifié."""

    title = "Quelqu’un a été plus rapide"


class NoSuchPlace(NotNow):
    """Ce lieu n’est plus proposé : rechargez la page et choisissez-en un autre. Rien n’a été modifié."""


class NoSuchHolder(NotNow):
    """Choisissez une personne de la structure qui reçoit. Rien n’a été modifié."""


class NothingToPass(NotNow):
    """Cette personne ne suit aucune orientation en cours et n’a aucun rendez-vous à venir. Rien n’a été modifié."""

    field = "from_whom"


class NoSuchFeed(NotNow):
    """Vous n’avez pas d’adresse de calendrier en service. Rien n’a été modifié."""


# ------------------------------------------------------------------ a new one


def take(session: ActorSession, referral_id: UUID, form: DateForm) -> Appointment:
    """Proposes a date to the other side, or fixes it when it was agreed with the person; an outside service has said
    it already."""
    return (fix if _agreed(session, referral_id, form) else propose)(session, referral_id, form)


def _agreed(session: ActorSession, referral_id: UUID, form: DateForm) -> bool:
    return bool(form.fixed) or _line(session, referral_id).outside


@act("appointment.propose", "Rendez-vous proposé", needs=ANSWERS)
def propose(session: ActorSession, referral_id: UUID, form: DateForm) -> Appointment:
    """The other side confirms it, declines it or proposes another date."""
    return _new(session, referral_id, form, State.PROPOSED, "propose")


@act("appointment.fix", "Rendez-vous fixé", needs=ANSWERS)
def fix(session: ActorSession, referral_id: UUID, form: DateForm) -> Appointment:
    """Agreed with the person, who is there or on the line."""
    return _new(session, referral_id, form, State.CONFIRMED, "fix")


def _new(session: ActorSession, referral_id: UUID, form: DateForm, state: State, verb: str) -> Appointment:
    session.door("pg_advisory_xact_lock(hashtextextended(cast(:id as text), 2))", id=referral_id)
    line = _line(session, referral_id)
    if not queries.may_take(line):
        raise NoDate
    same = [m for m in queries.of_referral(session, referral_id) if m.state in PLANNED]
    if any(m.row.starts_at == form.starts_at for m in same):
        raise AlreadyTaken
    member, at = session.member, now()
    row = Appointment(
        network_id=line.row.network_id,
        household_id=line.row.household_id,
        referral_id=line.row.id,
        from_organisation_id=line.row.from_organisation_id,
        to_organisation_id=queries.host_of(line),
        proposed_by=member.organisation_id,
        state=state.value,
        created_at=at,
        created_by=member.membership_id,
        moved_at=at,
        moved_by=member.membership_id,
        **_dated(session, line, form, None),
    )
    session.add(row)
    return _told(session, row, verb)


def _line(session: ActorSession, referral_id: UUID) -> Line:
    found = referral_queue.lines_by_id(session, {referral_id}).get(referral_id)
    if found is None:
        raise NotKnown
    return found


def _dated(session: ActorSession, line: Line, form: DateForm, held_by: UUID | None) -> dict[str, Any]:
    """When, for how long, where, with whom; words are kept behind the share, as a message of the referral."""
    if fault := date_fault(form.starts_at, now()):
        raise BadDate(f"{fault} Rien n’a été enregistré.")
    ends = (line.row.from_organisation_id, queries.host_of(line))
    place_id = form.where if isinstance(form.where, UUID) else None
    if place_id is not None and place_id not in {p.id for p in queries.places_of(session, ends)}:
        raise NoSuchPlace
    holder = form.held_by or held_by or queries.usual_holder(session, line)
    if form.held_by is not None and form.held_by not in dict(queries.holders(session, line)):
        raise NoSuchHolder
    told = referrals.keep_words(session, line.row.id, form.words)
    return {
        "starts_at": form.starts_at,
        "minutes": form.minutes,
        "place": form.where.value if isinstance(form.where, Place) else Place.OFFICE.value,
        "place_id": place_id,
        "words_id": told.id if told else None,
        "held_by": holder,
    }


# ------------------------------------------------------------------ answers


@act("appointment.confirm", "Rendez-vous confirmé", needs=ANSWERS)
def confirm(session: ActorSession, appointment_id: UUID, version: int) -> Appointment:
    """The side that was asked says yes; at the host's, somebody receives the person from then on."""
    row, target = _locked(session, appointment_id, version, "confirm")
    holder = row.held_by or queries.usual_holder(session, _line(session, row.referral_id))
    return _done(session, row, "confirm", target, held_by=holder)


@act("appointment.decline", "Date de rendez-vous déclinée", needs=ANSWERS)
def decline(session: ActorSession, appointment_id: UUID, version: int) -> Appointment:
    """The side that was asked says no, without another date."""
    row, target = _locked(session, appointment_id, version, "decline")
    return _done(session, row, "decline", target)


def move_date(session: ActorSession, appointment_id: UUID, version: int, form: DateForm) -> Appointment:
    """Another date for the same appointment: proposed, or fixed when it was agreed with the person."""
    row = session.get(Appointment, appointment_id)
    if row is None:
        raise NotKnown
    deed = fix_other if _agreed(session, row.referral_id, form) else propose_other
    return deed(session, appointment_id, version, form)


@act("appointment.other_date", "Autre date de rendez-vous proposée", needs=ANSWERS)
def propose_other(session: ActorSession, appointment_id: UUID, version: int, form: DateForm) -> Appointment:
    """The other side answers."""
    return _redated(session, appointment_id, version, form, "other_date")


@act("appointment.move", "Rendez-vous déplacé", needs=ANSWERS)
def fix_other(session: ActorSession, appointment_id: UUID, version: int, form: DateForm) -> Appointment:
    """Agreed with the person."""
    return _redated(session, appointment_id, version, form, "fix")


def _redated(session: ActorSession, appointment_id: UUID, version: int, form: DateForm, verb: str) -> Appointment:
    row, target = _locked(session, appointment_id, version, verb)
    values = _dated(session, _line(session, row.referral_id), form, row.held_by)
    return _done(session, row, verb, target, **values, proposed_by=session.member.organisation_id)


@act("appointment.give", "Rendez-vous confié à un collègue", needs=ANSWERS)
def give(session: ActorSession, appointment_id: UUID, version: int, to: UUID) -> Appointment:
    """Somebody else receives the person; the date stays."""
    row, target = _locked(session, appointment_id, version, "give")
    if to not in dict(queries.holders(session, _line(session, row.referral_id))):
        raise NoSuchHolder
    return _done(session, row, "give", target, held_by=to)


@act("appointment.cancel", "Rendez-vous annulé", needs=ANSWERS)
def cancel(session: ActorSession, appointment_id: UUID, version: int) -> Appointment:
    """Either side."""
    row, target = _locked(session, appointment_id, version, "cancel")
    return _done(session, row, "cancel", target)


@act("appointment.keep", "Rendez-vous tenu", needs=ANSWERS)
def keep(session: ActorSession, appointment_id: UUID, version: int) -> Appointment:
    """The person came: a contact, from which the file is kept two more years."""
    row, target = _locked(session, appointment_id, version, "keep")
    return _done(session, row, "keep", target, excused=None)


@act("appointment.miss", "Rendez-vous manqué", needs=ANSWERS)
def miss(session: ActorSession, appointment_id: UUID, version: int, *, excused: bool) -> Appointment:
    """The person did not come, and whether she had said so."""
    row, target = _locked(session, appointment_id, version, "miss")
    return _done(session, row, "miss", target, excused=excused)


def _locked(session: ActorSession, appointment_id: UUID, version: int, verb: str) -> tuple[Appointment, State]:
    """The row, locked, and the state this verb brings it to; whoever comes second is told who came first."""
    row: Appointment | None = lock(session, Appointment, appointment_id)
    if row is None:
        raise NotKnown
    standing = queries.standing_of(row, _line(session, row.referral_id))
    if row.version != version:
        when, state = datetime_fr(row.starts_at), standing.truly.label.lower()
        raise AlreadyMoved(f"Le rendez-vous est déjà passé à « {state} », le {when}. Rien n’a été modifié.")
    return row, find_move(verb, standing, queries.sides_of(session, row), now()).target


def _done(session: ActorSession, row: Appointment, verb: str, target: State, **values: Any) -> Appointment:
    """Everything is asked before the row changes: a question in between would write half a move."""
    for name, value in values.items():
        setattr(row, name, value)
    row.state, row.moved_at, row.moved_by = target.value, now(), session.member.membership_id
    row.version += 1
    return _told(session, row, verb)


def _told(session: ActorSession, row: Appointment, verb: str) -> Appointment:
    """The row as it stands from now on, and its event under the same version."""
    session.flush()
    session.add(
        AppointmentEvent(
            network_id=row.network_id,
            appointment_id=row.id,
            at=row.moved_at,
            verb=verb,
            state=row.state,
            starts_at=row.starts_at,
            organisation_id=session.member.organisation_id,
            membership_id=session.member.membership_id,
            version=row.version,
        )
    )
    session.flush()
    return row


# ------------------------------------------------------------------ somebody is away


@dataclass(frozen=True)
class Passed:
    """What went over to a colleague; `together`: dates that fall while she already receives somebody."""

    referrals: int
    dates: int
    together: int


def pass_on(session: ActorSession, from_whom: UUID, to_whom: UUID) -> Passed:
    """The referrals an absent colleague follows, and every date to come on which she receives somebody, to another: all
    or nothing, a line of the journal each. Raises `NoColleague`, `NothingToPass`."""
    referrals_passed = following.hand_over(session, from_whom, to_whom)
    hers = [meeting.slot for meeting in queries.dates_held(session, to_whom)]
    dates = [meeting for meeting in queries.dates_held(session, from_whom) if "give" in meeting.verbs]
    for meeting in dates:
        give(session, meeting.row.id, meeting.row.version, to_whom)
    if not (referrals_passed or dates):
        raise NothingToPass
    return Passed(referrals_passed, len(dates), sum(any(overlap(m.slot, other) for other in hers) for m in dates))


# ------------------------------------------------------------------ public places


@act("place.set", "Lieu d’accueil de la structure", needs=Permission.SET_RECEPTION)
def set_place(session: ActorSession, place_id: UUID | None, form: PlaceForm) -> ReceptionPlace:
    """Adds or changes a public place of one's organisation. Raises `Stale` when a colleague changed it meanwhile."""
    member = session.member
    row: ReceptionPlace | None
    if place_id is None:
        row = ReceptionPlace(
            network_id=member.network_id,
            organisation_id=member.organisation_id,
            name=form.name,
            updated_by=member.membership_id,
            version=0,
        )
    else:
        row = lock(session, ReceptionPlace, place_id)
        if row is None or row.organisation_id != member.organisation_id:
            raise NotKnown
        if row.version != form.version:
            raise Stale
    row.name, row.address, row.closed = form.name, form.address, bool(form.closed)
    row.updated_at, row.updated_by = now(), member.membership_id
    row.version += 1
    session.add(row)
    session.flush()
    return row


# ------------------------------------------------------------------ one's own calendar


@act("calendar.make", "Adresse de calendrier créée", needs=Permission.READ_REFERRALS)
def make_feed(session: ActorSession, token: str) -> CalendarFeed:
    """A new secret address; the one before opens nothing any more. The token is shown once and kept nowhere."""
    member = session.member
    session.door("pg_advisory_xact_lock(hashtextextended(cast(:id as text), 3))", id=member.membership_id)
    if (old := feeds.feed_of(session)) is not None:
        old.revoked_at = now()
        session.flush()
    row = CalendarFeed(
        network_id=member.network_id, membership_id=member.membership_id, token_hash=token_hash(token), made_at=now()
    )
    session.add(row)
    session.flush()
    return row


@act("calendar.revoke", "Adresse de calendrier retirée", needs=None)
def revoke_feed(session: ActorSession) -> CalendarFeed:
    """Its address opens nothing from now on."""
    row = feeds.feed_of(session)
    if row is None:
        raise NoSuchFeed
    row.revoked_at = now()
    session.flush()
    return row
