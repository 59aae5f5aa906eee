"""Outside services of the demonstration, the partners' days and places, and who follows what in each organisation."""

from datetime import timedelta

from coordination.demo.troupe import Troupe
from coordination.directory import service
from coordination.directory.forms import ServiceForm
from coordination.identity.permissions import Role
from coordination.referrals import following, receptions
from coordination.referrals.baskets import basket_named
from coordination.referrals.forms import ReceptionForm
from coordination.referrals.machine import Side
from coordination.referrals.queue import page_of

WRITTEN = 130  # days ago
FULL_FOR, CLOSED_FOR = timedelta(days=6), timedelta(days=12)
SERVICES: dict[str, dict[str, object]] = {
    "mission": {"name": "Mission locale", "domains": ["emploi", "formation"], "open_days": ["lundi", "mardi", "jeudi"]},
    "justice": {"name": "Point-justice", "domains": ["droits"], "open_days": ["mardi", "jeudi"], "communes": "Carvin"},
    "sante": {"name": "Centre médico-psychologique", "domains": ["sante"], "capacity": 4},
    "jour": {"name": "Accueil de jour", "domains": ["logement", "lien_social"]},
}
# Whose baskets are shared out: the side, the basket, and to whom they are given in turn.
FOLLOWED = (
    ("ccas", Side.SENDER, "sans-reponse", (Role.INTAKE, Role.COORDINATOR)),
    ("ccas", Side.SENDER, "en-cours", (Role.INTAKE,)),
    ("epicerie", Side.RECEIVER, "a-traiter", (Role.VOLUNTEER, Role.INTAKE)),
    ("secours", Side.RECEIVER, "en-cours", (Role.VOLUNTEER, Role.INTAKE)),
)
MOST_FOLLOWED = 6


def open_services(troupe: Troupe) -> None:
    """The services the coordinator wrote down; one is full for some days, on today's date."""
    keeper = troupe.partners["ccas"].who(Role.COORDINATOR)
    for key, told in SERVICES.items():
        full = f"{troupe.today + CLOSED_FOR:%d/%m/%Y}" if key == "jour" else ""
        given = {"email": f"accueil@{key}.exemple.fr", "phone": "03 21 00 00 00", "full_until": full, **told}
        with troupe.act(keeper, WRITTEN, 10) as session:
            troupe.services[key] = service.add(session, ServiceForm.model_validate(given)).id


def share_out(troupe: Troupe) -> None:
    """A partner that opens three days a week, one that is full this week; and who follows what."""
    with troupe.act(troupe.partners["epicerie"].who(Role.INTAKE), 1, 8) as session:
        receptions.set_reception(session, ReceptionForm(weekdays=[1, 3, 4]))
    with troupe.act(troupe.partners["secours"].who(Role.INTAKE), 1, 8) as session:
        full = ReceptionForm(weekdays=[0, 1, 2, 3, 4], full_until=troupe.today + FULL_FOR)
        receptions.set_reception(session, full)
    for key, side, basket_key, roles in FOLLOWED:
        partner, basket = troupe.partners[key], basket_named(side, basket_key)
        assert basket is not None
        people = [partner.who(role, Role.INTAKE).membership_id for role in roles]
        with troupe.act(partner.who(Role.INTAKE), 1, 9) as session:
            for rank, line in enumerate(page_of(session, side, basket, size=MOST_FOLLOWED).lines):
                following.assign(session, line.row.id, people[rank % len(people)])
    troupe.rest()
