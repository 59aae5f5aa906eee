"""Mail: one message at a time through the installation's SMTP server; the caller decides when it is down."""

import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate
from typing import Any
from urllib.parse import unquote, urlsplit

PATIENCE = 20.0


class MailDown(Exception):
    """The mail server did not take the message; it may take it later."""


@dataclass(frozen=True)
class Mailer:
    """`smtp://user:password@host:587` (with STARTTLS whenever the server offers it) or `smtps://…:465`."""

    url: str
    sender: str

    def send(self, to: str, subject: str, words: str, message_id: str) -> None:
        """Hands one plain message to the server. Raises `MailDown`."""
        message = EmailMessage()
        message["From"] = self.sender
        message["To"] = to
        message["Subject"] = subject
        message["Date"] = formatdate()
        message["Message-ID"] = f"<{message_id}@{self.sender.rpartition('@')[2].strip('> ')}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(words)
        try:
            with self._open() as server:
                server.send_message(message)
        except (OSError, smtplib.SMTPException, ssl.SSLError) as failure:
            raise MailDown(type(failure).__name__) from failure

    def _open(self) -> Any:
        where = urlsplit(self.url)
        secure = where.scheme == "smtps"
        host, port = where.hostname or "localhost", where.port or (465 if secure else 587)
        context = ssl.create_default_context()
        if secure:
            server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=PATIENCE, context=context)
        else:
            server = smtplib.SMTP(host, port, timeout=PATIENCE)
            server.ehlo()
            if server.has_extn("starttls"):
                server.starttls(context=context)
        if where.username:
            server.login(unquote(where.username), unquote(where.password or ""))
        return server
