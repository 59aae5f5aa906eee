"""The drawing of one barème's answers over time, in the units of its SVG: points, thresholds, breaks. Pure.

A line never joins two versions of a barème: what it measures is no longer the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from itertools import groupby, pairwise

WIDTH, HEIGHT = 640, 220
LEFT, RIGHT, TOP, BOTTOM = 84, 16, 16, 34


@dataclass(frozen=True)
class Measured:
    """One value of a barème at a date, in cents, with the thresholds of the version that answered."""

    on: date
    cents: Fraction
    version: date
    bounds: tuple[int, ...]


@dataclass(frozen=True)
class Dot:
    """A point of the drawing; `rank` is that of the value it stands for."""

    x: int
    y: int
    rank: int


@dataclass(frozen=True)
class Stretch:
    """A horizontal or vertical piece: a threshold while a version held, or the limit between two versions."""

    x1: int
    x2: int
    y1: int
    y2: int
    cents: int = 0


@dataclass(frozen=True)
class Tick:
    """A mark on the left: its height and the amount it says, in cents."""

    y: int
    cents: int


@dataclass(frozen=True)
class Chart:
    dots: tuple[Dot, ...]
    paths: tuple[str, ...]
    thresholds: tuple[Stretch, ...]
    breaks: tuple[Stretch, ...]
    ticks: tuple[Tick, ...]
    first: date
    last: date


def draw(values: Sequence[Measured]) -> Chart | None:
    """The drawing of values in the order of their dates; None when there is none."""
    if not values:
        return None
    low, high, step = _span(values)
    first, last = values[0].on, values[-1].on

    def x(rank: int) -> int:
        """By the date; budgets of one single day stand side by side."""
        inside, days = WIDTH - LEFT - RIGHT, (last - first).days
        part = Fraction((values[rank].on - first).days, days) if days else Fraction(rank + 1, len(values) + 1)
        return LEFT + int(inside * part)

    def y(cents: Fraction | int) -> int:
        return HEIGHT - BOTTOM - round((HEIGHT - TOP - BOTTOM) * (cents - low) / (high - low))

    dots = tuple(Dot(x(rank), y(value.cents), rank) for rank, value in enumerate(values))
    runs = [list(run) for _, run in groupby(range(len(values)), key=lambda rank: values[rank].version)]
    edges = _edges(dots, runs)
    thresholds = tuple(
        Stretch(start, end, y(cents), y(cents), cents)
        for run, (start, end) in zip(runs, edges, strict=True)
        for cents in values[run[-1]].bounds
    )
    return Chart(
        dots=dots,
        paths=tuple(" ".join(f"{dots[rank].x},{dots[rank].y}" for rank in run) for run in runs if len(run) > 1),
        thresholds=thresholds,
        breaks=tuple(Stretch(end, end, TOP, HEIGHT - BOTTOM) for _, end in edges[:-1]),
        ticks=tuple(Tick(y(cents), cents) for cents in range(low, high + 1, step)),
        first=first,
        last=last,
    )


def _edges(dots: Sequence[Dot], runs: Sequence[Sequence[int]]) -> list[tuple[int, int]]:
    """From where to where each version held: half-way between its last value and the next one's first."""
    limits = [(dots[run[-1]].x + dots[after[0]].x) // 2 for run, after in pairwise(runs)]
    starts = [LEFT, *limits]
    return list(zip(starts, [*limits, WIDTH - RIGHT], strict=True))


def _span(values: Sequence[Measured]) -> tuple[int, int, int]:
    """The lowest and highest amounts to show, zero and the thresholds among them, and the step between two marks."""
    every = [Fraction(0), *(Fraction(bound) for value in values for bound in value.bounds)]
    every += [value.cents for value in values]
    step = _step(min(every), max(every))
    bottom, top = int(min(every) // step * step), int(-(-max(every) // step) * step)
    return bottom, max(top, bottom + step), step


def _step(low: Fraction, high: Fraction) -> int:
    """A round step that cuts the height into two to six."""
    step = 100
    for factor in (1, 2, 5) * 8:
        if (high - low) / (step * factor) <= 5:
            return step * factor
        step *= 10 if factor == 5 else 1
    return step
