"""Many households under one barème at once: whole numbers only, the same answers as the single path, no name anywhere.

A `Population` is built once from rows without identifiers; `route` then answers for all of them under any barème.
"""

from bisect import bisect_right
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from math import ceil, floor, lcm
from operator import add, sub
from typing import NamedTuple

from coordination.budgets.bareme import Bareme, Base, Composition, Every, LandlordAid, Scale, Treatment, ZoneKind
from coordination.budgets.lines import Line, LineKind, Origin, Side
from coordination.budgets.result import Refusal
from coordination.budgets.units import age_range, count_units, is_single, people_of, refuse_people

TWELFTHS = 12
"""Every period of a line gives a whole number of twelfths of a cent a month."""
ZONES = tuple(ZoneKind)
REFUSED = -1
"""The code of a household that the barème cannot answer; the others are ranks in `ZONES`."""


class Amount(NamedTuple):
    """One line without its name: `twelfths` of a cent a month. `whole_rent`: an aid paid to the landlord, when the
    rent typed is the whole rent. An aid that already lowers the rent typed is not a row at all (`amounts_of`)."""

    kind: LineKind
    twelfths: int
    proved: bool = False
    whole_rent: bool = False


def amounts_of(lines: Iterable[Line]) -> list[Amount]:
    """The amounts of these lines, for a population."""
    return [
        Amount(
            line.kind,
            int(line.monthly_cents * TWELFTHS),
            line.origin is Origin.PROOF,
            line.kind.is_housing_aid and line.paid_to_landlord,
        )
        for line in lines
        if not line.aid_is_in_rent
    ]


@dataclass
class Column:
    """The households that have lines of one kind: their ranks, the sum of these lines, whether one was proved."""

    rows: list[int] = field(default_factory=list)
    sums: list[int] = field(default_factory=list)
    proved: list[bool] = field(default_factory=list)

    def add(self, row: int, twelfths: int, proved: bool) -> None:
        if self.rows and self.rows[-1] == row:
            self.sums[-1] += twelfths
            self.proved[-1] = self.proved[-1] or proved
        else:
            self.rows.append(row)
            self.sums.append(twelfths)
            self.proved.append(proved)


@dataclass
class _Side:
    """What comes in, or goes out: the whole of each household, and its columns by kind."""

    totals: list[int] = field(default_factory=list)
    columns: dict[LineKind, Column] = field(default_factory=dict)

    def add(self, row: int, amount: Amount) -> None:
        self.totals[row] += amount.twelfths
        self.columns.setdefault(amount.kind, Column()).add(row, amount.twelfths, amount.proved)


class Population:
    """Households in the order they were added; those alike in people and ages share one class."""

    def __init__(self) -> None:
        self.classes: list[tuple[Composition, date] | None] = [None]
        """The first class is refused by any barème, as in the single path: no line at all, or people impossible."""
        self.class_of: list[int] = []
        self._known: dict[Hashable, int] = {}
        self._charges = _Side()
        self._resources = {aid: _Side() for aid in LandlordAid}

    def __len__(self) -> int:
        return len(self.class_of)

    def class_for(self, composition: Composition, on: date) -> int:
        """The class of these people that day: keep it beside one's own key to add alike households faster."""
        if refuse_people(composition, on) is not None:
            return 0
        heads = sorted((*age_range(head, on), head.weight, head.unborn) for head in composition.heads)
        key = tuple(heads), composition.single_parent
        if key not in self._known:
            self._known[key] = len(self.classes)
            self.classes.append((composition, on))
        return self._known[key]

    def add(self, class_id: int, amounts: Iterable[Amount], *, typed: bool = False) -> int:
        """One more household; answers its rank. `typed`: it has lines, though all are left out of `amounts`."""
        row = len(self.class_of)
        self._charges.totals.append(0)
        for side in self._resources.values():
            side.totals.append(0)
        for amount in amounts:
            typed = True
            if amount.kind.side is Side.CHARGE:
                self._charges.add(row, amount)
                continue
            self._resources[LandlordAid.NOT_TWICE].add(row, amount)
            if not amount.whole_rent:
                self._resources[LandlordAid.IGNORED].add(row, amount)
        self.class_of.append(class_id if typed else 0)
        return row

    def add_household(self, composition: Composition, lines: Sequence[Line], on: date) -> int:
        """The same from what the single path takes."""
        return self.add(self.class_for(composition, on), amounts_of(lines), typed=bool(lines))

    def sides(self, aid: LandlordAid) -> tuple["_Side", "_Side"]:
        """Resources under that treatment of the landlord's aid, and charges."""
        return self._resources[aid], self._charges


@dataclass(frozen=True)
class Routed:
    """Every household under one barème: `zones[row]` is a rank in `ZONES`, or `REFUSED`."""

    zones: list[int]
    nets: list[int]
    scale: int
    divisors: list[Fraction | None]
    class_of: list[int]

    def zone(self, row: int) -> ZoneKind | None:
        code = self.zones[row]
        return None if code == REFUSED else ZONES[code]

    def value_cents(self, row: int) -> Fraction | None:
        """The exact value, as `Result.value_cents`; None when refused."""
        divisor = self.divisors[self.class_of[row]]
        return None if divisor is None else Fraction(self.nets[row], self.scale) / divisor

    def net_cents(self, row: int) -> Fraction:
        """Resources less charges as this barème counts them, exact cents a month."""
        return Fraction(self.nets[row], self.scale)


