"""What is true of organisations, accounts and passwords."""

import hashlib
import hmac
import re
import string
import unicodedata
from datetime import timedelta
from enum import StrEnum

from coordination.kit.errors import NotKnown, NotNow
from coordination.kit.text import lower_first

IDLE_SIGN_OUT = timedelta(hours=2)
LONGEST_SESSION = timedelta(hours=14)
INVITATION_LASTS = timedelta(days=7)
RESET_LASTS = timedelta(days=1)
ATTEMPTS_PER_ACCOUNT = 10
"""From one address: whoever tries somebody's passwords shuts herself out, not her."""
ATTEMPTS_ANYWHERE = 100
"""On one account, from all addresses together."""
ATTEMPTS_PER_ADDRESS = 50
ATTEMPTS_WINDOW = timedelta(minutes=15)

PASSWORD_HINT = (
    "12 caractères avec minuscules, majuscules, chiffres et signes ; "
    "ou 14 caractères avec minuscules, majuscules et chiffres ; ou une phrase d’au moins 7 mots."
)

API_DEVICE = "API"
"""What a token's session says of its device."""

# The first mark found decides: most browsers name several others.
BROWSERS = (("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Macintosh", "Mac"),
    ("Linux", "Linux"),
)


class LastAdmin(NotNow):
    """C’est le dernier compte d’administration de la structure : désignez-en un autre d’abord. Rien n’a été modifié."""


class WorksElsewhere(NotNow):
    """Cette personne a aussi un compte dans une autre structure : son mot de passe ne se change pas d’ici, pour que
    personne n’ouvre les dossiers de l’autre. Qui administre l’application peut lui donner un lien."""


class SpentLink(NotKnown):
    """Ce lien a déjà servi, a été annulé ou n’est plus valable.
    Demandez-en un nouveau à l’administrateur de votre structure."""

    title = "Lien périmé"
    next_step = ""


class OrganisationKind(StrEnum):
    """The kinds of partner organisations of a network."""

    CCAS = "ccas"
    SECOURS_POPULAIRE = "secours_populaire"
    EPICERIE = "epicerie"
    ASSOCIATION = "association"

    @property
    def label(self) -> str:
        return {
            "ccas": "CCAS",
            "secours_populaire": "Comité du Secours populaire",
            "epicerie": "Épicerie solidaire",
            "association": "Association",
        }[self.value]


class InvitationPurpose(StrEnum):
    """What a one-use link opens: a new membership, or a new password."""

    INVITATION = "invitation"
    RESET = "reset"


def password_fault(password: str) -> str | None:
    """Why a password is refused, or None: the three examples of CNIL's délibération 2022-100, with throttling.

    Accepted: 12 characters of 4 classes, 14 characters of 3 classes, or a phrase of 7 words.
    """
    if "\x00" in password or len(password) > 256:
        return "Ce mot de passe ne peut pas être utilisé : 256 caractères au plus."
    words = [word for word in re.split(r"[\s\-_.,;:!?]+", password) if len(word) >= 2]
    classes = sum(
        (
            any(c.islower() for c in password),
            any(c.isupper() for c in password),
            any(c.isdigit() for c in password),
            any(not c.isalnum() for c in password),
        )
    )
    varied = len(set(password)) >= 6
    long_phrase = len(words) >= 7 and len(set(words)) >= 5
    if varied and (long_phrase or (len(password) >= 12 and classes == 4) or (len(password) >= 14 and classes >= 3)):
        return None
    return f"Mot de passe trop faible. Choisissez {lower_first(PASSWORD_HINT)}"


def device_label(user_agent: str) -> str:
    """What a person recognises of a browser: `Firefox sur Android`, from what the browser says of itself."""
    if user_agent == API_DEVICE:
        return "Application reliée (API)"
    browser = next((name for mark, name in BROWSERS if mark in user_agent), "")
    system = next((name for mark, name in SYSTEMS if mark in user_agent), "")
    return f"{browser or 'Navigateur'} sur {system}" if system else browser or "Appareil inconnu"


def folded_email(email: str) -> str:
    """The form under which an e-mail address is looked up: trimmed, lower case, NFKC."""
    return unicodedata.normalize("NFKC", email).strip().casefold()


def token_hash(token: str) -> str:
    """What is stored of an opaque token: its sha256 (the token itself has 256 bits)."""
    return hashlib.sha256(token.encode()).hexdigest()


def attempt_key(key: str, kind: str, value: str) -> str:
    """A keyed hash: the table of attempts names nobody."""
    return hmac.new(key.encode(), f"{kind}:{value}".encode(), hashlib.sha256).hexdigest()


def slug(name: str) -> str:
    """A short ASCII name for commands and barèmes, from a French name."""
    plain = unicodedata.normalize("NFKD", name.casefold().replace("œ", "oe").replace("æ", "ae"))
    kept = "".join(
        c if c in string.ascii_lowercase + string.digits else "-" for c in plain if not unicodedata.combining(c)
    )
    return re.sub(r"-+", "-", kept).strip("-")[:60]
