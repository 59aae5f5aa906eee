"""The search: people by names however spelt, partial birth dates, streets, telephones or code; ranked, with why."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from coordination.households.matching import (
    GOOD,
    SURE,
    Asked,
    Query,
    births_alike,
    names_alike,
    national,
    network_of,
    read_asked,
    streets_alike,
    there_alike,
    words_of,
)
from coordination.households.models import Household
from coordination.households.queries import kept_files, name_told, reference_names
from coordination.households.rules import BirthDate, Precision, read_code
from coordination.kit.clock import today
from coordination.kit.db import ActorSession
from coordination.kit.text import fold

CANDIDATES = 100
BEHIND_THE_BEST = 0.1
"""How far behind the best answer another one is still worth showing."""
FEW = 10
HALF = 0.85
"""What one name of two is worth, beside the very day of birth or for want of anything better."""
UNKNOWN = BirthDate(None, Precision.UNKNOWN)


@dataclass(frozen=True)
class Hit:
    """A person found, how well (0 to 1) and why. A street or a telephone finds the household's reference person."""

    household_id: UUID
    code: str
    name: str
    birth: BirthDate
    score: float
    why: str


@dataclass(frozen=True)
class _Found(Hit):
    """A hit before one knows whether its file goes on in another."""

    merged: bool


def search(session: ActorSession, typed: str, most: int = 20) -> list[Hit]:
    """What was typed, looked for among the files whose identity one may see; the best first."""
    code = read_code(typed)
    if code is not None:
        return _by_code(session, code)
    asked = read_asked(typed, today())
    finder = _Finder(session, asked)
    kept = _best(finder.people() + finder.places())
    kept = kept or _best(finder.people_there() or finder.people_loosely() + finder.places_loosely())
    kept = kept or finder.half_known()
    kept.sort(key=lambda hit: (-hit.score, fold(hit.name), hit.household_id))
    return _where_they_live(session, kept[:most]) if kept else []


def _where_they_live(session: ActorSession, kept: list[_Found]) -> list[Hit]:
    """The hits with the code of their file; those of a file merged into another lead to that one, once."""
    lives = kept_files(session, {hit.household_id for hit in kept if hit.merged})
    hits: list[Hit] = []
    shown = {(hit.household_id, fold(hit.name), hit.birth) for hit in kept}
    for hit in kept:
        file = lives.get(hit.household_id)
        if file is None or file.id == hit.household_id:
            hits.append(Hit(hit.household_id, hit.code, hit.name, hit.birth, hit.score, hit.why))
        elif (key := (file.id, fold(hit.name), hit.birth)) not in shown:
            shown.add(key)
            why = f"{hit.why}, dans un dossier réuni avec celui-ci"
            hits.append(Hit(file.id, file.code, hit.name, hit.birth, hit.score, why))
    return hits


def _best(found: list[_Found]) -> list[_Found]:
    """Those good enough, and not far behind the best of them."""
    best = max((hit.score for hit in found), default=0.0)
    return [hit for hit in found if hit.score >= max(GOOD, best - BEHIND_THE_BEST)]


def likely_duplicates(session: ActorSession, family_name: str, given_name: str, birth: BirthDate) -> list[Hit]:
    """Files one may see whose person has nearly this name, and no other birth date."""
    finder = _Finder(session, Asked(words_of(f"{family_name} {given_name}")))
    found = _best(finder.people()) or _best(finder.people_loosely())
    found.sort(key=lambda hit: (-hit.score, fold(hit.name), hit.household_id))
    close = [hit for hit in found if hit.score >= SURE and _compatible(hit.birth, birth)]
    same = ", même date de naissance"
    told = [replace(hit, why=hit.why + same) if birth.first and hit.birth == birth else hit for hit in close[:5]]
    return _where_they_live(session, told) if told else []


def _compatible(one: BirthDate, other: BirthDate) -> bool:
    if one.first is None or other.first is None or one.last is None or other.last is None:
        return True
    return one.first <= other.last and other.first <= one.last


def _by_code(session: ActorSession, code: str) -> list[Hit]:
    found = session.execute(select(Household).where(col(Household.code) == code)).scalars().first()
    if found is None:
        return []
    file = kept_files(session, [found.id])[found.id]
    name = reference_names(session, [file.id]).get(file.id, "Identité non partagée")
    why = "code du foyer" if file.id == found.id else f"{found.code} a été réuni avec ce dossier"
    return [Hit(file.id, file.code, name, UNKNOWN, 1.0, why)]


