"""Which barèmes answer anybody, and whom to call: read through one door that tells a name, a town and a telephone."""

from dataclasses import dataclass
from datetime import date

from coordination.budgets.queries import house_baremes
from coordination.budgets.rules import Bareme, Standing
from coordination.kit.db import ActorSession


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
