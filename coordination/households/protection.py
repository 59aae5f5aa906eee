"""Acts on who may come near a file: protected and opened by name, closed to somebody, broken glass; safe contact."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from psycopg.errors import InsufficientPrivilege
from sqlalchemy.exc import ProgrammingError
from sqlmodel import col, select

from coordination.audit.service import act, reading
from coordination.households.forms import AddressForm, SafeContactForm
from coordination.households.models import (
    Bar,
    FileOpening,
    Household,
    HouseholdProfile,
    ProtectedAddress,
    Protection,
    SafeContact,
)
from coordination.households.queries import held, held_open, refuse_ended
from coordination.households.reach import BarReason, Way
from coordination.identity.permissions import Permission
from coordination.identity.queries import member_names
from coordination.kit.ahead import ABOUT, Question
from coordination.kit.clock import now
from coordination.kit.db import ActorSession, lock
from coordination.kit.errors import NotAllowed, NotKnown, NotNow, Stale

# Written by the door of the broken glass itself, whatever it answers.
reading("glass.ask", "Ouverture en urgence demandée")
reading("glass.ask_refused", "Ouverture en urgence refusée : trop de demandes dans la journée")


class Ground(StrEnum):
    """Why a protected file is open to somebody."""

    NAMED = "named"
    BREAK_GLASS = "break_glass"


class AlreadyProtected(NotNow):
    """Ce dossier est déjà protégé. Rien n’a été modifié."""


class NotProtected(NotNow):
    """Ce dossier n’est pas protégé. Rien n’a été modifié."""


class CannotBeNamed(NotNow):
    """Cette personne ne peut pas être désignée : elle l’est déjà, son compte est suspendu, le dossier lui est fermé, ou
    le foyer n’a pas d’accord en cours avec sa structure. Rien n’a été modifié."""


class LastOne(NotNow):
    """Il faut que quelqu’un de la structure qui tient le dossier puisse encore l’ouvrir : désignez d’abord une autre
    personne. Rien n’a été modifié."""


class AlreadyClosedTo(NotNow):
    """Ce dossier est déjà fermé à cette personne, ou elle n’est pas de votre structure. Rien n’a été modifié."""


class GlassHolds(NotNow):
    """Aucun dossier protégé portant ce code ne peut vous être ouvert : vérifiez le code. Au-delà de vingt demandes en
    un jour, il faut attendre le lendemain. Rien n’a été ouvert."""


@contextmanager
def refused_as(sentence: type[NotNow], session: ActorSession) -> Iterator[None]:
    """What the wall refuses inside is told with this sentence, and undone."""
    try:
        with session.begin_nested():
            yield
    except ProgrammingError as refused:
        if isinstance(refused.orig, InsufficientPrivilege):
            raise sentence from refused
        raise


# ------------------------------------------------------------------ what is read


@dataclass(frozen=True)
class Reader:
    """Somebody to whom a protected file is open, or to whom a file is closed."""

    membership_id: UUID
    name: str
    organisation_id: UUID
    words: str
    since: datetime
    until: datetime | None = None


@dataclass(frozen=True)
class Glass:
    """A broken glass, as its data protection officer reads it."""

    id: UUID
    code: str
    who: str
    organisation_id: UUID
    reason: str
    opened_at: datetime
    until: datetime | None
    seen_at: datetime | None


def protection_of(session: ActorSession, household_id: UUID) -> Protection | None:
    """The protection in force, or None; None too for whoever does not see the file."""
    query = select(Protection).where(Protection.household_id == household_id, col(Protection.lifted_at).is_(None))
    return session.exec(query).first()


def protections_of(session: ActorSession, household_id: UUID) -> list[Protection]:
    """Every time the file was protected, the first one first."""
    query = select(Protection).where(Protection.household_id == household_id).order_by(col(Protection.since))
    return list(session.exec(query))


AROUND = Question(
    select(HouseholdProfile, Protection, SafeContact)
    .select_from(Household)
    .join(HouseholdProfile, col(HouseholdProfile.household_id) == Household.id, isouter=True)
    .join(
        Protection,
        (col(Protection.household_id) == Household.id) & col(Protection.lifted_at).is_(None),
        isouter=True,
    )
    .join(SafeContact, col(SafeContact.household_id) == Household.id, isouter=True)
    .where(Household.id == ABOUT)
)


def around(
    session: ActorSession, household_id: UUID
) -> tuple[HouseholdProfile | None, Protection | None, SafeContact | None]:
    """The profile, the protection in force and how the household may be reached, in one question."""
    found = AROUND.of(session, household_id)
    return (found[0][0], found[0][1], found[0][2]) if found else (None, None, None)


def readers_of(session: ActorSession, household_id: UUID) -> list[Reader]:
    """To whom the protected file is open today, for its holder; one's own opening otherwise."""
    query = select(FileOpening).where(
        FileOpening.household_id == household_id,
        col(FileOpening.ended_at).is_(None),
        col(FileOpening.until).is_(None) | (col(FileOpening.until) > now()),
    )
    rows = list(session.exec(query.order_by(col(FileOpening.opened_at), col(FileOpening.id))))
    names = member_names(session, {row.membership_id for row in rows})
    words = {Ground.NAMED: "Désigné·e", Ground.BREAK_GLASS: "Ouverture en urgence"}
    return [
        Reader(
            row.membership_id,
            names.get(row.membership_id, ""),
            row.organisation_id,
            words[Ground(row.ground)],
            row.opened_at,
            row.until,
        )
        for row in rows
    ]


