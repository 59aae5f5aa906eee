"""Which barèmes answer anybody and whom to call; the households of a network without anything that says which."""

from dataclasses import dataclass
from datetime import date
from threading import Lock
from time import monotonic
from uuid import UUID

from coordination.budgets.queries import house_baremes
from coordination.budgets.rules import Bareme, Standing
from coordination.kit.db import ActorSession
from coordination.kit.errors import Problem
from coordination.simulators.crowd import Crowd


@dataclass(frozen=True)
class Partner:
    """An organisation of this installation that lets anybody be answered."""

    slug: str
    name: str
    commune: str
    phone: str
    network: str
    demo: bool

    @property
    def dialled(self) -> str:
        """ "tel:0353010001", or nothing."""
        digits = "".join(sign for sign in self.phone if sign.isdigit() or sign == "+")
        return f"tel:{digits}" if digits else ""


@dataclass(frozen=True)
class Opened:
    """The barèmes that answer anybody: those of partners here, and rules published elsewhere."""

    here: list[tuple[Partner, Bareme]]
    elsewhere: list[Bareme]


def opened(session: ActorSession, on: date, *, demo: bool) -> Opened:
    """Adopted ones marked public, published ones as such; values of demonstration in the demonstration alone."""
    known = [each for each in house_baremes().all(on) if _answers_anybody(each, demo=demo)]
    slugs = sorted({each.organisation for each in known if each.organisation})
    partners = [Partner(*row) for row in session.rows("select * from access.public_partners(:slugs)", slugs=slugs)]
    here = [
        (partner, bareme)
        for partner in partners
        for bareme in known
        if bareme.organisation == partner.slug
        and (partner.demo or bareme.standing is not Standing.DEMONSTRATION)
        and (demo or not partner.demo)
    ]
    return Opened(here, [each for each in known if each.organisation is None])


def _answers_anybody(bareme: Bareme, *, demo: bool) -> bool:
    match bareme.standing:
        case Standing.ADOPTED:
            return bareme.public and bareme.organisation is not None
        case Standing.PUBLISHED:
            return True
        case Standing.DEMONSTRATION:
            return demo and bareme.organisation is not None


# ------------------------------------------------------------------ whom a barème shuts out


class TooManyRuns(Problem):
    """Vous avez fait 60 essais depuis vingt-quatre heures : c’est la limite, pour que personne ne devine un foyer à
    force d’essais. Vos réglages sont toujours dans la page précédente."""

    status = 429
    title = "Assez d’essais pour aujourd’hui"
    next_step = "Reprenez demain, ou demandez à une autre personne de la coordination."


KEPT_SECONDS = 600
MOST_KEPT = 8


class Crowds:
    """The crowds of this process: rows without identifiers, kept ten minutes at most. The door is asked each time."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._kept: dict[UUID, tuple[float, Crowd]] = {}
        self._lock = Lock()

    def of(self, session: ActorSession) -> Crowd:
        """The network's households as last read. Raises `TooManyRuns`; each call is counted and journalled."""
        network_id = session.member.network_id
        with self._lock:
            self._kept = {known: each for known, each in self._kept.items() if monotonic() - each[0] < KEPT_SECONDS}
            found = self._kept.get(network_id)
        rows = session.rows("select * from access.impact_rows(:wanted)", wanted=found is None)
        if rows and rows[0].activity == "refused":
            raise TooManyRuns
        if found is not None:
            return found[1]
        crowd = Crowd(rows, self._key + network_id.bytes)
        with self._lock:
            while len(self._kept) >= MOST_KEPT:
                self._kept.pop(next(iter(self._kept)))
            self._kept[network_id] = monotonic(), crowd
        return crowd