class _Finder:
    """One search: what is asked of the door, and how its answers are weighed."""

    def __init__(self, session: ActorSession, asked: Asked) -> None:
        self.session = session
        self.asked = asked
        self.query = Query(network_of(session.member.network_id))
        births = asked.births
        self.born_from = min((b.first for b in births if b.first), default=None)
        self.born_to = max((b.last for b in births if b.last), default=None)

    # -------------------------------------------------------------- ways of asking

    def people(self) -> list[_Found]:
        """Every word in a person's names and, when a date was typed, born then; the date alone too."""
        words = self.asked.words
        if not words:
            alone = _Finder(self.session, replace(self.asked, digits=()))
            return alone._weigh(alone._door(born=True))
        if self.asked.digits:
            return []
        found = _best(self._weigh(self._door(names=self.query.names(words), born=True)))
        if not found and self.asked.births:
            rows = self._door(names=self.query.names(words))
            found = _best(self._weigh(rows)) or self._born_that_day() or self._another_day(rows)
        return found

    def _born_that_day(self) -> list[_Found]:
        """Born on the very day, and one of the names: a name changes with a marriage, or was heard wrong."""
        if all(birth.precision is Precision.DAY for birth in self.asked.births) and len(self.asked.words) > 1:
            return self._weigh(self._door(names=self.query.some_name(self.asked.words), born=True), half=True)
        return []

    def _another_day(self, rows: Sequence[Any]) -> list[_Found]:
        """For want of anything better, the very same names with another date, and it is said."""
        if len(self.asked.words) < 2 or any(birth.precision is not Precision.DAY for birth in self.asked.births):
            return []
        undated = _Finder(self.session, replace(self.asked, births=()))
        return [
            replace(hit, score=HALF, why=f"{hit.why}, autre date de naissance")
            for hit in undated._weigh(rows)
            if hit.score >= SURE
        ]

    def half_known(self) -> list[_Found]:
        """When nothing else was found: the few people who have one of the two names, if they are few."""
        if len(self.asked.words) < 2 or self.asked.births or self.asked.digits:
            return []
        rows = self._door(names=self.query.whole_name(self.asked.words))
        return self._weigh(rows, half=True) if len(rows) <= FEW else []

    def people_loosely(self) -> list[_Found]:
        """The same with more faults, when nothing else was found."""
        words = self.asked.words
        return self._weigh(self._door(names=self.query.names_loosely(words))) if words and not self.asked.digits else []

    def places(self) -> list[_Found]:
        """Households whose address has every word, or whose telephone begins or ends with these digits."""
        if self.asked.digits:
            asked = self.query.telephones(self.asked.digits)
            if self.asked.words:
                return self._weigh(self._door(names=self.query.some_name(self.asked.words), place=asked))
            return self._weigh_places(self._door(place=asked))
        if self.asked.births or not any(len(word) > 2 for word in self.asked.street):
            return []
        return self._weigh_places(self._door(place=self.query.street(self.asked.street)))

    def places_loosely(self) -> list[_Found]:
        """Households whose address has some of the words, the others nearly."""
        street = self.asked.street
        if self.asked.births or self.asked.digits or len(street) < 2:
            return []
        return self._weigh_places(self._door(place=self.query.some_street(street)))

    def people_there(self) -> list[_Found]:
        """A name and a street typed together: somebody of the one who lives in the other."""
        asked = self.asked
        if asked.births or asked.digits or len(asked.words) < 2 or not asked.street:
            return []
        return self._weigh(
            self._door(names=self.query.some_name(asked.words), place=self.query.some_street(asked.street)), there=True
        )

    def _door(self, *, names: str = "", place: str = "", born: bool = False) -> list[Any]:
        if not names and not place and (not born or self.born_from is None):
            return []
        return self.session.rows(
            "select * from access.find_people(:names, :place, :exact, :born_from, :born_to, :most)",
            names=names,
            place=place,
            exact=[self.query.key("=" + word) for word in self.asked.words],
            born_from=self.born_from if born else None,
            born_to=self.born_to if born else None,
            most=CANDIDATES,
        )

    # -------------------------------------------------------------- how well

    def _weigh(self, rows: Sequence[Any], *, there: bool = False, half: bool = False) -> list[_Found]:
        """People and how well they answer; with the words of their household's address when these count too."""
        found = []
        for row in rows:
            hit = self._person(row, there=there)
            if hit is not None and half:
                hit = replace(hit, score=max(hit.score, HALF), why=hit.why.replace(_of_names(0), "un des noms"))
            if hit is not None:
                found.append(hit)
        return found

    def _person(self, person: Any, *, there: bool) -> _Found | None:
        birth = BirthDate(person.birth_date, Precision(person.birth_precision))
        names = person.name_folded.split()
        score = names_alike(self.asked.words, names)
        reasons = [_of_names(score)] if self.asked.words else []
        if there:
            score = there_alike(self.asked.words, names, _street(person))
            reasons = ["nom et adresse", person.address]
        if self.asked.births:
            dated = births_alike(self.asked.births, birth)
            if dated is None:
                return None
            score *= dated
            reasons.append(_of_birth(birth, dated))
        if self.asked.digits and person.phone is not None:
            reasons.append(_of_telephone(self.asked.digits, person))
        return _found(person, birth, score, ", ".join(reasons))

    def _weigh_places(self, rows: Sequence[Any]) -> list[_Found]:
        return [_found(row, UNKNOWN, *self._place(row)) for row in rows]

    def _place(self, profile: Any) -> tuple[float, str]:
        if self.asked.digits:
            return 1.0, _of_telephone(self.asked.digits, profile)
        return streets_alike(self.asked.street, _street(profile)), f"adresse : {profile.address}"


def _found(row: Any, birth: BirthDate, score: float, why: str) -> _Found:
    """A row of the door, weighed."""
    merged = row.merged_into_id is not None
    return _Found(row.household_id, row.code, name_told(row) or "", birth, score, why, merged)


def _street(profile: Any) -> list[str]:
    return fold(f"{profile.address} {profile.commune}").split()


def _of_names(score: float) -> str:
    return "même nom" if score >= 0.999 else "nom proche" if score >= SURE else "nom ressemblant"


def _of_birth(birth: BirthDate, score: float) -> str:
    if birth.first is None:
        return "date de naissance inconnue"
    return "date de naissance" if score > 0.9 else "date de naissance proche"


def _of_telephone(digits: Sequence[str], profile: Any) -> str:
    theirs = profile.representative_phone
    if theirs and not any(_has(profile.phone, number) for number in digits):
        return f"téléphone du représentant : {theirs}"
    return f"téléphone : {profile.phone}"


def _has(phone: str, typed: str) -> bool:
    known, asked = ("".join(c for c in number if c.isdigit()) for number in (phone, typed))
    return known.endswith(asked) or national(phone).startswith(national(typed))
