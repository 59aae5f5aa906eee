"""The baskets of the queue: each says what to do next, and every referral a side sees stands in exactly one. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from coordination.referrals.household import Due
from coordination.referrals.machine import EXPIRING_STATES, TAKEN_STATES, WAITING_STATES, Side, State

EXPIRES_SOON = timedelta(days=7)


class Wait(StrEnum):
    """How long an answer has been awaited, by the delays of the need's domain."""

    FRESH = "fresh"
    LATE = "late"
    RISK = "risk"
    EXPIRING = "expiring"

    @property
    def label(self) -> str:
        return {
            "fresh": "Dans les délais",
            "late": "Sans réponse",
            "risk": "Risque d’abandon",
            "expiring": "Expire bientôt",
        }[self.value]


@dataclass(frozen=True)
class Clocks:
    """When an answer is late, when the household may give up, when the referral ends by itself."""

    late_at: datetime
    risk_at: datetime
    expires_at: datetime

    def wait(self, now: datetime) -> Wait:
        """The database is asked the same question, from the same columns."""
        if self.expires_at - EXPIRES_SOON <= now:
            return Wait.EXPIRING
        if self.risk_at <= now:
            return Wait.RISK
        return Wait.LATE if self.late_at <= now else Wait.FRESH


@dataclass(frozen=True)
class Basket:
    """A bannette: the states it gathers (as they truly stand), and perhaps how long an answer was awaited.

    `alone` keeps only the referrals whose need nobody else carries (True), or only the others (False); `due`, those for
    which this is owed to the household now (empty: nothing is).
    """

    key: str
    label: str
    states: tuple[State, ...]
    wait: Wait | None = None
    alone: bool | None = None
    due: str | None = None
    tone: str = ""
    newest_first: bool = False
    hint: str = ""

    def holds(self, state: State, clocks: Clocks, now: datetime, *, alone: bool, due: str) -> bool:
        """Whether a referral that truly stands there belongs here."""
        return (
            state in self.states
            and self.wait in (None, clocks.wait(now))
            and (self.alone is None or self.alone == alone)
            and (self.due is None or self.due == due)
        )


_WAITING = tuple(sorted(WAITING_STATES))
_ENDED = (State.CLOSED, State.CANCELLED, State.REDIRECTED, State.DROPPED)
_LATE = Basket(
    "sans-reponse",
    "Sans réponse dans le délai",
    _WAITING,
    Wait.LATE,
    tone="warning",
    hint="Relancer le partenaire : son délai, compté sur ses jours d’ouverture, est passé.",
)
_RISK = Basket(
    "risque-abandon",
    "Risque d’abandon",
    _WAITING,
    Wait.RISK,
    tone="danger",
    hint="Appeler le partenaire, ou reprendre l’orientation et en choisir un autre.",
)
_EXPIRING = Basket(
    "expirent", "Expirent cette semaine", _WAITING, Wait.EXPIRING, tone="danger", hint="Dernière relance possible."
)
_UNDER_WAY = Basket("en-cours", "Acceptées, en cours", (State.ACCEPTED, State.IN_PROGRESS))
_ON_HOLD = Basket("en-pause", "En pause", (State.ON_HOLD,), hint="Reprendre dès que possible, ou clore.")
_BY_HAND = Basket(
    "main-propre", "Remises en main propre", (State.BY_HAND,), hint="Demander à la personne ce qu’il en est advenu."
)
_LOST = (State.REFUSED, State.EXPIRED)
_ALONE = Basket(
    "refusees-partout",
    "Refusées partout, à réorienter",
    _LOST,
    alone=True,
    tone="warning",
    newest_first=True,
    hint="Plus personne ne s’occupe de ce besoin : choisir un autre partenaire, ou classer sans suite.",
)
_FOLLOWED = Basket(
    "refusees",
    "Refusées, un autre suit",
    _LOST,
    alone=False,
    newest_first=True,
    hint="Une autre orientation du même besoin est ouverte ou a abouti.",
)
_STOPPED = Basket(
    "arretees",
    "Arrêtées : accord terminé",
    (State.REVOKED,),
    tone="warning",
    newest_first=True,
    hint="Voir avec la personne si elle renouvelle son accord ; sinon, classer sans suite.",
)
_FRESH = Basket("en-attente", "En attente de réponse", _WAITING, Wait.FRESH)
_FINISHED = Basket("terminees", "Terminées", _ENDED, newest_first=True)
_SETTLED = Basket("terminees", "Terminées", _ENDED, due="", newest_first=True)
_DISPUTED = Basket(
    "desaccord",
    "Le foyer n’est pas d’accord",
    (State.DISPUTED,),
    tone="danger",
    hint="Rouvrir, réorienter, ou expliquer au foyer et clore.",
)
_TO_ASK = Basket(
    "a-confirmer",
    "À confirmer auprès du foyer",
    (State.CLOSED,),
    due=Due.ANSWER.value,
    hint="Demander à la personne si elle a obtenu l’aide.",
)
_TO_CALL = Basket(
    "a-rappeler",
    "Foyers à rappeler",
    (State.CLOSED,),
    due=Due.CALL.value,
    tone="warning",
    hint="La personne l’a demandé en répondant.",
)
_ASKED = Basket(
    "precision", "Précision demandée", (State.INFO_REQUESTED,), tone="warning", hint="Apporter la précision demandée."
)

