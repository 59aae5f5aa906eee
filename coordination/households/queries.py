"""Reads of household files: the header, the people at a date, the lists. The search is in `finding.py`."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Text, Uuid, column, table
from sqlalchemy import select as sql_select
from sqlmodel import col, select

from coordination.households.models import Household, HouseholdProfile, PastAddress, Person, PersonActivity, Share, Stay
from coordination.households.rules import (
    Activity,
    BirthDate,
    Link,
    Precision,
    is_adult,
    present,
)
from coordination.kit.ahead import ABOUT, Question
from coordination.kit.clock import today
from coordination.kit.db import ActorSession
from coordination.kit.errors import NotAllowed, NotKnown, NotNow
from coordination.kit.written import KEYS, Given, among

PAGE = 25
MANY = PAGE
"""How far files are counted: what stands beyond a page is not read to be counted."""


@dataclass(frozen=True)
class FileHeader:
    """What is said of a file at the top of every page about it; the name is None when identity is not shared."""

    id: UUID
    code: str
    name: str | None
    holder_organisation_id: UUID
    opened_at: datetime
    closed_at: datetime | None = None
    closing_reason: str = ""
    merged_into_id: UUID | None = None


@dataclass(frozen=True)
class Resident:
    """A person of the file at a date, with her age when it can be told."""

    person: Person
    stay: Stay
    birth: BirthDate
    age: int | None
    activity: Activity | None

    @property
    def name(self) -> str:
        return full_name(self.person)

    @property
    def link(self) -> Link:
        return Link(self.stay.link)

    @property
    def came_of_age(self) -> bool:
        """A child of the household who is grown up: the link stays, and she answers for herself."""
        return self.link in (Link.CHILD, Link.SHARED_CHILD) and is_adult(self.link, self.age)

    @property
    def majority_noted(self) -> bool:
        """This stay began when she was grown up already: somebody wrote then that she lives here."""
        return is_adult(self.link, self.birth.age(self.stay.from_date))


@dataclass(frozen=True)
class FileRow:
    """One line of a list of files."""

    id: UUID
    code: str
    name: str | None
    opened_at: datetime
    held: bool


@dataclass(frozen=True)
class FilesPage:
    """A page of a list of files, and how many one's organisation holds or is shared; one beyond `MANY` at most."""

    rows: list[FileRow]
    more: bool
    held: int
    shared: int


FILE = Question(select(Household).where(Household.id == ABOUT))
RESIDENTS = Question(
    select(Person, Stay, PersonActivity)
    .join(Stay, col(Stay.person_id) == Person.id)
    .join(PersonActivity, col(PersonActivity.person_id) == Person.id, isouter=True)
    .where(Person.household_id == ABOUT)
    .order_by(col(Stay.from_date), col(Person.birth_date), col(Person.id))
)
SHARES = Question(
    select(Share).where(Share.household_id == ABOUT).order_by(col(Share.organisation_id), col(Share.scope))
)
LIVE = table("live_share", column("scope", Text()), column("household_id", Uuid()), schema="access")
PARTS = Question(sql_select(LIVE.c.scope, LIVE.c.household_id).where(LIVE.c.household_id == ABOUT))
UPDATED_BY = select(HouseholdProfile.updated_by).where(HouseholdProfile.household_id == ABOUT)
ASKED = (FILE, RESIDENTS, SHARES, PARTS)
"""What the page of a file reads of the file itself."""


def full_name(person: Person) -> str:
    """`MARTIN Sophie`; the family name alone when the given name is not known."""
    return f"{person.family_name.upper()} {person.given_name}".strip()


def name_told(row: Any) -> str | None:
    """The same of a row of a door; None where identity is not open."""
    return full_name(row) if row.family_name is not None else None


def birth_of(person: Person) -> BirthDate:
    return BirthDate(person.birth_date, Precision(person.birth_precision))


def file_header(session: ActorSession, household_id: UUID) -> FileHeader:
    """The header of a file one sees something of. Raises `NotKnown`, whether it is hidden or does not exist."""
    known = FILE.ahead(session, household_id)
    found = session.get(Household, household_id) if known is None else next(iter(known), None)
    if found is None:
        raise NotKnown
    name = reference_names(session, [household_id]).get(household_id)
    return FileHeader(
        found.id,
        found.code,
        name,
        found.holder_organisation_id,
        found.opened_at,
        found.closed_at,
        found.closing_reason,
        found.merged_into_id,
    )


class NotHolder(NotAllowed):
    """Ce dossier est tenu par une autre structure : elle seule modifie l’identité et la composition du foyer."""


