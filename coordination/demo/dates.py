"""Appointments of the demonstration: on the referrals partners took, one literal table dealt round and round."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import cycle
from typing import Any
from uuid import UUID

from coordination.appointments import queries, service
from coordination.appointments.forms import DateForm, PlaceForm
from coordination.demo.troupe import Troupe, working_day
from coordination.identity.permissions import Role
from coordination.kit.actor import Member
from coordination.kit.db import ActorSession
from coordination.referrals.baskets import basket_named
from coordination.referrals.machine import Side
from coordination.referrals.queue import page_of

HOSTS = ("epicerie", "secours", "action")
EACH = 12
GIVEN_AT, TOLD_AT = 8, 17
"""Hours."""
PLACES = {
    "epicerie": ("Comptoir de l’épicerie", "12 place de l’Exemple, Carvin"),
    "secours": ("Local du comité", "3 rue de l’Exemple, Carvin"),
    "ccas": ("Permanence du centre social", "1 avenue de l’Exemple, Carvin"),
}


@dataclass(frozen=True)
class Dated:
    """A date so many days from today, on a working day when it is past, who gave it, and what became of it: verbs, each
    by `host` or `sender`."""

    days: int
    hour: str
    by: str = "host"
    fixed: bool = True
    where: str = "accueil"
    words: str = ""
    then: tuple[tuple[str, str], ...] = ()
    again: int = 0
    """Days from today of a new date, once missed."""

    @property
    def given(self) -> int:
        """How many days ago: the day before, or yesterday."""
        return max(1, 1 - self.days)

    @property
    def told(self) -> int:
        """How many days ago what became of it was told: the day after, or yesterday."""
        return max(1, -self.days - 1)

    def form(self, today: date, days: int, **more: str) -> DateForm:
        """What was typed for it, or for the new date."""
        day = today + timedelta(days=days) if days >= 0 else working_day(today, -days)
        given = {"where": self.where, "words": self.words, "fixed": "oui" if self.fixed else "", **more}
        return DateForm.model_validate({"day": f"{day:%d/%m/%Y}", "hour": self.hour, **given})


# Dealt round and round, from the referral taken the longest ago on; no date comes before its referral was taken.
DATES: tuple[Dated, ...] = (
    Dated(-6, "15 h", then=(("host", "keep"),)),
    Dated(-4, "16 h", then=(("host", "miss"),), again=6),
    Dated(-1, "10 h"),
    Dated(0, "9 h 30"),
    Dated(4, "14 h 30", by="sender", fixed=False),
    Dated(2, "15 h 30", by="sender", fixed=False, then=(("host", "decline"),)),
    Dated(7, "11 h 15", then=(("sender", "cancel"),)),
    Dated(3, "10 h 30", fixed=False),
    Dated(0, "14 h", where="telephone", words="Rappeler une fois si personne ne répond."),
    Dated(1, "11 h", by="sender", fixed=False, then=(("host", "confirm"),)),
    Dated(5, "9 h 45", where="autre", words="À domicile, avec l’assistante sociale."),
    Dated(-5, "9 h", then=(("host", "excuse"),)),
)


AWAY = Dated(
    6, "14 h", by="sender", where="autre", words="À la mission locale, 2 rue de l’Exemple : la personne a noté la date."
)
"""What a service without an account told whoever referred to it."""


def meet(troupe: Troupe) -> None:
    """Public places, then the dates of every partner's referrals under way, and one that a service told."""
    for key, (name, address) in PLACES.items():
        with troupe.act(troupe.partners[key].who(Role.INTAKE), 8, 9) as session:
            service.set_place(session, None, PlaceForm(name=name, address=address))
    taken = [(row, host) for host in _hosts(troupe) for row in _under_way(troupe, host)[:EACH]]
    senders = {partner.id: partner for partner in troupe.partners.values()}
    turn = cycle(DATES)
    for row, host in sorted(taken, key=lambda one: (_since(one[0]), str(one[0].id))):
        dated = next(turn)
        while dated.days < 2 and troupe.day(dated.given) <= _since(row).date():
            dated = next(turn)
        sender = senders[row.from_organisation_id].who(Role.INTAKE)
        _play(troupe, dated, row.id, {"host": host, "sender": sender})
    holder = troupe.partners["ccas"].who(Role.INTAKE)
    for row in [row for row in _under_way(troupe, holder, Side.SENDER) if row.to_service_id][:1]:
        _play(troupe, AWAY, row.id, {"sender": holder})
    troupe.rest()


def _hosts(troupe: Troupe) -> list[Member]:
    return [troupe.partners[key].who(Role.VOLUNTEER, Role.INTAKE) for key in HOSTS]


def _under_way(troupe: Troupe, member: Member, side: Side = Side.RECEIVER) -> list[Any]:
    basket = basket_named(side, "en-cours")
    assert basket is not None
    with troupe.act(member, 0, 8) as session:
        return [line.row for line in page_of(session, side, basket, size=100).lines]


def _since(row: Any) -> datetime:
    """When it was taken."""
    moment: datetime = row.answered_at or row.sent_at
    return moment


def _play(troupe: Troupe, dated: Dated, referral_id: UUID, people: dict[str, Member]) -> None:
    with troupe.act(people[dated.by], dated.given, GIVEN_AT) as session:
        held = {} if dated.by == "sender" else {"held_by": str(people["host"].membership_id)}
        row = service.take(session, referral_id, dated.form(troupe.today, dated.days, **held))
        appointment_id = row.id
    for who, verb in dated.then:
        with troupe.act(people[who], dated.told, TOLD_AT) as session:
            _does(session, verb, appointment_id, queries.show(session, appointment_id).row.version)
    if dated.again:
        with troupe.act(people["host"], 1, TOLD_AT + 1) as session:
            service.take(session, referral_id, dated.form(troupe.today, dated.again, fixed=""))


def _does(session: ActorSession, verb: str, appointment_id: UUID, version: int) -> None:
    if verb in ("miss", "excuse"):
        service.miss(session, appointment_id, version, excused=verb == "excuse")
    else:
        getattr(service, verb)(session, appointment_id, version)
