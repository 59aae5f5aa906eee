"""Acts on a family in time: who leaves, comes back or dies, and who is the person of reference then."""

from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID

from coordination.audit.service import act
from coordination.households.forms import DeathForm, LeaveForm, ReturnForm
from coordination.households.models import Household, Person, Stay
from coordination.households.queries import held_open, stays_of
from coordination.households.rules import EndReason, Link, present
from coordination.households.service import end_left_agreements, latest_stay, refuse_clash, refuse_wrong_reference
from coordination.identity.permissions import Permission
from coordination.kit.clock import PARIS
from coordination.kit.db import ActorSession, lock
from coordination.kit.errors import NotKnown, NotNow, Stale

NEXT_DAY = timedelta(days=1)


class AlreadyGone(NotNow):
    """Cette personne avait déjà quitté le foyer à cette date. Rien n’a été modifié."""


class NotYetThere(NotNow):
    """Cette date est avant l’arrivée de la personne dans le foyer, ou avant le dernier changement de son lien.
    Rien n’a été modifié."""


class WhoIsReference(NotNow):
    """C’est la personne de référence : choisissez qui le devient parmi celles qui restent. Rien n’a été modifié."""

    field = "successor"


class Deceased(NotNow):
    """Le décès de cette personne est déjà noté. Rien n’a été modifié."""


class StillThere(NotNow):
    """Cette personne est encore dans le foyer à cette date. Rien n’a été modifié."""


def person_to_change(session: ActorSession, household_id: UUID, person_id: UUID, version: int) -> Person:
    """The person, locked, as she was when the screen was opened. Raises `NotKnown` or `Stale`."""
    person: Person | None = lock(session, Person, person_id)
    if person is None or person.household_id != household_id:
        raise NotKnown
    if person.version != version:
        raise Stale
    return person


def reach_back(session: ActorSession, file: Household, last: date) -> None:
    """Who was there when the file was opened lived there before: an event of an earlier day says until when at least.

    A stay that begins the day of the opening (by hand or by an import) begins on `last` instead, or at birth.
    """
    opened = file.opened_at.astimezone(PARIS).date()
    stays = stays_of(session, file.id) if last < opened else []
    known_before = {stay.person_id for stay in stays if stay.from_date < opened}
    for stay in stays:
        if stay.from_date == opened and stay.person_id not in known_before:
            person = session.get_one(Person, stay.person_id)
            stay.from_date = min(opened, max(last, person.birth_date or last))
            person.version += 1
    session.flush()


@act("person.leave", "Départ d’une personne du foyer", needs=Permission.EDIT_FILES)
def leave(session: ActorSession, household_id: UUID, person_id: UUID, form: LeaveForm) -> Stay:
    """Somebody leaves the household; `form.on` is her last day. The composition of earlier days stays."""
    file = held_open(session, household_id)
    person = person_to_change(session, household_id, person_id, form.version)
    person.version += 1
    reach_back(session, file, form.on)
    ended = end_stay(session, person, form.on, form.reason, form.successor)
    end_left_agreements(session, household_id)
    return ended


@act("person.die", "Décès d’une personne du foyer", needs=Permission.EDIT_FILES)
def die(session: ActorSession, household_id: UUID, person_id: UUID, form: DeathForm) -> Person:
    """Somebody died: she is no longer of the household, nothing is addressed to her, her past stays readable."""
    file = held_open(session, household_id)
    person = person_to_change(session, household_id, person_id, form.version)
    if person.deceased_on is not None:
        raise Deceased
    if person.birth_date is not None and form.on < person.birth_date:
        raise NotNow("Cette date est avant la naissance de la personne. Rien n’a été modifié.")
    reach_back(session, file, form.on)
    last = latest_stay(stays_of(session, household_id), person_id)
    person.deceased_on = form.on
    person.version += 1
    if last.until_date is None or last.until_date > form.on:
        end_stay(session, person, form.on, EndReason.DEATH, form.successor)
    session.flush()
    end_left_agreements(session, household_id)
    return person


