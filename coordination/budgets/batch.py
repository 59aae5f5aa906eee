"""Many households under one barème at once: whole numbers only, the same answers as the single path, no name anywhere.

A `Population` is built once from rows without identifiers; `route` then answers for all of them under any barème.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor, lcm
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coordination.budgets.bareme import Bareme, Base, Every, Scale, Treatment, ZoneKind
from coordination.budgets.lines import Side
from coordination.budgets.population import TWELFTHS, Amount, Column, Ints, Ledger, Population, Rows, Size, numbers_for

__all__ = ["REFUSED", "ZONES", "Amount", "Population", "Routed", "route"]

ZONES = tuple(ZoneKind)
REFUSED = -1
"""The code of a household that the barème cannot answer; the others are ranks in `ZONES`."""


@dataclass(frozen=True)
class Routed:
    """Every household under one barème: `zones[row]` is a rank in `ZONES`, or `REFUSED`."""

    zones: NDArray[np.int8]
    nets: Ints
    scale: int
    divisors: list[Fraction | None]
    shape_of: Rows

    def zone(self, row: int) -> ZoneKind | None:
        code = int(self.zones[row])
        return None if code == REFUSED else ZONES[code]

    def value_cents(self, row: int) -> Fraction | None:
        """The exact value, as `Result.value_cents`; None when refused."""
        divisor = self.divisors[self.shape_of[row]]
        return None if divisor is None else self.net_cents(row) / divisor

    def net_cents(self, row: int) -> Fraction:
        """Resources less charges as this barème counts them, exact cents a month."""
        return Fraction(int(self.nets[row]), self.scale)


def route(bareme: Bareme, population: Population, shift: Ints | None = None) -> Routed:
    """The zone of every household, whatever its date: the barème is taken as in force. `shift`: cents added to the
    value of each, as near as whole numbers can, for whoever wants zones true of a crowd that tell of nobody."""
    fine = lcm(*(rule.share.denominator for rule in bareme.treatments.values()))
    scale = TWELFTHS * fine
    shapes = population.shapes(bareme.weights.child_under)
    bands = [_Band.of(bareme, size, scale) for size in shapes.sizes(bareme.weights)]
    ledgers = {side: population.ledger(side, bareme.landlord_aid) for side in Side}
    most = _most(bareme, ledgers.values(), max(band.people for band in bands), fine)
    times = [int((band.divisor or 0) * scale) for band in bands]
    most += max(times) * int(np.abs(shift).max(initial=0)) if shift is not None else 0
    sizes = _Sizes([band.people for band in bands], shapes.of, numbers_for(most))
    counted = {
        side: _counted(bareme, side, ledger.reckoned_in(sizes.numbers), sizes, fine) for side, ledger in ledgers.items()
    }
    nets = counted[Side.RESOURCE]
    nets -= counted[Side.CHARGE]
    if shift is not None:
        nets += shift.astype(nets.dtype) * _each(times, shapes.of, nets.dtype)
    zones = _zones(bands, nets, shapes.of, most)
    return Routed(zones, nets, scale, [band.divisor for band in bands], shapes.of)


def _most(bareme: Bareme, ledgers: Iterable[Ledger], people: int, fine: int) -> int:
    """What no number met on the way can reach: the whole of both sides, every cap and every forfait twice."""
    scales = [s for rule in bareme.treatments.values() for s in (rule.cap, rule.flat, rule.flat_unproved) if s]
    given = sum(max(*each.steps, each.of(people)) for each in scales)
    return 2 * fine * sum(ledger.most for ledger in ledgers) + 2 * TWELFTHS * fine * given + 1


def _zones(bands: Sequence["_Band"], nets: Ints, shape_of: Rows, most: int) -> NDArray[np.int8]:
    """Each household's zone: how many of its shape's limits its net has reached. `most` bounds the nets: a limit beyond
    is brought back to it, which changes no comparison."""
    width = max(len(band.cuts) for band in bands)
    reached = np.zeros(len(nets), dtype=np.int8)
    for rank in range(width):
        limits = [min(max(band.cuts[rank], -most), most) if rank < len(band.cuts) else most for band in bands]
        reached += (nets >= _each(limits, shape_of, nets.dtype)).view(np.int8)
    codes = np.array([band.codes + [REFUSED] * (width + 1 - len(band.codes)) for band in bands], dtype=np.int8)
    if (codes == codes[0]).all():
        same: NDArray[np.int8] = codes[0].take(reached)
        return same
    zones: NDArray[np.int8] = codes.ravel().take(shape_of * (width + 1) + reached)
    return zones


def _each(by_shape: Sequence[int], shape_of: Rows, numbers: np.dtype[Any]) -> NDArray[Any]:
    """What each shape is given, for each household; a single number when all are given the same."""
    if len(set(by_shape)) == 1:
        return np.array(by_shape[0], dtype=numbers)
    return np.array(by_shape, dtype=numbers).take(shape_of)


@dataclass(frozen=True)
class _Band:
    """One shape of households: the nets at which the zone changes, and the code of each zone."""

    people: int
    divisor: Fraction | None
    cuts: list[int]
    codes: list[int]

    @classmethod
    def of(cls, bareme: Bareme, size: Size, scale: int) -> "_Band":
        if size.units is None:
            return cls(size.people, None, [], [REFUSED])
        divisor = Fraction(1) if bareme.base is Base.HOUSEHOLD else size.units
        divisor = divisor * bareme.days if bareme.every is Every.DAY else divisor
        zones = bareme.zones_for(size.people == 1)
        cuts = []
        for zone in zones[:-1]:
            bound = (zone.bound_cents or 0) * divisor * scale
            cuts.append(floor(bound) + 1 if zone.inclusive else ceil(bound))
        return cls(size.people, divisor, cuts, [ZONES.index(zone.kind) for zone in zones])


@dataclass(frozen=True)
class _Sizes:
    """How many people each household counts, for amounts that depend on it."""

    by_shape: list[int]
    shape_of: Rows
    numbers: np.dtype[Any]

    def amounts(self, scale: Scale, where: Rows | slice, times: int) -> Ints:
        """The amount of each of these households; one for all when it does not depend on them."""
        people = self.by_shape if scale.varies else [1]
        return _each([scale.of(each) * times for each in people], self.shape_of[where], self.numbers)


def _counted(bareme: Bareme, side: Side, ledger: Ledger, sizes: _Sizes, fine: int) -> Ints:
    """What counts of one side, for each household: the whole of it, or nothing, then what the barème treats apart."""
    whole = bareme.unlisted_resources_count if side is Side.RESOURCE else bareme.unlisted_charges_count
    base = fine if whole else 0
    totals: Ints = ledger.totals * base
    for kind, column in ledger.columns.items():
        rule = bareme.treatment(kind)
        if not (rule.plain if whole else rule.ignored):
            if base:
                totals[column.where] -= _times(column.sums, base)
            if not rule.ignored:
                totals[column.where] += _share(rule, column, sizes, fine)
    for kind, rule in bareme.treatments.items():
        if kind.side is side and rule.always and rule.forfait is not None and not rule.ignored:
            without = _without(ledger.columns.get(kind), len(totals))
            totals[without] += sizes.amounts(rule.forfait, without, TWELFTHS * fine)
    return totals


def _without(column: Column | None, size: int) -> Rows:
    """The households that have no line of this kind."""
    lacking = np.ones(size, dtype=np.bool_)
    if column is not None:
        lacking[column.where] = ~column.has
    return np.flatnonzero(lacking)


def _share(rule: Treatment, column: Column, sizes: _Sizes, fine: int) -> Ints:
    """What counts of one kind, for each household of its column."""
    where, unit = column.where, TWELFTHS * fine
    if rule.flat is not None:
        flat: Ints = column.has * sizes.amounts(rule.flat, where, unit)
        return flat
    counted = _times(column.sums, int(rule.share * fine))
    if rule.cap is not None:
        counted = np.minimum(counted, sizes.amounts(rule.cap, where, unit))
    if rule.flat_unproved is not None:
        bare = column.has & ~column.proved
        counted = counted + bare * (sizes.amounts(rule.flat_unproved, where, unit) - counted)
    return counted


def _times(amounts: Ints, by: int) -> Ints:
    """These amounts so many times; themselves, not a copy, once."""
    return amounts if by == 1 else amounts * by
