"""API tokens: a short-lived signed claim about a session that can be revoked, worthless as a cookie."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from jose import jwt
from jose.exceptions import JOSEError

from coordination.identity.rules import attempt_key

ALGORITHM = "HS256"
AUDIENCE = "coordination-api"
TOKEN_LASTS = timedelta(minutes=15)
LONGEST_TOKEN = 2000


@dataclass(frozen=True)
class Claim:
    """What a good token says: this session, acting for this membership."""

    session_id: UUID
    membership_id: UUID


def session_hash(key: str, session_id: UUID) -> str:
    """What the session's row is found by. No cookie hashes to it, and a browser's session is found by no token."""
    return attempt_key(key, "api-session", str(session_id))


def sign(key: str, claim: Claim, at: datetime) -> str:
    """The token, valid `TOKEN_LASTS` from `at`."""
    claims = {
        "aud": AUDIENCE,
        "sub": str(claim.membership_id),
        "sid": str(claim.session_id),
        "iat": int(at.timestamp()),
        "exp": int((at + TOKEN_LASTS).timestamp()),
    }
    return str(jwt.encode(claims, key, algorithm=ALGORITHM))


def read(key: str, token: str) -> Claim | None:
    """The claim of a token signed by us, for us, and not expired; None for anything else."""
    if len(token) > LONGEST_TOKEN:
        return None
    required = {f"require_{name}": True for name in ("aud", "sub", "iat", "exp")}
    try:
        claims = jwt.decode(token, key, algorithms=[ALGORITHM], audience=AUDIENCE, options=required)
        return Claim(UUID(claims["sid"]), UUID(claims["sub"]))
    except (JOSEError, ValueError, KeyError, TypeError, AttributeError):
        return None
