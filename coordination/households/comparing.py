"""Two files of one household side by side: what a merge would keep, who is who, and who would no longer read what."""

import json
from dataclasses import dataclass
from uuid import UUID

from sqlmodel import col, select

from coordination.households.finding import Hit, likely_duplicates
from coordination.households.forms import MergeForm, MergeRow
from coordination.households.models import Household, Merge, Person, Stay
from coordination.households.pairing import Compared, Side, columns_of, compare, same_people
from coordination.households.protection import protection_of, readers_of
from coordination.households.queries import (
    NotHolder,
    birth_of,
    household_codes,
    profile_of,
    residents,
    shares_of,
)
from coordination.households.rules import Link, read_code
from coordination.identity.permissions import Part
from coordination.identity.queries import member_names, organisations
from coordination.kit.clock import today
from coordination.kit.db import ActorSession, lock
from coordination.kit.errors import NotKnown, NotNow
from coordination.kit.text import fold


class SameFile(NotNow):
    """C’est le même dossier : choisissez-en un autre. Rien n’a été modifié."""


class HeldElsewhere(NotNow):
    """L’autre dossier est tenu par une autre structure. Demandez-lui d’abord de vous le confier, avec l’accord du
    foyer : les deux pourront ensuite être réunis. Rien n’a été modifié."""


class NotOpen(NotNow):
    """L’un des deux dossiers est clos : rouvrez-le d’abord. Rien n’a été modifié."""


class AlreadyMerged(NotNow):
    """Un de ces deux dossiers vient d’être réuni avec un autre. Rien d’autre n’a été modifié."""


class NotTheSameDoor(NotNow):
    """L’un de ces dossiers est protégé. Protégez d’abord l’autre aussi, et désignez pour celui que vous réunissez
    toutes les personnes qui ouvrent celui que vous gardez. Rien n’a été modifié."""


class NotTheSameParts(NotNow):
    """Votre structure ne lit pas les mêmes parties des deux dossiers : l’un lui a été confié sans tout ce qu’il
    contient. Ils ne peuvent pas être réunis ainsi ; essayez en gardant l’autre dossier. Rien n’a été modifié."""


class NotThesePeople(NotNow):
    """La composition d’un des deux dossiers a changé pendant votre saisie : vérifiez qui est qui.
    Rien n’a été modifié."""


@dataclass(frozen=True)
class Likely:
    """A file that looks like the same household, and who in it looks like whom."""

    household_id: UUID
    code: str
    names: list[str]


@dataclass(frozen=True)
class Either:
    """A person of either file as the screen shows her; `reference`: of her own file today."""

    id: UUID
    name: str
    birth: str
    reference: bool

    @property
    def words(self) -> str:
        return f"{self.name} ({self.birth})" if self.birth else self.name


@dataclass(frozen=True)
class Comparison:
    """Two files side by side, with what is proposed."""

    kept: Household
    absorbed: Household
    profile: list[Compared]
    kept_people: list[Either]
    absorbed_people: list[Either]
    pairs: dict[UUID, UUID]
    kept_version: int
    absorbed_version: int


@dataclass(frozen=True)
class Sight:
    """What one partner reads of the two files, and what it still reads once they are one."""

    organisation: str
    keeps: list[Part]
    loses: list[tuple[Part, str]]
    """Each part that closes, and the code of the file where it was open."""
    keys: list[str]


def both(
    session: ActorSession, kept_id: UUID, absorbed_id: UUID, *, locked: bool = False
) -> tuple[Household, Household]:
    """The two files, when they may be merged; locked in one order, so that two at once wait for each other.

    Raises `NotKnown`, `SameFile`, `NotHolder`, `HeldElsewhere`, `AlreadyMerged` or `NotOpen`.
    """
    if kept_id == absorbed_id:
        raise SameFile
    for key in (kept_id, absorbed_id):
        file = session.get(Household, key)
        if file is None:
            raise NotKnown
        if file.holder_organisation_id != session.member.organisation_id:
            raise NotHolder if key == kept_id else HeldElsewhere
    found = {}
    for key in sorted((kept_id, absorbed_id)):
        file = lock(session, Household, key) if locked else session.get(Household, key)
        if file is None:
            raise NotHolder
        found[key] = file
    for file in found.values():
        if file.merged_into_id is not None:
            raise AlreadyMerged(_merged_since(session, file))
    if any(file.closed_at is not None for file in found.values()):
        raise NotOpen
    _refuse_another_door(session, kept_id, absorbed_id)
    return found[kept_id], found[absorbed_id]


