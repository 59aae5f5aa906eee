"""Requests per second of the real pages and of the minimal ones: two workers each, eight connections, in one run."""

import asyncio
import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from urllib.parse import urlencode

from bench.bases import QUICK, Base
from coordination.demo.accounts import PASSWORD
from coordination.kit.roles import libpq
from coordination.referrals.baskets import BASKETS
from coordination.referrals.machine import Side

WORKERS = 2
CONNECTIONS = 8
SECONDS = 3.0 if QUICK else 5.0
KEY = "une-clef-pour-mesurer-et-rien-d-autre-0123456789"


@dataclass(frozen=True)
class Pace:
    """Requests per second, ours and the minimal page's, and their ratio."""

    ours: float
    minimal: float
    ratio: float


def measure(base: Base, files: Sequence[str]) -> dict[str, Pace]:
    """The file page over many files, and a full page of the network's queue."""
    worker = base.networks[0].organisations[0].workers["coordinator"]
    network, organisation = base.networks[0].id, base.networks[0].organisations[0].id
    environment = {
        **os.environ,
        "DATABASE_URL": libpq(base.app_url),
        "COORDINATION_SECRET_KEY": KEY,
        "COORDINATION_DEMO": "true",
        "BENCH_URL": libpq(base.admin_url),
    }
    basket = BASKETS[Side.COORDINATOR][-1].key
    ours, minimal = free_port(), free_port()
    serve = [sys.executable, "-m", "coordination", "serve", "--port", str(ours), "--workers", str(WORKERS)]
    uvicorn = [sys.executable, "-m", "uvicorn", "bench.minimal:app", "--port", str(minimal), "--workers", str(WORKERS)]
    with (
        served(serve, ours, {**environment, "COORDINATION_BASE_URL": f"http://127.0.0.1:{ours}"}),
        served([*uvicorn, "--no-access-log", "--log-level", "warning"], minimal, environment),
    ):
        cookie = sign_in(ours, worker.email)
        pages = {
            "file page": ([f"/foyers/{file}" for file in files], [f"/file/{file}" for file in files]),
            "queue page": (
                [f"/orientations?cote={Side.COORDINATOR}&bannette={basket}"],
                [f"/queue/{network}/{organisation}"],
            ),
        }
        return {name: _pace(ours, cookie, real, minimal, plain) for name, (real, plain) in pages.items()}


def _pace(ours: int, cookie: str, real: Sequence[str], minimal: int, plain: Sequence[str]) -> Pace:
    """Turn by turn, twice each after a warm-up; the better of the two, since other work only slows."""
    for port, paths in ((ours, real), (minimal, plain)):
        asyncio.run(load(port, cookie, paths, 1.0))
    found = [
        (asyncio.run(load(ours, cookie, real, SECONDS)), asyncio.run(load(minimal, cookie, plain, SECONDS)))
        for _ in range(2)
    ]
    one, other = max(pair[0] for pair in found), max(pair[1] for pair in found)
    return Pace(round(one, 1), round(other, 1), round(one / other, 3))


async def load(port: int, cookie: str, paths: Sequence[str], seconds: float) -> float:
    """Requests answered 200 in a second, over so many connections, for so long. Raises when one is not."""
    ends = time.monotonic() + seconds
    turn = cycle(paths)
    counts = await asyncio.gather(*(_ask(port, cookie, turn, ends) for _ in range(CONNECTIONS)))
    return sum(counts) / seconds


async def _ask(port: int, cookie: str, turn: "cycle[str]", ends: float) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    count = 0
    while time.monotonic() < ends:
        writer.write(f"GET {next(turn)} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: {cookie}\r\n\r\n".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        if not head.startswith(b"http/1.1 200"):
            raise RuntimeError(head.partition(b"\r\n")[0].decode())
        length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
        await reader.readexactly(length)
        count += 1
    writer.close()
    return count


def sign_in(port: int, email: str) -> str:
    """The cookie of a worker signed in through the real page."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    headers = {"content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "same-origin"}
    connection.request("POST", "/connexion", urlencode({"email": email, "password": PASSWORD}), headers)
    answer = connection.getresponse()
    if answer.status != 303:
        raise RuntimeError(f"sign-in answered {answer.status}")
    return (answer.getheader("set-cookie") or "").partition(";")[0]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def served(command: list[str], port: int, environment: dict[str, str]) -> Iterator[None]:
    """A server of ours, once it answers, stopped at the end."""
    process = subprocess.Popen(command, env=environment)
    try:
        for _ in range(300):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            if process.poll() is not None:
                raise RuntimeError("the server stopped")
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(20)