@act("person.return", "Retour d’une personne dans le foyer", needs=Permission.EDIT_FILES)
def come_back(session: ActorSession, household_id: UUID, person_id: UUID, form: ReturnForm) -> Stay:
    """Somebody who had left lives in the household again: a new stay of the same person, from `form.on`."""
    held_open(session, household_id)
    person = person_to_change(session, household_id, person_id, form.version)
    if person.deceased_on is not None:
        raise Deceased
    stays = stays_of(session, household_id)
    last = latest_stay(stays, person_id)
    if last.until_date is None or last.until_date >= form.on:
        raise StillThere
    refuse_wrong_reference(stays, form.link, None)
    again = add_stay(session, last, form.on, form.link)
    again.weight = form.weight
    refuse_clash([*stays, again])
    person.version += 1
    session.flush()
    return again


def end_stay(session: ActorSession, person: Person, on: date, reason: EndReason, successor: UUID | None) -> Stay:
    """Ends the person's stay, `on` its last day; if she was the reference, `successor` is from the next day on.

    Two people may go or die on one day, written in any order: who was to follow the first, and was gone too, never did.
    """
    stays = stays_of(session, person.household_id)
    last = latest_stay(stays, person.id)
    if last.until_date is not None and last.until_date <= on:
        raise AlreadyGone
    stay, since = last, on + NEXT_DAY
    if on < last.from_date:
        stay, since = _stay_before(stays, last, on), last.from_date
        session.delete(last)
        session.flush()
        stays.remove(last)
    stay.until_date = on
    stay.end_reason = reason.value
    if last.link == Link.REFERENCE:
        hand_reference(session, stays, since, successor)
    session.flush()
    refuse_clash(stays_of(session, person.household_id))
    return stay


def _stay_before(stays: Sequence[Stay], last: Stay, on: date) -> Stay:
    """The stay of which `last`, as the reference, is but the sequel, when that day is in it. Raises `NotYetThere`."""
    for stay in stays if last.link == Link.REFERENCE else ():
        follows = stay.person_id == last.person_id and stay.until_date == last.from_date - NEXT_DAY
        if follows and stay.end_reason == EndReason.NEW_LINK and stay.from_date <= on:
            return stay
    raise NotYetThere


def hand_reference(session: ActorSession, stays: Sequence[Stay], day: date, successor: UUID | None) -> None:
    """Makes `successor` the person of reference from `day` on; nobody when the home is empty then."""
    staying = [stay for stay in stays if stay.until_date is None]
    if not staying:
        return
    heir = next((stay for stay in staying if stay.person_id == successor), None)
    if heir is None:
        raise WhoIsReference
    if not present(heir, day):
        raise WhoIsReference("La personne choisie n’était pas encore dans le foyer. Rien n’a été modifié.")
    change_link(session, heir, day, Link.REFERENCE)


def change_link(session: ActorSession, stay: Stay, day: date, link: Link) -> Stay:
    """From `day` on the person has another link: a stay of its own, so that the days before keep the former one."""
    if stay.from_date == day:
        stay.link = link.value
        return stay
    until, reason = stay.until_date, stay.end_reason
    stay.until_date = day - NEXT_DAY
    stay.end_reason = EndReason.NEW_LINK.value
    session.flush()  # ended before the next begins: the table refuses a day told twice
    again = add_stay(session, stay, day, link)
    again.until_date, again.end_reason = until, reason
    session.flush()
    return again


def add_stay(session: ActorSession, former: Stay, day: date, link: Link) -> Stay:
    """One more stay of the same person of the same file, from `day` on."""
    again = Stay(
        network_id=former.network_id,
        household_id=former.household_id,
        person_id=former.person_id,
        link=link.value,
        weight=former.weight,
        from_date=day,
    )
    session.add(again)
    return again
