"""The reste à vivre: one computation with its whole explanation, and 100,000 households under a changed barème, against
the same formula written for openfisca-core in the same run.

Both are given the same people and amounts as columns already in memory, and are timed on the same work: the value of
each household and its zone, under a rule whose threshold just moved. Their values are binary floats; ours are exact,
and turned into floats within the time measured, so that both hand over the same. The two take turns, on one thread
each, and the processor's time is counted, so that what else the machine does changes little.
"""

import json
import subprocess
import time
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.bases import QUICK
from coordination.budgets.baremes import load_baremes
from coordination.budgets.batch import ZONES, Amount, Population, Routed, route
from coordination.budgets.rules import Bareme, Composition, Head, Line, LineKind, ZoneKind, reste_a_vivre
from coordination.settings import RIGHTS_PYTHON

HOUSEHOLDS = 20_000 if QUICK else 100_000
BAREMES = Path(__file__).resolve().parents[1] / "policies" / "baremes"
ON = date(2026, 11, 22)
TURNS, ROUNDS, BEFORE = 5, 8, 2
"""Each engine answers eight rules in a row, then leaves its turn; the first two of each turn are not counted."""
TWELFTHS = 12
ORDER = (ZoneKind.ELIGIBLE, ZoneKind.COUNCIL, ZoneKind.NOT_ELIGIBLE)


@dataclass(frozen=True)
class Rav:
    """Seconds, and our ratio to openfisca-core's (None where it is not installed: `make rights`)."""

    households: int
    one_explained: float
    routed: float
    openfisca: float | None
    ratio: float | None


def drawn() -> list[tuple[int, int, int, int]]:
    """People, resources, telephone and other charges of each household, cents a month, from a seed."""
    rng = Random(1)
    return [
        (rng.randint(1, 7), rng.randint(0, 250_000), rng.choice((0, 1999, 3500, 7500)), rng.randint(0, 120_000))
        for _ in range(HOUSEHOLDS)
    ]


def measure() -> Rav:
    """Raises AssertionError when the two engines do not put the same number of households in each zone."""
    bareme = load_baremes(BAREMES).of(["ccas-carvin"], ON)[0]
    rows = drawn()
    population = populated(rows)
    mine: list[float] = []
    theirs: list[float] = []
    with Openfisca(rows) as other:
        for _ in range(TURNS):
            found = [timed(moved(bareme, step * 10), population) for step in range(ROUNDS)]
            mine += [seconds for seconds, _ in found[BEFORE:]]
            answered = other.route([[800 + step * 10, 1000] for step in range(ROUNDS)])
            theirs += [each["seconds"] for each in answered[BEFORE:]]
            for each, (_, zones) in zip(answered, found, strict=False):
                assert each["zones"] == [int((zones == ZONES.index(kind)).sum()) for kind in ORDER]
    ours = median(mine)
    if not theirs:
        return Rav(len(rows), one(bareme), round(ours, 5), None, None)
    other_one = median(theirs)
    return Rav(len(rows), one(bareme), round(ours, 5), round(other_one, 5), round(ours / other_one, 2))


def timed(rule: Bareme, population: Population) -> tuple[float, NDArray[np.int8]]:
    started = time.process_time()
    found = route(rule, population)
    values(found)
    return time.process_time() - started, found.zones


def values(found: Routed) -> NDArray[np.float64]:
    """The value of every household, in cents, as the other engine gives it."""
    each = np.array([np.nan if d is None else found.scale * float(d) for d in found.divisors])
    given: NDArray[np.float64] = found.nets / each[found.shape_of]
    return given


def populated(rows: list[tuple[int, int, int, int]]) -> Population:
    made = Population()
    classes = {people: made.class_for(composition(people), ON) for people in range(1, 8)}
    for people, resources, phone, charges in rows:
        amounts = [Amount(LineKind.SALAIRE, resources * TWELFTHS), Amount(LineKind.LOYER, charges * TWELFTHS)]
        if phone:
            amounts.append(Amount(LineKind.TELEPHONE, phone * TWELFTHS))
        made.add(classes[people], amounts, typed=True)
    return made


def composition(people: int) -> Composition:
    return Composition(tuple(Head(birth_date=date(1990, 1, 1)) for _ in range(people)))


def moved(bareme: Bareme, cents: int) -> Bareme:
    """The barème whose first threshold moved."""
    first, *rest = bareme.zones
    return replace(bareme, zones=(replace(first, bound_cents=(first.bound_cents or 0) + cents), *rest))


def one(bareme: Bareme) -> float:
    """Seconds of one computation with its explanation: twelve lines, four people."""
    kinds = [kind for kind in LineKind if not kind.sensitive][:12]
    lines = [Line(str(n), kind, 12_345 + n) for n, kind in enumerate(kinds)]
    people = composition(4)
    rounds = 200
    started = time.perf_counter()
    for _ in range(rounds):
        reste_a_vivre(bareme, people, lines, ON)
    return round((time.perf_counter() - started) / rounds, 6)


class Openfisca:
    """The other engine, in its own interpreter, asked turn by turn so that both meet the same machine."""

    def __init__(self, rows: list[tuple[int, int, int, int]]) -> None:
        self._rows = rows
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> "Openfisca":
        if RIGHTS_PYTHON.exists():
            script = str(Path(__file__).with_name("openfisca_rav.py"))
            pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
            self._process = subprocess.Popen([str(RIGHTS_PYTHON), script], **pipes)
            names = ("people", "resources", "phone", "charges")
            self._ask(dict(zip(names, (list(column) for column in zip(*self._rows, strict=True)), strict=True)))
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            assert self._process.stdin is not None
            self._process.stdin.close()
            self._process.wait(timeout=30)

    def route(self, rules: list[list[int]]) -> list[dict[str, Any]]:
        """For each rule its seconds, and how many households stand in each zone; nothing when it is not installed."""
        return [] if self._process is None else list(self._ask(rules))

    def _ask(self, asked: object) -> Any:
        assert self._process is not None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())
