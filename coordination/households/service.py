"""Acts on household files: opening one, its people, its profile."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from uuid import UUID, uuid4

from sqlalchemy.exc import IntegrityError

from coordination.audit.service import act, reading
from coordination.households.forms import NewFileForm, PersonForm, PersonRow, ProfileForm
from coordination.households.matching import keys_of
from coordination.households.models import Household, HouseholdProfile, Person, PersonActivity, Stay
from coordination.households.protection import protection_of
from coordination.households.queries import held_open, stays_of
from coordination.households.rules import (
    CODE_ALPHABET,
    CODE_LENGTH,
    Activity,
    BirthDate,
    Clash,
    Link,
    Precision,
    clash,
    household_code,
)
from coordination.identity.permissions import Permission
from coordination.kit.clock import now, today
from coordination.kit.db import ActorSession, lock
from coordination.kit.errors import NotKnown, NotNow, Stale
from coordination.kit.text import fold

# Written by the door itself, whatever it answers.
reading("network.ask", "Question au réseau : ce foyer a-t-il un dossier ?")
reading("network.ask_refused", "Question au réseau refusée : trop de questions dans la journée")

DRAWS = 5
SHARED_CUSTODY = Decimal("0.5")


class OneReference(NotNow):
    """Le foyer a déjà une personne de référence. Rien n’a été modifié."""


class Impossible(NotNow):
    """Ces dates ne vont pas ensemble. Rien n’a été modifié."""


IMPOSSIBLE = {
    Clash.BACKWARDS: "La date de départ est avant la date d’arrivée. Rien n’a été modifié.",
    Clash.TWICE: "Cette personne serait deux fois dans le foyer le même jour. Rien n’a été modifié.",
    Clash.TWO_REFERENCES: "Le foyer aurait deux personnes de référence le même jour. Rien n’a été modifié.",
}


@act("household.open", "Dossier créé", needs=Permission.OPEN_FILES)
def open_file(session: ActorSession, form: NewFileForm, draw: Callable[[int], int] = secrets.randbelow) -> Household:
    """Opens a file held by one's own organisation, with its first people. `draw(n)`: a number below n, for the code."""
    return make_file(session, form, draw=draw)


def make_file(
    session: ActorSession,
    form: NewFileForm,
    contact: Mapping[str, str] | None = None,
    draw: Callable[[int], int] = secrets.randbelow,
) -> Household:
    """The file without its line in the journal: an import writes those of all its files last.

    `contact`: its address, phone and email, when they are known.
    """
    file_id = new_file(session, draw)
    author = session.member
    profile = HouseholdProfile(
        household_id=file_id, network_id=author.network_id, commune=form.commune, updated_by=author.membership_id
    )
    for name, value in (contact or {}).items():
        setattr(profile, name, value)
    session.add(profile)
    since = today()
    add_to_file(session, file_id, form.family_name, form.given_name, form.birth_date, Link.REFERENCE, Decimal(1), since)
    for row in form.people:
        _add_row(session, file_id, form.family_name, row, since)
    session.flush()
    return session.get_one(Household, file_id)


def known_in_network(session: ActorSession, family_name: str, given_name: str, birth: BirthDate) -> bool | None:
    """Whether a file of the network that one may not see has somebody of exactly this name and full birth date.

    Both names and the whole date are needed, or nothing is asked (False). None: too many questions today. Commit it,
    whatever the page then answers: the question counts.
    """
    if not fold(family_name) or not fold(given_name) or birth.precision is not Precision.DAY:
        return False
    answer: bool | None = session.door(
        "access.known_in_network(:name, :born)", name=fold(f"{family_name} {given_name}"), born=birth.first
    )
    return answer


def new_file(session: ActorSession, draw: Callable[[int], int]) -> UUID:
    """The bare file and its holder's share, through the door; a code drawn twice is drawn again."""
    for _ in range(DRAWS):
        file_id = uuid4()
        code = household_code(draw(len(CODE_ALPHABET)) for _ in range(CODE_LENGTH))
        try:
            with session.begin_nested():
                session.door("access.open_file(:id, :code)", id=file_id, code=code)
        except IntegrityError:
            continue
        return file_id
    raise NotNow("Aucun code libre n’a pu être tiré : réessayez. Rien n’a été enregistré.")


def _add_row(session: ActorSession, file_id: UUID, family_name: str, row: PersonRow, since: date) -> None:
    weight = SHARED_CUSTODY if row.link is Link.SHARED_CHILD else Decimal(1)
    name = row.family_name or family_name
    add_to_file(session, file_id, name, row.given_name, row.birth_date, row.link, weight, since)


def add_to_file(
    session: ActorSession,
    file_id: UUID,
    family_name: str,
    given_name: str,
    birth: BirthDate,
    link: Link,
    weight: Decimal,
    since: date,
    until: date | None = None,
) -> Person:
    """A new person of a file and her first stay; nothing is checked here."""
    person = Person(network_id=session.member.network_id, household_id=file_id, family_name="")
    _name(person, family_name, given_name, birth)
    session.add(person)
    session.flush()
    session.add(
        Stay(
            network_id=person.network_id,
            household_id=file_id,
            person_id=person.id,
            link=link.value,
            weight=weight,
            from_date=since,
            until_date=until,
        )
    )
    session.flush()
    return person


def _name(person: Person, family_name: str, given_name: str, birth: BirthDate) -> None:
    person.family_name = family_name
    person.given_name = given_name
    person.birth_date = birth.first
    person.birth_precision = birth.precision.value
    person.name_folded = fold(f"{family_name} {given_name}")
    person.name_keys = keys_of(person.network_id, person.name_folded)


