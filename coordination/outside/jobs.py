"""The worker's turn for outside referrals: the mail that carries a link."""

from collections.abc import Callable

from sqlalchemy import Engine

from coordination.kit.mail import Mailer
from coordination.outside import service

EVERY_MINUTE = "* * * * *"


def turns(
    engine: Engine, mailer: Mailer | None, base_url: str, key: str
) -> dict[str, tuple[str, Callable[[], object]]]:
    """The task by its name; none without a mail server: nothing is then sent by link."""
    if mailer is None:
        return {}
    return {"links": (EVERY_MINUTE, lambda: service.post_links(engine, mailer, base_url, key))}
