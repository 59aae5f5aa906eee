"""What a barème is made of: who counts for how much, which lines count, which zones, from which day.

A `Bareme` is one dated version of one organisation's scheme. Building one checks it: a wrong barème cannot exist.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from fractions import Fraction
from types import MappingProxyType

from coordination.budgets.lines import LineKind, Side
from coordination.kit.money import euros
from coordination.kit.parameters import Source


class BadBareme(ValueError):
    """Ce barème est incohérent."""


class Standing(StrEnum):
    """What these values are worth."""

    ADOPTED = "adopted"
    DEMONSTRATION = "demonstration"
    PUBLISHED = "published"

    @property
    def label(self) -> str:
        return _STANDINGS[self]


_STANDINGS = {
    Standing.ADOPTED: "adopté par la structure",
    Standing.DEMONSTRATION: "valeurs de démonstration",
    Standing.PUBLISHED: "publié, non contractuel",
}


class Per(StrEnum):
    """What the household is divided into."""

    HEAD = "head"
    CONSUMPTION_UNIT = "consumption_unit"
    PART = "part"

    @property
    def label(self) -> str:
        return {Per.HEAD: "personne", Per.CONSUMPTION_UNIT: "unité de consommation", Per.PART: "part"}[self]


class Every(StrEnum):
    """Whether the thresholds are for a day or a month."""

    DAY = "day"
    MONTH = "month"

    @property
    def label(self) -> str:
        return "par jour" if self is Every.DAY else "par mois"


class Base(StrEnum):
    """Whether the thresholds are for each person (head, unit or part) or for the whole household."""

    PERSON = "person"
    HOUSEHOLD = "household"


class LandlordAid(StrEnum):
    """How a housing aid paid to the landlord is treated.

    NOT_TWICE: not counted when the rent typed is what remains to be paid, counted when the whole rent was typed.
    IGNORED: never a resource, whatever the rent typed.
    """

    NOT_TWICE = "not_twice"
    IGNORED = "ignored"


class ZoneKind(StrEnum):
    REDIRECT = "redirect"
    ELIGIBLE = "eligible"
    COUNCIL = "council"
    NOT_ELIGIBLE = "not_eligible"

    @property
    def label(self) -> str:
        return _ZONES[self]

    @property
    def opens(self) -> bool:
        """Whether an access may follow, so that its duration and its budget are worth saying."""
        return self in (ZoneKind.ELIGIBLE, ZoneKind.COUNCIL)


_ZONES = {
    ZoneKind.REDIRECT: "à réorienter vers une aide plus adaptée",
    ZoneKind.ELIGIBLE: "éligible",
    ZoneKind.COUNCIL: "à examiner par le Conseil",
    ZoneKind.NOT_ELIGIBLE: "au-dessus du seuil",
}


@dataclass(frozen=True)
class Head:
    """One person of the household. `weight` is their custody share (½ when shared), between 0 and 2.

    The age may be known by the birth date, by the year (and month), or only as adult or not (18).
    An unborn child has no age and counts as the barème says. `age` is in whole years, on the day of the computation.
    """

    birth_date: date | None = None
    weight: Fraction = Fraction(1)
    name: str = ""
    unborn: bool = False
    adult: bool | None = None
    birth_year: int | None = None
    birth_month: int | None = None
    age: int | None = None


class Home(StrEnum):
    """How the household is housed, as far as its usual lines depend on it."""

    TENANT = "tenant"
    OWNER = "owner"
    HOUSED = "housed"

    @property
    def label(self) -> str:
        return {Home.TENANT: "locataire", Home.OWNER: "propriétaire", Home.HOUSED: "hébergé"}[self]


@dataclass(frozen=True)
class Composition:
    """The people who live on this budget; `single_parent` when one adult raises the children alone.

    `home` never changes a result: it only tells which usual lines are missing.
    """

    heads: tuple[Head, ...]
    single_parent: bool = False
    home: Home | None = None


HEAVIEST = 2
"""Nobody counts for more than two persons: above, a typing error."""


@dataclass(frozen=True)
class Weights:
    """For how much each counts: the first adult, the others, a child under `child_under` years, an unborn child.

    `single_parent` is added once for an adult alone with children. Heads: all 1. INSEE units: 1, 0.5, 0.3 under 14.
    `shared_custody`: the share of somebody who lives here part of the time; None, the share noted on the file.
    """

    first: Fraction = Fraction(1)
    other: Fraction = Fraction(1)
    child: Fraction = Fraction(1)
    child_under: int = 14
    unborn: Fraction = Fraction(0)
    single_parent: Fraction = Fraction(0)
    shared_custody: Fraction | None = None

    def __post_init__(self) -> None:
        counted = (self.first, self.other, self.child, self.unborn, self.single_parent)
        if not all(0 <= weight <= HEAVIEST for weight in counted):
            raise BadBareme(f"Un poids doit être entre 0 et {HEAVIEST} : écrivez par exemple 1 ou 0.5.")
        if self.shared_custody is not None and not 0 <= self.shared_custody <= 1:
            raise BadBareme("Une garde partagée compte entre 0 et 1 : écrivez par exemple 0.5.")

    def share_of(self, head: Head) -> Fraction:
        """For how much of themselves somebody counts: their custody share, or the barème's own for a part-time one."""
        if self.shared_custody is not None and 0 < head.weight < 1:
            return self.shared_custody
        return head.weight

    @property
    def need_ages(self) -> bool:
        return not self.first == self.other == self.child


