"""Networks as the door of the impact simulator gives them: invented ones; its sheaves read household by household."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from coordination.budgets.rules import LineKind
from coordination.simulators.crowd import Crowd, Sheaf


def grown(age: int) -> str:
    """Somebody of that age, as the door writes them."""
    return f"{age} {age} 1 0"


@dataclass
class Invented:
    """One household, before the door puts it in columns."""

    left: int
    activity: str = "working"
    age_band: str = "30_49"
    heads: list[str] = field(default_factory=lambda: [grown(40)])

    @property
    def people(self) -> str:
        return ";".join(("0", *self.heads))

    @property
    def lines(self) -> list[tuple[str, int, bool, bool]]:
        """`left` cents a day are left to each of its people, over 30 days."""
        return [(LineKind.SALAIRE.value, self.left * 30 * 12 * len(self.heads), True, False)]


@dataclass
class Columns:
    """A sheaf made here."""

    people: list[str]
    activity: list[str]
    age_band: list[str]
    ranks: list[int]
    kinds: list[str]
    twelfths: list[int]
    proved: list[bool]
    landlord: list[bool]


def sheaf(households: Iterable[Any]) -> Columns:
    """These households, column by column."""
    rows = list(households)
    lines = [(rank, *line) for rank, row in enumerate(rows) for line in row.lines]
    ranks, kinds, twelfths, proved, landlord = (list(each) for each in zip(*lines, strict=True)) if lines else ([],) * 5
    people, activities = [row.people for row in rows], [row.activity for row in rows]
    return Columns(people, activities, [r.age_band for r in rows], ranks, kinds, twelfths, proved, landlord)


def crowd_of(households: Iterable[Any], key: bytes) -> Crowd:
    """The crowd of these households, read in three parts."""
    rows, crowd = list(households), Crowd(key)
    for part in range(3):
        crowd.add(sheaf(rows[part::3]))
    return crowd


def unbound(given: Sheaf) -> list[tuple[str, str, str, list[tuple[str, int, bool, bool]]]]:
    """A sheaf household by household: people, activity, age band, lines in order."""
    columns = (given.ranks, given.kinds, given.twelfths, given.proved, given.landlord)
    lines = list(zip(*(column or [] for column in columns), strict=True))
    named = zip(given.people or [], given.activity or [], given.age_band or [], strict=True)
    return [(*each, sorted(tuple(line) for n, *line in lines if n == rank)) for rank, each in enumerate(named)]
