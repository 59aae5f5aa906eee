"""What is true of needs and referrals: domains, states, who may make which move, baskets. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from coordination.kit.transitions import IllegalMove, Move, moves_from

SILENCE = timedelta(days=9)  # reminders known to work start there


class Domain(StrEnum):
    """The domains of a need, each with its thématiques in data·inclusion's vocabulary."""

    FOOD = "alimentation"
    BUDGET = "budget"
    RIGHTS = "droits"
    HOUSING = "logement"
    ENERGY = "energie"
    HEALTH = "sante"
    JOB = "emploi"
    TRAINING = "formation"
    MOBILITY = "mobilite"
    DIGITAL = "numerique"
    FAMILY = "famille"
    FRENCH = "francais"
    SOCIAL = "lien_social"
    VIOLENCE = "violences"
    OTHER = "autre"

    @property
    def label(self) -> str:
        return DOMAINS[self].label

    @property
    def thematiques(self) -> tuple[str, ...]:
        """data·inclusion slugs; empty when that vocabulary has none."""
        return DOMAINS[self].thematiques

    @property
    def sensitive(self) -> bool:
        """Whether the word alone tells something of health or of violence."""
        return self in (Domain.HEALTH, Domain.VIOLENCE)

    @property
    def public(self) -> "Domain":
        """What the referral's row may say: a sensitive domain is folded into « autre »."""
        return Domain.OTHER if self.sensitive else self


@dataclass(frozen=True)
class About:
    """The French name of a domain and its thématiques."""

    label: str
    thematiques: tuple[str, ...] = ()


DOMAINS: dict[Domain, About] = {
    Domain.FOOD: About("Alimentation", ("equipement-et-alimentation--alimentation",)),
    Domain.BUDGET: About(
        "Budget et dettes",
        (
            "difficultes-financieres--ameliorer-sa-gestion-budgetaire",
            "difficultes-financieres--situation-dendettement-surendettement",
        ),
    ),
    Domain.RIGHTS: About(
        "Accès aux droits",
        ("difficultes-administratives-ou-juridiques--accompagnement-pour-lacces-aux-droits",),
    ),
    Domain.HOUSING: About(
        "Logement",
        (
            "logement-hebergement--se-maintenir-dans-le-logement",
            "logement-hebergement--reduire-les-impayes-de-loyer",
            "logement-hebergement--changer-de-logement",
        ),
    ),
    # No slug of its own: filed under money difficulties and housing.
    Domain.ENERGY: About(
        "Énergie et eau",
        (
            "difficultes-financieres--prevenir-une-degradation-de-la-situation-financiere",
            "logement-hebergement--se-maintenir-dans-le-logement",
        ),
    ),
    Domain.HEALTH: About("Santé", ("sante--acces-aux-soins",)),
    Domain.JOB: About("Emploi", ("trouver-un-emploi--repondre-a-des-offres-demploi",)),
    Domain.TRAINING: About("Formation", ("se-former--trouver-sa-formation",)),
    Domain.MOBILITY: About("Mobilité", ("mobilite--etre-accompagne-dans-son-parcours-mobilite",)),
    Domain.DIGITAL: About("Numérique", ("numerique--maitriser-les-fondamentaux-du-numerique",)),
    Domain.FAMILY: About("Famille et réussite éducative", ("famille--soutien-a-la-parentalite-et-a-leducation",)),
    Domain.FRENCH: About("Maîtrise du français", ("lecture-ecriture-calcul--maitriser-le-francais",)),
    Domain.SOCIAL: About("Lien social", ("remobilisation--lien-social",)),
    Domain.VIOLENCE: About("Violences", ("famille--surmonter-conflits-separation-violence",)),
    Domain.OTHER: About("Autre besoin"),
}


class State(StrEnum):
    """Where a referral stands. `by_hand`: a paper was given to the person and nothing was transmitted."""

    SENT = "sent"
    BY_HAND = "by_hand"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    CLOSED = "closed"
    CANCELLED = "cancelled"

    @property
    def label(self) -> str:
        return STATE_WORDS[self][0]

    @property
    def tone(self) -> str:
        """The tone of its tag on screen."""
        return STATE_WORDS[self][1]

    @property
    def is_open(self) -> bool:
        """Whether something is still expected from somebody."""
        return self in OPEN_STATES


STATE_WORDS: dict[State, tuple[str, str]] = {
    State.SENT: ("Envoyée", "info"),
    State.BY_HAND: ("Remise en main propre", "neutral"),
    State.ACCEPTED: ("Acceptée", "success"),
    State.REFUSED: ("Refusée", "danger"),
    State.CLOSED: ("Terminée", "neutral"),
    State.CANCELLED: ("Annulée", "neutral"),
}
OPEN_STATES = frozenset({State.SENT, State.BY_HAND, State.ACCEPTED})


