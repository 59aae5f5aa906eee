"""Budgets computed once for each size of family by the real rules, then written many times over."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cache
from uuid import UUID

from coordination.budgets.answers import freeze_answer, freeze_composition
from coordination.budgets.bareme import Composition, Head
from coordination.budgets.baremes import load_baremes
from coordination.budgets.lines import Line, LineKind
from coordination.budgets.queries import BAREMES
from coordination.budgets.rules import reste_a_vivre

CODE = "ccas-carvin"
LINES = (
    ("resource", "rsa", 65169),
    ("resource", "al", 31000),
    ("charge", "loyer", 35000),
    ("charge", "energie", 9800),
    ("charge", "telephone", 1990),
)
"""Side, kind and cents a month."""


@dataclass(frozen=True)
class Budget:
    """One budget as it is kept: lines, people, and the frozen answer of a barème of demonstration."""

    lines: tuple[tuple[str, str, int], ...]
    bareme: str
    version: str
    _composition: str
    _result: str

    def composition(self, people: Sequence[UUID]) -> str:
        return _named(self._composition, "person", people)

    def result(self, lines: Sequence[UUID]) -> str:
        return _named(self._result, "line", lines)


def _named(text: str, what: str, keys: Sequence[UUID]) -> str:
    for place, key in enumerate(keys):
        text = text.replace(f'"{what}-{place}"', f'"{key}"')
    return text


@cache
def budgets(on: date, largest: int = 5) -> list[Budget]:
    """The budget of a family of one, of two, and so on."""
    bareme = load_baremes(BAREMES).current(CODE, on)
    lines = [Line(id=f"line-{n}", kind=LineKind(kind), amount_cents=c) for n, (_, kind, c) in enumerate(LINES)]
    made = []
    for size in range(1, largest + 1):
        heads = tuple(Head(birth_date=None, adult=n == 0, weight=Fraction(1)) for n in range(size))
        people = Composition(heads, single_parent=size > 1)
        frozen = freeze_answer(bareme, reste_a_vivre(bareme, people, lines, on))
        composition = freeze_composition(people, [f"person-{n}" for n in range(size)], on.isoformat())
        made.append(Budget(LINES, bareme.code, bareme.version.isoformat(), json.dumps(composition), json.dumps(frozen)))
    return made
