"""A real server on a free port of loopback: a process, ended by its own id, or a thread of this one."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import Any

import httpx
import uvicorn

ROOT = Path(__file__).resolve().parents[1]
SERVE = (sys.executable, "-m", "coordination", "serve")
PATIENCE = 120.0
"""Seconds a server may take to start or to end: one that fails to is known at once, this is for one that hangs."""


KEPT: list[socket.socket] = []
"""Ports given, for the life of this process."""


def free_port() -> int:
    """A port that nobody uses. It stays bound here, without listening: the server that is told its number may listen on
    it, and nobody who takes any port (as browsers do at each connection) is given it before that server has started."""
    probe = socket.socket()
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    probe.bind(("127.0.0.1", 0))
    KEPT.append(probe)
    return int(probe.getsockname()[1])


class Served:
    """`with Served(variables) as served:` — `coordination serve` under these variables, at `served.url`. What it
    says of its troubles goes to the file `said`, or here."""

    def __init__(self, variables: dict[str, str], workers: int = 1, *, said: Path | None = None) -> None:
        self._workers = workers
        self._said = said
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._variables = variables
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Served":
        with self._said.open("wb") if self._said else nullcontext() as errors:
            self._process = subprocess.Popen(
                [*SERVE, "--port", str(self.port), "--workers", str(self._workers)],
                cwd=ROOT,
                env={**os.environ, **self._variables, "COORDINATION_BASE_URL": self.url},
                stdout=subprocess.DEVNULL,
                stderr=errors,
            )
        started = time.monotonic()
        with httpx.Client(timeout=5) as asking:  # one: each makes its own ground for encryption, anew
            while time.monotonic() - started < PATIENCE:
                if self._process.poll() is not None:
                    raise RuntimeError(f"the server ended with {self._process.returncode}")
                try:
                    if asking.get(f"{self.url}/sante").status_code == 200:
                        return self
                except httpx.TransportError:
                    time.sleep(0.1)
        self._end()
        raise RuntimeError("the server did not answer in time")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    @property
    def pid(self) -> int:
        """The process that was started; those that answer may be children of it."""
        assert self._process is not None
        return self._process.pid

    @property
    def ended(self) -> int | None:
        """With which code it ended; None while it serves."""
        return self._process.poll() if self._process else None

    def _end(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(PATIENCE)


@contextmanager
def answering(port: int, app: Any) -> Iterator[str]:
    """An application answered by a thread of this process: its address. What `coordination serve` adds is not tried."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_config=None, access_log=False))
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    started = time.monotonic()
    while not server.started:
        if not thread.is_alive() or time.monotonic() - started > PATIENCE:
            raise RuntimeError("the application did not start")
        time.sleep(0.02)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(PATIENCE)
