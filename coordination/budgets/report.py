"""What is said of a household to programs and on a terminal: the same figures, words and sources as the pages.

Amounts are texts in euros, exact when ten decimals are enough; `value_exact` is always exact.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from coordination.budgets.answers import totals_of
from coordination.budgets.bareme import Bareme, Weights
from coordination.budgets.case import Case
from coordination.budgets.lines import Side
from coordination.budgets.result import Distance, Explained, Refusal, RefusalCode, Result
from coordination.budgets.rules import reste_a_vivre
from coordination.budgets.units import count_units
from coordination.kit.money import euros_exact, plain_number, rounded
from coordination.kit.parameters import Dated

USUAL_DAYS = 30
MOST_DECIMALS = 10
Answered = tuple[Bareme, Result | Refusal]


def answered(scheme: Dated[Bareme], case: Case) -> Answered:
    """Under the version in force that day; before the first one, the refusal that says when it begins."""
    bareme = scheme.at(case.on)
    if bareme is None:
        first = scheme.versions[0][1]
        says = f"Ce barème commence le {first.version:%d/%m/%Y} : il ne dit rien du {case.on:%d/%m/%Y}."
        return first, Refusal(RefusalCode.NOT_YET, says)
    return bareme, reste_a_vivre(bareme, case.composition, case.lines, case.on)


def decimal_text(value: Fraction, least: int = 2) -> str:
    """ "720.10", "8.0011111111": at least that many decimals, ten at most, half-up."""
    text = format(rounded(value, MOST_DECIMALS), "f")
    whole, _, decimals = text.partition(".")
    return f"{whole}.{decimals.rstrip('0').ljust(least, '0')}"


def in_euros(cents: Fraction | int, least: int = 2) -> str:
    """Cents as a decimal text of euros."""
    return decimal_text(Fraction(cents) / 100, least)


def usual_per_day(case: Case) -> Fraction | Refusal:
    """Cents a day and person by the usual formula, before any barème: heads by their share of time, 30 days."""
    heads = count_units(Weights(), case.composition, case.on)
    return heads if isinstance(heads, Refusal) else totals_of(case.lines).net / heads / USUAL_DAYS


def report(case: Case, answers: Sequence[Answered]) -> dict[str, Any]:
    """The whole answer, as JSON."""
    totals = totals_of(case.lines)
    usual = usual_per_day(case)
    return {
        "on": case.on.isoformat(),
        "people": len(case.composition.heads),
        "single_parent": case.composition.single_parent,
        "resources_monthly": in_euros(totals.resources),
        "charges_monthly": in_euros(totals.charges),
        "net_monthly": in_euros(totals.net),
        "per_person_per_day": None if isinstance(usual, Refusal) else in_euros(usual, 4),
        "refusal": _refusal(usual) if isinstance(usual, Refusal) else None,
        "baremes": [_answer(bareme, answer) for bareme, answer in answers],
    }


def _answer(bareme: Bareme, answer: Result | Refusal) -> dict[str, Any]:
    return {
        "id": bareme.code,
        "version": bareme.version.isoformat(),
        "title": bareme.title,
        "organisation": bareme.organisation_label,
        "standing": bareme.standing.value,
        "source": {
            "title": bareme.source.title,
            "date": bareme.source.date,
            "link": bareme.source.link,
            "checked_on": bareme.source.checked_on,
        },
        "digest": bareme.digest,
        "per": bareme.per.value,
        "every": bareme.every.value,
        "base": bareme.base.value,
        "days": str(bareme.days),
        "unit": bareme.unit_phrase,
        "notes": list(bareme.notes),
        **(_figures(answer) if isinstance(answer, Result) else NO_FIGURES),
        "refusal": _refusal(answer) if isinstance(answer, Refusal) else None,
    }


NO_FIGURES: dict[str, Any] = {
    **dict.fromkeys(("net_monthly", "per_person_per_day", "unit_count", "value", "value_exact", "zone", "zone_label")),
    **dict.fromkeys(("threshold", "distance", "distance_says")),
    "distances": [],
    **dict.fromkeys(("warning", "user_share", "purchase_budget", "terms")),
    "lines": [],
    "notices": [],
}


def _figures(result: Result) -> dict[str, Any]:
    nearest = result.nearest
    share = result.user_share
    return {
        "net_monthly": in_euros(result.net_month_cents),
        "per_person_per_day": in_euros(result.per_day_cents, 4),
        "unit_count": decimal_text(result.unit_count, 0).rstrip("."),
        "value": in_euros(result.value_cents, 4),
        "value_exact": str(result.value_cents / 100),
        "zone": result.zone.value,
        "zone_label": result.zone_label,
        "threshold": in_euros(nearest.bound_cents) if nearest else None,
        "distance": in_euros(nearest.gap_cents, 4) if nearest else None,
        "distance_says": nearest.says if nearest else None,
        "distances": [_distance(each) for each in result.distances],
        "warning": result.rounding_warning or None,
        "user_share": {"from": _percent(share[0]), "to": _percent(share[1])} if share else None,
        "purchase_budget": None if result.purchase_cents is None else in_euros(result.purchase_cents),
        "terms": result.terms or None,
        "lines": [_line(each) for each in result.lines],
        "notices": [
            {"code": each.code.value, "says": each.says, "lines": list(each.line_ids)} for each in result.notices
        ],
    }


def _percent(share: Fraction) -> str:
    return decimal_text(share * 100, 0).rstrip(".")


def _distance(distance: Distance) -> dict[str, Any]:
    return {
        "threshold": in_euros(distance.bound_cents),
        "inclusive": distance.inclusive,
        "distance": in_euros(distance.gap_cents, 4),
        "says": distance.says,
    }


def _line(line: Explained) -> dict[str, Any]:
    return {
        "id": line.line_id,
        "kind": line.kind.value,
        "side": line.side.value,
        "label": line.label,
        "outcome": line.outcome.value,
        "monthly": in_euros(line.monthly_cents),
        "counted": in_euros(line.counted_cents),
        "says": line.says,
        "rule": line.rule,
        "source": line.source,
    }


def _refusal(refusal: Refusal) -> dict[str, Any]:
    return {"code": refusal.code.value, "says": refusal.says, "about": refusal.about or None}


# ------------------------------------------------------------------ on a terminal


def spoken(case: Case, answers: Sequence[Answered]) -> str:
    """The same, to read."""
    totals, usual = totals_of(case.lines), usual_per_day(case)
    count = len(case.composition.heads)
    said = [
        f"Foyer de {count} personne{'s' if count > 1 else ''}, au {case.on:%d/%m/%Y}",
        f"Ressources {euros_exact(totals.resources, 2)}, charges {euros_exact(totals.charges, 2)}, "
        f"reste du mois {euros_exact(totals.net, 2)}" + (" : charges supérieures aux ressources" * (totals.net < 0)),
    ]
    if isinstance(usual, Refusal):
        said.append(usual.says)
    else:
        said.append(f"Formule usuelle, avant tout barème : {euros_exact(usual)} par jour et par personne")
    for bareme, answer in answers:
        said += ["", *_spoken_answer(bareme, answer)]
    notices = dict.fromkeys(n.says for _, answer in answers if isinstance(answer, Result) for n in answer.notices)
    if notices:
        said += ["", "À vérifier", *(f"  - {says}" for says in notices)]
    return "\n".join(said)


def _spoken_answer(bareme: Bareme, answer: Result | Refusal) -> list[str]:
    head = f"{bareme.organisation_label} : {bareme.title}"
    source = f"  Barème {bareme.code}, version du {bareme.version:%d/%m/%Y} ({bareme.standing.label}). Source : "
    said = [head, f"{source}{bareme.source.phrase}."]
    if isinstance(answer, Refusal):
        return [*said, f"  Pas de réponse. {answer.says}"]
    said.append(f"  {answer.sentence} : {answer.zone_label}")
    said += [f"  {each}" for each in (answer.threshold_sentence, answer.rounding_warning) if each]
    if answer.user_share_label:
        said.append(f"  Participation du foyer : {answer.user_share_label}")
    said += [f"  {each}" for each in (answer.purchase_sentence, answer.terms, *bareme.notes) if each]
    said += [_spoken_line(line) for line in answer.lines]
    count = plain_number(answer.unit_count)
    said.append(f"    = {euros_exact(answer.net_month_cents, 2)} par mois ; le foyer compte pour {count}.")
    return said


def _spoken_line(line: Explained) -> str:
    sign = "+" if line.side is Side.RESOURCE else "−"
    return f"    {sign} {euros_exact(line.counted_cents, 2).rjust(12)}  {line.label} · {line.says}"
