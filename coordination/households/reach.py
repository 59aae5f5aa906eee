"""Words of protection: why a file is closed to somebody, and the ways to reach a household."""

from collections.abc import Collection

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


def contact_rules(ways: Collection[Way], words: str) -> list[str]:
    """How a household may be reached, as sentences to read before any call or letter; words of its own come last."""
    voice = " et laisser un message" if Way.MESSAGE in ways else ", SANS laisser de message"
    lines = [
        f"On peut l’appeler{voice}." if Way.CALL in ways else "NE PAS l’appeler.",
        "On peut lui écrire par courrier." if Way.LETTER in ways else "NE PAS envoyer de courrier.",
        "On peut lui écrire par courriel." if Way.EMAIL in ways else "NE PAS envoyer de courriel.",
    ]
    return [*lines, words] if words else lines
