"""Words of protection: why a file is closed to somebody, and the ways to reach a household."""

from coordination.households.rules import LABELS, Labelled


class BarReason(Labelled):
    """Why a file is closed to somebody who works here."""

    OWN = "own"
    RELATIVE = "relative"
    COLLEAGUE = "colleague"
    OTHER = "other"


class Way(Labelled):
    """A way to reach a household, each a column of `safe_contact`."""

    CALL = "call"
    MESSAGE = "message"
    LETTER = "letter"
    EMAIL = "email"


LABELS |= {
    "BarReason": {
        "own": "C’est son propre dossier",
        "relative": "Un proche ou un voisin",
        "colleague": "Un collègue ou sa famille",
        "other": "Autre raison",
    },
    "Way": {
        "call": "Appeler",
        "message": "Laisser un message",
        "letter": "Envoyer un courrier",
        "email": "Envoyer un courriel",
    },
}
