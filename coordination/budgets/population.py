"""Many households without any name, as the batch reads them: who lives on each budget, and columns of whole numbers.

Sums are in 32 or 64 bits where they are proved to hold there, in integers without limit of size otherwise.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from coordination.budgets.bareme import HEAVIEST, Composition, LandlordAid, Weights
from coordination.budgets.lines import Line, LineKind, Origin, Side
from coordination.budgets.units import age_range, count_units, people_of, refuse_people

TWELFTHS = 12
"""Every period of a line gives a whole number of twelfths of a cent a month."""
KINDS = tuple(LineKind)
RANK = {kind: rank for rank, kind in enumerate(KINDS)}
NARROW, WIDE = 2**30, 2**62
"""Whole numbers proved to stay under these are reckoned in 32 or in 64 bits."""
CROWDED = 8
"""A kind that more than one household in eight has is kept as a number for each household."""

Ints = NDArray[Any]
"""int32 or int64, or Python's own integers (dtype object) beyond."""
Rows = NDArray[np.intp]
Flags = NDArray[np.bool_]


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


class Ages(NamedTuple):
    """One person as any barème counts them: the youngest and the eldest they can be, their share, unborn or not."""

    low: int
    high: int
    weight: Fraction
    unborn: bool


class People(NamedTuple):
    """Those who live on a budget, in order, so that households alike are one."""

    ages: tuple[Ages, ...]
    single_parent: bool


@dataclass
class _Typed:
    """All the lines, column by column, as they were added."""

    rows: list[int] = field(default_factory=list)
    kinds: list[int] = field(default_factory=list)
    twelfths: list[int] = field(default_factory=list)
    proved: list[bool] = field(default_factory=list)
    whole_rent: list[bool] = field(default_factory=list)


@dataclass(frozen=True)
class Column:
    """The households that have lines of one kind: the sum of these lines, whether one was proved.

    `where` is their ranks, each once; or every household, and `has` tells who has some (the sum of others is 0).
    """

    where: Rows | slice
    sums: Ints
    proved: Flags
    has: Flags


@dataclass(frozen=True)
class Ledger:
    """What comes in, or goes out: the whole of each household, and its columns by kind. No whole reaches `most`."""

    totals: Ints
    columns: dict[LineKind, Column]
    most: int

    def reckoned_in(self, numbers: np.dtype[Any]) -> "Ledger":
        """The same in these numbers, wider ones."""
        if self.totals.dtype == numbers:
            return self
        columns = {kind: replace(each, sums=each.sums.astype(numbers)) for kind, each in self.columns.items()}
        return Ledger(self.totals.astype(numbers), columns, self.most)


def numbers_for(most: int) -> np.dtype[Any]:
    """The narrowest numbers for what is proved to stay under `most`, either way."""
    return np.dtype(np.int32 if most < NARROW else np.int64 if most < WIDE else object)


@dataclass(frozen=True)
class Shapes:
    """Households by what one age limit leaves to tell of their people: `of` their ranks, one example of each."""

    of: Rows
    examples: list[tuple[Composition, date] | None]
    _sizes: dict[Weights, list["Size"]] = field(default_factory=dict)

    def sizes(self, weights: Weights) -> list["Size"]:
        """How many people each shape has under these weights, and its divisor; reckoned once for each weights."""
        if weights not in self._sizes:
            self._sizes[weights] = [
                Size.of(weights, *example) if example else Size(1, None) for example in self.examples
            ]
        return self._sizes[weights]


class Size(NamedTuple):
    """How many people count, whatever their weight; their units, None when these people cannot be counted."""

    people: int
    units: Fraction | None

    @classmethod
    def of(cls, weights: Weights, composition: Composition, on: date) -> "Size":
        units = count_units(weights, composition, on)
        return cls(people_of(weights, composition), units if isinstance(units, Fraction) else None)


