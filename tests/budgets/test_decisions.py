"""What a worker retains of a barème's answer: a reason when she departs, kept, and told to who reads the budget."""

import re
from collections.abc import Callable
from html import unescape
from uuid import UUID

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError

from coordination.budgets import deciding, service
from coordination.budgets.models import BudgetDecision
from coordination.budgets.retained import decisions_of
from coordination.budgets.routing import DecisionForm
from coordination.households.comparing import closing_key, comparison, proposed, sights
from coordination.households.merging import merge_files
from coordination.kit.actor import Member
from coordination.kit.db import acting
from coordination.kit.errors import NotAllowed, NotKnown
from tests.budgets.make import decided as both_decided
from tests.budgets.make import draft, mother_and_two, partners_with_baremes, validated
from tests.cast import PASSWORD, Organised, add_person
from tests.conftest import Base, Browser
from tests.sharing.make import agree

CCAS = "ccas-carvin"
WHY = "La dette d’énergie sera effacée en décembre."


@pytest.fixture(scope="module")
def partners(shared_base: Base) -> dict[str, Organised]:
    return partners_with_baremes(shared_base.engine)


@pytest.fixture(scope="module")
def worker(partners: dict[str, Organised]) -> Member:
    return partners[CCAS].people["intake"]


@pytest.fixture
def household(shared_base: Base, worker: Member) -> UUID:
    return mother_and_two(shared_base.engine, worker)


@pytest.fixture
def budget(shared_base: Base, worker: Member, household: UUID) -> UUID:
    """G1: the CCAS's barème says « à examiner par le Conseil »."""
    return validated(shared_base.engine, worker, household)


def form(retained: str, reason: str = "", replaces: UUID | None = None, proposed: str = "council") -> DecisionForm:
    given = {"proposed": proposed, "retained": retained, "reason": reason, "replaces": replaces}
    return DecisionForm.model_validate(given)


def decided(base: Base, member: Member, household: UUID, budget: UUID, asked: DecisionForm, code: str = CCAS) -> UUID:
    with acting(base.engine, member) as session:
        return deciding.decide(session, household, budget, code, asked).id


@pytest.mark.parametrize("reason", ["", "   ", "parce que", "nonobstant"])
def test_departing_from_the_bareme_takes_a_sentence(reason: str) -> None:
    with pytest.raises(ValueError, match="dites pourquoi, en une phrase"):
        form("eligible", reason)
    assert form("council", "").reason == ""
    with pytest.raises(ValueError, match="dites pourquoi"):
        form("eligible", reason, proposed="")


def test_a_decision_is_kept_and_the_next_one_replaces_it_without_erasing_it(
    shared_base: Base, worker: Member, household: UUID, budget: UUID
) -> None:
    first = decided(shared_base, worker, household, budget, form("council"))
    second = decided(shared_base, worker, household, budget, form("eligible", WHY, first))
    with acting(shared_base.engine, worker) as session:
        found = decisions_of(session, household)
        question = deciding.question_of(session, household, budget, CCAS)
    assert [(d.row.id, d.replaced, d.departs, d.label) for d in found] == [
        (second, False, True, "ouvrir l’accès"),
        (first, True, False, "faire examiner par le Conseil"),
    ]
    assert question.current is not None
    assert question.current.row.id == second
    verbs = shared_base.admin("select verb, fields::text from journal where subject = 'budget_decision'")
    assert {verb for verb, _ in verbs} == {"budget.decide"}
    assert not any("énergie" in str(fields) for _, fields in verbs)


def test_who_decides_second_reads_the_first_before_replacing_it(
    shared_base: Base, worker: Member, household: UUID, budget: UUID
) -> None:
    first = decided(shared_base, worker, household, budget, form("council"))
    with pytest.raises(deciding.DecidedMeanwhile, match="Un collègue a noté une décision"):
        decided(shared_base, worker, household, budget, form("eligible", WHY))
    with pytest.raises(deciding.SameAgain):
        decided(shared_base, worker, household, budget, form("council", "", first))
    with acting(shared_base.engine, worker) as session:
        assert len(decisions_of(session, household)) == 1


def test_two_first_decisions_never_stand_side_by_side(
    shared_base: Base, worker: Member, household: UUID, budget: UUID
) -> None:
    decided(shared_base, worker, household, budget, form("council"))
    with acting(shared_base.engine, worker) as session:
        (found,) = decisions_of(session, household)
    with pytest.raises(DBAPIError) as refused, acting(shared_base.engine, worker) as session:
        session.add(BudgetDecision(**found.row.model_dump(exclude={"id"})))
    assert isinstance(refused.value.orig, psycopg.errors.UniqueViolation)


@pytest.mark.parametrize("statement", ["update budget_decision set reason = 'x'", "delete from budget_decision"])
def test_no_decision_is_ever_written_over(
    shared_base: Base, worker: Member, household: UUID, budget: UUID, statement: str
) -> None:
    decided(shared_base, worker, household, budget, form("council"))
    with pytest.raises(DBAPIError) as refused, acting(shared_base.engine, worker) as session:
        session.rows(statement)
    assert isinstance(refused.value.orig, psycopg.errors.InsufficientPrivilege)


