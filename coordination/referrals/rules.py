"""What is true of needs and referrals: domains, coded reasons, what an agreement lets pass, a need's state. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from coordination.kit.transitions import Worded
from coordination.referrals.household import Explanation, code_label
from coordination.referrals.machine import EXPIRING_STATES, LOST_STATES, TAKEN_STATES, State

LINK_LASTS = timedelta(days=15)
"""How long a link to an outside service opens; the doors of the wall say the same."""


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


class Question(StrEnum):
    """What a partner asks before it answers."""

    PAPERS = "justificatifs"
    SITUATION = "situation"
    CONTACT = "coordonnees"
    REQUEST = "demande"
    CALL = "rappel"
    OTHER = "autre_precision"

    @property
    def label(self) -> str:
        return {
            "justificatifs": "Des justificatifs",
            "situation": "La situation du foyer",
            "coordonnees": "Comment joindre le foyer",
            "demande": "Ce qui est demandé au juste",
            "rappel": "Être rappelé",
            "autre_precision": "Autre chose",
        }[self.value]


class Pause(StrEnum):
    """Why an accompaniment waits."""

    PLACE = "place_attendue"
    PAPER = "piece_attendue"
    HOUSEHOLD = "foyer_attend"
    OTHER = "autre_attente"

    @property
    def label(self) -> str:
        return {
            "place_attendue": "Une place est attendue",
            "piece_attendue": "Une pièce ou une décision est attendue",
            "foyer_attend": "Le foyer a demandé d’attendre",
            "autre_attente": "Autre raison",
        }[self.value]


class Withdrawal(StrEnum):
    """Why the sender takes a referral back, when it is said."""

    TAKEN = "pris_ailleurs"

    @property
    def label(self) -> str:
        return "Un autre partenaire prend ce besoin en charge"


class Dropped(StrEnum):
    """Why nobody goes on with a referral that was refused, expired or stopped."""

    ELSEWHERE = "autre_solution"
    UNWANTED = "plus_souhaitee"
    UNREACHABLE = "foyer_injoignable"
    NOBODY = "aucune_structure"

    @property
    def label(self) -> str:
        return {
            "autre_solution": "Le foyer a trouvé une autre solution",
            "plus_souhaitee": "Le foyer ne souhaite plus cette aide",
            "foyer_injoignable": "Le foyer ne peut plus être joint",
            "aucune_structure": "Aucune structure ne peut y répondre pour le moment",
        }[self.value]


class Many(StrEnum):
    """What may be done to many at once."""

    RECEIVE = "recevoir"
    ACCEPT = "accepter"
    REFUSE = "refuser"
    CANCEL = "annuler"
    DROP = "classer"
    GIVE = "confier"

    @property
    def label(self) -> str:
        return {
            "recevoir": "Accuser réception",
            "accepter": "Accepter",
            "refuser": "Refuser",
            "annuler": "Annuler",
            "classer": "Classer sans suite",
            "confier": "Confier à",
        }[self.value]


REASONS: tuple[type[StrEnum], ...] = (Refusal, Outcome, Question, Pause, Withdrawal, Explanation, Dropped)


def reason_label(code: str | None) -> str:
    """The French words of a step's code; empty for none."""
    for words in REASONS:
        if code in set(words):
            return str(words(code).label)  # type: ignore[attr-defined]
    return code_label(code or "")


EVENT_WORDS = {
    "send": "Orientation envoyée",
    "by_hand": "Fiche remise en main propre",
    "receive": "Réception confirmée",
    "accept": "Orientation acceptée",
    "ask": "Précision demandée",
    "answer": "Précision apportée",
    "start": "Accompagnement commencé",
    "hold": "Mise en pause",
    "resume": "Reprise",
    "refuse": "Orientation refusée",
    "redirect": "Réorientée vers une autre structure",
    "close": "Orientation terminée",
    "cancel": "Orientation annulée",
    "drop": "Classée sans suite",
    "reopen": "Orientation rouverte",
    "confirm": "Réponse du foyer",
    "dispute": "Le foyer n’est pas d’accord",
    "miss": "Foyer non joint",
    "unreached": "Foyer non joint : plus d’essai prévu",
    "recall": "Foyer rappelé",
    "explain": "Désaccord expliqué, orientation terminée",
    "undo": "Dernière étape défaite",
    "expire": "Expirée sans réponse",
    "stop": "Arrêtée : l’accord du foyer a pris fin",
}


class NeedState(Worded):
    """Where a need stands, computed from its referrals and never stored."""

    TO_REFER = "to_refer", "À orienter", "warning"
    WAITING = "waiting", "En attente de réponse", "info"
    IN_PROGRESS = "in_progress", "Pris en charge", "success"
    MET = "met", "Aide obtenue", "success"
    DISPUTED = "disputed", "Le foyer n’est pas d’accord", "danger"
    PARTLY = "partly", "Aide obtenue en partie", "warning"
    AGAIN = "again", "À réorienter", "warning"
    DROPPED = "dropped", "Classé sans suite", "neutral"

    @property
    def waits_for_us(self) -> bool:
        """Whether the next step is to refer the household to somebody."""
        return self in (NeedState.TO_REFER, NeedState.AGAIN)


def needs_state(referrals: Iterable[tuple[State, Outcome | None]]) -> NeedState:
    """The state of a need from the `(state, outcome)` of its referrals: what is under way, then what was obtained."""
    known = list(referrals)
    states = {state for state, _ in known}
    outcomes = {outcome for state, outcome in known if state is State.CLOSED}
    for is_so, answer in (
        (bool(states & TAKEN_STATES), NeedState.IN_PROGRESS),
        (bool(states & (EXPIRING_STATES | {State.BY_HAND})), NeedState.WAITING),
        (Outcome.GOT_HELP in outcomes, NeedState.MET),
        (State.DISPUTED in states, NeedState.DISPUTED),
        (Outcome.PARTIAL in outcomes, NeedState.PARTLY),
        (State.DROPPED in states and not states & LOST_STATES, NeedState.DROPPED),
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

    def told(self, domain: Domain | None) -> str:
        """What is said of it to whoever refers a need of this domain; of any, when none is chosen yet."""
        if domain is None or self is not Coverage.EXCEPT_SENSITIVE:
            return self.label
        if not domain.sensitive:
            return Coverage.WHOLE.label
        return "L’accord ne couvre ni la santé ni les violences : remise en main propre, rien n’est transmis."

    def transmits(self, domain: Domain) -> bool:
        """Whether a need of this domain may be transmitted; otherwise it is handed over on paper."""
        return self is Coverage.WHOLE or (self is Coverage.EXCEPT_SENSITIVE and not domain.sensitive)


def coverage(*, identity: bool, needs: bool, sensitive: bool) -> Coverage:
    """What passes to a partner trusted with these parts: a referral needs identity and needs together."""
    if not (identity and needs):
        return Coverage.NONE
    return Coverage.WHOLE if sensitive else Coverage.EXCEPT_SENSITIVE
