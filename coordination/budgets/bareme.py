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
    An unborn child has no age and counts as the barème says.
    """

    birth_date: date | None = None
    weight: Fraction = Fraction(1)
    name: str = ""
    unborn: bool = False
    adult: bool | None = None
    birth_year: int | None = None
    birth_month: int | None = None


@dataclass(frozen=True)
class Composition:
    """The people who live on this budget; `single_parent` when one adult raises the children alone."""

    heads: tuple[Head, ...]
    single_parent: bool = False


@dataclass(frozen=True)
class Weights:
    """For how much each counts: the first adult, the others, a child under `child_under` years, an unborn child.

    `single_parent` is added once for an adult alone with children. Heads: all 1. INSEE units: 1, 0.5, 0.3 under 14.
    """

    first: Fraction = Fraction(1)
    other: Fraction = Fraction(1)
    child: Fraction = Fraction(1)
    child_under: int = 14
    unborn: Fraction = Fraction(0)
    single_parent: Fraction = Fraction(0)

    @property
    def need_ages(self) -> bool:
        return not self.first == self.other == self.child


@dataclass(frozen=True)
class Treatment:
    """How the lines of one kind count: ignored, a share of them, a monthly cap or a monthly forfait for them all.

    `flat_cents` replaces whatever was typed; `flat_unproved_cents` does so only when no line of the kind was seen
    on a document. `because` is the partner's own sentence.
    """

    ignored: bool = False
    share: Fraction = Fraction(1)
    cap_cents: int | None = None
    flat_cents: int | None = None
    flat_unproved_cents: int | None = None
    because: str = ""


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


class BadBareme(ValueError):
    """Ce barème est incohérent."""


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


@dataclass(frozen=True)
class Bareme:
    """One dated version of a scheme; `version` is the first day it holds.

    `zones` answers any household; `zones_single`, when given, answers people who live alone instead.
    `days` is the length of a month (30, 31, 365/12). `digest` is the fingerprint of the version as read from its file.
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
    notes: tuple[str, ...] = ()
    digest: str = ""

    def __post_init__(self) -> None:
        check_zones(self.zones)
        if self.zones_single:
            check_zones(self.zones_single)
        if not 28 <= self.days <= 31:
            raise BadBareme("Un mois compte entre 28 et 31 jours : écrivez par exemple 30, 31 ou 365/12.")

    def treatment(self, kind: LineKind) -> Treatment:
        """How this kind counts, by name or by the rule for kinds that are not named."""
        if kind in self.treatments:
            return self.treatments[kind]
        counts = self.unlisted_resources_count if kind.side is Side.RESOURCE else self.unlisted_charges_count
        return Treatment() if counts else Treatment(ignored=True, because="Le barème ne cite pas cette ligne.")

    def zones_for(self, single: bool) -> tuple[Zone, ...]:
        return self.zones_single if single and self.zones_single else self.zones

    @property
    def unit_phrase(self) -> str:
        """ "par jour et par personne", "par mois pour le foyer"… what the thresholds are expressed in."""
        whom = "pour le foyer" if self.base is Base.HOUSEHOLD else f"et par {self.per.label}"
        return f"{self.every.label} {whom}"