def test_only_a_validated_budget_that_still_stands_is_decided_on(
    shared_base: Base, worker: Member, household: UUID
) -> None:
    made = draft(shared_base.engine, worker, household)
    with pytest.raises(deciding.NotValidated):
        decided(shared_base, worker, household, made, form("council"))
    with acting(shared_base.engine, worker) as session:
        service.validate_assessment(session, household, made, 2)
    validated(shared_base.engine, worker, household)
    with pytest.raises(deciding.Replaced):
        decided(shared_base, worker, household, made, form("council"))


def test_a_partner_trusted_with_the_budget_decides_for_itself_and_is_read(
    shared_base: Base, partners: dict[str, Organised], worker: Member, household: UUID, budget: UUID
) -> None:
    shop = partners["epicerie-solidaire"]
    partner = shop.people["intake"]
    with pytest.raises(NotKnown):
        decided(shared_base, partner, household, budget, form("eligible", proposed="eligible"), "epicerie-solidaire")
    agree(shared_base.engine, worker, household, [shop], parts=("identity", "budget"))
    decided(shared_base, partner, household, budget, form("eligible", proposed="eligible"), "epicerie-solidaire")
    decided(shared_base, worker, household, budget, form("council"))
    with acting(shared_base.engine, worker) as session:
        questions = {q.code: q for q in deciding.questions_of(session, household, budget)}
    assert [d.row.organisation_id for d in questions["epicerie-solidaire"].standing] == [shop.id]
    assert questions["epicerie-solidaire"].current is None, "ours is still to be said"
    assert questions[CCAS].mine
    reader = add_person(shared_base.engine, partners[CCAS], "seule", [], professional=True)
    with pytest.raises(NotAllowed):
        decided(shared_base, reader, household, budget, form("council"))


def test_decisions_follow_their_budget_when_two_files_become_one(shared_base: Base, worker: Member) -> None:
    kept, other = (mother_and_two(shared_base.engine, worker) for _ in range(2))
    made = validated(shared_base.engine, worker, other)
    both_decided(shared_base.engine, worker, other, made)
    with acting(shared_base.engine, worker) as session:
        two = comparison(session, kept, other)
        form = proposed(two)
        told = closing_key(sights(session, two.kept, two.absorbed, form))
        merge_files(session, kept, other, form.model_copy(update={"closing": told, "sure": "oui"}))
    with acting(shared_base.engine, worker) as session:
        found = decisions_of(session, kept)
    assert [(d.replaced, d.row.assessment_id) for d in found].count((False, made)) == 4
    assert [(d.replaced, d.row.assessment_id) for d in found].count((True, made)) == 4


# ------------------------------------------------------------------ its page


def text(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def test_the_page_asks_why_keeps_what_was_typed_and_tells_the_file(
    shared_base: Base, partners: dict[str, Organised], browser: Callable[[], Browser], household: UUID, budget: UUID
) -> None:
    page = browser().sign_in(partners[CCAS].emails["intake"], PASSWORD)
    file, address = f"/foyers/{household}", f"/foyers/{household}/budget/{budget}"
    assert "Noter la décision" in text(page.get(file).text)
    assert "Le barème propose : à examiner par le Conseil." in text(page.get(f"{address}/decision/{CCAS}").text)
    refused = page.post(f"{address}/decision/{CCAS}", data={"retained": "eligible", "reason": "non", "proposed": "x"})
    assert refused.status_code == 422
    assert "dites pourquoi, en une phrase" in text(refused.text)
    assert ">non</textarea>" in refused.text
    done = page.post(f"{address}/decision/{CCAS}", data={"retained": "eligible", "reason": WHY})
    assert done.headers["location"] == f"{address}#decisions"
    for where in (address, file):
        shown = text(page.get(where).text)
        assert "Ouvrir l’accès" in shown
        assert "s’écarte du barème" in shown
        assert WHY in shown
    late = page.post(f"{address}/decision/{CCAS}", data={"retained": "redirect", "reason": "Une autre raison."})
    assert late.status_code == 409
    assert "Une autre raison." in late.text
    assert "Un collègue a noté une décision" in text(late.text)
    assert page.get(f"{address}/decision/inconnu").status_code == 404
    assert "Décision sur le reste à vivre" in text(page.get(f"{file}/chronologie").text)


def test_a_frozen_budget_is_computed_again_on_its_page(
    partners: dict[str, Organised], browser: Callable[[], Browser], household: UUID, budget: UUID
) -> None:
    page = browser().sign_in(partners[CCAS].emails["intake"], PASSWORD)
    shown = text(page.get(f"/foyers/{household}/budget/{budget}/refaire").text)
    assert shown.count("identique") == 4
    assert "nulle part" in shown
