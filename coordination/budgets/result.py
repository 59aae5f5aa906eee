"""What the computation answers: a result that explains itself and freezes to JSON, or a refusal that names the gap.

All amounts are exact `Fraction`s of cents; only the French texts are rounded.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from fractions import Fraction

from coordination.budgets import frozen
from coordination.budgets.bareme import Base, Every, Per, Standing, Zone, ZoneKind
from coordination.budgets.lines import LineKind, Side
from coordination.kit.money import euros, euros_exact, french_number, plain_number, rounded

_NEUTRAL = (LineKind.AUTRE_RESSOURCE, LineKind.AUTRE_CHARGE)


class RefusalCode(StrEnum):
    NO_PERSON = "no_person"
    NO_LINE = "no_line"
    BAD_WEIGHT = "bad_weight"
    ZERO_UNITS = "zero_units"
    UNKNOWN_AGE = "unknown_age"
    FUTURE_BIRTH = "future_birth"
    NEGATIVE_AMOUNT = "negative_amount"
    DUPLICATE_LINE = "duplicate_line"
    NOT_YET = "not_yet"


@dataclass(frozen=True)
class Refusal:
    """Why nothing was computed; `about` is the line's id or the person's name when one is concerned."""

    code: RefusalCode
    says: str
    about: str = ""


class Outcome(StrEnum):
    """What became of a line."""

    COUNTED = "counted"
    SHARED = "shared"
    CAPPED = "capped"
    FLAT = "flat"
    IGNORED = "ignored"

    @property
    def label(self) -> str:
        return _OUTCOMES[self]


_OUTCOMES = {
    Outcome.COUNTED: "comptée",
    Outcome.SHARED: "comptée en partie",
    Outcome.CAPPED: "plafonnée",
    Outcome.FLAT: "remplacée par un forfait",
    Outcome.IGNORED: "non comptée",
}


@dataclass(frozen=True)
class Explained:
    """One line: the cents a month typed, the cents a month counted, and the words and source of the rule.

    `rule` is where the barème's file says so ("lines.loyer.cap"). A forfait that no line was typed for has a line of
    its own, of 0 typed.
    """

    line_id: str
    kind: LineKind
    label: str
    outcome: Outcome
    monthly_cents: Fraction
    counted_cents: Fraction
    says: str
    source: str
    rule: str = ""

    @property
    def side(self) -> Side:
        return self.kind.side


class NoticeCode(StrEnum):
    """What looks wrong in the budget; a notice never changes the result."""

    RENT_TOO_LOW = "rent_too_low"
    MAYBE_YEARLY = "maybe_yearly"
    AID_TWICE = "aid_twice"
    AID_WITHOUT_RENT = "aid_without_rent"
    OLD_RESOURCE = "old_resource"
    EXCLUSIVE = "exclusive"
    AID_IGNORED_RENT_WHOLE = "aid_ignored_rent_whole"
    MISSING_RENT = "missing_rent"
    MISSING_OWNER_COST = "missing_owner_cost"
    MISSING_ENERGY = "missing_energy"
    MISSING_FAMILY_BENEFITS = "missing_family_benefits"
    MISSING_SUPPORT = "missing_support"
    NO_RESOURCE = "no_resource"


@dataclass(frozen=True)
class Notice:
    """A question for the worker; `line_ids` are the lines it is about, none when a line is missing."""

    code: NoticeCode
    line_ids: tuple[str, ...]
    says: str


@dataclass(frozen=True)
class Distance:
    """How far the value is from one bound: `gap_cents` = value − bound (negative below it)."""

    bound_cents: int
    inclusive: bool
    gap_cents: Fraction
    says: str

    @property
    def short(self) -> str:
        """ "seuil de 8,00 € : dépassé de 0,0011 €", "seuil de 10,00 € : il manque 1,99 €"."""
        at = f"seuil de {euros(self.bound_cents)}"
        if self.gap_cents == 0:
            return f"{at} : atteint exactement"
        gap = abs(self.gap_cents)
        amount = euros_exact(gap, 2) if gap >= 10 else _small(gap)
        return f"{at} : dépassé de {amount}" if self.gap_cents > 0 else f"{at} : il manque {amount}"


@dataclass(frozen=True)
class Result:
    """A reste à vivre under one version of one barème, with everything needed to read it years later.

    `value_cents` is expressed as the barème's thresholds are (`unit_phrase`); `per_day_cents` is always a day and a
    person (head, consumption unit or part): net ÷ `unit_count` ÷ `days`. Never clamped: it may be negative.
    `terms`: what an access lasts, in words; `purchase_cents`: the goods one may take in a month, at shelf price.
    """

    bareme_code: str
    bareme_version: date
    bareme_title: str
    bareme_digest: str
    organisation_label: str
    standing: Standing
    on: date
    per: Per
    every: Every
    base: Base
    unit_phrase: str
    days: Fraction
    unit_count: Fraction
    resources_cents: Fraction
    charges_cents: Fraction
    per_day_cents: Fraction
    value_cents: Fraction
    zone: ZoneKind
    user_share: tuple[Fraction, Fraction] | None
    distances: tuple[Distance, ...]
    rounding_warning: str
    lines: tuple[Explained, ...]
    notices: tuple[Notice, ...]
    terms: str = ""
    purchase_cents: int | None = None

    @property
    def net_month_cents(self) -> Fraction:
        """Resources less charges, exact cents a month."""
        return self.resources_cents - self.charges_cents

    @property
    def divisor(self) -> Fraction:
        """Units × days: what the net of a month is divided by to give `per_day_cents`."""
        return self.unit_count * self.days

    @property
    def negative(self) -> bool:
        """Charges above resources: an emergency, perhaps over-indebtedness."""
        return self.net_month_cents < 0

    @property
    def negative_label(self) -> str:
        return "charges supérieures aux ressources" if self.negative else ""

    @property
    def zone_label(self) -> str:
        return self.zone.label

    @property
    def shown(self) -> str:
        """ "8,00 €": the value rounded to the cent."""
        return euros_exact(self.value_cents, 2)

    @property
    def exact_shown(self) -> str:
        """ "8,0011 €": the value with four decimals."""
        return euros_exact(self.value_cents, 4)

    @property
    def sentence(self) -> str:
        """ "8,00 € (8,0011) par jour et par personne"."""
        return f"{self.shown} ({french_number(self.value_cents / 100, 4)}) {self.unit_phrase}"

    @property
    def nearest(self) -> Distance | None:
        """The threshold nearest to the value; None for a barème with a single zone."""
        return min(self.distances, key=lambda distance: abs(distance.gap_cents), default=None)

    @property
    def threshold_sentence(self) -> str:
        return self.nearest.says if self.nearest else ""

    @property
    def user_share_label(self) -> str:
        """ "10 %", "10 à 20 %", or nothing when the barème does not say."""
        return share_label(self.user_share)

    @property
    def user_pays_cents(self) -> tuple[int, int] | None:
        """What the household pays in a month for its whole purchase budget, lowest and highest, half-up."""
        if self.user_share is None or self.purchase_cents is None:
            return None
        low, high = (int(rounded(share * self.purchase_cents, 0)) for share in self.user_share)
        return low, high

    @property
    def purchase_sentence(self) -> str:
        """ "Budget d’achat : 150,00 € de produits par mois, dont 15,00 € à payer." or nothing."""
        if self.purchase_cents is None:
            return ""
        pays = ""
        if self.user_pays_cents is not None:
            low, high = (euros(cents) for cents in self.user_pays_cents)
            pays = f", dont {low} à payer" if low == high else f", dont {low} à {high} à payer"
        return f"Budget d’achat : {euros(self.purchase_cents)} de produits par mois{pays}."

    def neutral(self) -> "Result":
        """The same result with no fact of health in its words: to freeze where such facts may not be stored.

        Lines keep their id and amounts; those that tell such a fact get a neutral kind, label and sentence, and
        notices about them are dropped. Who may see the fact finds it again by the line's id.
        """
        hidden = {line.line_id for line in self.lines if line.kind.sensitive}
        lines = tuple(_neutral(line) if line.line_id in hidden else line for line in self.lines)
        notices = tuple(notice for notice in self.notices if not hidden.intersection(notice.line_ids))
        return replace(self, lines=lines, notices=notices)

    def without_health(self) -> "Result":
        """The same result for readers who may not see facts of health: those lines are merged into "autres".

        Lines that tell such a fact are merged, side by side, with the household's other neutral lines, so that their
        own amounts no longer show; notices about them are dropped. Totals and zone do not change.
        """
        plain = self.neutral()
        sides = {line.side for line in self.lines if line.kind.sensitive}
        lines: list[Explained] = []
        for side in Side:
            others = [line for line in plain.lines if line.side is side and line.kind in _NEUTRAL]
            lines.extend(line for line in plain.lines if line.side is side and line not in others)
            lines.extend([_merged(side, others)] if side in sides else others)
        return replace(plain, lines=tuple(lines))

    def to_json(self) -> dict[str, object]:
        """The frozen form: texts, lists and sections only; exact numbers as "numerator/denominator"."""
        return frozen.freeze(self)

    @classmethod
    def from_json(cls, data: Mapping[str, object]) -> "Result":
        """The result that was frozen. Raises ValueError, in French, when it cannot be read back."""
        return frozen.thaw(data)


def _neutral(line: Explained) -> Explained:
    kind = line.kind.public_kind
    return replace(line, kind=kind, label=kind.label, says=f"{line.outcome.label.capitalize()}.", rule="")


def _merged(side: Side, lines: Sequence[Explained]) -> Explained:
    """One neutral line with the amounts of them all."""
    label = "Autres ressources" if side is Side.RESOURCE else "Autres charges"
    monthly = sum((line.monthly_cents for line in lines), Fraction(0))
    counted = sum((line.counted_cents for line in lines), Fraction(0))
    outcome = Outcome.COUNTED if monthly == counted else Outcome.SHARED
    says = f"Lignes regroupées : {euros_exact(counted, 2)} comptés par mois."
    return Explained(f"autres-{side}", lines[0].kind, label, outcome, monthly, counted, says, lines[0].source)


def share_label(share: tuple[Fraction, Fraction] | None) -> str:
    """ "10 %", "12,5 %", "10 à 20 %", or nothing."""
    if share is None:
        return ""
    low, high = (plain_number(part * 100) for part in share)
    return f"{low} %" if low == high else f"{low} à {high} %"


def _share_words(zone: Zone) -> str:
    return f", participation {share_label(zone.user_share)}" if zone.user_share else ", sans participation"


def measure(value: Fraction, zone: Zone, next_zone: Zone) -> Distance:
    """The distance of a value (cents) to the upper bound of `zone`, in words.

    "8,0011 € : seuil de 8,00 € atteint, dépassé de 0,0011 €" or "7,9989 € : il manque 0,0011 € pour atteindre le seuil
    de 8,00 €". The answers on both sides are named.
    """
    bound = zone.bound_cents or 0
    gap = value - bound
    alike = zone.kind is next_zone.kind and zone.user_share != next_zone.user_share
    below, above = (f"« {each.kind.label} »{_share_words(each) if alike else ''}" for each in (zone, next_zone))
    sides = f"({below} : {zone.bound_phrase} ; au-dessus, {above})"
    if gap == 0:
        where = "exactement, encore compris" if zone.inclusive else "exactement"
        says = f"{euros_exact(value)} : seuil de {euros(bound)} atteint {where}"
    elif gap > 0:
        says = f"{euros_exact(value)} : seuil de {euros(bound)} atteint, dépassé de {_small(gap)}"
    else:
        says = f"{euros_exact(value)} : il manque {_small(-gap)} pour atteindre le seuil de {euros(bound)}"
    return Distance(bound, zone.inclusive, gap, f"{says} {sides}.")


def _small(gap: Fraction) -> str:
    """A positive gap with four decimals, never shown as zero."""
    return euros_exact(gap) if rounded(gap / 100, 4) else f"moins de {euros_exact(Fraction(1, 100))}"
