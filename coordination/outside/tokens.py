"""The signed link to one referral: who made it is proved by our key, what it opens today by the row it names."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from jose import jwt
from jose.exceptions import JOSEError

ALGORITHM = "HS256"
AUDIENCE = "coordination-link"
LONGEST_TOKEN = 1000


@dataclass(frozen=True)
class Link:
    """What a good token says: this referral of this network, by this one of its links."""

    referral_id: UUID
    network_id: UUID
    link_id: UUID


@dataclass(frozen=True)
class Read:
    """A token of ours; an expired one may only ask for another."""

    link: Link
    expired: bool


def sign(key: str, link: Link, until: datetime) -> str:
    """The token, good until then."""
    claims = {
        "aud": AUDIENCE,
        "sub": str(link.referral_id),
        "net": str(link.network_id),
        "jti": str(link.link_id),
        "exp": int(until.timestamp()),
    }
    return str(jwt.encode(claims, key, algorithm=ALGORITHM))


def read(key: str, token: str, at: datetime) -> Read | None:
    """What a token signed by us, as a link, says; None for anything else."""
    if len(token) > LONGEST_TOKEN:
        return None
    options = {"verify_exp": False, **{f"require_{name}": True for name in ("aud", "sub", "jti", "exp")}}
    try:
        claims = jwt.decode(token, key, algorithms=[ALGORITHM], audience=AUDIENCE, options=options)
        link = Link(UUID(claims["sub"]), UUID(claims["net"]), UUID(claims["jti"]))
        return Read(link, expired=int(claims["exp"]) <= at.timestamp())
    except (JOSEError, ValueError, KeyError, TypeError, AttributeError, OverflowError):
        return None