@dataclass(frozen=True)
class Scale:
    """Cents a month by number of people: `steps[n - 1]` for n people, then `more` for each one above the last step."""

    steps: tuple[int, ...]
    more: int = 0

    def __post_init__(self) -> None:
        if not self.steps or min(*self.steps, self.more) < 0:
            raise BadBareme("Écrivez un montant par mois, zéro ou plus, pour une personne au moins.")

    def of(self, people: int) -> int:
        """The amount for that many people; a household of nobody reads the first step."""
        known = min(max(people, 1), len(self.steps))
        return self.steps[known - 1] + self.more * max(people - known, 0)

    @property
    def varies(self) -> bool:
        return len(self.steps) > 1 or self.more != 0


def same(cents: int) -> Scale:
    """The same amount whatever the household."""
    return Scale((cents,))


@dataclass(frozen=True)
class Treatment:
    """How the lines of one kind count: ignored, a share of them, a monthly cap or a monthly forfait for them all.

    `flat` replaces whatever was typed; `flat_unproved` does so only when no line of the kind was seen on a document;
    `always`: the forfait also counts when no such line was typed. `because` is the partner's own sentence.
    """

    ignored: bool = False
    share: Fraction = Fraction(1)
    cap: Scale | None = None
    flat: Scale | None = None
    flat_unproved: Scale | None = None
    always: bool = False
    because: str = ""

    @property
    def forfait(self) -> Scale | None:
        return self.flat or self.flat_unproved

    @property
    def plain(self) -> bool:
        """Counted whole, whatever it is."""
        return not self.ignored and self.share == 1 and self.cap is None and self.forfait is None


@dataclass(frozen=True)
class Terms:
    """What an access lasts and gives, in months and cents; None where the barème does not say.

    `renewals`: how many times it may be renewed. `waiting`: months before asking again. `longest`: months in all.
    `purchase`: the goods one may take in a month, at shelf price.
    """

    duration: tuple[int, int] | None = None
    renewals: int | None = None
    waiting: int | None = None
    longest: int | None = None
    purchase: Scale | None = None

    @property
    def sentence(self) -> str:
        """ "Accès pour 3 à 6 mois, renouvelable 1 fois, 24 mois au plus en tout." or nothing."""
        said = []
        if self.duration is not None:
            low, high = self.duration
            said.append(f"accès pour {high} mois" if low == high else f"accès pour {low} à {high} mois")
        if self.renewals is not None:
            said.append(f"renouvelable {self.renewals} fois" if self.renewals else "non renouvelable")
        if self.longest is not None:
            said.append(f"{self.longest} mois au plus en tout")
        if self.waiting is not None:
            said.append(f"{self.waiting} mois d’attente avant une nouvelle demande")
        text = ", ".join(said)
        return f"{text[0].upper()}{text[1:]}." if text else ""


@dataclass(frozen=True)
class Zone:
    """A band of values and its answer. `bound_cents` is its upper bound, None for the last one.

    `inclusive`: the bound itself belongs to this zone ("8 € ou moins") or to the next ("moins de 8 €").
    `user_share`: lowest and highest part of the price the household pays, or None when the barème does not say.
    """

    kind: ZoneKind
    bound_cents: int | None = None
    inclusive: bool = False
    user_share: tuple[Fraction, Fraction] | None = None

    def __post_init__(self) -> None:
        if self.user_share is not None and not 0 <= self.user_share[0] <= self.user_share[1] <= 1:
            raise BadBareme("La participation va de 0 à 100 %, le plus petit nombre d’abord.")

    def holds(self, value: Fraction) -> bool:
        """Whether a value in cents is under this zone's upper bound."""
        if self.bound_cents is None:
            return True
        return value <= self.bound_cents if self.inclusive else value < self.bound_cents

    @property
    def bound_phrase(self) -> str:
        if self.bound_cents is None:
            return "au-delà"
        return f"{euros(self.bound_cents)} ou moins" if self.inclusive else f"moins de {euros(self.bound_cents)}"


