"""Days on which a partner is open: its week, its closures, French public holidays. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache

from holidays import country_holidays

from coordination.kit.clock import PARIS

WEEK = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
WORKING_WEEK = frozenset(range(5))
FARTHEST = timedelta(days=730)


@lru_cache(maxsize=64)
def public_holidays(year: int) -> frozenset[date]:
    """The public holidays of metropolitan France that year."""
    return frozenset(country_holidays("FR", years=year))


@dataclass(frozen=True)
class Opening:
    """When a partner receives people: week days (0 is Monday) and closures, first and last days included."""

    weekdays: frozenset[int] = WORKING_WEEK
    closures: tuple[tuple[date, date], ...] = ()

    def is_open(self, day: date) -> bool:
        if day.weekday() not in self.weekdays or day in public_holidays(day.year):
            return False
        return not any(first <= day <= last for first, last in self.closures)

    def after(self, start: datetime, days: int) -> datetime:
        """The same hour, once this many opening days have passed since `start` (whose own day does not count).

        A partner that opens too seldom to count them within two years is given those two years.
        """
        there = start.astimezone(PARIS)
        day, left = there.date(), days
        while left and day - there.date() < FARTHEST:
            day += timedelta(days=1)
            left -= self.is_open(day)
        return there.replace(year=day.year, month=day.month, day=day.day)


def week_fr(weekdays: Iterable[int]) -> str:
    """« lundi, mardi et jeudi »."""
    names = [WEEK[day] for day in sorted(weekdays)]
    return " et ".join(part for part in (", ".join(names[:-1]), names[-1]) if part) if names else "aucun jour"
