"""The delays of an answer, read from `policies/delays.yaml`: by domain, in opening days of the partner."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path

from coordination.kit.parameters import Dated, Entry, Source, open_parameters, read_dated, read_source
from coordination.referrals.baskets import Clocks
from coordination.referrals.opening import Opening
from coordination.referrals.rules import Domain

FILE = Path(__file__).resolve().parents[2] / "policies" / "delays.yaml"
STEPS = ("late", "risk", "expires")
LONGEST = 250  # opening days: a year
EXAMPLE = "{late: 7, risk: 15, expires: 30}"


@dataclass(frozen=True)
class Delay:
    """Opening days before an answer is late, before the household may give up, before the referral expires."""

    late: int
    risk: int
    expires: int

    def clocks(self, sent: datetime, opening: Opening) -> Clocks:
        """The moments these days fall on, for this partner."""
        return Clocks(*(opening.after(sent, days) for days in (self.late, self.risk, self.expires)))


@dataclass(frozen=True)
class Delays:
    """One dated version: what each domain asks, and what the others do."""

    default: Delay
    domains: Mapping[Domain, Delay]
    source: Source

    def of(self, domain: Domain) -> Delay:
        return self.domains.get(domain, self.default)


def read_delays(path: Path) -> Dated[Delays]:
    """The versions of a file. Raises `BadParameters`, each fault with its line and what to write."""
    root = open_parameters(path)
    root.only("versions")
    return read_dated(root.field("versions"), _version)


@lru_cache(maxsize=4)
def delays_of(path: Path = FILE) -> Dated[Delays]:
    """The delays of the house, read once."""
    return read_delays(path)


def delay(domain: Domain, on: date) -> Delay:
    """What a domain asks that day; before the first version, what it asks at first."""
    dated = delays_of()
    return (dated.at(on) or dated.versions[0][1]).of(domain)


def _version(entry: Entry, start: date) -> Delays:
    entry.only("from", "source", "default", "domains")
    source = read_source(entry.field("source"))
    default = _delay(entry.field("default", EXAMPLE))
    domains = entry.maybe("domains")
    named = domains.pairs().values() if domains is not None else ()
    return Delays(default, {one.key_choice(Domain): _delay(one) for one in named}, source)


def _delay(entry: Entry) -> Delay:
    """Three numbers of days, each later than the one before."""
    entry.only(*STEPS)
    days: list[int] = []
    for name in STEPS:
        given = entry.field(name, "7")
        number = given.integer()
        before = days[-1] if days else 0
        if number <= before:
            given.refuse(
                f"« {name} : {number} » est impossible : ce délai doit dépasser {before}.",
                f"Écrivez au moins {before + 1}, par exemple « {EXAMPLE} ».",
            )
        if number > LONGEST:
            given.refuse(f"« {name} : {number} » dépasse une année d’ouverture.", f"Écrivez {LONGEST} au plus.")
        days.append(number)
    return Delay(*days)