def somebody_named_at(session: ActorSession, household_id: UUID, organisation_id: UUID) -> bool:
    """Whether somebody of an organisation is named to open the protected file; asked by its holder."""
    return any(
        reader.organisation_id == organisation_id and reader.until is None
        for reader in readers_of(session, household_id)
    )


def closed_to(session: ActorSession, household_id: UUID) -> list[Reader]:
    """The colleagues to whom the file is closed, for those who see it."""
    query = select(Bar).where(Bar.household_id == household_id, col(Bar.lifted_at).is_(None))
    rows = list(session.exec(query.order_by(col(Bar.set_at), col(Bar.id))))
    names = member_names(session, {row.membership_id for row in rows})
    return [
        Reader(
            row.membership_id,
            names.get(row.membership_id, ""),
            row.organisation_id,
            BarReason(row.reason).label,
            row.set_at,
        )
        for row in rows
    ]


def protected_address(session: ActorSession, household_id: UUID) -> ProtectedAddress | None:
    """Where a protected household lives, for its holder's named workers alone."""
    return session.get(ProtectedAddress, household_id)


def safe_contact_of(session: ActorSession, household_id: UUID) -> SafeContact | None:
    """How the household may be reached without danger, or None when nothing was said."""
    return session.get(SafeContact, household_id)


def broken_glass(session: ActorSession, *, unseen: bool = False, most: int = 200) -> list[Glass]:
    """The broken glass of the network, the newest first, for its data protection officer."""
    query = select(FileOpening).where(FileOpening.ground == Ground.BREAK_GLASS.value)
    if unseen:
        query = query.where(col(FileOpening.seen_at).is_(None))
    rows = list(session.exec(query.order_by(col(FileOpening.opened_at).desc(), col(FileOpening.id)).limit(most)))
    names = member_names(session, {row.membership_id for row in rows})
    return [
        Glass(
            row.id,
            row.household_code,
            names.get(row.membership_id, ""),
            row.organisation_id,
            row.reason,
            row.opened_at,
            row.until,
            row.seen_at,
        )
        for row in rows
    ]


# ------------------------------------------------------------------ protected, and opened by name


@act("file.protect", "Dossier protégé", needs=Permission.EDIT_FILES)
def protect(session: ActorSession, household_id: UUID, named: Sequence[UUID]) -> Household:
    """From now on the file is open to oneself and to those named, and to nobody else; its address is kept apart."""
    file = held(session, household_id)
    refuse_ended(session, household_id, merged_only=True)  # an old page would leave the file it joined open
    if protection_of(session, household_id) is not None:
        raise AlreadyProtected
    with refused_as(CannotBeNamed, session):
        session.door("access.protect(:id, cast(:named as uuid[]))", id=household_id, named=list(named))
    return file


@act("file.unprotect", "Protection du dossier levée", needs=Permission.EDIT_FILES)
def lift(session: ActorSession, household_id: UUID, *, with_address: bool) -> Household:
    """The file is again open as its agreements say. Its address goes back to the profile only when asked."""
    file = held(session, household_id)
    _refuse_unprotected(session, household_id)
    session.door("access.lift_protection(:id, :back)", id=household_id, back=with_address)
    return file


@act("file.name", "Personne désignée pour un dossier protégé", needs=Permission.EDIT_FILES)
def name_worker(session: ActorSession, household_id: UUID, membership_id: UUID) -> Household:
    """Opens the protected file to one more worker. Raises `CannotBeNamed`."""
    file = held(session, household_id)
    _refuse_unprotected(session, household_id)
    with refused_as(CannotBeNamed, session):
        session.door("access.name_worker(:id, :who)", id=household_id, who=membership_id)
    return file


@act("file.unname", "Désignation retirée pour un dossier protégé", needs=Permission.EDIT_FILES)
def unname_worker(session: ActorSession, household_id: UUID, membership_id: UUID) -> Household:
    """Closes the protected file to somebody named. Raises `LastOne` when nobody of the holder would remain."""
    file = held(session, household_id)
    with refused_as(LastOne, session):
        session.door("access.unname_worker(:id, :who)", id=household_id, who=membership_id)
    return file


