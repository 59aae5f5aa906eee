"""The reste à vivre: pure, exact, total. (resources − charges) ÷ units ÷ days, under one version of one barème.

It helps a person decide and decides nothing. Every name a caller needs can be imported from here.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from itertools import pairwise

from coordination.budgets.bareme import (
    Bareme,
    Base,
    Composition,
    Every,
    Head,
    LandlordAid,
    Per,
    Standing,
    Treatment,
    Weights,
    Zone,
    ZoneKind,
)
from coordination.budgets.doubts import doubts
from coordination.budgets.lines import CHARGES, RESOURCES, Line, LineKind, Origin, Period, Side
from coordination.budgets.result import (
    Distance,
    Explained,
    Notice,
    NoticeCode,
    Outcome,
    Refusal,
    RefusalCode,
    Result,
    measure,
)
from coordination.budgets.units import count_units, is_single
from coordination.kit.money import euros, euros_exact, french_number, rounded

__all__ = [
    "CHARGES",
    "RESOURCES",
    "Bareme",
    "Base",
    "Composition",
    "Distance",
    "Every",
    "Explained",
    "Head",
    "LandlordAid",
    "Line",
    "LineKind",
    "Notice",
    "NoticeCode",
    "Origin",
    "Outcome",
    "Per",
    "Period",
    "Refusal",
    "RefusalCode",
    "Result",
    "Side",
    "Standing",
    "Treatment",
    "Weights",
    "Zone",
    "ZoneKind",
    "reste_a_vivre",
]


def reste_a_vivre(bareme: Bareme, composition: Composition, lines: Sequence[Line], on: date) -> Result | Refusal:
    """What this household has left under this barème on that day, or the precise fact that is missing.

    Never raises for a household or a budget. The sum of the explanation's counted amounts is the result's net.
    """
    refusal = _refuse(bareme, lines, on)
    if refusal is not None:
        return refusal
    units = count_units(bareme.weights, composition, on)
    if isinstance(units, Refusal):
        return units
    explained = explain(bareme, lines)
    resources = sum((each.counted_cents for each in explained if each.side is Side.RESOURCE), Fraction(0))
    charges = sum((each.counted_cents for each in explained if each.side is Side.CHARGE), Fraction(0))
    net = resources - charges
    value = net if bareme.base is Base.HOUSEHOLD else net / units
    value = value / bareme.days if bareme.every is Every.DAY else value
    zones = bareme.zones_for(is_single(bareme.weights, composition))
    zone = next(each for each in zones if each.holds(value))
    return Result(
        bareme_code=bareme.code,
        bareme_version=bareme.version,
        bareme_title=bareme.title,
        bareme_digest=bareme.digest,
        organisation_label=bareme.organisation_label,
        standing=bareme.standing,
        on=on,
        per=bareme.per,
        every=bareme.every,
        base=bareme.base,
        unit_phrase=bareme.unit_phrase,
        days=bareme.days,
        unit_count=units,
        resources_cents=resources,
        charges_cents=charges,
        per_day_cents=net / units / bareme.days,
        value_cents=value,
        zone=zone.kind,
        user_share=zone.user_share,
        distances=tuple(measure(value, low, high) for low, high in pairwise(zones)),
        rounding_warning=rounding_warning(value, zones),
        lines=explained,
        notices=doubts(lines, on, bareme.landlord_aid),
    )


def rounding_warning(value: Fraction, zones: Sequence[Zone]) -> str:
    """A sentence when the value rounded to the cent reads as a threshold that it is not exactly; else nothing."""
    shown = int(rounded(value, 0))
    for zone in zones:
        if zone.bound_cents == shown and value != shown:
            digits = 4 if rounded(value / 100, 4) * 100 != shown else 8
            where = "atteint" if value > shown else "non atteint"
            return f"Affiché {euros(shown)}, valeur exacte {euros_exact(value, digits)} : seuil {where}."
    return ""


def explain(bareme: Bareme, lines: Sequence[Line]) -> tuple[Explained, ...]:
    """What becomes of every line, in the order typed; caps and forfaits are shared out among lines of one kind."""
    done: dict[str, Explained] = {}
    for kind in dict.fromkeys(line.kind for line in lines):
        same = [line for line in lines if line.kind is kind]
        landlord = [line for line in same if _stays_with_landlord(bareme, line)]
        others = [line for line in same if not _stays_with_landlord(bareme, line)]
        done.update({line.id: _landlord(bareme, line) for line in landlord})
        done.update({each.line_id: each for each in _apply(bareme, bareme.treatment(kind), others)})
    return tuple(done[line.id] for line in lines)


def _refuse(bareme: Bareme, lines: Sequence[Line], on: date) -> Refusal | None:
    if on < bareme.version:
        says = f"Ce barème ne s’applique qu’à partir du {bareme.version:%d/%m/%Y} : choisissez une version antérieure."
        return Refusal(RefusalCode.NOT_YET, says)
    if not lines:
        says = "Aucune ressource ni charge n’est saisie. Si le foyer n’a aucune ressource, ajoutez une ligne à 0 €."
        return Refusal(RefusalCode.NO_LINE, says)
    twice = [line_id for line_id, count in Counter(line.id for line in lines).items() if count > 1]
    if twice:
        return Refusal(RefusalCode.DUPLICATE_LINE, "Une même ligne est présente deux fois : retirez-en une.", twice[0])
    for line in lines:
        if line.amount_cents < 0:
            other = "charges" if line.kind.side is Side.RESOURCE else "ressources"
            says = f"{line.name} : le montant est négatif. Inscrivez-le, sans signe moins, parmi les {other}."
            return Refusal(RefusalCode.NEGATIVE_AMOUNT, says, line.id)
    return None


def _stays_with_landlord(bareme: Bareme, line: Line) -> bool:
    """Whether an aid paid to the landlord is left out, so that it is not counted twice."""
    if not (line.kind.is_housing_aid and line.paid_to_landlord):
        return False
    return line.rent_is_net or bareme.landlord_aid is LandlordAid.IGNORED


def _landlord(bareme: Bareme, line: Line) -> Explained:
    says = (
        "Non comptée : versée au bailleur, elle est déjà déduite du loyer saisi."
        if line.rent_is_net
        else "Non comptée : ce barème ne compte pas l’aide versée au bailleur."
    )
    return _explained(bareme, line, Outcome.IGNORED, Fraction(0), says)


def _apply(bareme: Bareme, rule: Treatment, lines: Sequence[Line]) -> list[Explained]:
    """The lines of one kind under its rule: ignored, forfait, or share then cap."""
    if rule.ignored:
        return [_explained(bareme, line, Outcome.IGNORED, Fraction(0), _words("Non comptée", rule)) for line in lines]
    flat = _flat(rule, lines)
    if flat is not None:
        says = _words(f"Remplacée par un forfait de {euros(flat)} par mois", rule)
        return [_explained(bareme, line, Outcome.FLAT, part, says) for line, part in _share_out(lines, Fraction(flat))]
    total = sum((line.monthly_cents for line in lines), Fraction(0)) * rule.share
    if rule.cap_cents is not None and total > rule.cap_cents:
        says = _words(f"Plafonnée à {euros(rule.cap_cents)} par mois", rule)
        parts = _share_out(lines, Fraction(rule.cap_cents))
        return [_explained(bareme, line, Outcome.CAPPED, part, says) for line, part in parts]
    if rule.share != 1:
        says = _words(f"Comptée à {french_number(rule.share * 100, 0)} %", rule)
        return [_explained(bareme, line, Outcome.SHARED, line.monthly_cents * rule.share, says) for line in lines]
    return [_explained(bareme, line, Outcome.COUNTED, line.monthly_cents, _words("Comptée", rule)) for line in lines]


def _flat(rule: Treatment, lines: Sequence[Line]) -> int | None:
    """The forfait that replaces these lines, if any: always, or because no document was seen."""
    if rule.flat_cents is not None:
        return rule.flat_cents
    unproved = all(line.origin is not Origin.PROOF for line in lines)
    return rule.flat_unproved_cents if unproved else None


def _share_out(lines: Sequence[Line], amount: Fraction) -> list[tuple[Line, Fraction]]:
    """The amount divided among the lines as their own amounts are; equally when they are all zero."""
    total = sum((line.monthly_cents for line in lines), Fraction(0))
    if total == 0:
        return [(line, amount / len(lines)) for line in lines]
    return [(line, amount * line.monthly_cents / total) for line in lines]


def _words(what: str, rule: Treatment) -> str:
    return f"{what} : {rule.because}" if rule.because else f"{what}."


def _explained(bareme: Bareme, line: Line, outcome: Outcome, counted: Fraction, says: str) -> Explained:
    if line.period is not Period.MONTHLY:
        typed = f"{euros(line.amount_cents)} {line.period.phrase}"
        says = f"{says} {typed}, soit {euros_exact(line.monthly_cents, 2)} par mois."
    source = bareme.source.title
    return Explained(line.id, line.kind, line.name, outcome, line.monthly_cents, counted, says, source)
