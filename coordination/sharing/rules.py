"""What may be agreed: parts, audiences, purposes, ways of giving an agreement, and until when."""

from datetime import date
from enum import StrEnum

LONGEST_AGREEMENT_DAYS = 365
ENDING_SOON_DAYS = 30
"""How long before its end an agreement is proposed for renewal."""
REVIEW_DAYS = 182
"""A shared file is looked at again half a year after it was shared, or last confirmed."""
NOTICE_VERSION = "2026-11"


class SharedPart(StrEnum):
    """The parts of a file a household may share with a partner. `link`: what an outside service reads; nobody ticks
    it."""

    IDENTITY = "identity"
    BUDGET = "budget"
    NEEDS = "needs"
    SENSITIVE = "sensitive"
    LINK = "link"

    @classmethod
    def ticked(cls) -> "list[SharedPart]":
        """Those one chooses for an organisation."""
        return [part for part in cls if part is not cls.LINK]

    @property
    def label(self) -> str:
        return {
            "identity": "Identité, adresse et composition",
            "budget": "Budget et reste à vivre",
            "needs": "Besoins et orientations",
            "sensitive": "Faits touchant à la santé ou aux violences (professionnels seulement)",
            "link": "Par lien : un besoin et la commune, puis, s’il accepte, le nom et comment joindre la personne",
        }[self.value]


class Audience(StrEnum):
    """Who, in the organisation that receives."""

    PROFESSIONALS = "professionals"
    ALL = "all"

    @property
    def label(self) -> str:
        return {
            "professionals": "Professionnels soumis au secret seulement",
            "all": "Professionnels et bénévoles",
        }[self.value]


class Purpose(StrEnum):
    """What the shared file will serve for."""

    FOOD_AID = "food_aid"
    SUPPORT = "support"

    @property
    def label(self) -> str:
        return {
            "food_aid": "Étudier et suivre une aide alimentaire",
            "support": "Accompagner la famille (droits, logement, emploi, santé…)",
        }[self.value]


class GivenHow(StrEnum):
    """How the agreement was given."""

    SIGNED = "signed"
    ORAL = "oral"
    REPRESENTATIVE = "representative"

    @property
    def label(self) -> str:
        return {
            "signed": "Papier signé",
            "oral": "De vive voix, en présence du travailleur ou du bénévole",
            "representative": "Par un représentant légal",
        }[self.value]


class Answer(StrEnum):
    """What each adult answered, for herself or himself."""

    AGREES = "agrees"
    REFUSES = "refuses"
    ABSENT = "absent"

    @property
    def label(self) -> str:
        return {"agrees": "Accepte", "refuses": "Refuse", "absent": "Absent, à recueillir"}[self.value]


class RequestState(StrEnum):
    """Where a request of access stands; for the asker, `asked` also when there is no such file."""

    ASKED = "asked"
    ACCEPTED = "accepted"
    DECLINED = "declined"

    @property
    def label(self) -> str:
        return {"asked": "Sans réponse", "accepted": "Acceptée", "declined": "Refusée"}[self.value]


class Decline(StrEnum):
    """Why the holder does not share, in a code that says nothing of the household."""

    NO_AGREEMENT = "no_agreement"
    NOT_REACHED = "not_reached"
    NOT_NEEDED = "not_needed"

    @property
    def label(self) -> str:
        return {
            "no_agreement": "L’accord de la personne n’a pas été donné",
            "not_reached": "La personne n’a pas pu être jointe",
            "not_needed": "Le partage n’est pas nécessaire pour ce qui est demandé",
        }[self.value]


class AgreementState(StrEnum):
    """Where an agreement stands, read from its dates: no job has to run for it to end."""

    COMING = "coming"
    LIVE = "live"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"

    @property
    def label(self) -> str:
        return {
            "coming": "À venir",
            "live": "En vigueur",
            "expired": "Terminé",
            "withdrawn": "Retiré",
        }[self.value]


def agreement_state(starts: date, ends: date, withdrawn: bool, today: date) -> AgreementState:
    """Where an agreement stands on a day; both ends are included."""
    if withdrawn:
        return AgreementState.WITHDRAWN
    if today < starts:
        return AgreementState.COMING
    return AgreementState.LIVE if today <= ends else AgreementState.EXPIRED
