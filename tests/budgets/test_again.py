"""A frozen budget computed again: the same years later, and every change said where it is."""

import json
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordination.budgets import queries, reproduce, service
from coordination.budgets.again import Frozen, Verdict, compare, compute_again, thaw_composition
from coordination.budgets.answers import freeze_answer, freeze_composition
from coordination.budgets.bareme import Bareme, Composition, Head, Home
from coordination.budgets.baremes import load_baremes
from coordination.budgets.lines import Line, LineKind, Origin, Period
from coordination.budgets.rules import reste_a_vivre
from coordination.budgets.writing import version_text
from coordination.kit.actor import Actor, Member, Nobody, Service
from coordination.kit.clock import today
from coordination.kit.db import acting
from tests.budgets.make import (
    BAREMES,
    G1,
    TODAY,
    bareme,
    budget_form,
    family,
    line,
    mother_and_two,
    partners_with_baremes,
    validated,
)
from tests.conftest import Base

OPERATOR = Service("operator")


def kept(rule: Bareme, people: Composition, *lines: Line) -> Frozen:
    """What is frozen of these lines under one barème, as JSON gives it back."""
    answer = json.loads(json.dumps(freeze_answer(rule, reste_a_vivre(rule, people, lines, TODAY))))
    ids = [str(rank) for rank in range(len(people.heads))]
    composition = json.loads(json.dumps(freeze_composition(people, ids, TODAY.isoformat())))
    return Frozen(TODAY, composition, lines, [(rule.code, rule.version.isoformat(), answer)])


def verdict(frozen: Frozen, *versions: Bareme) -> tuple[Verdict, list[str]]:
    held = {(rule.code, rule.version.isoformat()): rule for rule in versions}
    (found,) = compute_again(frozen, lambda code, version: held.get((code, version)))
    return found.verdict, [each.says.replace("\u00a0", " ") for each in found.differences]


RENT, RSA = line(LineKind.LOYER, "350"), line(LineKind.RSA, "740")
HEADS = st.builds(
    Head,
    birth_date=st.none() | st.dates(date(1950, 1, 1), date(2026, 1, 1)),
    adult=st.sampled_from([None, True, False]),
    weight=st.sampled_from([Fraction(1), Fraction(1, 2), Fraction(1, 3)]),
    unborn=st.booleans(),
)
LINES = st.builds(
    Line,
    id=st.uuids().map(str),
    kind=st.sampled_from(LineKind),
    amount_cents=st.integers(0, 200_000),
    period=st.sampled_from(Period),
    origin=st.sampled_from(Origin),
    label=st.sampled_from(["", "Chez Dupont"]),
)


@given(st.lists(HEADS, max_size=4), st.booleans(), st.sampled_from([None, *Home]), st.lists(LINES, max_size=6))
def test_every_house_bareme_answers_the_same_again(
    heads: list[Head], single: bool, home: Home | None, lines: list[Line]
) -> None:
    people = Composition(tuple(heads), single_parent=single, home=home)
    for rule in load_baremes(BAREMES).all(TODAY):
        assert verdict(kept(rule, people, *lines), rule) == (Verdict.SAME, [])


def test_a_newer_version_changes_nothing_to_what_was_frozen_under_the_former() -> None:
    old, new = bareme(), bareme(365 / Fraction(12), 900, version=date(2030, 1, 1))
    assert verdict(kept(old, family(3), RSA, RENT), new, old) == (Verdict.SAME, [])


def test_a_version_that_left_its_file_is_said_to_be_lost() -> None:
    assert verdict(kept(bareme(), family(3), RSA, RENT))[0] is Verdict.LOST
    frozen = replace(kept(bareme(), family(3), RSA, RENT), composition=None)
    assert verdict(frozen, bareme())[0] is Verdict.LOST


def test_a_version_overwritten_since_is_caught_where_it_moved_the_figures() -> None:
    said, places = verdict(kept(bareme(digest="a"), family(3), RSA, RENT), bareme(31, digest="b"))
    assert said is Verdict.DIFFERENT
    assert "barème, jours du mois : 30 figé, 31 aujourd’hui" in places
    assert (
        "barème, empreinte de la version du barème (son fichier a été modifié depuis) : a figé, b aujourd’hui" in places
    )
    assert any(place.startswith("valeur : 4,3333 € figé, 4,1935 € aujourd’hui") for place in places)


def test_a_line_changed_behind_the_wall_is_caught() -> None:
    frozen = kept(bareme(), family(3), RSA, RENT)
    said, places = verdict(replace(frozen, lines=(RSA, line(LineKind.LOYER, "360"))), bareme())
    assert said is Verdict.DIFFERENT
    assert "lignes, n° 2, montant compté : 350,0000 € figé, 360,0000 € aujourd’hui" in places


def test_a_person_changed_behind_the_wall_is_caught() -> None:
    frozen = kept(bareme(), family(3), RSA, RENT)
    assert frozen.composition is not None
    fewer = {**frozen.composition, "heads": frozen.composition["heads"][:2]}
    said, places = verdict(replace(frozen, composition=fewer), bareme())
    assert said is Verdict.DIFFERENT
    assert "nombre de personnes ou de parts : 3 figé, 2 aujourd’hui" in places