class AddressKeptApart(NotNow):
    """Ce dossier est protégé : son adresse ne s’écrit pas ici, mais dans « Protection », où seules les personnes
    désignées la lisent. Rien n’a été enregistré."""


@act("household.profile", "Situation du foyer modifiée", needs=Permission.EDIT_FILES)
def update_profile(session: ActorSession, household_id: UUID, form: ProfileForm) -> HouseholdProfile:
    """Changes where and how the household lives; what was not sent stays. Raises `Stale` when it changed meanwhile."""
    held_open(session, household_id)
    profile: HouseholdProfile | None = lock(session, HouseholdProfile, household_id)
    if profile is None:
        raise NotKnown
    if profile.version != form.version:
        raise Stale
    if form.address and protection_of(session, household_id) is not None:
        raise AddressKeptApart
    for name, value in form.model_dump(exclude={"version"}, exclude_unset=True).items():
        setattr(profile, name, "" if value is None else str(value))
    profile.version += 1
    profile.updated_at = now()
    profile.updated_by = session.member.membership_id
    return profile


@act("person.join", "Personne ajoutée au foyer", needs=Permission.EDIT_FILES)
def add_person(session: ActorSession, household_id: UUID, form: PersonForm) -> Person:
    """Somebody joins the household, from a day on."""
    held_open(session, household_id)
    refuse_wrong_reference(stays_of(session, household_id), form.link, form.until_date)
    since = form.from_date or today()
    if form.until_date is not None and form.until_date < since:
        raise Impossible(IMPOSSIBLE[Clash.BACKWARDS])
    person = add_to_file(
        session,
        household_id,
        form.family_name,
        form.given_name,
        form.birth_date,
        form.link,
        form.weight,
        since,
        form.until_date,
    )
    refuse_clash(stays_of(session, household_id))
    person.objected = form.objected
    _set_activity(session, person, form.activity)
    return person


@act("person.change", "Personne modifiée", needs=Permission.EDIT_FILES)
def update_person(session: ActorSession, household_id: UUID, person_id: UUID, form: PersonForm) -> Person:
    """Corrects a person, her link, her weight, or the days she arrived and left."""
    held_open(session, household_id)
    person: Person | None = lock(session, Person, person_id)
    if person is None or person.household_id != household_id:
        raise NotKnown
    if person.version != form.version:
        raise Stale
    stays = stays_of(session, household_id)
    stay = latest_stay(stays, person_id)
    was, becomes = stay.link == Link.REFERENCE, form.link is Link.REFERENCE
    if was != becomes or (was and form.until_date != stay.until_date):
        raise OneReference(
            "Le foyer a toujours une personne de référence, et une seule : gardez son lien ; pour son départ,"
            " passez par « Départ ». Rien n’a été modifié."
        )
    with session.no_autoflush:
        stay.link = form.link.value
        stay.weight = form.weight
        stay.from_date = form.from_date or stay.from_date
        _correct_end(person, stay, form.until_date)
        refuse_clash(stays)
    _name(person, form.family_name, form.given_name, form.birth_date)
    person.objected = form.objected
    person.version += 1
    _set_activity(session, person, form.activity)
    if form.until_date is not None:
        session.flush()
        end_left_agreements(session, household_id)
    return person


def end_left_agreements(session: ActorSession, household_id: UUID) -> None:
    """What a household showed on the word of those who left or died, and of nobody who stays, is shown no more."""
    session.door("access.end_left_agreements(:id)", id=household_id)


def _correct_end(person: Person, stay: Stay, until: date | None) -> None:
    """A departure written by mistake is taken back with its reason."""
    if stay.until_date is not None and until is None:
        stay.end_reason = ""
        person.deceased_on = None
    stay.until_date = until


def latest_stay(stays: Sequence[Stay], person_id: UUID) -> Stay:
    """The person's latest stay in the file. Raises `NotKnown`."""
    hers = [stay for stay in stays if stay.person_id == person_id]
    if not hers:
        raise NotKnown
    return max(hers, key=lambda stay: stay.from_date)


def refuse_clash(stays: Sequence[Stay]) -> None:
    """Raises `Impossible` when a person would be twice in the file, or when two would be its reference."""
    found = clash(stays)
    if found is not None:
        raise Impossible(IMPOSSIBLE[found])


def refuse_wrong_reference(stays: Sequence[Stay], link: Link, until: date | None) -> None:
    """One reference person at a time: none is added beside another, and whoever comes back to an empty home is it."""
    led = any(stay.link == Link.REFERENCE and stay.until_date is None for stay in stays)
    if link is Link.REFERENCE and led:
        raise OneReference
    if link is not Link.REFERENCE and until is None and not led:
        raise OneReference(
            "Le foyer n’a plus de personne de référence : choisissez ce lien pour la première personne qui y vit."
            " Rien n’a été modifié."
        )


def _set_activity(session: ActorSession, person: Person, activity: Activity | None) -> None:
    known = session.get(PersonActivity, person.id)
    if known is None:
        if activity is not None:
            session.add(
                PersonActivity(
                    person_id=person.id,
                    network_id=person.network_id,
                    household_id=person.household_id,
                    activity=activity.value,
                    sensitive=activity.sensitive,
                )
            )
        return
    chosen = activity or Activity.OTHER
    known.activity = chosen.value
    known.sensitive = chosen.sensitive