class Side(StrEnum):
    """Who looks at a referral: an organisation may hold several sides at once."""

    RECEIVER = "recues"
    SENDER = "envoyees"
    COORDINATOR = "reseau"

    @property
    def label(self) -> str:
        return {"recues": "Reçues", "envoyees": "Envoyées", "reseau": "Tout le réseau"}[self.value]

    @property
    def whose(self) -> str:
        return {
            "recues": "la structure qui reçoit l’orientation",
            "envoyees": "la structure qui l’a envoyée",
            "reseau": "la coordination du réseau",
        }[self.value]


class Refusal(StrEnum):
    """Why a partner refuses."""

    CRITERIA = "hors_criteres"
    TERRITORY = "hors_territoire"
    CAPACITY = "capacite_atteinte"
    KNOWN = "deja_accompagne"
    INCOMPLETE = "dossier_incomplet"
    OTHER = "autre"

    @property
    def label(self) -> str:
        return {
            "hors_criteres": "Le foyer n’entre pas dans nos critères",
            "hors_territoire": "Le foyer est hors de notre territoire",
            "capacite_atteinte": "Nous ne pouvons plus accueillir pour le moment",
            "deja_accompagne": "Le foyer est déjà accompagné",
            "dossier_incomplet": "Il manque des éléments au dossier",
            "autre": "Autre motif",
        }[self.value]


class Outcome(StrEnum):
    """What became of a referral, for the household."""

    GOT_HELP = "got_help"
    PARTIAL = "partial"
    NO_HELP = "no_help"
    NOT_REACHABLE = "not_reachable"
    NO_SHOW = "no_show"
    WITHDRAWN = "withdrawn"

    @property
    def label(self) -> str:
        return {
            "got_help": "Le foyer a obtenu l’aide",
            "partial": "Le foyer a obtenu une partie de l’aide",
            "no_help": "L’aide n’a pas pu être apportée",
            "not_reachable": "Le foyer n’a pas pu être joint",
            "no_show": "Le foyer n’est pas venu",
            "withdrawn": "Le foyer ne souhaite plus cette aide",
        }[self.value]


# A coordinator follows and closes; the words are those of the two structures concerned.
WRITERS = frozenset({Side.RECEIVER, Side.SENDER})
MOVES: tuple[Move[State, Side], ...] = (
    Move("accept", "Accepter", frozenset({State.SENT}), State.ACCEPTED, frozenset({Side.RECEIVER})),
    Move("refuse", "Refuser", frozenset({State.SENT}), State.REFUSED, frozenset({Side.RECEIVER}), needs_reason=True),
    Move(
        "close",
        "Clore",
        frozenset({State.ACCEPTED}),
        State.CLOSED,
        frozenset({Side.RECEIVER, Side.COORDINATOR}),
        needs_reason=True,
    ),
    Move("close", "Clore", frozenset({State.BY_HAND}), State.CLOSED, frozenset({Side.SENDER}), needs_reason=True),
    Move("cancel", "Annuler l’orientation", OPEN_STATES, State.CANCELLED, frozenset({Side.SENDER})),
)
VERBS = tuple(dict.fromkeys(move.verb for move in MOVES))
EVENT_WORDS = {
    "send": "Orientation envoyée",
    "by_hand": "Fiche remise en main propre",
    "accept": "Orientation acceptée",
    "refuse": "Orientation refusée",
    "close": "Orientation terminée",
    "cancel": "Orientation annulée",
}


def sides_of(
    organisation: object, sender: object, receiver: object, *, by_hand: bool, coordinates: bool
) -> frozenset[Side]:
    """The sides an organisation (by its id) holds. What was handed over on paper was sent to nobody."""
    sides = set()
    if organisation == sender:
        sides.add(Side.SENDER)
    if organisation == receiver and not by_hand:
        sides.add(Side.RECEIVER)
    if coordinates:
        sides.add(Side.COORDINATOR)
    return frozenset(sides)


def find_move(verb: str, state: State, sides: frozenset[Side]) -> Move[State, Side]:
    """The move behind a verb. Raises `IllegalMove`, whose sentence says whether the state or the side forbids it."""
    for move in moves_from(MOVES, state, sides):
        if move.verb == verb:
            return move
    entitled = {side for move in MOVES if move.verb == verb and state in move.sources for side in move.by}
    if entitled:
        whose = " ou à ".join(side.whose for side in Side if side in entitled)
        raise IllegalMove(f"Cette action revient à {whose}. Rien n’a été modifié.")
    raise IllegalMove(f"Ce n’est plus possible : l’orientation est « {state.label.lower()} ». Rien n’a été modifié.")


class NeedState(StrEnum):
    """Where a need stands, computed from its referrals and never stored."""

    TO_REFER = "to_refer"
    WAITING = "waiting"
    IN_PROGRESS = "in_progress"
    MET = "met"
    PARTLY = "partly"
    AGAIN = "again"

    @property
    def label(self) -> str:
        return NEED_WORDS[self][0]

    @property
    def tone(self) -> str:
        return NEED_WORDS[self][1]


