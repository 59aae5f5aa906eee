"""What is true of a household: codes, links, partial birth dates, ages, who is in the file at a date."""

import re
from calendar import monthrange
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import combinations
from typing import Protocol
from uuid import UUID

from coordination.kit.text import day_in_figures

CODE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXZ"
CODE_LENGTH = 6
OLDEST_AGE = 120
ADULT_AGE = 18


class Labelled(StrEnum):
    """An enum whose French labels stand in one table beside it."""

    @property
    def label(self) -> str:
        return LABELS[type(self).__name__][self.value]

    @classmethod
    def options(cls) -> list[tuple[str, str]]:
        """`(value, label)` pairs in the order of the enum, for a form."""
        return [(item.value, item.label) for item in cls]


class Link(Labelled):
    """What a person is to the household's reference person."""

    REFERENCE = "reference"
    PARTNER = "partner"
    CHILD = "child"
    SHARED_CHILD = "shared_child"
    PARENT = "parent"
    RELATIVE = "relative"
    OTHER = "other"


class FamilySituation(Labelled):
    """Family situation, in the words of the State's tools."""

    SINGLE = "celibataire"
    MARRIED = "marie"
    PACS = "pacs"
    COHABITING = "concubinage"
    SEPARATED = "separe"
    DIVORCED = "divorce"
    WIDOWED = "veuf"
    SINGLE_PARENT = "parent_isole"
    COUPLE_CHILDREN = "couple_enfants"
    OTHER = "autre"


class Housing(Labelled):
    """Where the household lives."""

    SOCIAL = "parc_social"
    PRIVATE = "parc_prive"
    OWNER = "proprietaire"
    HOSTED = "heberge_tiers"
    EMERGENCY = "hebergement_urgence"
    UNFIT = "insalubre"
    NONE = "sans_hebergement"
    OTHER = "autre"


class Activity(Labelled):
    """What an adult lives by; two of them touch health."""

    EMPLOYEE = "salarie"
    SELF_EMPLOYED = "independant"
    UNEMPLOYED_PAID = "chomage_indemnise"
    UNEMPLOYED = "chomage_non_indemnise"
    PENSIONER = "retraite"
    DISABILITY = "invalidite"
    SICK_LEAVE = "arret_maladie"
    STUDENT = "etudiant"
    AT_HOME = "au_foyer"
    NONE = "sans_activite"
    OTHER = "autre"

    @property
    def sensitive(self) -> bool:
        """Whether the word tells something of a person's health."""
        return self in (Activity.DISABILITY, Activity.SICK_LEAVE)


class Origin(Labelled):
    """How the household came to the network."""

    SPONTANEOUS = "spontanee"
    PARTNER = "partenaire"
    ELECTED = "elu"
    DEPARTMENT = "departement"
    OTHER = "autre"


class AddressKind(Labelled):
    """An address, a domiciliation, or none: each is normal."""

    FIXED = "fixe"
    DOMICILIATION = "domiciliation"
    NONE = "sans"


class EndReason(Labelled):
    """Why a stay ended. The last two are written by their own verbs, never chosen."""

    ELSEWHERE = "installe_ailleurs"
    SEPARATION = "separation"
    STUDY_OR_WORK = "etudes_travail"
    WITH_SOMEBODY = "chez_un_proche"
    OTHER = "autre_depart"
    DEATH = "deces"
    NEW_LINK = "change_lien"

    @classmethod
    def chosen(cls) -> list[tuple[str, str]]:
        """What a worker may choose when somebody leaves."""
        return [option for option in cls.options() if option[0] not in (cls.DEATH, cls.NEW_LINK)]


class Place(Labelled):
    """Where a person lives after a separation."""

    STAYS = "reste_ici"
    GOES = "nouveau_dossier"
    BOTH = "les_deux"


class ClosingReason(Labelled):
    """Why a file is closed."""

    NO_MORE_REQUEST = "plus_de_demande"
    MOVED_OUT = "hors_territoire"
    NO_NEWS = "sans_nouvelles"
    NO_MORE_WISH = "ne_souhaite_plus"
    EMPTY = "foyer_vide"
    DUPLICATE = "dossier_en_double"
    OTHER = "autre_cloture"


class Precision(Labelled):
    """How much of a birth date is known."""

    DAY = "day"
    MONTH = "month"
    YEAR = "year"
    UNKNOWN = "unknown"