def _refuse_another_door(session: ActorSession, kept_id: UUID, absorbed_id: UUID) -> None:
    """Nobody comes nearer to a protected household by a merge."""
    guarded = [protection_of(session, key) is not None for key in (kept_id, absorbed_id)]
    near, there = (
        {reader.membership_id for reader in readers_of(session, key)} if guarded[0] else set()
        for key in (kept_id, absorbed_id)
    )
    if guarded[0] != guarded[1] or not near <= there:
        raise NotTheSameDoor


def _merged_since(session: ActorSession, file: Household) -> str | None:
    """By whom a file was merged, and into which."""
    done = session.exec(
        select(Merge).where(Merge.absorbed_id == file.id, col(Merge.undone_at).is_(None)).limit(1)
    ).first()
    if done is None:
        return None
    code = household_codes(session, [done.household_id]).get(done.household_id, "")
    name = member_names(session, {done.merged_by}).get(done.merged_by, "une collègue")
    return f"Le dossier {file.code} vient d’être réuni avec le dossier {code} par {name}. Rien d’autre n’a été modifié."


def find_other(session: ActorSession, typed: str) -> Household:
    """The file of a code, among those one sees. Raises `NotKnown` with a sentence."""
    code = read_code(typed)
    if code is None:
        raise NotKnown("Ce code n’a pas la forme d’un code de foyer, par exemple 7K3M-2PX.")
    found = session.exec(select(Household).where(Household.code == code)).first()
    if found is None:
        raise NotKnown("Aucun des dossiers que vous voyez ne porte ce code.")
    return found


def likely(session: ActorSession, household_id: UUID) -> list[Likely]:
    """The other open files one's organisation holds in which somebody of this household seems to be."""
    names: dict[UUID, list[str]] = {}
    for name, person in {r.person.id: (r.name, r.person) for r in residents(session, household_id)}.values():
        for hit in likely_duplicates(session, person.family_name, person.given_name, birth_of(person)):
            if hit.household_id != household_id and name not in names.setdefault(hit.household_id, []):
                names[hit.household_id].append(name)
    files = session.exec(
        select(Household).where(
            col(Household.id).in_(names),
            Household.holder_organisation_id == session.member.organisation_id,
            col(Household.closed_at).is_(None),
        )
    )
    return sorted((Likely(f.id, f.code, names[f.id]) for f in files), key=lambda found: (-len(found.names), found.code))


def twins(session: ActorSession, hits: list[Hit]) -> dict[int, UUID]:
    """Among the answers of a search, those that may be the same person in another open file of one's organisation: the
    rank of the hit, and the file found before it."""
    held = set(
        session.exec(
            select(Household.id).where(
                col(Household.id).in_({hit.household_id for hit in hits}),
                Household.holder_organisation_id == session.member.organisation_id,
                col(Household.closed_at).is_(None),
            )
        )
    )
    first: dict[tuple[str, ...], UUID] = {}
    found = {}
    for rank, hit in enumerate(hits):
        if hit.household_id in held and hit.birth.first is not None:
            key = (*sorted(fold(hit.name).split()), str(hit.birth))
            if first.setdefault(key, hit.household_id) != hit.household_id:
                found[rank] = first[key]
    return found