BASKETS: dict[Side, tuple[Basket, ...]] = {
    Side.RECEIVER: (
        Basket("a-traiter", "À traiter", _WAITING, Wait.FRESH, hint="Accepter, refuser, ou demander une précision."),
        replace(_LATE, hint="Répondre d’abord : votre délai, compté sur vos jours d’ouverture, est passé."),
        replace(_RISK, hint="Répondre aujourd’hui : la personne peut se décourager."),
        replace(_EXPIRING, hint="Répondre avant qu’elles ne repartent d’elles-mêmes."),
        Basket("precision", "Précision attendue", (State.INFO_REQUESTED,)),
        _UNDER_WAY,
        _ON_HOLD,
        Basket(
            "desaccord",
            "Le foyer n’est pas d’accord",
            (State.DISPUTED,),
            tone="warning",
            hint="La structure qui oriente s’en occupe ; dites-lui ce que vous savez.",
        ),
        Basket("terminees", "Terminées", (*_ENDED, *_LOST, State.REVOKED), newest_first=True),
    ),
    Side.SENDER: (
        _ASKED, _DISPUTED, _TO_CALL, _LATE, _RISK, _EXPIRING, _ALONE, _STOPPED, _TO_ASK, _FRESH, _UNDER_WAY, _ON_HOLD,
        _BY_HAND, _FOLLOWED, _SETTLED,
    ),
    Side.COORDINATOR: (
        _DISPUTED, _LATE, _RISK, _EXPIRING, _ALONE, _STOPPED, _ASKED, _FRESH, _UNDER_WAY, _ON_HOLD, _BY_HAND, _FOLLOWED,
        _FINISHED,
    ),
}  # fmt: skip
# What still asks something of somebody, whoever it was given to.
MINE = Basket(
    "a-moi", "À moi", tuple(sorted(EXPIRING_STATES | TAKEN_STATES | {State.BY_HAND, State.DISPUTED} | set(_LOST)))
)
# What follows its course: folded away on a screen, behind what asks for something.
AT_REST = frozenset({"en-attente", "en-cours", "en-pause", "main-propre", "refusees", "terminees"})


def basket_named(side: Side, key: str) -> Basket | None:
    """The basket of a side behind its key in the address."""
    return next((basket for basket in (*BASKETS[side], MINE) if basket.key == key), None)


def basket_of(side: Side, state: State, clocks: Clocks, now: datetime, *, alone: bool, due: str = "") -> Basket | None:
    """The one basket of a side where a referral stands; None for what that side never sees (a paper, received)."""
    return next((basket for basket in BASKETS[side] if basket.holds(state, clocks, now, alone=alone, due=due)), None)