LABELS: dict[str, dict[str, str]] = {
    "Link": {
        "reference": "Personne de référence",
        "partner": "Conjoint·e",
        "child": "Enfant",
        "shared_child": "Enfant en garde alternée",
        "parent": "Parent",
        "relative": "Autre membre de la famille",
        "other": "Autre personne",
    },
    "FamilySituation": {
        "celibataire": "Célibataire",
        "marie": "Marié·e",
        "pacs": "Pacsé·e",
        "concubinage": "En concubinage",
        "separe": "Séparé·e",
        "divorce": "Divorcé·e",
        "veuf": "Veuf ou veuve",
        "parent_isole": "Parent isolé avec enfant(s)",
        "couple_enfants": "Couple avec enfant(s)",
        "autre": "Autre",
    },
    "Housing": {
        "parc_social": "Locataire du parc social",
        "parc_prive": "Locataire du parc privé",
        "proprietaire": "Propriétaire",
        "heberge_tiers": "Hébergé·e par un tiers",
        "hebergement_urgence": "Hébergement d’urgence ou CHRS",
        "insalubre": "Logement insalubre",
        "sans_hebergement": "Sans hébergement",
        "autre": "Autre",
    },
    "Activity": {
        "salarie": "Salarié·e",
        "independant": "Indépendant·e",
        "chomage_indemnise": "Demandeur d’emploi indemnisé",
        "chomage_non_indemnise": "Demandeur d’emploi non indemnisé",
        "retraite": "Retraité·e",
        "invalidite": "Invalidité",
        "arret_maladie": "Arrêt maladie",
        "etudiant": "Étudiant·e",
        "au_foyer": "Au foyer",
        "sans_activite": "Sans activité",
        "autre": "Autre",
    },
    "Origin": {
        "spontanee": "Venue spontanée",
        "partenaire": "Un partenaire",
        "elu": "Un·e élu·e",
        "departement": "Le Département",
        "autre": "Autre",
    },
    "AddressKind": {
        "fixe": "Adresse fixe",
        "domiciliation": "Domiciliation",
        "sans": "Sans adresse fixe",
    },
    "EndReason": {
        "installe_ailleurs": "S’installe ailleurs",
        "separation": "Séparation",
        "etudes_travail": "Études ou travail",
        "chez_un_proche": "Va vivre chez un proche",
        "autre_depart": "Autre raison",
        "deces": "Décès",
        "change_lien": "Le lien change",
    },
    "Place": {
        "reste_ici": "Reste dans ce dossier",
        "nouveau_dossier": "Part dans le nouveau dossier",
        "les_deux": "Les deux (garde alternée)",
    },
    "ClosingReason": {
        "plus_de_demande": "Plus de demande",
        "hors_territoire": "A quitté le territoire",
        "sans_nouvelles": "Sans nouvelles",
        "ne_souhaite_plus": "Ne souhaite plus être accompagné",
        "foyer_vide": "Plus personne dans le foyer",
        "dossier_en_double": "Dossier en double",
        "autre_cloture": "Autre raison",
    },
    "Precision": {
        "day": "jour connu",
        "month": "mois connu",
        "year": "année connue",
        "unknown": "inconnue",
    },
}


@dataclass(frozen=True)
class BirthDate:
    """A birth date of which the day, the month or everything may be unknown; `first` is the earliest day it can be."""

    first: date | None
    precision: Precision

    def age(self, on: date) -> int | None:
        """Full years at a date; the youngest age possible when the day is unknown; None when nothing is known."""
        last = self.last
        if last is None:
            return None
        return on.year - last.year - ((on.month, on.day) < (last.month, last.day))

    def told_age(self, on: date) -> str:
        """« 38 ans », « 40 ou 41 ans » when the day is unknown; nothing when nothing is known, or before the birth."""
        young = self.age(on)
        old = BirthDate(self.first, Precision.DAY).age(on)
        if young is None or old is None or old < 0:
            return ""
        years = " ou ".join(map(str, sorted({max(young, 0), old}))) if old else "moins d’un"
        return f"{years} an{'s' * (old > 1)}"

    @property
    def last(self) -> date | None:
        """The latest day it can be."""
        if self.first is None:
            return None
        if self.precision is Precision.YEAR:
            return date(self.first.year, 12, 31)
        if self.precision is Precision.MONTH:
            return self.first.replace(day=monthrange(self.first.year, self.first.month)[1])
        return self.first

    def __str__(self) -> str:
        if self.first is None:
            return ""
        if self.precision is Precision.YEAR:
            return f"{self.first.year:04d}"
        if self.precision is Precision.MONTH:
            return f"{self.first:%m/%Y}"
        return f"{self.first:%d/%m/%Y}"


UNKNOWN_BIRTH = BirthDate(None, Precision.UNKNOWN)


