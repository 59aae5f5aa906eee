"""POSTs that may be sent again without harm: what a key made is remembered a day, never the answer itself."""

import hashlib
import hmac
from collections.abc import Callable
from typing import Annotated, Protocol
from uuid import UUID

from fastapi import Header, Request, Response
from pydantic import BaseModel

from coordination.identity.models import Idempotency
from coordination.kit.db import ActorSession
from coordination.kit.errors import Malformed
from coordination.kit.web import Walled, on_the_spot

REPLAYED = "Idempotency-Replayed"
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[!-~]{1,200}$",
        description="Une clef à vous, unique par demande : renvoyée dans les 24 heures avec le même contenu, elle rend "
        "la ressource déjà créée (en-tête `Idempotency-Replayed`) au lieu d’en créer une autre.",
        examples=["f1c9f7e0-6a53-4c38-9a53-2f8d1c0f9f4b"],
    ),
]


class Made(Protocol):
    """A row, known by its id."""

    @property
    def id(self) -> UUID: ...


class OtherRequest(Malformed):
    """Cette clef d’idempotence a déjà servi pour une autre demande : prenez-en une nouvelle. Rien n’a été modifié."""


class Once:
    """What a POST asks to be done once per key, and per membership: nobody can use another's keys."""

    def __init__(self, request: Request, response: Response, session: Walled, key: Key = None) -> None:
        self._request = request
        self._response = response
        self._session: ActorSession = session
        self._key = key

    def do(self, asked: BaseModel | None, deed: Callable[[], UUID]) -> UUID:
        """The id of what was made: by `deed` now, or before under the same key; the caller reads it again through the
        wall. Raises `OtherRequest`. What `deed` raises undoes everything, and the key may serve again.
        """
        if self._key is None:
            return deed()
        member, session = self._session.member, self._session
        key_hash = self._hash("key", self._key)
        content = asked.model_dump_json() if asked else ""
        said = self._hash("request", f"{self._request.method} {self._request.url.path} {content}")
        # Two sendings at once take turns: the second sees what the first made. The table's key is the last net.
        session.door(
            "pg_advisory_xact_lock(hashtextextended(:key, 0))", key=f"idempotency {member.membership_id} {key_hash}"
        )
        session.door("access.forget_sent()")
        known = session.get(Idempotency, (member.membership_id, key_hash))
        if known is not None:
            if not hmac.compare_digest(known.request_hash, said):
                raise OtherRequest
            assert known.resource_id is not None, "a key made it, no page"
            self._response.headers[REPLAYED] = "true"
            return known.resource_id
        made = deed()
        session.add(
            Idempotency(
                membership_id=member.membership_id,
                key_hash=key_hash,
                network_id=member.network_id,
                request_hash=said,
                resource_id=made,
            )
        )
        session.flush()
        return made

    def made(self, asked: BaseModel | None, deed: Callable[[], Made]) -> UUID:
        """The same, of a deed that gives back the row it made or moved."""
        return self.do(asked, lambda: deed().id)

    def located(self, path: str) -> None:
        """Says where what was made is read."""
        self._response.headers["Location"] = path

    def _hash(self, kind: str, value: str) -> str:
        """Keyed: bodies name people, and few enough that a plain hash could be guessed."""
        return hmac.new(self._request.app.state.key.encode(), f"{kind}:{value}".encode(), hashlib.sha256).hexdigest()


OnceOnly = Annotated[Once, on_the_spot(Once)]
