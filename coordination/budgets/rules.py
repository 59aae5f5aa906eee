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
    Home,
    LandlordAid,
    Per,
    Scale,
    Standing,
    Terms,
    Treatment,
    Weights,
    Zone,
    ZoneKind,
    same,
)
from coordination.budgets.doubts import doubts
from coordination.budgets.lines import CHARGES, RESOURCES, Line, LineKind, Origin, Period, Side
from coordination.budgets.missing import missing
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
from coordination.budgets.units import count_units, is_single, people_of
from coordination.kit.money import euros, euros_exact, plain_number, rounded

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
    "Home",
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
    "Scale",
    "Side",
    "Standing",
    "Terms",
    "Treatment",
    "Weights",
    "Zone",
    "ZoneKind",
    "reste_a_vivre",
    "same",
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
    people = people_of(bareme.weights, composition)
    explained = explain(bareme, lines, people)
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
        notices=(*doubts(lines, on, bareme.landlord_aid), *missing(lines, composition, on)),
        terms=bareme.terms.sentence if zone.kind.opens else "",
        purchase_cents=bareme.terms.purchase.of(people) if bareme.terms.purchase and zone.kind.opens else None,
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


def explain(bareme: Bareme, lines: Sequence[Line], people: int) -> tuple[Explained, ...]:
    """What becomes of every line, in the order typed; caps and forfaits are shared out among lines of one kind.

    Then the forfaits that count although no such line was typed.
    """
    done: dict[str, Explained] = {}
    for kind in dict.fromkeys(line.kind for line in lines):
        same_kind = [line for line in lines if line.kind is kind]
        landlord = [line for line in same_kind if _stays_with_landlord(bareme, line)]
        others = [line for line in same_kind if not _stays_with_landlord(bareme, line)]
        done.update({line.id: _landlord(bareme, line) for line in landlord})
        done.update({each.line_id: each for each in _apply(bareme, bareme.treatment(kind), others, people)})
    typed = {line.kind for line in lines}
    added = (_added(bareme, kind, rule, people) for kind, rule in bareme.treatments.items() if kind not in typed)
    return (*(done[line.id] for line in lines), *(each for each in added if each is not None))


def _added(bareme: Bareme, kind: LineKind, rule: Treatment, people: int) -> Explained | None:
    """The line of a forfait that counts in any case, when nothing was typed."""
    if not rule.always or rule.forfait is None or rule.ignored:
        return None
    flat = rule.forfait.of(people)
    says = _words(f"Ajoutée au forfait de {euros(flat)} par mois, aucune n’étant saisie", rule)
    place = f"{bareme.rule_name(kind)}.always"
    outcome, counted = Outcome.FLAT, Fraction(flat)
    return Explained(
        f"forfait-{kind.value}", kind, kind.label, outcome, Fraction(0), counted, says, bareme.source.phrase, place
    )


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
    return _explained(bareme, line, Outcome.IGNORED, Fraction(0), says, "landlord_aid")


def _apply(bareme: Bareme, rule: Treatment, lines: Sequence[Line], people: int) -> list[Explained]:
    """The lines of one kind under its rule: ignored, forfait, or share then cap."""
    if not lines:
        return []
    place = bareme.rule_name(lines[0].kind)

    def each(outcome: Outcome, what: str, amounts: Sequence[Fraction], field: str) -> list[Explained]:
        says = _words(what, rule)
        pairs = zip(lines, amounts, strict=True)
        return [_explained(bareme, line, outcome, counted, says, f"{place}{field}") for line, counted in pairs]

    whole = [line.monthly_cents for line in lines]
    if rule.ignored:
        field = ".ignored" if lines[0].kind in bareme.treatments else ""
        return each(Outcome.IGNORED, "Non comptée", [Fraction(0)] * len(lines), field)
    flat = flat_of(rule, people, proved=any(line.origin is Origin.PROOF for line in lines))
    if flat is not None:
        what = f"Remplacée par un forfait de {euros(flat)} par mois"
        field = ".flat" if rule.flat is not None else ".flat_unproved"
        return each(Outcome.FLAT, what, _share_out(whole, Fraction(flat)), field)
    cap = rule.cap.of(people) if rule.cap is not None else None
    if cap is not None and sum(whole) * rule.share > cap:
        return each(Outcome.CAPPED, f"Plafonnée à {euros(cap)} par mois", _share_out(whole, Fraction(cap)), ".cap")
    if rule.share != 1:
        what = f"Comptée à {plain_number(rule.share * 100)} %"
        return each(Outcome.SHARED, what, [amount * rule.share for amount in whole], ".share")
    return each(Outcome.COUNTED, "Comptée", whole, "")


def flat_of(rule: Treatment, people: int, *, proved: bool) -> int | None:
    """The forfait that replaces these lines, if any: always, or because no document was seen."""
    if rule.flat is not None:
        return rule.flat.of(people)
    return rule.flat_unproved.of(people) if rule.flat_unproved is not None and not proved else None


def _share_out(amounts: Sequence[Fraction], amount: Fraction) -> list[Fraction]:
    """The amount divided as these amounts are; equally when they are all zero."""
    total = sum(amounts, Fraction(0))
    if total == 0:
        return [amount / len(amounts)] * len(amounts)
    return [amount * each / total for each in amounts]


def _words(what: str, rule: Treatment) -> str:
    return f"{what} : {rule.because}" if rule.because else f"{what}."


def _explained(bareme: Bareme, line: Line, outcome: Outcome, counted: Fraction, says: str, rule: str) -> Explained:
    if line.period is not Period.MONTHLY:
        typed = f"{euros(line.amount_cents)} {line.period.phrase}"
        says = f"{says} {typed}, soit {euros_exact(line.monthly_cents, 2)} par mois."
    source = bareme.source.phrase
    return Explained(line.id, line.kind, line.name, outcome, line.monthly_cents, counted, says, source, rule)
