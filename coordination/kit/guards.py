"""What every request goes through before a page: size, origin, readable address; and the headers of every answer."""

import re
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from starlette.datastructures import Headers, MutableHeaders

from coordination.kit.errors import Malformed

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

LARGEST_BODY = 1_000_000
SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


class CutShort(Exception):
    """The answer had begun when something failed: the connection is cut, and nothing of the fault is printed."""


class Guards:
    """Refuses oversized bodies, foreign origins and unreadable addresses; adds the security headers.

    `larger`: the few paths where a file is sent, and how many bytes they take.

    What fails unexpectedly is answered here too, so that the page of a failure carries the same headers and no
    server prints the exception, whose text may hold what a person typed.
    """

    def __init__(
        self,
        app: App,
        *,
        refuse: Callable[[int], App],
        failed: Callable[[Exception], App],
        https: bool,
        larger: Mapping[str, int] | None = None,
    ) -> None:
        self.app = app
        self.refuse = refuse
        self.failed = failed
        self.https = https
        self.larger = larger or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        answer = _Answer(send, https=self.https)
        most = self.larger.get(scope["path"], LARGEST_BODY)
        status = fault(scope, most)
        if status is not None:
            await self.refuse(status)(scope, receive, answer.send)
            return
        limited = _Limited(receive, most)
        try:
            await self.app(scope, limited.receive, answer.send)
        except Exception as raised:  # noqa: BLE001 - the last net: whatever it is, it gets a page
            instead = self.refuse(413) if isinstance(raised, TooLargeBody) else self.failed(raised)
            if answer.begun:
                raise CutShort from None
            await instead(scope, receive, answer.send)


def fault(scope: Scope, most: int = LARGEST_BODY) -> int | None:
    """The status with which a request is refused outright, or None."""
    headers = Headers(raw=scope["headers"])
    length = headers.get("content-length", "0")
    if not re.fullmatch("[0-9]{1,9}", length) or int(length) > most:
        return 413
    if not readable(scope.get("raw_path") or b"") or not readable(scope.get("query_string") or b""):
        return 422
    if scope["method"] not in SAFE_METHODS and not same_origin(headers, scope.get("scheme", "http"), scope["path"]):
        return 403
    return None


def readable(raw: bytes) -> bool:
    """Whether an address decodes to text without NUL: what PostgreSQL and people can read."""
    plain = unquote_to_bytes(raw)
    try:
        return "\x00" not in plain.decode("utf-8")
    except UnicodeDecodeError:
        return False


COOKIELESS = "/api/"
"""Where no cookie is read nor set: another site can make a browser send nothing there that counts."""


def same_origin(headers: Headers, scheme: str, path: str = "") -> bool:
    """Whether a state-changing request comes from our own pages.

    `Sec-Fetch-Site` decides when the browser sends it; otherwise `Origin` must be our own host. With neither, only
    the cookieless API, or a bearer of a token (which no other site can make a browser send), is let through.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = headers.get("origin")
    if origin is not None:
        return urlsplit(origin).netloc == headers.get("host", "") and origin != "null"
    if path.startswith(COOKIELESS):
        return True
    return headers.get("authorization", "").lower().startswith("bearer ") and "cookie" not in headers


class TooLargeBody(Exception):
    """A body that grew past the limit without having announced it."""


@contextmanager
def reading_a_body() -> Iterator[None]:
    """Where what somebody sent is read: what cannot be is malformed, whatever made it so, unless it is too large."""
    try:
        yield
    except TooLargeBody:
        raise
    except Exception as unreadable:
        raise Malformed from unreadable


class _Limited:
    def __init__(self, receive: Receive, most: int) -> None:
        self._receive = receive
        self._most = most
        self._seen = 0

    async def receive(self) -> Message:
        message = await self._receive()
        self._seen += len(message.get("body", b""))
        if self._seen > self._most:
            raise TooLargeBody
        return message


class _Answer:
    def __init__(self, send: Send, *, https: bool) -> None:
        self._send = send
        self._https = https
        self.begun = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.begun = True
            headers = MutableHeaders(raw=message.setdefault("headers", []))
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            headers.setdefault("cache-control", "no-store")
            if self._https:
                headers.setdefault("strict-transport-security", "max-age=31536000; includeSubDomains")
        await self._send(message)