NEED_WORDS: dict[NeedState, tuple[str, str]] = {
    NeedState.TO_REFER: ("À orienter", "warning"),
    NeedState.WAITING: ("En attente de réponse", "info"),
    NeedState.IN_PROGRESS: ("Pris en charge", "success"),
    NeedState.MET: ("Aide obtenue", "success"),
    NeedState.PARTLY: ("Aide obtenue en partie", "warning"),
    NeedState.AGAIN: ("À réorienter", "warning"),
}


def needs_state(referrals: Iterable[tuple[State, Outcome | None]]) -> NeedState:
    """The state of a need from the `(state, outcome)` of its referrals: what is under way, then what was obtained."""
    known = list(referrals)
    states = {state for state, _ in known}
    outcomes = {outcome for state, outcome in known if state is State.CLOSED}
    for is_so, answer in (
        (State.ACCEPTED in states, NeedState.IN_PROGRESS),
        (bool(states & {State.SENT, State.BY_HAND}), NeedState.WAITING),
        (Outcome.GOT_HELP in outcomes, NeedState.MET),
        (Outcome.PARTIAL in outcomes, NeedState.PARTLY),
        (bool(states), NeedState.AGAIN),
    ):
        if is_so:
            return answer
    return NeedState.TO_REFER


class Coverage(StrEnum):
    """What the household's agreement lets pass to a partner."""

    WHOLE = "whole"
    EXCEPT_SENSITIVE = "except_sensitive"
    NONE = "none"

    @property
    def label(self) -> str:
        return {
            "whole": "Couvert par l’accord : l’orientation sera transmise.",
            "except_sensitive": "Couvert par l’accord, sauf santé et violences (remise en main propre).",
            "none": "Pas d’accord du foyer : remise en main propre, rien n’est transmis.",
        }[self.value]

    def transmits(self, domain: Domain) -> bool:
        """Whether a need of this domain may be transmitted; otherwise it is handed over on paper."""
        return self is Coverage.WHOLE or (self is Coverage.EXCEPT_SENSITIVE and not domain.sensitive)


def coverage(*, identity: bool, needs: bool, sensitive: bool) -> Coverage:
    """What passes to a partner trusted with these parts: a referral needs identity and needs together."""
    if not (identity and needs):
        return Coverage.NONE
    return Coverage.WHOLE if sensitive else Coverage.EXCEPT_SENSITIVE


@dataclass(frozen=True)
class Basket:
    """A bannette: the states it gathers; `late` keeps only what waited too long (True) or only the rest (False)."""

    key: str
    label: str
    states: tuple[State, ...]
    late: bool | None = None
    tone: str = ""
    newest_first: bool = False

    def holds(self, state: State, sent_at: datetime, now: datetime) -> bool:
        """Whether a referral belongs here. The database is asked the same question, from the same fields."""
        return state in self.states and self.late in (None, is_late(sent_at, now))


def is_late(sent_at: datetime, now: datetime) -> bool:
    """Whether it was sent more than nine days ago."""
    return sent_at < late_before(now)


def late_before(now: datetime) -> datetime:
    """The moment before which a referral without an answer has waited too long."""
    return now - SILENCE


_LATE = Basket("sans-reponse", "Sans réponse depuis 9 jours", (State.SENT,), late=True, tone="warning")
_UNDER_WAY = Basket("en-cours", "Acceptées, en cours", (State.ACCEPTED,))
_BY_HAND = Basket("main-propre", "Remises en main propre", (State.BY_HAND,))
_REFUSED = Basket("refusees", "Refusées, à réorienter", (State.REFUSED,), tone="warning", newest_first=True)
_WAITING = Basket("en-attente", "En attente de réponse", (State.SENT,), late=False)
_ENDED = (State.CLOSED, State.CANCELLED)
_FINISHED = Basket("terminees", "Terminées", _ENDED, newest_first=True)

# Every referral a side sees stands in exactly one basket of that side: the counts add up.
BASKETS: dict[Side, tuple[Basket, ...]] = {
    Side.RECEIVER: (
        Basket("a-traiter", "À traiter", (State.SENT,), late=False),
        _LATE,
        _UNDER_WAY,
        Basket("terminees", "Terminées", (*_ENDED, State.REFUSED), newest_first=True),
    ),
    Side.SENDER: (_WAITING, _LATE, _UNDER_WAY, _BY_HAND, _REFUSED, _FINISHED),
    Side.COORDINATOR: (_LATE, _WAITING, _UNDER_WAY, _BY_HAND, _REFUSED, _FINISHED),
}


def basket_named(side: Side, key: str) -> Basket | None:
    """The basket of a side behind its key in the address."""
    return next((basket for basket in BASKETS[side] if basket.key == key), None)


def basket_of(side: Side, state: State, sent_at: datetime, now: datetime) -> Basket | None:
    """The one basket of a side where a referral stands; None for what that side never sees (a paper, received)."""
    return next((basket for basket in BASKETS[side] if basket.holds(state, sent_at, now)), None)
