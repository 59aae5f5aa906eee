"""The reste à vivre: one computation with its whole explanation, and 100,000 households under a changed barème, against
the same formula written for openfisca-core in the same run."""

import json
import subprocess
import time
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

from bench.bases import QUICK
from coordination.budgets.baremes import load_baremes
from coordination.budgets.batch import Amount, Population, route
from coordination.budgets.rules import Bareme, Composition, Head, Line, LineKind, ZoneKind, reste_a_vivre
from coordination.settings import RIGHTS_PYTHON

HOUSEHOLDS = 20_000 if QUICK else 100_000
BAREMES = Path(__file__).resolve().parents[1] / "policies" / "baremes"
ON = date(2026, 11, 22)
ROUNDS = 5
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
    changed = [moved(bareme, step * 10) for step in range(ROUNDS)]
    seconds, zones = [], []
    for rule in changed:
        started = time.perf_counter()
        found = route(rule, population)
        seconds.append(time.perf_counter() - started)
        zones.append([sum(found.zone(row) is kind for row in range(len(rows))) for kind in ORDER])
    theirs = openfisca(rows, [[800 + step * 10, 1000] for step in range(ROUNDS)])
    if theirs is not None:
        assert theirs["zones"] == zones
    mine = median(seconds)
    other = median(theirs["seconds"]) if theirs else None
    return Rav(
        len(rows),
        one(bareme),
        round(mine, 4),
        round(other, 4) if other else None,
        round(mine / other, 2) if other else None,
    )


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


def openfisca(rows: list[tuple[int, int, int, int]], bounds: list[list[int]]) -> dict[str, Any] | None:
    if not RIGHTS_PYTHON.exists():
        return None
    people, resources, phone, charges = (list(column) for column in zip(*rows, strict=True))
    asked = {"people": people, "resources": resources, "phone": phone, "charges": charges, "bounds": bounds}
    done = subprocess.run(
        [str(RIGHTS_PYTHON), str(Path(__file__).with_name("openfisca_rav.py"))],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found
