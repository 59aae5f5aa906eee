"""The delays read from `policies/delays.yaml`: of an answer, by domain and in opening days of the partner; of what is
asked of the household once a referral is closed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
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
ASKING = "{attempts: 3, again: 3, within: 60, link: 120, change: 60}"


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
class Confirmation:
    """How the household is asked what became of a closed referral. `attempts`: the calls one makes before giving up;
    `again`: days between two; `within`: days after the closing beyond which it is no longer asked; `link`: days a paper
    link serves; `change`: minutes during which an answer given by link may be changed."""

    attempts: int = 3
    again: int = 3
    within: int = 60
    link: int = 120
    change: int = 60

    @property
    def asked_within(self) -> timedelta:
        return timedelta(days=self.within)


@dataclass(frozen=True)
class Delays:
    """One dated version: what each domain asks, and what the others do; how the household is asked."""

    default: Delay
    domains: Mapping[Domain, Delay]
    confirmation: Confirmation
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


def confirmation(on: date) -> Confirmation:
    """How the household is asked that day."""
    dated = delays_of()
    return (dated.at(on) or dated.versions[0][1]).confirmation


def _version(entry: Entry, start: date) -> Delays:
    entry.only("from", "source", "default", "domains", "confirmation")
    source = read_source(entry.field("source"))
    default = _delay(entry.field("default", EXAMPLE))
    domains = entry.maybe("domains")
    named = domains.pairs().values() if domains is not None else ()
    asking = entry.maybe("confirmation")
    asked = _confirmation(asking) if asking is not None else Confirmation()
    return Delays(default, {one.key_choice(Domain): _delay(one) for one in named}, asked, source)


# The most each may be: beyond, it is a slip of the pen.
MOST = {"attempts": 10, "again": 60, "within": 365, "link": 365, "change": 24 * 60}


def _confirmation(entry: Entry) -> Confirmation:
    """Five numbers; those that are left out keep the house's."""
    entry.only(*MOST)
    told: dict[str, int] = {}
    for name, most in MOST.items():
        given = entry.maybe(name)
        if given is None:
            continue
        told[name] = given.integer()
        if not 1 <= told[name] <= most:
            given.refuse(
                f"« {name} : {told[name]} » est impossible.",
                f"Écrivez un nombre de 1 à {most}, par exemple « {ASKING} ».",
            )
    return Confirmation(**told)


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