def route(bareme: Bareme, population: Population) -> Routed:
    """The zone of every household, whatever its date: the barème is taken as in force."""
    fine = lcm(*(rule.share.denominator for rule in bareme.treatments.values()))
    scale = TWELFTHS * fine
    bands = [_Band.of(bareme, known, scale) for known in population.classes]
    people = [band.people for band in bands]
    sides = population.sides(bareme.landlord_aid)
    totals = [
        _counted(bareme, kind_side, side, _Sizes(people, population.class_of), fine)
        for kind_side, side in zip((Side.RESOURCE, Side.CHARGE), sides, strict=True)
    ]
    nets = list(map(sub, *totals))
    cuts, codes = [band.cuts for band in bands], [band.codes for band in bands]
    zones = [codes[k][bisect_right(cuts[k], net)] for k, net in zip(population.class_of, nets, strict=True)]
    return Routed(zones, nets, scale, [band.divisor for band in bands], population.class_of)


@dataclass(frozen=True)
class _Band:
    """One class of households: the nets at which the zone changes, and the code of each zone."""

    people: int
    divisor: Fraction | None
    cuts: list[int]
    codes: list[int]

    @classmethod
    def of(cls, bareme: Bareme, known: tuple[Composition, date] | None, scale: int) -> "_Band":
        if known is None:
            return cls(1, None, [], [REFUSED])
        composition, on = known
        people = people_of(bareme.weights, composition)
        units = count_units(bareme.weights, composition, on)
        if isinstance(units, Refusal):
            return cls(people, None, [], [REFUSED])
        divisor = Fraction(1) if bareme.base is Base.HOUSEHOLD else units
        divisor = divisor * bareme.days if bareme.every is Every.DAY else divisor
        zones = bareme.zones_for(is_single(bareme.weights, composition))
        cuts = []
        for zone in zones[:-1]:
            bound = (zone.bound_cents or 0) * divisor * scale
            cuts.append(floor(bound) + 1 if zone.inclusive else ceil(bound))
        return cls(people, divisor, cuts, [ZONES.index(zone.kind) for zone in zones])


@dataclass(frozen=True)
class _Sizes:
    """How many people each household counts, for amounts that depend on it."""

    by_class: list[int]
    class_of: list[int]

    def amounts(self, scale: Scale, rows: Sequence[int], times: int) -> list[int]:
        """The amount of each of these households."""
        if not scale.varies:
            return [scale.of(1) * times] * len(rows)
        by_class = [scale.of(people) * times for people in self.by_class]
        return [by_class[self.class_of[row]] for row in rows]


def _counted(bareme: Bareme, kind_side: Side, side: _Side, sizes: _Sizes, fine: int) -> list[int]:
    """What counts of one side, for each household: the whole of it, or nothing, then what the barème treats apart."""
    whole = bareme.unlisted_resources_count if kind_side is Side.RESOURCE else bareme.unlisted_charges_count
    base = fine if whole else 0
    totals = _times(side.totals, base)
    for kind, column in side.columns.items():
        rule = bareme.treatment(kind)
        if not (rule.plain if whole else rule.ignored):
            totals = _added(totals, column.rows, _changes(rule, column, sizes, fine, base))
    for kind, rule in bareme.treatments.items():
        if kind.side is kind_side and rule.always and rule.forfait is not None and not rule.ignored:
            _add_forfait(rule.forfait, side.columns.get(kind), totals, sizes, fine)
    return totals


def _times(amounts: list[int], by: int) -> list[int]:
    if by == 0:
        return [0] * len(amounts)
    return amounts.copy() if by == 1 else [amount * by for amount in amounts]


def _added(totals: list[int], rows: list[int], changes: list[int]) -> list[int]:
    """The totals with these changes at these rows; at once when every household has one."""
    if len(rows) == len(totals):
        return list(map(add, totals, changes))
    for row, change in zip(rows, changes, strict=True):
        if change:
            totals[row] += change
    return totals


def _changes(rule: Treatment, column: Column, sizes: _Sizes, fine: int, base: int) -> list[int]:
    """What counts of one kind for each household that has it, less `base` times its sum, which is counted already."""
    rows, sums, unit = column.rows, column.sums, TWELFTHS * fine
    if rule.ignored:
        return _times(sums, -base)
    if rule.flat is not None:
        return [flat - was * base for flat, was in zip(sizes.amounts(rule.flat, rows, unit), sums, strict=True)]
    times = int(rule.share * fine)
    changes = _times(sums, times - base)
    if rule.cap is not None:
        caps = zip(sums, changes, sizes.amounts(rule.cap, rows, unit), strict=True)
        changes = [change if was * times < cap else cap - was * base for was, change, cap in caps]
    if rule.flat_unproved is None:
        return changes
    flats = zip(sums, changes, column.proved, sizes.amounts(rule.flat_unproved, rows, unit), strict=True)
    return [change if proved else flat - was * base for was, change, proved, flat in flats]


def _add_forfait(forfait: Scale, typed: Column | None, totals: list[int], sizes: _Sizes, fine: int) -> None:
    """A forfait that counts in any case, for the households that typed no such line."""
    having = set(typed.rows) if typed else set()
    rows = [row for row in range(len(totals)) if row not in having]
    for row, amount in zip(rows, sizes.amounts(forfait, rows, TWELFTHS * fine), strict=True):
        totals[row] += amount
