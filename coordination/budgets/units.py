"""How many persons, consumption units or parts a household counts, exactly, or which age is missing to say so."""

from datetime import date, timedelta
from fractions import Fraction

from coordination.budgets.bareme import HEAVIEST, Composition, Head, Weights
from coordination.budgets.result import Refusal, RefusalCode
from coordination.kit.money import french_number

ADULT = 18
OLDEST = 150


def count_units(weights: Weights, composition: Composition, on: date) -> Fraction | Refusal:
    """The divisor of this household on that day: the sum of weights × custody shares, never zero.

    The first adult is the one most present; when nobody has the age of an adult, the eldest place goes to a child.
    """
    refusal = refuse_people(composition, on)
    if refusal is not None:
        return refusal
    elders: list[Fraction] = []
    children: list[Fraction] = []
    total = Fraction(0)
    for rank, head in enumerate(composition.heads, 1):
        if head.unborn:
            total += weights.unborn * head.weight
            continue
        share = weights.share_of(head)
        child = is_child(head, weights.child_under, on) if weights.need_ages else False
        if child is None:
            return _unknown_age(name_of(head, rank), weights.child_under)
        (children if child else elders).append(share)
    first = max(elders or children, default=Fraction(0))
    if elders:
        total += (weights.first - weights.other) * first
    elif children:
        total += (weights.first - weights.child) * first
    total += weights.other * sum(elders, Fraction(0)) + weights.child * sum(children, Fraction(0))
    if composition.single_parent:
        total += weights.single_parent
    if total <= 0:
        says = "Le foyer ne compte pour aucune personne : vérifiez les parts de garde et l’enfant à naître."
        return Refusal(RefusalCode.ZERO_UNITS, says)
    return total


def is_single(weights: Weights, composition: Composition) -> bool:
    """Whether one person alone counts."""
    return people_of(weights, composition) == 1


def people_of(weights: Weights, composition: Composition) -> int:
    """How many people count, whatever their weight: neither a child who never lives here nor one unborn not counted."""
    return sum(head.weight > 0 and (weights.unborn > 0 or not head.unborn) for head in composition.heads)


def name_of(head: Head, rank: int) -> str:
    return head.name or f"la personne n° {rank}"


def age_range(head: Head, on: date) -> tuple[int, int]:
    """The youngest and the eldest this person can be that day, in whole years, from what is known; unborn: 0."""
    low, high = 0, OLDEST
    if head.unborn:
        return 0, 0
    if head.birth_date is not None:
        low = high = _age(head.birth_date, on)
    elif head.age is not None:
        low = high = head.age
    elif head.birth_year is not None:
        first, last = _birth_span(head.birth_year, head.birth_month)
        low, high = max(_age(last, on), 0), _age(first, on)
    elif head.adult is False:
        high = ADULT - 1
    if head.adult and head.birth_date is None and head.age is None:
        low, high = max(low, ADULT), max(high, ADULT)
    return low, high


def is_child(head: Head, under: int, on: date) -> bool | None:
    """Whether the person is under that age; None when what is known does not tell."""
    low, high = age_range(head, on)
    if high < under:
        return True
    return False if low >= under else None


def _birth_span(year: int, month: int | None) -> tuple[date, date]:
    if month is None:
        return date(year, 1, 1), date(year, 12, 31)
    following = date(year + month // 12, month % 12 + 1, 1) if year < date.max.year else date(year, 12, 31)
    return date(year, month, 1), following - timedelta(days=1)


def _age(birth: date, on: date) -> int:
    return on.year - birth.year - ((on.month, on.day) < (birth.month, birth.day))


def refuse_people(composition: Composition, on: date) -> Refusal | None:
    """Why no barème could count these people, if so."""
    if not composition.heads:
        return Refusal(RefusalCode.NO_PERSON, "Aucune personne dans le foyer : ajoutez au moins la personne reçue.")
    for rank, head in enumerate(composition.heads, 1):
        name = name_of(head, rank)
        if not 0 <= head.weight <= HEAVIEST:
            says = f"La part de garde de {name} ({french_number(head.weight, 2)}) doit être entre 0 et {HEAVIEST}."
            return Refusal(RefusalCode.BAD_WEIGHT, says, name)
        refusal = None if head.unborn else _refuse_birth(head, name, on)
        if refusal is not None:
            return refusal
    return None


def _refuse_birth(head: Head, name: str, on: date) -> Refusal | None:
    if head.age is not None and not 0 <= head.age <= OLDEST:
        return Refusal(RefusalCode.UNKNOWN_AGE, f"L’âge de {name} doit être entre 0 et {OLDEST} ans.", name)
    year, month = head.birth_year, head.birth_month
    if (year is not None and not 1 <= year <= 9999) or (month is not None and not 1 <= month <= 12):
        says = f"La date de naissance de {name} n’existe pas : corrigez l’année ou le mois."
        return Refusal(RefusalCode.UNKNOWN_AGE, says, name)
    born = head.birth_date or (date(year, month or 1, 1) if year is not None else None)
    if born is not None and born > on:
        says = f"{name[0].upper()}{name[1:]} n’est pas encore né·e à cette date : notez un enfant à naître."
        return Refusal(RefusalCode.FUTURE_BIRTH, says, name)
    return None


def _unknown_age(name: str, under: int) -> Refusal:
    says = f"Il manque la date de naissance de {name} : ce barème compte à part les moins de {under} ans."
    return Refusal(RefusalCode.UNKNOWN_AGE, says, name)
