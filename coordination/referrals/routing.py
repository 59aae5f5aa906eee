"""Which partners to propose first, and why, from `policies/routes.yaml`: by domain, commune, public and capacity."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from coordination.kit.parameters import Dated, Entry, Source, open_parameters, read_dated, read_source
from coordination.kit.text import fold
from coordination.referrals.rules import Domain

FILE = Path(__file__).resolve().parents[2] / "policies" / "routes.yaml"


class Public(StrEnum):
    """Whom a partner receives."""

    FAMILY = "famille"
    ALONE = "personne_seule"
    YOUNG = "jeune"
    SENIOR = "senior"

    @property
    def label(self) -> str:
        return {"famille": "familles", "personne_seule": "personnes seules", "jeune": "jeunes", "senior": "aînés"}[
            self.value
        ]


def service_key(name: str) -> str:
    """How a route names an outside service: as the network wrote it down, accents and capitals aside. No organisation's
    short name holds a space."""
    return f"service {fold(name)}"


@dataclass(frozen=True)
class Route:
    """One line of the file. No commune, no public: for everybody. `to`: an organisation's short name, or the key of an
    outside service; `named`: as the file writes it."""

    domain: Domain
    to: str
    why: str
    named: str
    communes: frozenset[str] = frozenset()
    publics: frozenset[Public] = frozenset()

    def fits(self, commune: str, publics: Collection[Public]) -> bool:
        """Whether it is for a household of this commune and these publics."""
        here = not self.communes or fold(commune) in self.communes
        return here and (not self.publics or bool(self.publics & set(publics)))

    @property
    def precision(self) -> int:
        """A route that says more of whom it is for comes first."""
        return bool(self.communes) + bool(self.publics)


@dataclass(frozen=True)
class Routes:
    """One dated version, in the order of the file."""

    routes: tuple[Route, ...]
    source: Source

    def propose(self, domain: Domain, commune: str, publics: Collection[Public]) -> list[Route]:
        """The routes of a need, the most precise first, then in the order of the file; one by partner."""
        fitting = [route for route in self.routes if route.domain is domain and route.fits(commune, publics)]
        best: dict[str, Route] = {}
        for route in sorted(fitting, key=lambda route: -route.precision):
            best.setdefault(route.to, route)
        return list(best.values())


def publics_of(ages: Sequence[int | None]) -> set[Public]:
    """What a household is, from the ages of its people (None: not known)."""
    known = [age for age in ages if age is not None]
    found: set[Public] = set()
    if any(age < 18 for age in known) and len(ages) > 1:
        found.add(Public.FAMILY)
    if len(ages) == 1:
        found.add(Public.ALONE)
    if any(16 <= age <= 25 for age in known):
        found.add(Public.YOUNG)
    if any(age >= 60 for age in known):
        found.add(Public.SENIOR)
    return found


def read_routes(path: Path) -> Dated[Routes]:
    """The versions of a file. Raises `BadParameters`, each fault with its line and what to write."""
    root = open_parameters(path)
    root.only("versions")
    return read_dated(root.field("versions"), _version)


@lru_cache(maxsize=4)
def routes_of(path: Path = FILE) -> Dated[Routes]:
    """The routes of the house, read once."""
    return read_routes(path)


def propose(domain: Domain, commune: str, publics: Collection[Public], on: date) -> list[Route]:
    """The routes in force that day for this need."""
    routes = routes_of().at(on)
    return routes.propose(domain, commune, publics) if routes else []


def named_but(known: Collection[str], on: date) -> list[str]:
    """Whom the routes in force that day name, but for these keys: as the file writes them, each once."""
    routes = routes_of().at(on)
    return list(dict.fromkeys(route.named for route in routes.routes if route.to not in known)) if routes else []


def _version(entry: Entry, start: date) -> Routes:
    entry.only("from", "source", "routes")
    return Routes(tuple(_route(one) for one in entry.field("routes").items()), read_source(entry.field("source")))


def _route(entry: Entry) -> Route:
    entry.only("domain", "to", "service", "why", "communes", "publics")
    communes, publics = entry.maybe("communes"), entry.maybe("publics")
    return Route(
        domain=entry.field("domain", "alimentation").choice(Domain),
        to=_recipient(entry),
        why=entry.field("why", "Épicerie de la commune").text(),
        named=(entry.maybe("service") or entry.field("to")).text(),
        communes=frozenset(fold(one.text()) for one in communes.items()) if communes else frozenset(),
        publics=frozenset(one.choice(Public) for one in publics.items()) if publics else frozenset(),
    )


def _recipient(entry: Entry) -> str:
    """Either an organisation or an outside service, never both."""
    service = entry.maybe("service")
    if service is None:
        return entry.field("to", "ccas-carvin").text()
    if (to := entry.maybe("to")) is not None:
        to.refuse(
            "Une route mène à une structure (« to ») ou à un service extérieur (« service »), pas aux deux.",
            "Gardez l’un des deux.",
        )
    if not fold(name := service.text()):
        service.refuse(
            f"« {name} » n’est pas un nom de service.", "Écrivez son nom, comme dans « Services extérieurs »."
        )
    return service_key(name)
