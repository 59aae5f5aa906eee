"""Pure: two files side by side — which value of the profile is proposed, who is the same person in both."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID


class Side(StrEnum):
    """Which of the two files a value is taken from."""

    KEPT = "garde"
    ABSORBED = "reuni"


# What is chosen as one, in the order of the screen: a name, its French words, the columns of the profile it covers.
UNITS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("commune", "Commune", ("commune",)),
    ("address", "Adresse", ("address_kind", "address")),
    ("phone", "Téléphone", ("phone",)),
    ("email", "Courriel", ("email",)),
    ("family_situation", "Situation familiale", ("family_situation",)),
    ("housing", "Logement", ("housing",)),
    ("origin", "Origine de la demande", ("origin",)),
    (
        "representative",
        "Représentant légal",
        ("representative_name", "representative_link", "representative_phone"),
    ),
)
BLANKS: dict[str, tuple[str, ...]] = {"address": ("fixe", "")}
"""What an empty unit looks like when it is not made of empty words."""


class Somebody(Protocol):
    """A person as two files are compared."""

    id: UUID
    name_folded: str
    birth_date: date | None
    birth_precision: str


@dataclass(frozen=True)
class Compared:
    """One line of the comparison: what each file says, and which one is proposed."""

    name: str
    label: str
    kept: tuple[str, ...]
    absorbed: tuple[str, ...]
    proposed: Side

    @property
    def same(self) -> bool:
        return self.kept == self.absorbed

    @property
    def filled(self) -> bool:
        return self.kept != BLANKS.get(self.name, ("",) * len(self.kept))


def compare(kept: Mapping[str, Any], absorbed: Mapping[str, Any], *, absorbed_is_newer: bool) -> list[Compared]:
    """Every unit of the two profiles; the filled one is proposed, and of two filled ones the newer."""
    found = []
    for name, label, columns in UNITS:
        left, right = (tuple(str(side[c] or "") for c in columns) for side in (kept, absorbed))
        blank = BLANKS.get(name, ("",) * len(columns))
        takes = right not in (blank, left) and (left == blank or absorbed_is_newer)
        found.append(Compared(name, label, left, right, Side.ABSORBED if takes else Side.KEPT))
    return found


def columns_of(units: Iterable[str]) -> list[str]:
    """The columns of the profile that these units cover."""
    wanted = set(units)
    return [column for name, _, columns in UNITS if name in wanted for column in columns]


def same_people(kept: Sequence[Somebody], absorbed: Sequence[Somebody]) -> dict[UUID, UUID]:
    """Who of the absorbed file is proposed as whom of the kept one: the same folded name, words in any order or
    written as one, and the same birth date, or one that is not known. Nobody is proposed twice; a known date first."""
    pairs: dict[UUID, UUID] = {}
    for sure in (True, False):
        for person in absorbed:
            if person.id in pairs:
                continue
            for other in kept:
                if other.id not in pairs.values() and _same(person, other, sure=sure):
                    pairs[person.id] = other.id
                    break
    return pairs


def _same(one: Somebody, other: Somebody, *, sure: bool) -> bool:
    names = [person.name_folded for person in (one, other)]
    if not all(names) or (len({name.replace(" ", "") for name in names}) > 1 and len({_words(n) for n in names}) > 1):
        return False
    births = {(p.birth_date, p.birth_precision) for p in (one, other)}
    return len(births) == 1 or (not sure and None in {birth for birth, _ in births})


def _words(name: str) -> tuple[str, ...]:
    return tuple(sorted(name.split()))
