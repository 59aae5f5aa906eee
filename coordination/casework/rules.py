"""What is true of casework: how a contact was made, when a task is due, which words the screens use."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

OLDEST_YEAR = 2000
"""Dates before it are typing errors."""


class Medium(StrEnum):
    """How a contact was made."""

    PHONE = "telephone"
    VISIT = "visite"
    OFFICE = "bureau"
    EMAIL = "courriel"
    LETTER = "courrier"

    @property
    def label(self) -> str:
        return {
            "telephone": "Téléphone",
            "visite": "Visite à domicile",
            "bureau": "Au bureau",
            "courriel": "Courriel",
            "courrier": "Courrier",
        }[self.value]

    @classmethod
    def options(cls) -> list[tuple[str, str]]:
        """`(value, label)` pairs in the order of the enum, for a form."""
        return [(item.value, item.label) for item in cls]


def is_due(due_on: date, on: date) -> bool:
    """A task waits on the home page from its day on."""
    return due_on <= on


@dataclass(frozen=True)
class Happening:
    """One line of a file's timeline; `at` is a moment, or a day when no more is known."""

    at: datetime | date
    title: str
    text: str = ""
    who: str = ""
    tone: str = "neutral"
