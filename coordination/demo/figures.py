"""The budgets of the demonstration: the published cases, and plausible invented ones that reach a chosen result."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from random import Random

from coordination.budgets.forms import LineRow
from coordination.budgets.rules import LineKind, Origin, Period, Side
from coordination.demo.people import Family
from coordination.households.rules import Activity, Housing, Link

K = LineKind
DAYS = 30
LOW_RENT, HIGH_RENT = 280_00, 720_00


@dataclass(frozen=True)
class Amount:
    """One line: cents a month, though typed for `period`; `landlord` for an aid paid to the landlord."""

    kind: LineKind
    monthly: int
    period: Period = Period.MONTHLY
    origin: Origin = Origin.PROOF
    landlord: bool = False
    label: str = ""

    def row(self, month: date) -> LineRow:
        """As it is typed in the form."""
        return LineRow(
            amount=self.monthly * int(self.period.months),
            period=self.period,
            origin=self.origin,
            month=month if self.origin is Origin.PROOF else None,
            label=self.label,
            kind=self.kind,
            landlord=self.landlord,
        )


Budget = tuple[Amount, ...]

# A mother and two children (Armée du Salut, about 2023): 720,10 € left, 8,0011 € a day and person.
G1: Budget = (
    Amount(K.RSA, 740_00),
    Amount(K.AL, 440_00),
    Amount(K.LOYER, 350_00),
    Amount(K.ENERGIE, 100_00),
    Amount(K.TELEPHONE, 9_90),
)
# Somebody alone whose charges exceed the resources by 5 € (Rue89 Strasbourg, October 2023).
G2: Budget = (
    Amount(K.RSA, 489_00),
    Amount(K.APL, 226_00),
    Amount(K.LOYER, 580_00),
    Amount(K.ENERGIE, 80_00),
    Amount(K.TELEPHONE, 60_00),
)
# A pensioner with 200 € left out of 978 € (TF1, 2021): only the total of the charges was published.
G3: Budget = (
    Amount(K.RETRAITE, 978_00),
    Amount(K.LOYER, 520_00),
    Amount(K.ENERGIE, 110_00, origin=Origin.DECLARED),
    Amount(K.MUTUELLE, 74_00),
    Amount(K.ASSURANCE_HABITATION, 19_00, Period.YEARLY),
    Amount(K.TELEPHONE, 30_00),
    Amount(K.EAU, 25_00, Period.QUARTERLY),
)
# Three people, 2 300 € coming in and 1 200 € going out: only the totals were published.
G10: Budget = (
    Amount(K.SALAIRE, 1_720_00),
    Amount(K.PRIME_ACTIVITE, 234_00),
    Amount(K.ALLOCATIONS_FAMILIALES, 148_00),
    Amount(K.APL, 198_00),
    Amount(K.LOYER, 690_00),
    Amount(K.ENERGIE, 150_00),
    Amount(K.EAU, 36_00, Period.QUARTERLY),
    Amount(K.TELEPHONE, 54_00),
    Amount(K.TRANSPORT, 130_00, origin=Origin.DECLARED),
    Amount(K.CREDIT_CONSOMMATION, 140_00),
)

# Euros a day and person aimed at, by what the household lives on: together they meet every zone of every barème.
_LOW = (-3.4, 2.4, 5.9, -0.8, 3.6, 0.9, 6.8, 4.8)
_MIDDLE = (7.6, 3.1, 9.4, 5.2, 8.4, 13.2, 6.6, 10.8, -1.7, 4.1)
_PENSION = (8.7, 15.1, 5.5, 12.5, 17.4, 7.2)
_AIMS: dict[Activity, tuple[float, ...]] = {
    Activity.EMPLOYEE: _MIDDLE,
    Activity.SELF_EMPLOYED: _MIDDLE,
    Activity.UNEMPLOYED_PAID: _MIDDLE,
    Activity.PENSIONER: _PENSION,
}
MINIMUM = frozenset({K.RSA, K.ASS})


class Figures:
    """Draws budgets one after the other, the same for the same seed."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self._drawn: dict[tuple[float, ...], int] = {}

    def budget(self, family: Family) -> Budget:
        """A budget that suits the family and reaches the next result aimed at."""
        aims = _AIMS.get(family.reference.activity or Activity.NONE, _LOW)
        place = self._drawn[aims] = self._drawn.get(aims, -1) + 1
        per_day = aims[place % len(aims)]
        left = round(per_day * DAYS * family.heads * 100) + self.rng.randrange(-9, 10)
        lines = [*self._resources(family), *self._charges(family)]
        return tuple(self._reach(left, lines, family))

    def _euros(self, low: int, high: int) -> int:
        return self.rng.randint(low, high) * 100

    def _resources(self, family: Family) -> Iterator[Amount]:
        yield from self._income(family.reference.activity or Activity.NONE, family)
        for person in family.people[1:]:
            if person.activity is Activity.EMPLOYEE:
                yield Amount(K.SALAIRE, self._euros(420, 880), label="Temps partiel du conjoint")
            elif person.activity is Activity.PENSIONER:
                yield Amount(K.RETRAITE, self._euros(380, 640))
        if family.children >= 2:
            yield Amount(K.ALLOCATIONS_FAMILIALES, 151_05 if family.children == 2 else 344_56)
        if family.children >= 3:
            yield Amount(K.COMPLEMENT_FAMILIAL, 196_60)
        if family.card.shape.one_parent and self.rng.random() < 0.7:
            yield Amount(K.ASF, 199_18 * min(family.children, 3))
        elif family.card.shape.one_parent:
            yield Amount(K.PENSION_ALIMENTAIRE_RECUE, self._euros(90, 220), origin=Origin.DECLARED)
        if family.home.housing in (Housing.SOCIAL, Housing.UNFIT):
            yield Amount(K.APL, self._euros(190, 380), landlord=self.rng.random() < 0.5)
        elif family.home.housing is Housing.PRIVATE:
            yield Amount(K.AL, self._euros(160, 330))

    def _income(self, activity: Activity, family: Family) -> Iterator[Amount]:
        match activity:
            case Activity.EMPLOYEE:
                yield Amount(K.SALAIRE, self._euros(820, 1390))
                yield Amount(K.PRIME_ACTIVITE, self._euros(90, 280))
            case Activity.SELF_EMPLOYED:
                yield Amount(K.REVENU_INDEPENDANT, self._euros(640, 1150), origin=Origin.DECLARED)
                yield Amount(K.PRIME_ACTIVITE, self._euros(120, 310))
            case Activity.UNEMPLOYED_PAID:
                yield Amount(K.CHOMAGE, self._euros(720, 1120))
            case Activity.PENSIONER:
                yield Amount(K.RETRAITE, self._euros(690, 1040))
            case Activity.DISABILITY:
                yield Amount(K.AAH, 1_041_59)
            case Activity.SICK_LEAVE:
                yield Amount(K.IJ_MALADIE, self._euros(610, 980))
            case Activity.STUDENT:
                yield Amount(K.BOURSE, self._euros(240, 460))
                yield Amount(K.AIDE_FAMILIALE, self._euros(40, 110), origin=Origin.DECLARED)
            case _ if family.reference.age < 18:
                yield Amount(K.CEJ, 340_00)
            case Activity.UNEMPLOYED if self.rng.random() < 0.5:
                yield Amount(K.ASS, 584_40)
            case _:
                yield Amount(K.RSA, 574_00 + 172_00 * min(family.children, 4))

    def _charges(self, family: Family) -> Iterator[Amount]:
        draw = self.rng
        people = len(family.people)
        seen = draw.choice([Origin.PROOF, Origin.PROOF, Origin.DECLARED, Origin.FLAT_RATE])
        if family.home.housing in (Housing.SOCIAL, Housing.PRIVATE, Housing.OWNER, Housing.UNFIT):
            energy = self._euros(55, 95) + 11_00 * people
            yield Amount(K.ENERGIE, energy, draw.choice([Period.MONTHLY, Period.BIMONTHLY]), seen)
            yield Amount(K.EAU, self._euros(9, 14) + 4_00 * people, Period.QUARTERLY)
            yield Amount(K.ASSURANCE_HABITATION, self._euros(12, 22), Period.YEARLY)
        yield Amount(K.TELEPHONE, draw.choice([9_99, 15_99, 29_99, 44_98]))
        if draw.random() < 0.6:
            yield Amount(K.MUTUELLE, self._euros(18, 46) + 9_00 * people)
        if family.reference.activity in (Activity.EMPLOYEE, Activity.SELF_EMPLOYED):
            yield Amount(K.TRANSPORT, self._euros(60, 150), origin=Origin.DECLARED)
            yield Amount(K.ASSURANCE_AUTO, self._euros(34, 58))
        if any(p.link in (Link.CHILD, Link.SHARED_CHILD) and 3 <= p.age <= 11 for p in family.people):
            yield Amount(K.CANTINE, self._euros(16, 44))

    def _reach(self, left: int, lines: list[Amount], family: Family) -> list[Amount]:
        """The same lines and a rent (or what stands for it) such that exactly `left` cents remain a month."""
        counted = [line for line in lines if not line.landlord]  # an aid already taken off the rent comes in no more
        spare = sum(line.monthly if line.kind.side is Side.RESOURCE else -line.monthly for line in counted) - left
        renting = family.home.housing in (Housing.SOCIAL, Housing.PRIVATE, Housing.OWNER, Housing.UNFIT)
        wanted = self._euros(330, 560) if renting else 0
        if spare < (LOW_RENT if renting else 0):
            lines, spare = self._earn(lines, wanted - spare), wanted
        if not renting:
            return lines if spare == 0 else [*lines, Amount(K.DETTE, spare, label="Remboursement d’un trop-perçu")]
        rent = spare if spare <= HIGH_RENT else wanted
        kind = K.CREDIT_IMMOBILIER if family.home.housing is Housing.OWNER else K.LOYER
        lines.append(Amount(kind, rent))
        if spare > rent:
            lines.append(Amount(self.rng.choice([K.CREDIT_CONSOMMATION, K.PLAN_SURENDETTEMENT]), spare - rent))
        return lines

    def _earn(self, lines: list[Amount], more: int) -> list[Amount]:
        """Adds to the first resource, or a part-time wage beside a minimum income that has its own amount."""
        first, *others = lines
        if first.kind in MINIMUM:
            return [first, Amount(K.SALAIRE, more, label="Quelques heures de travail"), *others]
        return [replace(first, monthly=first.monthly + more), *others]


def earlier(budget: Budget, rng: Random) -> Budget:
    """The budget some months before: less for the first resource, nothing for the last charge."""
    first, *others = budget
    return (replace(first, monthly=max(0, first.monthly - rng.randint(40, 110) * 100)), *others[:-1])
