"""What is true of casework: how a contact was made, when a task is due, which words the screens use."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from coordination.kit.clock import PARIS

OLDEST_YEAR = 2000
"""Dates before it are typing errors."""


TAKEN_BACK_WITHIN = timedelta(hours=24)
"""How long the writer of a contact may take it back."""


class CreditorKind(StrEnum):
    """To whom a debt is owed; a debt of care is « autre », and its creditor is not named."""

    LANDLORD = "bailleur"
    ENERGY = "energie"
    WATER = "eau"
    PHONE = "telephone"
    BANK = "banque"
    CREDIT = "credit"
    TAXES = "impots"
    BENEFITS = "prestations"
    SCHOOL = "cantine"
    FAMILY = "proche"
    OTHER = "autre"

    @property
    def label(self) -> str:
        return {
            "bailleur": "Bailleur (loyer, charges)",
            "energie": "Énergie",
            "eau": "Eau",
            "telephone": "Téléphone, internet",
            "banque": "Banque (découvert, frais)",
            "credit": "Organisme de crédit",
            "impots": "Impôts, amendes",
            "prestations": "Trop-perçu de prestations",
            "cantine": "Cantine, garde, école",
            "proche": "Famille, proche",
            "autre": "Autre",
        }[self.value]

    @classmethod
    def options(cls) -> list[tuple[str, str]]:
        """`(value, label)` pairs in the order of the enum, for a form."""
        return [(item.value, item.label) for item in cls]


class GoalState(StrEnum):
    """Where a household's project stands."""

    OPEN = "en_cours"
    REACHED = "atteint"
    DROPPED = "abandonne"

    @property
    def label(self) -> str:
        return {"en_cours": "En cours", "atteint": "Atteint", "abandonne": "Abandonné"}[self.value]

    @property
    def tone(self) -> str:
        return {"en_cours": "info", "atteint": "success", "abandonne": "neutral"}[self.value]

    @classmethod
    def options(cls) -> list[tuple[str, str]]:
        """`(value, label)` pairs in the order of the enum, for a form."""
        return [(item.value, item.label) for item in cls]


class DocumentKind(StrEnum):
    """What may be marked as seen: a kind alone, never a number, never a copy; nothing that tells of health."""

    IDENTITY = "identite"
    FAMILY = "livret_famille"
    ADDRESS = "domicile"
    LEASE = "bail"
    RENT = "quittance"
    RESOURCES = "ressources"
    BENEFITS = "prestations"
    TAX = "imposition"
    BANK = "releve_bancaire"
    BILL = "facture"
    DEBT = "creances"
    SCHOOL = "scolarite"
    OTHER = "autre"

    @property
    def label(self) -> str:
        return {
            "identite": "Pièce d’identité",
            "livret_famille": "Livret de famille",
            "domicile": "Justificatif de domicile",
            "bail": "Bail",
            "quittance": "Quittance de loyer",
            "ressources": "Justificatif de ressources",
            "prestations": "Attestation de prestations",
            "imposition": "Avis d’imposition",
            "releve_bancaire": "Relevé bancaire",
            "facture": "Facture",
            "creances": "Courrier d’un créancier",
            "scolarite": "Certificat de scolarité",
            "autre": "Autre document",
        }[self.value]

    @classmethod
    def options(cls) -> list[tuple[str, str]]:
        """`(value, label)` pairs in the order of the enum, for a form."""
        return [(item.value, item.label) for item in cls]


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


def may_be_taken_back(written_at: datetime, at: datetime) -> bool:
    """A contact written by mistake is taken back within a day."""
    return at < written_at + TAKEN_BACK_WITHIN


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

    @property
    def day(self) -> date:
        """The day it was in Paris."""
        return self.at.astimezone(PARIS).date() if isinstance(self.at, datetime) else self.at


def newest_first(happenings: Iterable[Happening]) -> list[Happening]:
    """By day, the newest first; within a day, what has an hour comes by hour, after what has none."""
    return sorted(happenings, key=lambda one: (one.day, _minutes(one.at)), reverse=True)


def page_of(told: Sequence[Happening], before: date | None, size: int) -> tuple[list[Happening], date | None]:
    """About `size` lines older than the day `before`, and the day from which to go on (None: the end).

    `told` is in order. A day is never cut in two: what is written meanwhile neither hides a line nor shows it twice.
    """
    older = [one for one in told if before is None or one.day < before]
    if len(older) <= size:
        return older, None
    last = older[size - 1].day
    shown = [one for one in older if one.day >= last]
    return shown, last if len(shown) < len(older) else None


def _minutes(at: datetime | date) -> float:
    return at.timestamp() if isinstance(at, datetime) else float("inf")
