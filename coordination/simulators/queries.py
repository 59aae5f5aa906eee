"""Which barèmes answer anybody and whom to call; the households of a network without anything that says which."""

from dataclasses import dataclass, field
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
PART = 4_000
"""About how many budgets are read at a time."""


@dataclass
class Read:
    """What is read of a network so far, one part of its households after the other; who asked, each counted once."""

    crowd: Crowd
    parts: int
    since: float
    done: int = 0
    asked: set[UUID] = field(default_factory=set)
    lock: Lock = field(default_factory=Lock)

    @property
    def whole(self) -> bool:
        return self.done == self.parts


class Crowds:
    """The crowds of this process: rows without identifiers, kept ten minutes at most. The door is asked each time."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._kept: dict[UUID, Read] = {}
        self._lock = Lock()

    def of(self, session: ActorSession, seconds: float) -> Read:
        """The network's households as last read, or as far as they can be read in that time. Raises `TooManyRuns`; each
        question is counted and journalled, once however many times it takes to read."""
        network_id, me = session.member.network_id, session.member.membership_id
        with self._lock:
            self._kept = {k: each for k, each in self._kept.items() if monotonic() - each.since < KEPT_SECONDS}
            found = self._kept.get(network_id)
        if found is None or found.whole or me not in found.asked:
            budgets = session.door("access.impact_question()")
            if budgets is None:
                raise TooManyRuns
            found = found or self._begin(network_id, budgets)
        with found.lock:
            self._read_on(session, found, seconds)
        return found

    def _begin(self, network_id: UUID, budgets: int) -> Read:
        with self._lock:
            while len(self._kept) >= MOST_KEPT:
                self._kept.pop(next(iter(self._kept)))
            begun = Read(Crowd(self._key + network_id.bytes), max(1, -(-budgets // PART)), monotonic())
            return self._kept.setdefault(network_id, begun)

    def _read_on(self, session: ActorSession, found: Read, seconds: float) -> None:
        until = monotonic() + seconds
        found.asked.add(session.member.membership_id)
        while not found.whole:
            for sheaf in session.rows("select * from access.impact_rows(:n, :of)", n=found.done, of=found.parts):
                found.crowd.add(sheaf)
            found.done += 1
            if monotonic() >= until:
                break
        if found.whole:
            found.asked.clear()
