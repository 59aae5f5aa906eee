"""A real SMTP server on loopback that keeps what it receives, can be told to refuse, falls and rises again."""

from email import message_from_bytes, policy
from email.message import Message
from time import monotonic
from types import TracebackType
from typing import Any

from aiosmtpd.controller import Controller

from coordination.kit.mail import Mailer
from tests.serving import free_port


class Letterbox:
    """`with Letterbox() as box:` — `box.mailer` writes to it, `box.letters` came, `box.open = False` refuses,
    `box.mumbles = True` keeps a letter and says that it did not; `box.came` says when each came."""

    def __init__(self) -> None:
        self.letters: list[tuple[str, Message]] = []
        self.came: list[float] = []
        self.open = True
        self.mumbles = False
        self.port = free_port()
        self._controller: Controller | None = None

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802, ARG002 - aiosmtpd's
        if not self.open:
            return "451 come back later"
        self.came.append(monotonic())
        self.letters.append((envelope.rcpt_tos[0], message_from_bytes(envelope.content, policy=policy.default)))
        return "451 I am not sure" if self.mumbles else "250 kept"

    def rise(self) -> None:
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self._controller.start()

    def fall(self) -> None:
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    @property
    def mailer(self) -> Mailer:
        return Mailer(f"smtp://127.0.0.1:{self.port}", "avis@exemple.fr")

    def to(self, email: str) -> list[Message]:
        """What somebody received."""
        return [letter for who, letter in self.letters if who == email]

    def __enter__(self) -> "Letterbox":
        self.rise()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.fall()
