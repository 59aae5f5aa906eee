"""When a service outside the network is there, and whether it is for this need. Pure."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Day(StrEnum):
    """A day of the week."""

    MONDAY = "lundi"
    TUESDAY = "mardi"
    WEDNESDAY = "mercredi"
    THURSDAY = "jeudi"
    FRIDAY = "vendredi"
    SATURDAY = "samedi"
    SUNDAY = "dimanche"

    @property
    def label(self) -> str:
        return self.value.capitalize()

    @classmethod
    def of(cls, on: date) -> "Day":
        return list(cls)[on.weekday()]


@dataclass(frozen=True)
class Presence:
    """When a service is there. No opening day means that they are not known; a closure holds both its ends."""

    open_days: Collection[str] = ()
    closed_from: date | None = None
    closed_until: date | None = None
    full_until: date | None = None
    active: bool = True

    @property
    def weekdays(self) -> frozenset[int]:
        """Its opening days, counted from Monday, 0; none when they are not known."""
        return frozenset(number for number, day in enumerate(Day) if day in self.open_days)

    def is_closed(self, on: date) -> bool:
        """Whether a longer closure holds on this day."""
        if self.closed_until is None:
            return False
        return (self.closed_from or date.min) <= on <= self.closed_until

    def is_full(self, on: date) -> bool:
        """Whether it takes nobody new yet on this day."""
        return self.full_until is not None and on <= self.full_until

    def takes(self, on: date) -> bool:
        """Whether one may refer to it on this day: a day of the week when it is shut is no reason to wait."""
        return self.active and not self.is_closed(on) and not self.is_full(on)

    def is_open(self, on: date) -> bool:
        """Whether somebody is there on this day."""
        return self.active and not self.is_closed(on) and (not self.open_days or Day.of(on) in self.open_days)


def suits(domains: Collection[str], communes: Collection[str], domain: str, commune: str) -> bool:
    """Whether a service answers such a need in this commune; one that names no commune serves them all."""
    folded = {name.strip().casefold() for name in communes}
    return domain in domains and (not folded or commune.strip().casefold() in folded)
