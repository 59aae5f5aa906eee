"""A wire to PostgreSQL that breaks where the answer to a COMMIT comes back: what only a network, or a crash, does."""

import select
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread

from sqlalchemy import Engine, make_url

from coordination.kit.engine import close_engine, make_engine
from coordination.kit.postgres import PORT
from tests.conftest import Base

WHOLE = 1_000_000
READY = 6
"""Bytes of the word that ends an answer: « ready for the next question »."""


class Wire:
    """Carries everything, until it is told how many of the last bytes of the next answered COMMIT it loses."""

    def __init__(self, towards: str) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.towards = towards
        self.loses = 0
        self._ear = socket.socket(socket.AF_UNIX)
        self._ear.bind(str(self.folder / Path(towards).name))
        self._ear.listen()
        Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                ours, _ = self._ear.accept()
            except OSError:
                return
            theirs = socket.socket(socket.AF_UNIX)
            theirs.connect(self.towards)
            Thread(target=self._carry, args=(ours, theirs), daemon=True).start()

    def _carry(self, ours: socket.socket, theirs: socket.socket) -> None:
        with ours, theirs, suppress(OSError):
            while True:
                for heard in select.select([ours, theirs], [], [])[0]:
                    said = heard.recv(65536)
                    breaks = heard is theirs and self.loses and b"COMMIT\0" in said
                    (theirs if heard is ours else ours).sendall(said[: -self.loses] if breaks else said)
                    if breaks or not said:
                        self.loses = 0 if breaks else self.loses
                        return

    def close(self) -> None:
        self._ear.close()
        shutil.rmtree(self.folder)


@contextmanager
def on_a_wire(base: Base) -> Iterator[tuple[Engine, Wire]]:
    """An engine whose connections to this base all pass by one wire."""
    url = make_url(base.app_url)
    wire = Wire(f"{url.query['host']}/.s.PGSQL.{PORT}")
    engine = make_engine(url.update_query_dict({"host": str(wire.folder)}).render_as_string(hide_password=False))
    engine.connect().close()
    try:
        yield engine, wire
    finally:
        close_engine(engine)
        wire.close()