class Population:
    """Households in the order they were added; those alike in people and ages share one class."""

    def __init__(self) -> None:
        self.classes: list[People | None] = [None]
        """The first class is refused by any barème, as in the single path: no line at all, or people impossible."""
        self.class_of: list[int] = []
        self._examples: list[Callable[[], tuple[Composition, date]] | None] = [None]
        self._known: dict[Hashable, int] = {}
        self._typed = _Typed()
        self._ledgers: dict[tuple[Side, LandlordAid], Ledger] = {}
        self._shapes: dict[int, Shapes] = {}

    def __len__(self) -> int:
        return len(self.class_of)

    def class_for(self, composition: Composition, on: date) -> int:
        """The class of these people that day: keep it beside one's own key to add alike households faster."""
        if refuse_people(composition, on) is not None:
            return 0
        ages = [Ages(*age_range(head, on), head.weight, head.unborn) for head in composition.heads]
        return self.class_of_people(People(tuple(sorted(ages)), composition.single_parent), lambda: (composition, on))

    def class_of_people(self, people: People, example: Callable[[], tuple[Composition, date]]) -> int:
        """The same from ages alone; `example` makes somebody's people of that class, if they are ever needed."""
        if not people.ages or not all(0 <= each.weight <= HEAVIEST and each.low >= 0 for each in people.ages):
            return 0
        if people not in self._known:
            self._known[people] = len(self.classes)
            self.classes.append(people)
            self._examples.append(example)
        return self._known[people]

    def add(self, class_id: int, amounts: Iterable[Amount], *, typed: bool = False) -> int:
        """One more household; answers its rank. `typed`: it has lines, though all are left out of `amounts`."""
        row = len(self.class_of)
        given = list(amounts)
        for amount in given:
            self._typed.rows.append(row)
            self._typed.kinds.append(RANK[amount.kind])
            self._typed.twelfths.append(amount.twelfths)
            self._typed.proved.append(amount.proved)
            self._typed.whole_rent.append(amount.whole_rent)
        self.class_of.append(class_id if typed or given else 0)
        self._forget()
        return row

    def add_household(self, composition: Composition, lines: Sequence[Line], on: date) -> int:
        """The same from what the single path takes."""
        return self.add(self.class_for(composition, on), amounts_of(lines), typed=bool(lines))

    def extend(
        self, classes: Sequence[int], rows: list[int], kinds: list[int], twelfths: list[int], proved: list[bool]
    ) -> None:
        """Many households at once, and their lines, column by column: `rows` rank among those just added, `kinds` among
        `KINDS`. A household without line must have the class 0."""
        first = len(self.class_of)
        self.class_of.extend(classes)
        self._typed.rows.extend(row + first for row in rows)
        self._typed.kinds.extend(kinds)
        self._typed.twelfths.extend(twelfths)
        self._typed.proved.extend(proved)
        self._typed.whole_rent.extend([False] * len(rows))
        self._forget()

    def _forget(self) -> None:
        self._ledgers.clear()
        self._shapes.clear()

    def ledger(self, side: Side, aid: LandlordAid = LandlordAid.NOT_TWICE) -> Ledger:
        """Resources under that treatment of the landlord's aid, or charges; reckoned once."""
        key = side, aid if side is Side.RESOURCE else LandlordAid.NOT_TWICE
        if key not in self._ledgers:
            self._ledgers[key] = _ledger(self._typed, len(self), *key)
        return self._ledgers[key]

    def shapes(self, child_under: int) -> Shapes:
        """Classes that no barème with this age limit tells apart, as one; reckoned once for each limit."""
        if child_under not in self._shapes:
            known: dict[Hashable, int] = {}
            firsts: list[int] = []
            shape_of = [0] * len(self.classes)
            for class_id in sorted(set(self.class_of)) or [0]:
                people = self.classes[class_id]
                key = people and (_told(people.ages, child_under), people.single_parent)
                if key not in known:
                    known[key] = len(firsts)
                    firsts.append(class_id)
                shape_of[class_id] = known[key]
            makers = [self._examples[class_id] for class_id in firsts]
            examples = [make() if make is not None else None for make in makers]
            of = np.array(shape_of, dtype=np.intp)[np.array(self.class_of, dtype=np.intp)]
            self._shapes[child_under] = Shapes(of, examples)
        return self._shapes[child_under]


def _told(ages: tuple[Ages, ...], under: int) -> tuple[Hashable, ...]:
    """These people as that limit sees them: a child, or not, or not known; in order."""
    return tuple(sorted((0 if a.high < under else 2 if a.low >= under else 1, a.weight, a.unborn) for a in ages))


def _ledger(typed: _Typed, size: int, side: Side, aid: LandlordAid) -> Ledger:
    rows, kinds = np.array(typed.rows, dtype=np.intp), np.array(typed.kinds, dtype=np.intp)
    mine = np.array([kind.side is side for kind in KINDS])[kinds]
    if aid is LandlordAid.IGNORED:
        mine &= ~np.array(typed.whole_rent, dtype=np.bool_)
    if not mine.any():
        return Ledger(np.zeros(size, dtype=numbers_for(1)), {}, 1)
    most = 1 + max(map(abs, typed.twelfths)) * int(np.bincount(rows).max())
    rows, kinds, proved = rows[mine], kinds[mine], np.array(typed.proved, dtype=np.bool_)[mine]
    twelfths = np.array(typed.twelfths, dtype=numbers_for(most))[mine]
    totals = np.zeros(size, dtype=twelfths.dtype)
    columns: dict[LineKind, Column] = {}
    for rank in np.unique(kinds):
        columns[KINDS[rank]] = column = _column(np.flatnonzero(kinds == rank), rows, twelfths, proved, size)
        totals[column.where] += column.sums
    return Ledger(totals, columns, most)


def _column(lines: Rows, rows: Rows, twelfths: Ints, proved: Flags, size: int) -> Column:
    """These lines, of one kind, summed for each household that has some."""
    lines = lines[np.argsort(rows[lines], kind="stable")]
    in_order = rows[lines]
    firsts = np.flatnonzero(np.concatenate(([True], in_order[1:] != in_order[:-1])))
    ranks, sums = in_order[firsts], np.add.reduceat(twelfths[lines], firsts)
    seen = np.logical_or.reduceat(proved[lines], firsts)
    if len(ranks) * CROWDED < size:
        return Column(ranks, sums, seen, np.ones(len(ranks), dtype=np.bool_))
    every = Column(
        slice(None), np.zeros(size, dtype=sums.dtype), np.zeros(size, dtype=np.bool_), np.zeros(size, dtype=np.bool_)
    )
    every.sums[ranks], every.proved[ranks], every.has[ranks] = sums, seen, True
    return every
