"""What an estimate is asked with, and how its answer is read against what the household already receives. Pure.

Amounts go to the estimator as a text of euros a month; they come back as euros a month, low and high. An estimate is
never a decision: « estimation, à vérifier auprès de la CAF ».
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import Any

ADULT_AGE = 18
CLOSE_CENTS = 10_00
"""Below this gap a month nothing is worth a letter (choix local)."""
CAF = "estimation, à vérifier auprès de la CAF"


class Benefit(StrEnum):
    """A right that can be estimated; the value is the estimator's word."""

    RSA = "rsa"
    PPA = "ppa"
    HOUSING = "aide_logement"
    AF = "af"
    CF = "cf"
    ASF = "asf"
    ASPA = "aspa"
    CSS = "css"
    MVA = "mva"

    @property
    def label(self) -> str:
        return LABELS[self]

    @property
    def sensitive(self) -> bool:
        """Whether the word alone tells a fact of health."""
        return self is Benefit.MVA


LABELS = {
    Benefit.RSA: "RSA",
    Benefit.PPA: "Prime d’activité",
    Benefit.HOUSING: "Aide au logement",
    Benefit.AF: "Allocations familiales",
    Benefit.CF: "Complément familial",
    Benefit.ASF: "Allocation de soutien familial (ASF)",
    Benefit.ASPA: "Minimum vieillesse (ASPA)",
    Benefit.CSS: "Complémentaire santé solidaire (CSS)",
    Benefit.MVA: "Majoration pour la vie autonome (complément d’AAH)",
}
# The line kinds of a budget by which each right is already received.
RECEIVED: dict[Benefit, frozenset[str]] = {
    Benefit.RSA: frozenset({"rsa"}),
    Benefit.PPA: frozenset({"prime_activite"}),
    Benefit.HOUSING: frozenset({"apl", "al"}),
    Benefit.AF: frozenset({"allocations_familiales"}),
    Benefit.CF: frozenset({"complement_familial"}),
    Benefit.ASF: frozenset({"asf"}),
    Benefit.ASPA: frozenset({"aspa"}),
    Benefit.CSS: frozenset(),
    Benefit.MVA: frozenset({"aah_complement"}),
}
# What each kind of resource is for the estimator; the rest it computes itself, or it has no bearing.
INCOMES = {
    "salaire": "salaire",
    "chomage": "chomage",
    "ass": "ass",
    "retraite": "retraite",
    "pension_reversion": "retraite",
    "pension_invalidite": "invalidite",
    "ij_maladie": "indemnites",
    "aah": "aah",
    "pension_alimentaire_recue": "pension_recue",
}
CANNOT_READ = {
    "revenu_independant": "un revenu d’indépendant : il se calcule sur un chiffre d’affaires que le budget ne dit pas",
    "rente_accident": "une rente d’accident du travail",
    "cej": "le contrat d’engagement jeune",
}
TENURES = {
    "parc_social": "locataire_hlm",
    "parc_prive": "locataire_vide",
    "proprietaire": "proprietaire",
    "heberge_tiers": "loge_gratuitement",
    "hebergement_urgence": "sans_domicile",
    "sans_hebergement": "sans_domicile",
}
CHILD_LINKS = frozenset({"child", "shared_child"})
FAMILY_LINKS = frozenset({"reference", "partner"}) | CHILD_LINKS
WORKING = frozenset({"salarie"})


class NotEstimable(ValueError):
    """One sentence saying what is missing or cannot be read."""


@dataclass(frozen=True)
class Human:
    """One person of the household, without her name: birth (the day where it is known), link, activity."""

    birth: date | None
    link: str
    activity: str = ""


@dataclass(frozen=True)
class Amount:
    """One line of the budget: its kind and exact cents a month."""

    kind: str
    cents: Fraction


def facts_of(people: Sequence[Human], amounts: Sequence[Amount], housing: str, on: date) -> dict[str, Any]:
    """What the estimator is asked, as JSON; nothing in it names anybody.

    Raises `NotEstimable`, naming what is missing: nothing is guessed in silence.
    """
    family = _family(people)
    _refuse_unknown(family, amounts, housing)
    adults = [human for human in family if human.link not in CHILD_LINKS]
    rent = sum((a.cents for a in amounts if a.kind in ("loyer", "charges_logement")), Fraction(0))
    return {
        "on": f"{on:%Y-%m}",
        "adults": [{"born": _born(human), **_incomes(n, adults, amounts)} for n, human in enumerate(adults)],
        "children": [
            {"born": _born(human), "shared": human.link == "shared_child"}
            for human in family
            if human.link in CHILD_LINKS
        ],
        "rent": _euros(rent),
        "tenure": TENURES[housing],
    }


def _family(people: Sequence[Human]) -> list[Human]:
    """The reference person, her partner and their children: the others are households of their own for the CAF."""
    return [human for human in people if human.link in FAMILY_LINKS]