def refuse_non_holder(session: ActorSession, household_id: UUID) -> Household:
    """The file, when one's own organisation holds it. Raises `NotKnown` when it is not even visible."""
    found = session.get(Household, household_id)
    if found is None:
        raise NotKnown
    if found.holder_organisation_id != session.member.organisation_id:
        raise NotHolder
    return found


class Closed(NotNow):
    """Ce dossier est clos : il se lit encore, mais ne se modifie plus. Rouvrez-le d’abord. Rien n’a été modifié."""

    title = "Dossier clos"
    next_step = "Sur la page du dossier, « Vie du dossier » permet de le rouvrir à la structure qui le tient."


class Merged(NotNow):
    """Ce dossier a été réuni avec un autre : c’est là qu’il continue. Rien n’a été modifié."""

    def __init__(self, session: ActorSession, kept_id: UUID) -> None:
        code = household_codes(session, [kept_id]).get(kept_id)
        super().__init__(f"Ce dossier a été réuni avec le dossier {code}. Rien n’a été modifié." if code else None)
        self.kept_id = kept_id


def refuse_ended(session: ActorSession, household_id: UUID, *, merged_only: bool = False) -> None:
    """Nothing new is written in a closed file but casework (`merged_only`), and nothing at all in a merged one.

    Raises `Closed` or `Merged`; what one does not see is somebody else's to refuse.
    """
    found = session.get(Household, household_id)
    if found is not None and found.merged_into_id is not None:
        raise Merged(session, found.merged_into_id)
    if found is not None and found.closed_at is not None and not merged_only:
        raise Closed


def held(session: ActorSession, household_id: UUID) -> Household:
    """The file one's organisation holds, open or closed, locked. Raises `NotKnown` or `NotHolder`.

    Nobody who writes a row that hangs from it waits for that: she may hold what the act needs next.
    """
    refuse_non_holder(session, household_id)
    session.remembered.clear()
    alone = {"key_share": True}
    found = session.get(Household, household_id, with_for_update=alone, populate_existing=True)
    if found is None:  # handed over in the same instant
        raise NotHolder
    return found


def held_open(session: ActorSession, household_id: UUID) -> Household:
    """The file to change, locked: one act at a time on a family. Raises `NotKnown`, `NotHolder` or `Closed`."""
    found = held(session, household_id)
    if found.merged_into_id is not None:
        raise Merged(session, found.merged_into_id)
    if found.closed_at is not None:
        raise Closed
    return found


REFERENCES = Question(
    select(Stay.household_id, Person.family_name, Person.given_name)
    .join(Person, col(Person.id) == Stay.person_id)
    .where(among(Stay.household_id, Given("households", KEYS)), Stay.link == Link.REFERENCE.value)
    .order_by(col(Stay.from_date))  # the latest one names the household
)


def reference_names(session: ActorSession, household_ids: Iterable[UUID]) -> dict[UUID, str]:
    """The name of each household's reference person, for those whose identity one may see."""
    ids = list(household_ids)
    if not ids:
        return {}
    asked = ("reference names", frozenset(ids))
    if len(ids) == 1 and (known := RESIDENTS.ahead(session, ids[0])) is not None:
        return {p.household_id: full_name(p) for p, stay, _ in known if stay.link == Link.REFERENCE.value}

    return dict(session.once(asked, lambda: named(REFERENCES.asked(session, households=ids))))


def named(rows: Iterable[Any]) -> dict[UUID, str]:
    """The name of each household, of the rows of `REFERENCES`."""
    return {row.household_id: full_name(row) for row in rows}


CODES = Question(select(Household.id, Household.code).where(among(Household.id, Given("households", KEYS))))


def household_codes(session: ActorSession, household_ids: Iterable[UUID]) -> dict[UUID, str]:
    """The codes of files one sees something of."""
    ids = list(household_ids)
    return dict(CODES.asked(session, households=ids)) if ids else {}


def profile_of(session: ActorSession, household_id: UUID) -> HouseholdProfile | None:
    """Where and how the household lives, or None when identity is not shared."""
    return session.get(HouseholdProfile, household_id)


def past_addresses(session: ActorSession, household_id: UUID) -> list[PastAddress]:
    """Where the household lived before, the latest first; nothing for who does not hold the file."""
    query = select(PastAddress).where(PastAddress.household_id == household_id)
    return list(session.exec(query.order_by(col(PastAddress.until_date).desc())))


