"""Barèmes, people, lines and whole budgets for the tests of the reste à vivre."""

import json
from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any
from uuid import UUID

import yaml
from sqlalchemy import Engine
from starlette.datastructures import FormData

from coordination.budgets import deciding, service
from coordination.budgets.baremes import load_baremes
from coordination.budgets.forms import FIRST_FREE, USUAL, BudgetForm
from coordination.budgets.routing import DecisionForm
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
from coordination.identity.permissions import Role
from coordination.identity.rules import OrganisationKind
from coordination.kit.actor import Member
from coordination.kit.clock import today
from coordination.kit.db import acting
from coordination.kit.forms import read
from coordination.kit.money import parse_cents
from coordination.kit.parameters import Source
from tests.cast import Organised, add_network, add_organisation, add_person
from tests.households.make import open_household

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


class _Texts(yaml.SafeLoader):
    """Days and decimals stay as they are written; only true and false are booleans (`on` is a word)."""


def _kept(first: str, tag: str) -> bool:
    return not tag.endswith((":timestamp", ":float")) and (not tag.endswith(":bool") or first in "tf")


_Texts.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if _kept(first, tag)]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def as_texts(text: str) -> Any:
    """A YAML text as data, without any binary float nor date."""
    return yaml.load(text, Loader=_Texts)  # noqa: S506 - a SafeLoader


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


# ------------------------------------------------------------------ in a database


G1 = {LineKind.RSA: "740", LineKind.AL: "440", LineKind.LOYER: "350", LineKind.ENERGIE: "100"} | {
    LineKind.TELEPHONE: "9,90"
}
"""The published mother with two children: 720,10 € left a month, 8,0011 € a day and a person."""


def typed(lines: Mapping[LineKind, str], version: int = 1, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """What the browser sends of a budget: each amount in the row of its kind; `more` replaces or adds fields."""
    fields = {"version": str(version), "reference_date": f"{today():%d/%m/%Y}"}
    for rank, (kind, amount) in enumerate(lines.items()):
        number = USUAL.index(kind) if kind in USUAL else FIRST_FREE[kind.side] + rank
        fields |= {f"lines-{number}-kind": kind.value, f"lines-{number}-amount": amount}
        fields |= {f"lines-{number}-period": "monthly", f"lines-{number}-origin": "declared"}
    return {**fields, **(more or {})}


def budget_form(lines: Mapping[LineKind, str], version: int = 1, more: Mapping[str, str] | None = None) -> BudgetForm:
    """The same, read."""
    form, state = read(BudgetForm, FormData(typed(lines, version, more)))
    assert form is not None, state.errors
    return form


def draft(engine: Engine, member: Member, household_id: UUID, lines: Mapping[LineKind, str] = G1) -> UUID:
    """A draft with these lines, in version 2; answers its id."""
    with acting(engine, member) as session:
        made = service.start_assessment(session, household_id)
        service.save_lines(session, household_id, made.id, budget_form(lines))
        return made.id


def validated(engine: Engine, member: Member, household_id: UUID, lines: Mapping[LineKind, str] = G1) -> UUID:
    """A validated budget with these lines; answers its id."""
    made = draft(engine, member, household_id, lines)
    with acting(engine, member) as session:
        service.validate_assessment(session, household_id, made, 2)
    return made


def decided(engine: Engine, member: Member, household_id: UUID, assessment_id: UUID) -> None:
    """What each barème proposes for a validated budget, retained twice: the second decision replaces the first."""
    for reason in ("", "Comme le barème."):
        with acting(engine, member) as session:
            for question in deciding.questions_of(session, household_id, assessment_id):
                if question.proposed:
                    before = question.current.row.id if question.current else None
                    given = {"proposed": question.proposed, "retained": question.proposed, "reason": reason}
                    form = DecisionForm.model_validate(given | {"replaces": before})
                    deciding.decide(session, household_id, assessment_id, question.code, form)


def mother_and_two(engine: Engine, member: Member) -> UUID:
    """The household of case G1."""
    children = (
        {"given_name": "Issa", "birth": "2016", "link": "child"},
        {"given_name": "Awa", "birth": "04/2019", "link": "child"},
    )
    return open_household(engine, member, "Diallo", "Aminata", birth="12/03/1990", people=children)


def partners_with_baremes(engine: Engine) -> dict[str, Organised]:
    """A network whose organisations are those of the demonstration's barèmes, by code; a worker in each."""
    home = add_network(engine, "Réseau des barèmes", demo=True)
    made = {}
    for rule in load_baremes(BAREMES).all(TODAY):
        if rule.organisation is not None:
            name = rule.organisation.replace("-", " ")
            organised = add_organisation(engine, home, name, OrganisationKind.ASSOCIATION)
            assert organised.slug == rule.organisation
            add_person(engine, organised, "intake", [Role.INTAKE], professional=True)
            made[rule.code] = organised
    return made