def _refuse_unknown(family: Sequence[Human], amounts: Sequence[Amount], housing: str) -> None:
    if not any(human.link == "reference" for human in family):
        raise NotEstimable("La personne de référence du foyer n’est pas connue à cette date.")
    undated = sum(human.birth is None for human in family)
    if undated:
        who = "d’une personne" if undated == 1 else f"de {undated} personnes"
        raise NotEstimable(f"La date de naissance {who} n’est pas connue : complétez-la dans la composition du foyer.")
    if housing not in TENURES:
        raise NotEstimable(
            "Le logement n’est pas renseigné (locataire, propriétaire, hébergé…) : complétez la situation."
        )
    unread = sorted({CANNOT_READ[a.kind] for a in amounts if a.kind in CANNOT_READ and a.cents})
    if unread:
        raise NotEstimable(f"L’estimation ne sait pas lire {' ni '.join(unread)}.")


def _born(human: Human) -> str:
    assert human.birth is not None
    return human.birth.isoformat()


def _incomes(place: int, adults: Sequence[Human], amounts: Sequence[Amount]) -> dict[str, str]:
    """What the adult at this place earns a month: wages go to those who work, in turn; the rest to the first adult."""
    earners = [n for n, adult in enumerate(adults) if adult.activity in WORKING] or [0]
    wages = [a for a in amounts if a.kind == "salaire"]
    mine: dict[str, Fraction] = {}
    for turn, wage in enumerate(wages):
        if earners[turn % len(earners)] == place:
            mine["salaire"] = mine.get("salaire", Fraction(0)) + wage.cents
    for amount in amounts if place == 0 else []:
        word = INCOMES.get(amount.kind)
        if word is not None and word != "salaire":
            mine[word] = mine.get(word, Fraction(0)) + amount.cents
    return {word: _euros(cents) for word, cents in mine.items()}


def _euros(cents: Fraction) -> str:
    whole = round(cents)
    return f"{whole // 100}.{whole % 100:02d}"


def assumptions_of(people: Sequence[Human], amounts: Sequence[Amount]) -> list[str]:
    """What the estimate takes for granted, said beside it."""
    said = [
        "Mêmes ressources depuis un an. Du bas au haut : selon celles de l’année d’avant, et la zone du logement.",
        "Résidence stable et régulière en France ; pas de patrimoine important ; pas de sanction.",
    ]
    kinds = {a.kind for a in amounts}
    adults = [human for human in _family(people) if human.link not in CHILD_LINKS]
    if "salaire" in kinds and len(adults) > 1:
        said.append("Les salaires sont attribués, dans l’ordre du budget, aux adultes salariés.")
    if (
        len(adults) == 1
        and any(human.link in CHILD_LINKS for human in people)
        and "pension_alimentaire_recue" not in kinds
    ):
        said.append("ASF : aucune pension alimentaire n’est versée pour les enfants.")
    if "aah" in kinds:
        said.append("Complément d’AAH : le taux d’incapacité est d’au moins 80 %, le logement est autonome.")
    left_out = len(people) - len(_family(people))
    if left_out:
        said.append("Les autres personnes du logement ne comptent pas : elles ont leurs propres droits.")
    return said


class Reading(StrEnum):
    """How an estimate reads against what is received."""

    DUE = "due"
    MAYBE = "maybe"
    RECEIVED = "received"
    NONE = "none"

    @property
    def label(self) -> str:
        return {
            "due": "Semble dû, non reçu",
            "maybe": "Peut-être dû",
            "received": "Déjà reçu",
            "none": "Pas de droit estimé",
        }[self.value]


@dataclass(frozen=True)
class Right:
    """One right: its estimate a month (cents, low and high), what is received, and how it reads."""

    benefit: Benefit
    low: int
    high: int
    received: int
    reading: Reading


def rights_of(answer: Mapping[str, Sequence[str]], amounts: Iterable[Amount]) -> list[Right]:
    """The rights of an estimator's answer, what is worth a letter first."""
    got: dict[str, Fraction] = {}
    for amount in amounts:
        got[amount.kind] = got.get(amount.kind, Fraction(0)) + amount.cents
    found = []
    for benefit in Benefit:
        if benefit.value not in answer:
            continue
        low, high = (round(Fraction(text) * 100) for text in answer[benefit.value])
        received = round(sum((got.get(kind, Fraction(0)) for kind in RECEIVED[benefit]), Fraction(0)))
        reading = _read_css(low, high) if benefit is Benefit.CSS else _read(low, high, received)
        found.append(Right(benefit, low, high, received, reading))
    order = list(Reading)
    return sorted(found, key=lambda right: order.index(right.reading))


def _read_css(low: int, high: int) -> Reading:
    """It has no amount, and no line of a budget says that it is received: at best it may be due."""
    return Reading.MAYBE if high else Reading.NONE


def _read(low: int, high: int, received: int) -> Reading:
    if low - received >= CLOSE_CENTS:
        return Reading.DUE
    if high - received >= CLOSE_CENTS:
        return Reading.MAYBE
    return Reading.RECEIVED if received else Reading.NONE