def comparison(session: ActorSession, kept_id: UUID, absorbed_id: UUID) -> Comparison:
    """The two files side by side. Raises what `both` raises."""
    kept, absorbed = both(session, kept_id, absorbed_id)
    left, right = profile_of(session, kept_id), profile_of(session, absorbed_id)
    if left is None or right is None:
        raise NotKnown
    return Comparison(
        kept=kept,
        absorbed=absorbed,
        profile=compare(left.model_dump(), right.model_dump(), absorbed_is_newer=right.updated_at > left.updated_at),
        kept_people=_either(session, kept_id),
        absorbed_people=_either(session, absorbed_id),
        pairs=same_people(people_of(session, kept_id), people_of(session, absorbed_id)),
        kept_version=left.version,
        absorbed_version=right.version,
    )


def people_of(session: ActorSession, household_id: UUID) -> list[Person]:
    return list(session.exec(select(Person).where(Person.household_id == household_id).order_by(col(Person.id))))


def _either(session: ActorSession, household_id: UUID) -> list[Either]:
    here = {r.person.id: r for r in residents(session, household_id)}
    references = set(
        session.exec(select(Stay.person_id).where(Stay.household_id == household_id, Stay.link == Link.REFERENCE.value))
    )
    return [Either(key, r.name, str(r.birth), key in references) for key, r in here.items()]


def proposed(two: Comparison) -> MergeForm:
    """What the screen offers before anything is chosen."""
    births = {person.id: person.birth for person in (*two.kept_people, *two.absorbed_people)}
    rows = [
        MergeRow(
            person=person.id,
            same=two.pairs.get(person.id),
            name=Side.ABSORBED
            if person.id in two.pairs and person.birth and not births[two.pairs[person.id]]
            else Side.KEPT,
        )
        for person in two.absorbed_people
    ]
    sides = {line.name: line.proposed for line in two.profile}
    return MergeForm.model_validate(
        {
            **sides,
            "people": rows,
            "kept_version": two.kept_version,
            "absorbed_version": two.absorbed_version,
        }
    )


def choices(form: MergeForm) -> str:
    """What the doors are told of a form."""
    return json.dumps(
        {
            "pairs": {str(row.person): str(row.same) for row in form.people if row.same},
            "links": {str(row.person): (row.link or Link.OTHER).value for row in form.people},
            "names": [str(row.person) for row in form.people if row.same and row.name is Side.ABSORBED],
            "fields": columns_of(form.taken),
        }
    )


def sights(session: ActorSession, kept: Household, absorbed: Household, form: MergeForm) -> list[Sight]:
    """What each partner reads before and after. Raises `NotTheSameParts`: so would its holder."""
    told = session.rows(
        "select * from access.merge_shares(:kept, :absorbed, cast(:choices as jsonb))",
        kept=kept.id,
        absorbed=absorbed.id,
        choices=choices(form),
    )
    if any(row.closes for row in told if row.ground == "holder"):
        raise NotTheSameParts
    keeps = {(row.organisation_id, row.scope) for row in told if not row.closes}
    before: dict[UUID, dict[tuple[str, str], None]] = {}
    for file in (kept, absorbed):
        for share in shares_of(session, file.id):
            ended = share.valid_until is not None and share.valid_until < today()
            if share.ground != "holder" and share.revoked_at is None and not ended:
                before.setdefault(share.organisation_id, {})[share.scope, file.code] = None
    partners = organisations(session)
    order = list(Part)
    return [
        Sight(
            organisation=partners[org].name,
            keeps=sorted({Part(scope) for scope, _ in seen if (org, scope) in keeps}, key=order.index),
            loses=[(Part(scope), code) for scope, code in seen if (org, scope) not in keeps],
            keys=sorted(f"{org}:{scope}" for scope, _ in seen if (org, scope) not in keeps),
        )
        for org, seen in sorted(before.items(), key=lambda pair: partners[pair[0]].name)
    ]


def closing_key(told: list[Sight]) -> str:
    """What the screen said will close: sent back with the form, so that nothing closes unread."""
    return ",".join(dict.fromkeys(key for sight in told for key in sight.keys))
