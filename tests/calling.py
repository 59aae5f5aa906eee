"""The application called in this process by a client that keeps cookies, without a socket.

Starlette's TestClient starts a thread and an event loop for each request and crosses between them nine times; here one
loop serves the whole test process, and a request crosses once.
"""

import asyncio
import sys
from functools import cache
from threading import Thread
from typing import Any

import httpx

ORIGIN = "http://testserver"


sys.modules.setdefault("trio", None)  # type: ignore[arg-type]  # not installed: httpx looks for it at each request


@cache
def _loop() -> asyncio.AbstractEventLoop:
    """Under one task that never ends: the threads that serve its requests are then kept from one to the next."""
    made = asyncio.new_event_loop()
    endless = asyncio.Event()
    Thread(target=lambda: made.run_until_complete(endless.wait()), name="applications", daemon=True).start()
    return made


class InProcess(httpx.BaseTransport):
    """Answers as a server would: what fails inside is a 500, never an exception here."""

    def __init__(self, app: Any) -> None:
        self._app = httpx.ASGITransport(app, raise_app_exceptions=False, client=("testclient", 50000))

    def come_from(self, address: str) -> None:
        self._app.client = (address, 50000)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        return asyncio.run_coroutine_threadsafe(self._answer(request), _loop()).result()

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        asked = httpx.Request(request.method, request.url, headers=request.headers, content=request.content)
        given = await self._app.handle_async_request(asked)
        body = httpx.ByteStream(await given.aread())  # read by the client, which then knows how long it took
        return httpx.Response(given.status_code, headers=given.headers, stream=body)


class Caller(httpx.Client):
    """Keeps cookies, follows no redirection unasked, and reads every answer, the failed ones too."""

    def __init__(self, app: Any) -> None:
        self._inside = InProcess(app)
        super().__init__(transport=self._inside, base_url=ORIGIN)
        self.app = app

    def come_from(self, address: str) -> None:
        """What follows is asked from another address."""
        self._inside.come_from(address)
