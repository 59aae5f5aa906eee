"""What a link's holder may answer, and the mails that name nobody. Pure."""

from enum import StrEnum

from coordination.referrals.machine import MOVES, Side, State
from coordination.referrals.rules import LINK_LASTS


class Answer(StrEnum):
    """What the service may say by its link."""

    ACCEPT = "accept"
    REFUSE = "refuse"
    ASK = "ask"
    CLOSE = "close"

    @property
    def state(self) -> State:
        """Where the table of moves leads with it."""
        return next(move.target for move in MOVES if move.verb == self.value and Side.RECEIVER in move.by)


class Mail(StrEnum):
    """Why a link is mailed."""

    SENT = "sent"
    MOVED = "moved"
    REMINDER = "reminder"
    ABANDON = "abandon"
    RENEWED = "renewed"

    @property
    def subject(self) -> str:
        return {
            "sent": "Une orientation attend votre réponse",
            "moved": "Une précision vous est apportée",
            "reminder": "Rappel : une orientation attend votre réponse",
            "abandon": "Dernier rappel : une orientation attend votre réponse",
            "renewed": "Votre nouveau lien",
        }[self.value]

    @property
    def opening(self) -> str:
        """Why this mail comes, after the name of whoever sends it."""
        return {
            "sent": "souhaite vous adresser une personne, avec son accord.",
            "moved": "a répondu à votre demande de précision et attend maintenant votre réponse.",
            "reminder": "vous a adressé une personne, avec son accord, et attend votre réponse.",
            "abandon": "vous a adressé une personne, avec son accord. Sans réponse, la demande prendra fin.",
            "renewed": "vous a adressé une personne, avec son accord. Voici le nouveau lien que vous avez demandé.",
        }[self.value]


def mail_words(why: Mail, organisation: str, phone: str, address: str) -> str:
    """The mail: who refers and one address; no person, no household, no need."""
    call = f" au {phone}" if phone else ""
    return "\n".join(
        [
            "Bonjour,",
            "",
            f"{organisation} {why.opening}",
            "",
            "Pour voir de quoi il s’agit et répondre, sans compte ni mot de passe :",
            address,
            "",
            f"Ouvrir ce lien n’engage à rien. Il sert {LINK_LASTS.days} jours, pour cette seule demande.",
            "Ne le transmettez pas.",
            f"Une question ? Appelez {organisation}{call}.",
        ]
    )