def parse_birth(typed: str, today: date) -> BirthDate:
    """Reads `21/11/1990`, `21 novembre 1990`, `21/11/90`, `11/1990`, `1990` or nothing. Raises ValueError, in French.

    A year of two figures is read when it can only be of the last century: `75` is, `12` is not.
    """
    typed = day_in_figures(typed).strip()
    if not typed:
        return UNKNOWN_BIRTH
    short = re.fullmatch(r"([0-9]{1,2}[/. -][0-9]{1,2}[/. -])([0-9]{2})", typed)
    if short and int(short.group(2)) <= today.year % 100:
        raise ValueError("L’année a deux chiffres : écrivez-la en entier, par exemple 2005.")
    if short:
        typed = f"{short.group(1)}{today.year // 100 - 1}{short.group(2)}"
    shape = re.fullmatch(r"(?:(?:([0-9]{1,2})[/. -])?([0-9]{1,2})[/. -])?([0-9]{4})", typed)
    iso = re.fullmatch(r"([0-9]{4})-([0-9]{2})-([0-9]{2})", typed)
    if iso:
        year, month, day = iso.group(1), iso.group(2), iso.group(3)
    elif shape:
        day, month, year = shape.group(1), shape.group(2), shape.group(3)
    else:
        raise ValueError("Date illisible. Écrivez par exemple 21/11/1990, 11/1990 ou 1990.")
    try:
        first = date(int(year), int(month or 1), int(day or 1))
    except ValueError as impossible:
        raise ValueError("Cette date n’existe pas dans le calendrier.") from impossible
    if first > today:
        raise ValueError("Cette date est dans le futur.")
    if today.year - first.year > OLDEST_AGE:
        raise ValueError(f"Cette date donne plus de {OLDEST_AGE} ans : vérifiez l’année.")
    return BirthDate(first, Precision.DAY if day else Precision.MONTH if month else Precision.YEAR)


class Stay(Protocol):
    """A person's time in a file: what composition at a date is read from."""

    from_date: date
    until_date: date | None


class FileStay(Stay, Protocol):
    """The same, with whose time it is and what she was then."""

    person_id: UUID
    link: str


def present(stay: Stay, on: date) -> bool:
    """Whether the person is in the household on that day; the last day is included."""
    return stay.from_date <= on and (stay.until_date is None or on <= stay.until_date)


def overlap(one: Stay, other: Stay) -> bool:
    """Whether two stays have a day in common."""
    return (one.until_date is None or other.from_date <= one.until_date) and (
        other.until_date is None or one.from_date <= other.until_date
    )


class Clash(StrEnum):
    """What two stays of one file may not do."""

    BACKWARDS = "backwards"
    TWICE = "twice"
    TWO_REFERENCES = "two_references"


def clash(stays: Sequence[FileStay]) -> Clash | None:
    """What is impossible among the stays of one file: a person in it twice on a day, two reference persons on a day."""
    if any(stay.until_date is not None and stay.until_date < stay.from_date for stay in stays):
        return Clash.BACKWARDS
    for one, other in combinations(stays, 2):
        if not overlap(one, other):
            continue
        if one.person_id == other.person_id:
            return Clash.TWICE
        if one.link == other.link == Link.REFERENCE:
            return Clash.TWO_REFERENCES
    return None


def check_character(body: str) -> str:
    """The character that makes a code sure: catches every single wrong character and every swap of two."""
    total = sum((place + 2) * CODE_ALPHABET.index(c) for place, c in enumerate(body))
    return CODE_ALPHABET[total % len(CODE_ALPHABET)]


def household_code(numbers: Iterable[int]) -> str:
    """A code such as `7K3M-2PX` from six numbers below 29 (drawn by the caller)."""
    body = "".join(CODE_ALPHABET[n % len(CODE_ALPHABET)] for n in numbers)[:CODE_LENGTH]
    whole = body + check_character(body)
    return f"{whole[:4]}-{whole[4:]}"


def read_code(typed: str) -> str | None:
    """The code behind what was typed (spaces, case, hyphens do not matter), or None when it is not one."""
    plain = re.sub(r"[\s-]+", "", typed).upper()
    if len(plain) != CODE_LENGTH + 1 or any(c not in CODE_ALPHABET for c in plain):
        return None
    return f"{plain[:4]}-{plain[4:]}" if check_character(plain[:-1]) == plain[-1] else None


def is_adult(link: Link, age: int | None) -> bool:
    """Whether a person answers for herself; with an unknown age, children by their link do not."""
    if age is not None:
        return age >= ADULT_AGE
    return link not in (Link.CHILD, Link.SHARED_CHILD)
