"""What time it is: the one place that asks the machine, so that rules take the date as an argument."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

PARIS = ZoneInfo("Europe/Paris")
_held: ContextVar[datetime | None] = ContextVar("held_moment", default=None)


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return _held.get() or datetime.now(UTC)


def today() -> date:
    """The day it is for the people of the network (Europe/Paris)."""
    return now().astimezone(PARIS).date()


def true_today() -> date:
    """The same as PostgreSQL has it, also within `frozen`: the day agreements are held against."""
    return datetime.now(PARIS).date()


@contextmanager
def frozen(at: datetime) -> Iterator[None]:
    """Within the block it is `at` (aware), for this thread or task alone: the demonstration and the tests act on a day.

    PostgreSQL keeps its own clock: the journal and the doors of `policies/access.sql` are never dated by this.
    """
    if at.tzinfo is None:
        raise ValueError("a moment has a time zone")
    token = _held.set(at.astimezone(UTC))
    try:
        yield
    finally:
        _held.reset(token)
