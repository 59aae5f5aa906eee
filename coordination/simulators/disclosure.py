"""What may be said of many households without saying anything of one. The single way out of the impact simulator.

A cell under 5 is masked, the others are rounded to 5. No total is ever read from the households: each is reckoned from
the cells shown, so that it tells nothing more. In each table one household in twenty, drawn under the installation's
secret, does not count and another one counts twice: figures stay right on the whole, and no two tables add up alike.
And each household's value is shifted by a step at most, under the same secret: a figure that moves between two runs
does not say whose value lies between them.
"""

import hmac
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

LEAST = 5
"""A smaller cell is masked, an empty one too: none and four look alike."""
STEP = 5
FEWEST_HOUSEHOLDS = 30
FEWEST_IN_GROUP = 10
DRAWN = 20
BLUR = 10
"""Tenths of a step by which a household's value is shifted, at most, either way, before it is compared."""
GUESS = 2
"""What a masked cell adds to a sum, for want of better."""


def rounded(households: int, weighed: int) -> int | None:
    """The figure shown, to the nearest 5 (8 and 12 both read as 10); None, masked, under 5 either way."""
    return None if min(households, weighed) < LEAST else nearest(weighed)


def nearest(count: int) -> int:
    return (count + STEP // 2) // STEP * STEP


def weights(key: bytes, contents: Iterable[str], tables: int) -> list[tuple[int, ...]]:
    """For how much each household counts in each table: 0, 1 or 2. Secret, and the same whatever the barème tried.

    Households of the same content are told apart by their rank among them, so that one more moves no other.
    """
    return [tuple(each) for each in drawn(key, contents, tables, Counter())[:, :tables].tolist()]


def drawn(key: bytes, contents: Iterable[str], tables: int, seen: Counter[str]) -> NDArray[np.int8]:
    """The same for many, a row by household, and after the tables its shift: tenths of a step, between -BLUR and BLUR.
    `seen` counts the contents already met."""
    digests = []
    for content in contents:
        seen[content] += 1
        digests.append(hmac.digest(key, f"impact {seen[content]} {content}".encode(), "sha256"))
    words = np.frombuffer(b"".join(digests), dtype=">u4").reshape(len(digests), 8)
    pieces = words[:, :tables] % DRAWN
    weighed = 1 - (pieces == 0).astype(np.int8) + (pieces == 1)
    shifts = (words[:, -1:] % (2 * BLUR + 1)).astype(np.int8) - BLUR
    found: NDArray[np.int8] = np.concatenate((weighed, shifts), axis=1).astype(np.int8)
    return found


@dataclass
class Tally:
    """What is counted before anything is shown: households, and how much they weigh, by group and column."""

    households: Counter[tuple[str, str]] = field(default_factory=Counter)
    weighed: Counter[tuple[str, str]] = field(default_factory=Counter)
    sizes: Counter[str] = field(default_factory=Counter)

    def add(self, group: str, columns: Iterable[str], weight: int, times: int) -> None:
        """So many households of a group, each of that weight, in these columns."""
        self.sizes[group] += times
        for column in columns:
            self.households[group, column] += times
            self.weighed[group, column] += times * weight


@dataclass(frozen=True)
class Cell:
    """One figure as it is shown: `value` is a multiple of 5, None when masked."""

    value: int | None

    @property
    def shown(self) -> str:
        return "moins de 5" if self.value is None else f"{self.value:,}".replace(",", "\u202f")

    @property
    def guess(self) -> int:
        return GUESS if self.value is None else self.value


@dataclass(frozen=True)
class Line:
    """One group of a table: a cell by column, or nothing at all when the group is too small."""

    group: str
    cells: Mapping[str, Cell]

    @property
    def hidden(self) -> bool:
        return not self.cells

    def about(self, *columns: str) -> int:
        """The sum of these cells, to the nearest 5. Reckoned from what is shown."""
        return nearest(sum(self.cells[column].guess for column in columns if column in self.cells))

    def share(self, column: str, of: Iterable[str]) -> Fraction | None:
        """The part of a column in some, from what is shown; none when there is too little to say."""
        whole = sum(self.cells[each].guess for each in of if each in self.cells)
        return Fraction(self.cells[column].guess, whole) if whole >= FEWEST_IN_GROUP else None


@dataclass(frozen=True)
class Table:
    """One way of sorting the households, as it is shown."""

    name: str
    columns: tuple[str, ...]
    lines: tuple[Line, ...]

    def about(self, *columns: str) -> int:
        """The sum of these columns over the groups shown, to the nearest 5."""
        return nearest(sum(line.cells[c].guess for line in self.lines for c in columns if c in line.cells))

    def masked(self, column: str) -> bool:
        """Whether no group shows anything there."""
        return all(line.hidden or line.cells[column].value is None for line in self.lines)


def publish(name: str, groups: Mapping[str, str], columns: tuple[str, ...], tally: Tally) -> Table:
    """A table that may leave; a group of fewer than 10 households shows nothing, whatever the barème."""
    lines = []
    for group, label in groups.items():
        small = tally.sizes[group] < FEWEST_IN_GROUP
        keys = [] if small else columns
        cells = {c: Cell(rounded(tally.households[group, c], tally.weighed[group, c])) for c in keys}
        lines.append(Line(label, cells))
    return Table(name, columns, tuple(lines))
