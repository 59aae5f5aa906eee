"""Where a referral to an outside service stands, how the person agreed to it, and the mail that names nobody. Pure."""

from datetime import timedelta
from enum import StrEnum

LINK_LASTS = timedelta(days=15)
SUBJECT = "Une orientation attend votre réponse"


class State(StrEnum):
    """Where it stands."""

    SENT = "sent"
    ASKED = "asked"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"

    @property
    def label(self) -> str:
        return {
            "sent": "En attente de réponse",
            "asked": "Demande à être rappelé",
            "accepted": "Acceptée",
            "refused": "Refusée",
            "withdrawn": "Retirée",
        }[self.value]

    @property
    def tone(self) -> str:
        return {
            "sent": "info",
            "asked": "warning",
            "accepted": "success",
            "refused": "danger",
            "withdrawn": "neutral",
        }[self.value]

    @property
    def is_open(self) -> bool:
        """Whether the service may still answer."""
        return self in (State.SENT, State.ASKED)


class How(StrEnum):
    """How the person agreed that this service receives this referral."""

    SPOKEN = "entretien"
    PHONE = "telephone"
    WRITTEN = "ecrit"

    @property
    def label(self) -> str:
        return {
            "entretien": "De vive voix, pendant l’entretien",
            "telephone": "Au téléphone",
            "ecrit": "Par écrit",
        }[self.value]


class Answer(StrEnum):
    """What the service may say."""

    ACCEPT = "accept"
    REFUSE = "refuse"
    ASK = "ask"

    @property
    def state(self) -> State:
        return {"accept": State.ACCEPTED, "refuse": State.REFUSED, "ask": State.ASKED}[self.value]


def mail_words(organisation: str, phone: str, address: str) -> str:
    """The mail: who refers and one address; no person, no household, no need."""
    call = f" au {phone}" if phone else ""
    return "\n".join(
        [
            "Bonjour,",
            "",
            f"{organisation} souhaite vous adresser une personne, avec son accord.",
            "",
            "Pour voir de quoi il s’agit et répondre, sans compte ni mot de passe :",
            address,
            "",
            f"Ouvrir ce lien n’engage à rien. Il sert {LINK_LASTS.days} jours, pour cette seule demande.",
            "Ne le transmettez pas.",
            f"Une question ? Appelez {organisation}{call}.",
        ]
    )
