"""What looks wrong in a budget: questions for the worker, never a change in the result.

The figures below are local habits (no source): they only decide when to ask.
"""

from collections.abc import Iterable, Sequence
from datetime import date

from coordination.budgets.bareme import LandlordAid
from coordination.budgets.lines import HOUSING_COSTS, Line, LineKind, Period, Side
from coordination.budgets.result import Notice, NoticeCode
from coordination.kit.money import euros_exact

LOW_RENT_CENTS = 50_00
OLD_MONTHS = 3

EXCLUSIVE = (
    (LineKind.APL, LineKind.AL, "APL et allocation de logement ne se cumulent pas pour un même logement."),
    (LineKind.ASS, LineKind.CHOMAGE, "L’ASS commence quand l’allocation chômage finit."),
    (LineKind.ASS, LineKind.AAH, "L’ASS et l’AAH ne se cumulent pas pour une même personne."),
    (LineKind.RSA, LineKind.ASPA, "Le RSA et le minimum vieillesse ne se cumulent pas pour une même personne."),
    (LineKind.RSA, LineKind.CEJ, "Le RSA et le contrat d’engagement jeune ne se cumulent pas pour une même personne."),
)


def doubts(lines: Sequence[Line], on: date, landlord_aid: LandlordAid) -> tuple[Notice, ...]:
    """Every question these lines raise, in an order that depends on the lines as typed."""
    return (
        *_low_rent(lines),
        *_maybe_yearly(lines),
        *_housing_aid(lines, landlord_aid),
        *_old_resources(lines, on),
        *_exclusive(lines),
    )


def _low_rent(lines: Sequence[Line]) -> Iterable[Notice]:
    if any(line.aid_is_in_rent for line in lines):
        return  # what remains to be paid may well be five euros
    for line in lines:
        if line.kind is LineKind.LOYER and 0 < line.monthly_cents < LOW_RENT_CENTS:
            shown = euros_exact(line.monthly_cents, 2)
            yield Notice(
                NoticeCode.RENT_TOO_LOW, (line.id,), f"Un loyer de {shown} par mois : est-ce bien le montant ?"
            )


def _maybe_yearly(lines: Sequence[Line]) -> Iterable[Notice]:
    for line in lines:
        usual = line.kind.unusual_cents
        if usual is not None and line.period is not Period.YEARLY and line.monthly_cents > usual:
            says = (
                f"{line.name} : {euros_exact(line.monthly_cents, 2)} par mois, c’est beaucoup. "
                "Est-ce un montant annuel ou une faute de frappe ?"
            )
            yield Notice(NoticeCode.MAYBE_YEARLY, (line.id,), says)


def _housing_aid(lines: Sequence[Line], landlord_aid: LandlordAid) -> Iterable[Notice]:
    aids = [line for line in lines if line.kind.is_housing_aid and line.amount_cents]
    rents = [line for line in lines if line.kind in HOUSING_COSTS and line.amount_cents]
    counted = [line for line in aids if not line.aid_is_in_rent]
    ids = tuple(line.id for line in (*counted, *rents))
    if counted and rents and sum(a.monthly_cents for a in counted) >= sum(r.monthly_cents for r in rents):
        says = (
            "L’aide au logement couvre tout le loyer saisi. Si ce loyer est ce qui reste à payer une fois l’aide "
            "déduite, l’aide est comptée deux fois : indiquez qu’elle est versée au bailleur."
        )
        yield Notice(NoticeCode.AID_TWICE, ids, says)
    if counted and not rents and any(line.paid_to_landlord for line in counted):
        says = "Une aide au logement est versée au bailleur, mais aucun loyer n’est saisi."
        yield Notice(NoticeCode.AID_WITHOUT_RENT, ids, says)
    whole = tuple(line.id for line in aids if line.paid_to_landlord and not line.rent_is_net)
    if landlord_aid is LandlordAid.IGNORED and whole:
        says = "Ce barème ne compte pas l’aide versée au bailleur : saisissez le loyer une fois l’aide déduite."
        yield Notice(NoticeCode.AID_IGNORED_RENT_WHOLE, whole, says)


def _old_resources(lines: Sequence[Line], on: date) -> Iterable[Notice]:
    for line in lines:
        if line.kind.side is not Side.RESOURCE or line.month is None:
            continue
        age = (on.year - line.month.year) * 12 + on.month - line.month.month
        if age > OLD_MONTHS:
            says = f"{line.name} : montant vu il y a {age} mois. Est-il toujours exact ?"
            yield Notice(NoticeCode.OLD_RESOURCE, (line.id,), says)


def _exclusive(lines: Sequence[Line]) -> Iterable[Notice]:
    for one, other, why in EXCLUSIVE:
        ones = [line.id for line in lines if line.kind is one and line.amount_cents]
        others = [line.id for line in lines if line.kind is other and line.amount_cents]
        if ones and others:
            yield Notice(NoticeCode.EXCLUSIVE, (*ones, *others), f"{why} À vérifier.")