def residents(session: ActorSession, household_id: UUID, on: date | None = None) -> list[Resident]:
    """The people of the file on a day (everybody who ever was in it when `on` is None), reference person first."""
    rows = RESIDENTS.of(session, household_id)
    found = [
        Resident(
            person,
            stay,
            birth_of(person),
            birth_of(person).age(on) if on else None,
            _activity(does),
        )
        for person, stay, does in rows
        if on is None or present(stay, on)
    ]
    order = list(Link)
    return sorted(found, key=lambda resident: order.index(resident.link))


def _activity(row: PersonActivity | None) -> Activity | None:
    return Activity(row.activity) if row else None


def person_of(session: ActorSession, household_id: UUID, person_id: UUID) -> Resident:
    """One person of one file, in her latest stay. Raises `NotKnown`."""
    hers = [resident for resident in residents(session, household_id) if resident.person.id == person_id]
    if not hers:
        raise NotKnown
    return max(hers, key=lambda resident: resident.stay.from_date)


def stays_of(session: ActorSession, household_id: UUID) -> list[Stay]:
    """Every stay ever written in the file, the oldest first."""
    query = select(Stay).where(Stay.household_id == household_id).order_by(col(Stay.from_date), col(Stay.id))
    return list(session.exec(query))


def visible_parts(session: ActorSession, household_id: UUID) -> set[str]:
    """The parts of a file that are open to the actor now."""
    return {row.scope for row in PARTS.of(session, household_id)}


def shares_of(session: ActorSession, household_id: UUID) -> list[Share]:
    """Every share of the file one may know of: all of them for its holder, one's own otherwise."""
    return list(SHARES.of(session, household_id))


def life_of(session: ActorSession, household_id: UUID) -> list[tuple[str, datetime]]:
    """When the file was closed, opened again, handed over, as the journal keeps it: the verb and the moment."""
    rows = session.rows("select verb, at from access.file_life(:id)", id=household_id)
    return [(row.verb, row.at) for row in rows]


def heirs(session: ActorSession, household_id: UUID) -> dict[UUID, set[str]]:
    """The partners to which the household shows its identity today, and every part each of them was given."""
    given: dict[UUID, set[str]] = {}
    for share in shares_of(session, household_id):
        started = share.valid_from <= today() and (share.valid_until is None or share.valid_until >= today())
        if started and share.revoked_at is None and share.ground != "holder":
            given.setdefault(share.organisation_id, set()).add(share.scope)
    return {organisation_id: parts for organisation_id, parts in given.items() if "identity" in parts}


def my_files(
    session: ActorSession, *, held: bool, before: tuple[datetime, UUID] | None = None, size: int = PAGE
) -> list[FileRow]:
    """A page of files, the newest first: those one's organisation holds, or those shared with it."""
    opened, key = before or (None, None)
    rows = session.rows(
        "select * from access.my_files(:held, :opened, :key, :most)", held=held, opened=opened, key=key, most=size
    )
    return [FileRow(r.household_id, r.code, name_told(r), r.opened_at, held) for r in rows]


def count_files(session: ActorSession, *, held: bool) -> int:
    """How many files one of these two lists has; counted one beyond `MANY`."""
    found: int = session.rows("select access.count_files(:held, :most) as files", held=held, most=MANY + 1)[0].files
    return found


def files_page(session: ActorSession, *, held: bool, before: tuple[datetime, UUID] | None = None) -> FilesPage:
    """A page of one list, and how long both are: a first page tells by itself how long its own list is."""
    rows = my_files(session, held=held, before=before, size=PAGE + 1)
    shown = len(rows) if before is None else count_files(session, held=held)
    other = count_files(session, held=not held)
    return FilesPage(rows[:PAGE], more=len(rows) > PAGE, held=shown if held else other, shared=other if held else shown)


def counted(files: int) -> str:
    """Such a count as it is shown: `12`, or `plus de 25`."""
    return str(files) if files <= MANY else f"plus de {MANY}"


def kept_files(session: ActorSession, household_ids: Iterable[UUID]) -> dict[UUID, Household]:
    """The file in which each file goes on: itself, or the one it was merged with, as long as one sees it."""
    found: dict[UUID, Household] = {}
    wanted = ids = set(household_ids)
    while wanted:
        more = session.exec(select(Household).where(col(Household.id).in_(wanted))).all()
        found |= {file.id: file for file in more}
        wanted = {file.merged_into_id for file in more if file.merged_into_id} - set(found)
    lives = {key: found[key] for key in ids if key in found}
    for key, first in lives.items():
        last = first
        while last.merged_into_id in found:
            last = found[last.merged_into_id]
        lives[key] = last
    return lives
