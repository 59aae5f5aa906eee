"""What time it is: the one place that asks the machine, so that rules take the date as an argument."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

PARIS = ZoneInfo("Europe/Paris")


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)


def today() -> date:
    """The day it is for the people of the network (Europe/Paris)."""
    return now().astimezone(PARIS).date()
