"""What every request goes through: size, origin, readable address, headers, and the last net under a failure."""

import asyncio
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from coordination.kit.guards import (
    HEADERS,
    LARGEST_BODY,
    App,
    CutShort,
    Guards,
    Message,
    Receive,
    Scope,
    Send,
    fault,
    readable,
    same_origin,
)
from tests.aside import aside

OURS = {"host": "coordination.exemple.fr"}


def scope(method: str = "POST", path: bytes = b"/x", query: bytes = b"", **headers: str) -> Scope:
    given_headers = {"host": "coordination.exemple.fr", "sec-fetch-site": "same-origin"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    return {
        "type": "http",
        "method": method,
        "scheme": "https",
        "path": path.decode("latin-1"),
        "raw_path": path,
        "query_string": query,
        "headers": [(k.encode("latin-1"), v.encode("latin-1")) for k, v in given_headers.items()],
    }


def plain(status: int, body: bytes = b"") -> App:
    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": body})

    return answer


async def reader(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that reads the whole body."""
    more = True
    while more:
        more = bool((await receive()).get("more_body"))
    await plain(200)(scope, receive, send)


def run(
    app: App, asked: Scope, chunks: Iterable[bytes] = (b"",), *, https: bool = True
) -> tuple[list[Message], list[str]]:
    """The messages answered through the guards, and the failures the guards were told of."""
    failures: list[str] = []
    sent: list[Message] = []

    def failed(raised: Exception) -> App:
        failures.append(type(raised).__name__)
        return plain(500)

    waiting = list(chunks)

    async def receive() -> Message:
        chunk = waiting.pop(0)
        return {"type": "http.request", "body": chunk, "more_body": bool(waiting)}

    async def send(message: Message) -> None:
        sent.append(message)

    guards = Guards(app, refuse=plain, failed=failed, https=https)
    aside(lambda: asyncio.run(guards(asked, receive, send)))
    return sent, failures


def headers_of(sent: list[Message]) -> Headers:
    return Headers(raw=sent[0]["headers"])


# ------------------------------------------------------------------ size


@pytest.mark.parametrize("length", [str(LARGEST_BODY + 1), "9" * 30, "-1", "abc", "1e3", "²", "", " 12"])
def test_a_body_announced_too_large_or_absurd_is_refused_before_it_is_read(length: str) -> None:
    assert fault(scope(content_length=length)) == 413


def test_a_body_at_the_limit_passes() -> None:
    assert fault(scope(content_length=str(LARGEST_BODY))) is None


def test_a_body_that_grows_too_large_unannounced_is_refused() -> None:
    sent, failures = run(reader, scope(), [b"x" * 400_000] * 3)
    assert sent[0]["status"] == 413
    assert failures == []
    assert run(reader, scope(), [b"x" * 400_000] * 2)[0][0]["status"] == 200


# ------------------------------------------------------------------ origin


@pytest.mark.parametrize(
    ("headers", "ours"),
    [
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "same-site"}, False),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "none"}, False),
        ({"sec-fetch-site": "cross-site", "origin": "https://coordination.exemple.fr"}, False),
        ({"origin": "https://coordination.exemple.fr"}, True),
        ({"origin": "https://ailleurs.exemple"}, False),
        ({"origin": "https://coordination.exemple.fr.ailleurs.exemple"}, False),
        ({"origin": "https://coordination.exemple.fr:8443"}, False),
        ({"origin": "null"}, False),
        ({}, False),
        ({"authorization": "Bearer abc"}, True),
        ({"authorization": "Bearer abc", "cookie": "session=abc"}, False),
        ({"authorization": "Basic abc"}, False),
    ],
)
def test_only_our_own_pages_change_anything(headers: dict[str, str], ours: bool) -> None:
    assert same_origin(Headers(OURS | headers), "https") is ours


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "WHATEVER"])
def test_every_verb_that_may_change_something_is_asked(method: str) -> None:
    assert fault(scope(method, sec_fetch_site="cross-site")) == 403


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_a_link_from_elsewhere_opens_a_page(method: str) -> None:
    assert fault(scope(method, sec_fetch_site="cross-site")) is None


# ------------------------------------------------------------------ addresses


@pytest.mark.parametrize("raw", [b"/a%00b", b"/a\x00b", b"/%FF", b"/\xff", b"/%C3", b"/%ED%A0%80", b"/%C0%80"])
def test_an_unreadable_address_is_refused(raw: bytes) -> None:
    assert not readable(raw)
    assert fault(scope("GET", path=raw)) == 422
    assert fault(scope("GET", query=b"q=" + raw)) == 422


@given(st.binary(max_size=40))
def test_any_bytes_get_an_answer(raw: bytes) -> None:
    assert fault(scope("GET", path=b"/" + raw)) in (None, 422)


# ------------------------------------------------------------------ headers and failures


def test_every_answer_carries_the_headers_whoever_gives_it() -> None:
    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        raise ValueError("ce qu’une personne a tapé")

    for app, asked, status in (
        (plain(200), scope(), 200),
        (broken, scope(), 500),
        (plain(200), scope(sec_fetch_site="cross-site"), 403),
        (plain(200), scope(content_length="9999999"), 413),
    ):
        sent, _ = run(app, asked)
        found = headers_of(sent)
        assert sent[0]["status"] == status
        assert {name: found[name] for name in HEADERS} == HEADERS
        assert found["cache-control"] == "no-store"
        assert found["strict-transport-security"]


def test_strict_transport_is_said_over_https_only() -> None:
    sent, _ = run(plain(200), scope(), https=False)
    assert "strict-transport-security" not in headers_of(sent)


def test_the_policy_lets_no_inline_code_run() -> None:
    policy = HEADERS["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy


def test_a_failure_is_answered_once_and_does_not_go_further() -> None:
    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        raise ValueError

    sent, failures = run(broken, scope())
    assert [m["type"] for m in sent] == ["http.response.start", "http.response.body"]
    assert failures == ["ValueError"]


def test_a_failure_in_the_middle_of_an_answer_cuts_it_and_prints_no_value() -> None:
    async def half(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ValueError("ce qu’une personne a tapé")

    with pytest.raises(CutShort) as cut:
        run(half, scope())
    assert cut.value.__suppress_context__
    assert "tapé" not in str(cut.value)
