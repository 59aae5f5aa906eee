"""Two files of one household become one, and are parted again: the act, and its undo for thirty days."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID, uuid4

from sqlalchemy.exc import IntegrityError
from sqlmodel import col, or_, select

from coordination.audit.service import act, write_line
from coordination.households.comparing import NotThesePeople, both, choices, closing_key, people_of, sights
from coordination.households.forms import MergeForm
from coordination.households.models import Household, HouseholdProfile, Merge
from coordination.households.queries import NotHolder, household_codes
from coordination.identity.permissions import Part, Permission
from coordination.identity.queries import member_names, organisations
from coordination.kit.ahead import ABOUT, Question
from coordination.kit.clock import PARIS, today
from coordination.kit.db import ActorSession, giving_way, lock
from coordination.kit.errors import NotKnown, NotNow, Stale

MERGE, UNDO = "household.merge", "household.merge_undo"


class Closes(NotNow):
    """Des partenaires ne verront plus une partie de ces dossiers : lisez la liste, puis confirmez.
    Rien n’a été modifié."""

    def __init__(self, *, closing: str) -> None:
        super().__init__()
        self.extra = {"closing": closing}


class TooLate(NotNow):
    """Une réunion ne se défait que pendant trente jours. Rien n’a été modifié."""


class AlreadyUndone(NotNow):
    """Cette réunion est déjà défaite. Rien n’a été modifié."""


class NotAlone(NotNow):
    """Un de ces dossiers a été réuni avec un troisième depuis : défaites d’abord cette réunion-là.
    Rien n’a été modifié."""


class HoldsTogether(NotNow):
    """Ce qui a été écrit depuis ne peut plus être partagé entre les deux dossiers : la réunion ne peut plus être
    défaite. Rien n’a été modifié."""


HOLDS = {
    "agreement_person": "Un accord recueilli depuis engage une personne qui retournerait dans l’autre dossier"
    " : la réunion ne peut plus être défaite. Rien n’a été modifié.",
    "person_link": "Une séparation notée depuis porte sur une personne qui retournerait dans l’autre dossier"
    " : la réunion ne peut plus être défaite. Rien n’a été modifié.",
    "referral": "Une orientation faite depuis porte sur un besoin qui retournerait dans l’autre dossier"
    " : la réunion ne peut plus être défaite. Rien n’a été modifié.",
}


# ------------------------------------------------------------------ the act


def merge_files(session: ActorSession, kept_id: UUID, absorbed_id: UUID, form: MergeForm) -> Household:
    """Two files become one. It holds both against whoever would add to them, and all that hangs from them: it gives way
    to her who holds some of it, rather than each wait for the other."""
    return giving_way(session, lambda: _merge_files(session, kept_id, absorbed_id, form))


@act(MERGE, "Deux dossiers réunis", needs=Permission.EDIT_FILES)
def _merge_files(session: ActorSession, kept_id: UUID, absorbed_id: UUID, form: MergeForm) -> Household:
    """The absorbed file's people and everything hung to it belong to the kept one; the absorbed file closes and points
    to it. Its agreements do not extend: a partner goes on reading a part only if it read it in both files."""
    kept, absorbed = both(session, kept_id, absorbed_id, locked=True)
    versions = [_version(session, kept_id), _version(session, absorbed_id)]
    if versions != [form.kept_version, form.absorbed_version]:
        raise Stale
    _refuse_other_people(session, kept_id, absorbed_id, form)
    told = sights(session, kept, absorbed, form)
    if closing_key(told) and (form.sure != "oui" or form.closing != closing_key(told)):
        raise Closes(closing=closing_key(told))
    session.door(
        "access.merge_files(:merge, :kept, :absorbed, cast(:choices as jsonb))",
        merge=uuid4(),
        kept=kept_id,
        absorbed=absorbed_id,
        choices=choices(form),
    )
    session.expire_all()
    write_line(session, MERGE, absorbed)
    return kept


def _version(session: ActorSession, household_id: UUID) -> int:
    profile: HouseholdProfile | None = lock(session, HouseholdProfile, household_id)
    return profile.version if profile else 0


def _refuse_other_people(session: ActorSession, kept_id: UUID, absorbed_id: UUID, form: MergeForm) -> None:
    theirs = {person.id for person in people_of(session, absorbed_id)}
    ours = {person.id for person in people_of(session, kept_id)}
    same = {row.same for row in form.people if row.same}
    if {row.person for row in form.people} != theirs or len(form.people) != len(theirs) or not same <= ours:
        raise NotThesePeople


# ------------------------------------------------------------------ and its undo


@dataclass(frozen=True)
class Told:
    """A merge as it is told on either file."""

    id: UUID
    kept_id: UUID
    kept_code: str
    absorbed_id: UUID
    absorbed_code: str
    on: date
    by: str
    until: date
    undone: bool

    @property
    def may_be_undone(self) -> bool:
        return not self.undone and today() <= self.until


MERGES = Question(
    select(Merge)
    .where(or_(Merge.household_id == ABOUT, Merge.absorbed_id == ABOUT), col(Merge.undone_at).is_(None))
    .order_by(col(Merge.merged_at).desc())
)


def merges_of(session: ActorSession, household_id: UUID) -> list[Told]:
    """The merges a file took part in and that still hold, the latest first; nothing for who does not hold it."""
    return [_told(session, merge) for merge in MERGES.of(session, household_id)]


def _told(session: ActorSession, merge: Merge) -> Told:
    codes = household_codes(session, [merge.household_id, merge.absorbed_id])
    return Told(
        merge.id,
        merge.household_id,
        codes.get(merge.household_id, ""),
        merge.absorbed_id,
        codes.get(merge.absorbed_id, ""),
        merge.merged_at.astimezone(PARIS).date(),
        member_names(session, {merge.merged_by}).get(merge.merged_by, ""),
        merge.until_date,
        merge.undone_at is not None,
    )


def merge_of(session: ActorSession, household_id: UUID, merge_id: UUID) -> Told:
    """One merge of one file. Raises `NotKnown`."""
    merge = session.get(Merge, merge_id)
    if merge is None or household_id not in (merge.household_id, merge.absorbed_id):
        raise NotKnown
    return _told(session, merge)


def reopening(session: ActorSession, told: Told) -> list[tuple[str, Part, str]]:
    """What partners may read again once a merge is undone: the structure, the part, the code of the file.

    Read from the shares the merge ended; those of an agreement withdrawn since stay closed whatever this says.
    """
    partners, codes = organisations(session), {told.kept_id: told.kept_code, told.absorbed_id: told.absorbed_code}
    rows = session.rows("select * from access.merge_ended(:merge)", merge=told.id)
    return [(partners[row.organisation_id].name, Part(row.scope), codes[row.household_id]) for row in rows]


def undo_merge(session: ActorSession, household_id: UUID, merge_id: UUID) -> Household:
    """The way back, which gives way alike."""
    return giving_way(session, lambda: _undo_merge(session, household_id, merge_id))


@act(UNDO, "Réunion de deux dossiers défaite", needs=Permission.EDIT_FILES)
def _undo_merge(session: ActorSession, household_id: UUID, merge_id: UUID) -> Household:
    """Both files are again what they were; what was written since stays in the kept one, unless it hangs from a row
    that goes back. Raises `TooLate`, `AlreadyUndone`, `NotAlone` or `HoldsTogether`."""
    told = merge_of(session, household_id, merge_id)
    files = [lock(session, Household, key) for key in sorted((told.kept_id, told.absorbed_id))]
    if None in files or any(file.holder_organisation_id != session.member.organisation_id for file in files):
        raise NotHolder
    merge = session.get_one(Merge, merge_id, populate_existing=True)
    if merge.undone_at is not None:
        raise AlreadyUndone
    if today() > merge.until_date:
        raise TooLate
    later = select(Merge).where(
        col(Merge.undone_at).is_(None),
        col(Merge.merged_at) > merge.merged_at,
        or_(
            col(Merge.household_id).in_((told.kept_id, told.absorbed_id)),
            col(Merge.absorbed_id).in_((told.kept_id, told.absorbed_id)),
        ),
    )
    if session.exec(later).first() is not None:
        raise NotAlone
    try:
        session.door("access.undo_merge(:merge)", merge=merge_id)
    except IntegrityError as held:
        table = getattr(getattr(held.orig, "diag", None), "table_name", None) or ""
        why = HOLDS.get(table)
        raise HoldsTogether(
            f"{why} : la réunion ne peut plus être défaite. Rien n’a été modifié." if why else None
        ) from held
    session.expire_all()
    kept, absorbed = session.get_one(Household, told.kept_id), session.get_one(Household, told.absorbed_id)
    write_line(session, UNDO, absorbed)
    return kept
