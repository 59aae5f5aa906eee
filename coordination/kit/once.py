"""A form sent twice is done once: its page bears a mark, and what was already sent with it is answered as it was.

Two sendings are the same when the mark, the address and every word are: what was changed after a step back is another
one. What could not be read, or was refused, may be sent again as it is. Nothing of what was said is kept.

A page that shows a secret once leads nowhere: the secret is drawn from its sending; the same sending shows it again.
"""

import base64
import hashlib
import hmac
import re
import secrets

from fastapi import Request

from coordination.kit.actor import Member
from coordination.kit.db import ActorSession
from coordination.kit.guards import reading_a_body
from coordination.kit.written import Written

FIELD = "une"
SAID = "C’est fait. Le formulaire est parti deux fois et n’a compté qu’une fois."
BOUNDARY = re.compile(rb'boundary="?([^";,]+)')

# Beside the keys of the API (`identity/idempotency.py`), for as long, and each membership its own.
ONE_AT_A_TIME = Written("select pg_advisory_xact_lock(hashtextextended(%(me)s::uuid || %(seal)s, 0))")
KNOWN = Written(
    "select address from idempotency where membership_id = %(me)s and key_hash = %(seal)s"
    " and created_at > now() - interval '24 hours'"
)
FORGET = Written("select access.forget_sent()")
KEEP = Written(
    "insert into idempotency (membership_id, key_hash, network_id, request_hash, address, created_at)"
    " values (%(me)s, %(seal)s, %(network)s, %(seal)s, %(address)s, now()) on conflict do nothing"
)


class AlreadySent(Exception):
    """The same form was sent before: it is answered with the same address."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self.address = address


def new_mark() -> str:
    """What the forms of a page that is shown bear."""
    return secrets.token_urlsafe(12)


async def seal(request: Request) -> None:
    """Remembers for this request which sending it is: before anything reads its body, which is kept for them."""
    request.state.seal = request.state.said = None
    mark = request.query_params.get(FIELD)
    if not mark or request.method != "POST" or not isinstance(request.state.actor, Member):
        return
    with reading_a_body():
        body = await request.body()
    drawn = BOUNDARY.search(request.headers.get("content-type", "").encode())
    if drawn is not None:  # by the browser, at each sending
        body = body.replace(drawn[1], b"")
    said = f"form:{request.url.path}?{request.url.query}:".encode() + body
    request.state.said = said
    request.state.seal = hmac.new(request.app.state.key.encode(), said, hashlib.sha256).hexdigest()


def drawn(request: Request) -> str:
    """A secret to show once. Sent again by an impatient click or a reload, the same form draws the same one, and the
    page can show what the first sending made. It comes from the secret of the browser's session, the mark and what was
    said: none is kept, so that nobody draws it again from what is stored, be it with the key of the installation."""
    if request.state.said is None:
        return secrets.token_urlsafe(32)
    by = hmac.new(request.state.token.encode(), b"shown once:" + request.state.said, hashlib.sha256)
    return base64.urlsafe_b64encode(by.digest()).decode().rstrip("=")


def refuse_again(session: ActorSession, seal: str) -> None:
    """Raises `AlreadySent`. Two sendings at the same instant take turns: the second sees what the first did."""
    me = session.member.membership_id
    session.later(ONE_AT_A_TIME, me=me, seal=seal)
    for (address,) in session.ask(KNOWN, me=me, seal=seal):
        raise AlreadySent(address)


def keep(session: ActorSession, seal: str, address: str) -> None:
    """Remembers where this sending leads, with what it did."""
    member = session.member
    session.later(FORGET)
    session.later(KEEP, me=member.membership_id, network=member.network_id, seal=seal, address=address)