def _refuse_unprotected(session: ActorSession, household_id: UUID) -> None:
    if protection_of(session, household_id) is None:
        raise NotProtected


# ------------------------------------------------------------------ closed to somebody


@act("file.close_to", "Dossier fermé à un membre", needs=Permission.READ_FILES)
def close_to(session: ActorSession, household_id: UUID, membership_id: UUID, reason: BarReason) -> Household:
    """Closes the file to a colleague, or to oneself: her own, a relative's, a colleague's."""
    file = session.get(Household, household_id)
    if file is None:
        raise NotKnown
    refuse_ended(session, household_id, merged_only=True)
    member = session.member
    if membership_id != member.membership_id and Permission.EDIT_FILES not in member.permissions:
        raise NotAllowed
    if any(row.membership_id == membership_id for row in closed_to(session, household_id)):
        raise AlreadyClosedTo
    with refused_as(LastOne, session):
        session.door("access.close_to(:id, :who, :why)", id=household_id, who=membership_id, why=reason.value)
    return file


@act("file.open_again_to", "Dossier rouvert à un membre", needs=Permission.EDIT_FILES)
def open_again_to(session: ActorSession, household_id: UUID, membership_id: UUID) -> Household:
    """Lifts the bar; never one's own, since one does not see it."""
    file = session.get(Household, household_id)
    if file is None or all(row.membership_id != membership_id for row in closed_to(session, household_id)):
        raise NotKnown
    session.door("access.open_again_to(:id, :who)", id=household_id, who=membership_id)
    return file


# ------------------------------------------------------------------ the broken glass


def already_open(session: ActorSession, code: str) -> Household | None:
    """The file of this code, when one may open it as it is: nobody has to be told anything."""
    return session.exec(select(Household).where(Household.code == code)).first()


@act("file.break_glass", "Dossier protégé ouvert en urgence", needs=Permission.EDIT_FILES)
def break_glass(session: ActorSession, code: str, reason: str) -> Household:
    """Opens a protected file to oneself for two hours, by its code; the data protection officer reads why at once.

    Raises `GlassHolds`; commit then all the same: the question counts.
    """
    if not session.member.professional:
        raise NotAllowed
    opened = session.door("access.break_glass(:code, :why)", code=code, why=reason)
    if opened is None:
        raise GlassHolds
    return session.get_one(Household, opened)


@act("glass.seen", "Ouverture en urgence lue", needs=Permission.READ_JOURNAL)
def note_glass_seen(session: ActorSession, opening_id: UUID) -> FileOpening:
    """The data protection officer has read why."""
    found = session.get(FileOpening, opening_id)
    if found is None or found.ground != Ground.BREAK_GLASS:
        raise NotKnown
    if found.seen_at is None:
        session.door("access.note_glass_seen(:id)", id=opening_id)
    return found


# ------------------------------------------------------------------ where, and how to reach them


@act("file.protected_address", "Adresse protégée modifiée", needs=Permission.EDIT_FILES)
def set_address(session: ActorSession, household_id: UUID, form: AddressForm) -> ProtectedAddress:
    """Writes where a protected household lives. Raises `NotProtected` or `Stale`."""
    held_open(session, household_id)
    _refuse_unprotected(session, household_id)
    known: ProtectedAddress | None = lock(session, ProtectedAddress, household_id)
    member = session.member
    if (known.version if known else 0) != form.version:
        raise Stale
    if known is None:
        known = ProtectedAddress(
            household_id=household_id,
            network_id=member.network_id,
            address=form.address,
            updated_by=member.membership_id,
        )
        session.add(known)
        return known
    known.address = form.address
    known.version += 1
    known.updated_at = now()
    known.updated_by = member.membership_id
    return known


@act("file.safe_contact", "Consignes de contact modifiées", needs=Permission.EDIT_FILES)
def set_safe_contact(session: ActorSession, household_id: UUID, form: SafeContactForm) -> SafeContact:
    """Writes how the household may be reached without danger. Raises `Stale`."""
    held_open(session, household_id)
    known: SafeContact | None = lock(session, SafeContact, household_id)
    if (known.version if known else 0) != form.version:
        raise Stale
    if known is None:
        known = SafeContact(
            household_id=household_id,
            network_id=session.member.network_id,
            call=False,
            message=False,
            letter=False,
            email=False,
            updated_by=session.member.membership_id,
            version=0,
        )
        session.add(known)
    for way in Way:
        setattr(known, way.value, way in form.ways)
    known.words = form.words
    known.version += 1
    known.updated_at = now()
    known.updated_by = session.member.membership_id
    return known