def test_a_sentence_put_otherwise_is_told_and_still_holds() -> None:
    frozen = kept(bareme(), family(3), RSA, RENT)
    code, version, answer = frozen.answers[0]
    reworded: dict[str, Any] = deepcopy(dict(answer))
    reworded["lines"][0]["says"] = "Prise en compte."
    said, places = verdict(replace(frozen, answers=[(code, version, reworded)]), bareme())
    assert said is Verdict.WORDS
    assert said.holds
    assert places == ["lignes, n° 1, phrase : « Prise en compte. » figé, « Comptée. » aujourd’hui"]


def test_an_earlier_form_is_compared_on_what_it_kept() -> None:
    rule = bareme()
    answer: Mapping[str, Any] = freeze_answer(rule, reste_a_vivre(rule, family(3), [RSA, RENT], TODAY))
    first = {name: value for name, value in answer.items() if name not in ("terms", "purchase_cents")} | {"format": 1}
    assert list(compare(first, answer)) == []


def test_people_come_back_as_they_were_frozen() -> None:
    heads = (
        Head(birth_date=date(1990, 1, 2)),
        Head(birth_year=2019, birth_month=4, weight=Fraction(1, 3)),
        Head(unborn=True),
    )
    people = Composition(heads, single_parent=True, home=Home.TENANT)
    assert thaw_composition(freeze_composition(people, ["a", "b", "c"], "2026-11-21")) == people


# ------------------------------------------------------------------ in a database


@pytest.fixture(scope="module")
def worker(shared_base: Base) -> Member:
    return partners_with_baremes(shared_base.engine)["ccas-carvin"].people["intake"]


@pytest.fixture(scope="module")
def budget(shared_base: Base, worker: Member) -> tuple[UUID, UUID]:
    """The household of case G1 and its validated budget, with a line about health and a word of the worker."""
    household = mother_and_two(shared_base.engine, worker)
    lines = G1 | {LineKind.RSA: "7400", LineKind.FRAIS_SANTE: "30"}  # so much that a question repeats the word
    with acting(shared_base.engine, worker) as session:
        made = service.start_assessment(session, household)
        service.save_lines(session, household, made.id, budget_form(lines, more={"lines-0-label": "Chez Dupont"}))
        service.validate_assessment(session, household, made.id, 2)
    frozen = shared_base.admin("select result::text from assessment_result where assessment_id = %s", made.id)
    assert all(str(text).count("Chez Dupont") == 2 for (text,) in frozen), "on its line, and in a question"
    return household, made.id


def test_the_operator_reproduces_it_and_reads_no_name(shared_base: Base, budget: tuple[UUID, UUID]) -> None:
    household, made = budget
    with acting(shared_base.engine, OPERATOR) as session:
        text, holds = reproduce.reproduce(session, str(made), as_json=False)
        data = session.door("access.budget_to_reproduce(cast(:wanted as uuid))", wanted=str(made))
    assert holds
    assert text.count(": identique") == 4
    told = json.dumps(data, ensure_ascii=False).lower()
    for hidden in ("diallo", "aminata", "dupont", "person_id", str(household)):
        assert hidden not in told
    lines = shared_base.admin(
        "select actor_kind, actor_id, subject_id, fields from journal where verb = 'budget.reproduce'"
        " and household_id = %s",
        household,
    )
    assert lines == [("service", "operator", str(made), [])] * 2


def test_the_door_answers_nobody_else(shared_base: Base, worker: Member, budget: tuple[UUID, UUID]) -> None:
    others: list[Actor] = [worker, Nobody(), Service("journal", worker.network_id), Service("anything")]
    for actor in others:
        with (
            pytest.raises(Exception, match="for the operator") as refused,
            acting(shared_base.engine, actor) as session,
        ):
            session.door("access.budget_to_reproduce(cast(:wanted as uuid))", wanted=str(budget[1]))
        assert isinstance(getattr(refused.value, "orig", None), psycopg.errors.InsufficientPrivilege)


def test_an_unknown_identifier_is_said(shared_base: Base) -> None:
    for wrong in ("x", str(uuid4())):
        with pytest.raises(reproduce.UnknownBudget), acting(shared_base.engine, OPERATOR) as session:
            reproduce.reproduce(session, wrong, as_json=True)


def test_years_later_with_a_newer_version_in_the_file_it_is_still_the_same(
    shared_base: Base, budget: tuple[UUID, UUID], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for code, scheme in load_baremes(BAREMES).schemes.items():
        newer = replace(scheme.versions[-1][1], version=date(today().year + 3, 1, 1), days=Fraction(31))
        written = (BAREMES / f"{code}.yaml").read_text(encoding="utf-8")
        (tmp_path / f"{code}.yaml").write_text(f"{written}\n{version_text(newer)}", encoding="utf-8")
    monkeypatch.setattr(queries, "BAREMES", tmp_path)
    assert len(load_baremes(tmp_path).schemes["ccas-carvin"].versions) > 1
    with acting(shared_base.engine, OPERATOR) as session:
        assert reproduce.reproduce(session, str(budget[1]), as_json=False)[1]


def test_an_amount_changed_past_the_wall_is_found(base: Base) -> None:
    member = partners_with_baremes(base.engine)["ccas-carvin"].people["intake"]
    made = validated(base.engine, member, mother_and_two(base.engine, member))
    base.admin("update budget_line set amount_cents = 74100 where kind = 'rsa'")
    with acting(base.engine, OPERATOR) as session:
        text, holds = reproduce.reproduce(session, str(made), as_json=True)
    assert not holds
    places = [one["place"] for each in json.loads(text)["baremes"] for one in each["differences"]]
    assert "lignes, n° 1, montant compté" in places