def check_zones(zones: tuple[Zone, ...]) -> None:
    """Every value must fall in exactly one zone: bounds rise, only the last zone is open. Raises `BadBareme`."""
    if not zones:
        raise BadBareme("Il manque les zones du barème.")
    if zones[-1].bound_cents is not None:
        raise BadBareme("La dernière zone a une limite : que répondre au-delà ? Ajoutez une zone sans limite à la fin.")
    previous: tuple[int, bool] | None = None
    for zone in zones[:-1]:
        if zone.bound_cents is None:
            raise BadBareme("Une zone sans limite est suivie d’une autre : seule la dernière peut être sans limite.")
        bound = (zone.bound_cents, zone.inclusive)
        if previous is not None and bound <= previous:
            raise BadBareme("Deux zones se recouvrent : rangez les limites de la plus basse à la plus haute.")
        previous = bound


NOT_LISTED = Treatment(ignored=True, because="le barème ne cite pas cette ligne.")


def check_treatment(kind: LineKind, rule: Treatment) -> None:
    """A rule that can be applied to that kind. Raises `BadBareme`."""
    if not 0 <= rule.share <= 1:
        raise BadBareme(f"{kind.label} : écrivez une part entre 0 et 1, par exemple 1/2.")
    if rule.forfait is not None and kind.side is Side.RESOURCE:
        raise BadBareme(f"{kind.label} : un forfait ne vaut que pour une charge.")
    if rule.flat is not None and rule.flat_unproved is not None:
        raise BadBareme(f"{kind.label} : gardez un seul des deux forfaits.")
    if rule.always and rule.forfait is None:
        raise BadBareme(f"{kind.label} : « always » demande un forfait.")


@dataclass(frozen=True)
class Bareme:
    """One dated version of a scheme; `version` is the first day it holds.

    `zones` answers any household; `zones_single`, when given, answers people who live alone instead.
    `days` is the length of a month (30, 31, 365/12). `digest` is the fingerprint of the version as read from its file.
    `public`: its organisation lets anybody be answered by it, on the public simulator.
    """

    code: str
    version: date
    title: str
    organisation_label: str
    standing: Standing
    source: Source
    days: Fraction
    zones: tuple[Zone, ...]
    zones_single: tuple[Zone, ...] = ()
    per: Per = Per.HEAD
    every: Every = Every.DAY
    base: Base = Base.PERSON
    weights: Weights = Weights()
    treatments: Mapping[LineKind, Treatment] = field(default_factory=lambda: MappingProxyType({}))
    unlisted_resources_count: bool = True
    unlisted_charges_count: bool = True
    landlord_aid: LandlordAid = LandlordAid.NOT_TWICE
    organisation: str | None = None
    terms: Terms = Terms()
    notes: tuple[str, ...] = ()
    digest: str = ""
    public: bool = False

    def __post_init__(self) -> None:
        check_zones(self.zones)
        if self.zones_single:
            check_zones(self.zones_single)
        if not 28 <= self.days <= 31:
            raise BadBareme("Un mois compte entre 28 et 31 jours : écrivez par exemple 30, 31 ou 365/12.")
        for kind, rule in self.treatments.items():
            check_treatment(kind, rule)

    def treatment(self, kind: LineKind) -> Treatment:
        """How this kind counts, by name or by the rule for kinds that are not named."""
        if kind in self.treatments:
            return self.treatments[kind]
        counts = self.unlisted_resources_count if kind.side is Side.RESOURCE else self.unlisted_charges_count
        return Treatment() if counts else NOT_LISTED

    def rule_name(self, kind: LineKind) -> str:
        """Where the barème's file says what becomes of this kind."""
        return f"lines.{kind.value}" if kind in self.treatments else f"unlisted.{kind.side.value}s_count"

    def zones_for(self, single: bool) -> tuple[Zone, ...]:
        return self.zones_single if single and self.zones_single else self.zones

    @property
    def unit_phrase(self) -> str:
        """ "par jour et par personne", "par mois pour le foyer"… what the thresholds are expressed in."""
        whom = "pour le foyer" if self.base is Base.HOUSEHOLD else f"et par {self.per.label}"
        return f"{self.every.label} {whom}"
