"""Barèmes, people and lines for the tests of the reste à vivre."""

import json
from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

from coordination.budgets.rules import (
    Bareme,
    Composition,
    Head,
    Line,
    LineKind,
    Refusal,
    Result,
    Standing,
    Zone,
    ZoneKind,
    reste_a_vivre,
)
from coordination.kit.money import parse_cents
from coordination.kit.parameters import Source

ROOT = Path(__file__).parents[2]
BAREMES = ROOT / "policies" / "baremes"
CASES = json.loads((ROOT / "tests" / "cases" / "reste_a_vivre.json").read_text(encoding="utf-8"))
TODAY = date(2026, 11, 21)

KINDS = {
    "RSA": LineKind.RSA,
    "AL": LineKind.AL,
    "APL": LineKind.APL,
    "retraite": LineKind.RETRAITE,
    "loyer": LineKind.LOYER,
    "energie": LineKind.ENERGIE,
    "telephone": LineKind.TELEPHONE,
    "telecom": LineKind.TELEPHONE,
}


def bareme(days: Fraction | int = 30, below: int | None = 800, *, inclusive: bool = False, **changes: Any) -> Bareme:
    """A barème by heads: eligible below that many cents a day and a person."""
    bounded = (Zone(ZoneKind.ELIGIBLE, below, inclusive),) if below is not None else ()
    given: dict[str, Any] = {
        "code": "essai",
        "version": date(2026, 1, 1),
        "title": "Essai",
        "organisation_label": "Structure d’essai",
        "standing": Standing.DEMONSTRATION,
        "source": Source("Essai", None, None, None),
        "days": Fraction(days),
        "zones": (*bounded, Zone(ZoneKind.NOT_ELIGIBLE)),
    }
    return Bareme(**(given | changes))


def family(persons: int) -> Composition:
    """One adult and children of 8, 7, 6… years."""
    adult = Head(birth_date=date(1990, 5, 1), name="Adulte")
    children = tuple(Head(birth_date=date(2018 + rank, 5, 1), name=f"Enfant {rank}") for rank in range(persons - 1))
    return Composition((adult, *children), single_parent=persons > 1)


def line(kind: LineKind, amount: str, line_id: str = "", **changes: Any) -> Line:
    return Line(line_id or kind.value, kind, parse_cents(amount), **changes)


def case_lines(case: Mapping[str, Any]) -> list[Line]:
    """The lines of a published case; a name that no kind bears is an "other" of its side."""
    resources = [line(KINDS.get(k, LineKind.AUTRE_RESSOURCE), v, f"r-{k}") for k, v in case["resources"].items()]
    charges = [line(KINDS.get(k, LineKind.AUTRE_CHARGE), v, f"c-{k}") for k, v in case["charges"].items()]
    return resources + charges


def computed(rule: Bareme, people: Composition, *lines: Line, on: date = TODAY) -> Result:
    result = reste_a_vivre(rule, people, lines, on)
    assert isinstance(result, Result), result
    return result


def refused(rule: Bareme, people: Composition, *lines: Line, on: date = TODAY) -> Refusal:
    result = reste_a_vivre(rule, people, lines, on)
    assert isinstance(result, Refusal), result
    return result
