"""How many answers one address gets from what is open to anybody, without keeping any address.

An address is only ever seen through a hash under a secret of this process, drawn anew with each window of ten minutes:
when the window ends, the counts and the secret go together, and nothing ties the next ones to them. Nothing is written.
"""

import hmac
from collections import Counter
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address
from secrets import token_bytes
from threading import Lock
from time import monotonic

from fastapi import Request

WINDOW = 600.0
MOST_ADDRESSES = 50_000
"""Beyond, the window ends early: memory is bounded whatever comes."""


class Restraint:
    """The answers of this process's current window."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._anew()

    def _anew(self) -> None:
        self._secret, self._since, self._counts = token_bytes(32), self._clock(), Counter[bytes]()

    def allows(self, address: str, most: int) -> bool:
        """Whether one more answer may go to a place (`place_of`), `most` in a window; counts it."""
        with self._lock:
            if self._clock() - self._since >= WINDOW or len(self._counts) >= MOST_ADDRESSES:
                self._anew()
            key = hmac.digest(self._secret, address.encode(), "sha256")[:16]
            self._counts[key] += 1
            return self._counts[key] <= most


def allowed(request: Request, what: str, most: int) -> bool:
    """Whether whoever asks may have one more answer of this kind from this application; counts it."""
    kept: dict[str, Restraint] = request.app.state.restraints
    return kept.setdefault(what, Restraint()).allows(address_of(request), most)


def address_of(request: Request) -> str:
    """Where a request comes from, as attempts are counted by."""
    return place_of(request.client.host) if request.client else ""


def place_of(address: str) -> str:
    """What counts as one address: the 64 first bits of a long one, since a home has all the others."""
    try:
        known = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(known, IPv6Address):
        if known.ipv4_mapped is not None:
            return str(known.ipv4_mapped)
        return f"{int(known) >> 64:x}/64"
    return str(known)
