"""Budgets in the database: drafts, freezing, replacing, and what a partner may know of a line about health."""

import json
from datetime import timedelta
from uuid import UUID

import pytest
from sqlmodel import select

from coordination.budgets import service
from coordination.budgets.models import Assessment, AssessmentResult, BudgetLine, BudgetLineDetail
from coordination.budgets.queries import (
    assessment_view,
    baremes_of,
    composition_of,
    file_budget,
    lines_of,
    my_drafts,
)
from coordination.budgets.rules import LineKind, Per, Result, ZoneKind
from coordination.households import service as households
from coordination.households.forms import PersonForm, ProfileForm
from coordination.identity.permissions import Role
from coordination.kit.actor import Member
from coordination.kit.clock import today
from coordination.kit.db import acting
from coordination.kit.errors import NotAllowed, NotKnown, NotNow, Stale
from tests.budgets.make import G1, budget_form, draft, mother_and_two, partners_with_baremes, validated
from tests.cast import Cast, add_person
from tests.conftest import Base
from tests.households.make import open_household
from tests.sharing.make import agree

NO_RENT = "Le foyer est locataire, mais aucun loyer n’est saisi."
EVERYTHING = ("identity", "budget", "sensitive")
WITH_HEALTH = {LineKind.AAH: "1041,59", LineKind.LOYER: "400", LineKind.FRAIS_SANTE: "30"}


@pytest.fixture
def worker(cast: Cast) -> Member:
    return cast.ccas.people["intake"]


@pytest.fixture(scope="module", autouse=True)
def demonstration(cast: Cast, shared_base: Base) -> None:
    """The cast's structures have short names of the demonstration's barèmes, which answer in such a network alone."""
    shared_base.admin("update network set demo = true")


@pytest.fixture
def household(cast: Cast, worker: Member) -> UUID:
    return mother_and_two(cast.engine, worker)


@pytest.fixture(scope="module")
def professional(cast: Cast) -> Member:
    """A social worker of the grocery, bound by shared professional secrecy."""
    return add_person(cast.engine, cast.epicerie, "pro", [Role.INTAKE], professional=True)


# ------------------------------------------------------------------ from the draft to the frozen budget


def test_a_tenant_without_rent_is_asked_for_it(cast: Cast, worker: Member, household: UUID) -> None:
    """How the file says the household is housed reaches the questions, and is frozen with the composition."""
    made = draft(cast.engine, worker, household, {LineKind.RSA: "740", LineKind.ENERGIE: "60"})
    with acting(cast.engine, worker) as session:
        assert NO_RENT not in assessment_view(session, household, made).questions.missing
        (profile,) = session.rows("select version from household_profile where household_id = :id", id=household)
        form = ProfileForm.model_validate({"commune": "Carvin", "housing": "parc_social", "version": profile.version})
        households.update_profile(session, household, form)
    with acting(cast.engine, worker) as session:
        assert NO_RENT in assessment_view(session, household, made).questions.missing
        done = service.validate_assessment(session, household, made, 2)
        assert done.composition is not None
        assert done.composition["home"] == "tenant"
    with acting(cast.engine, worker) as session:
        assert NO_RENT in assessment_view(session, household, made).questions.missing


def test_g1_gets_the_answer_of_each_bareme_and_keeps_it(base: Base) -> None:
    partners = partners_with_baremes(base.engine)
    worker = partners["ccas-carvin"].people["intake"]
    household = mother_and_two(base.engine, worker)
    made = validated(base.engine, worker, household)
    with acting(base.engine, worker) as session:
        view = assessment_view(session, household, made)
        rows = list(session.exec(select(AssessmentResult)))
    assert view.answers[0].mine
    answers = {answer.result.bareme_code: answer.result for answer in view.answers if answer.result}
    assert {code: (r.shown, r.exact_shown, r.zone) for code, r in answers.items()} == {
        "ccas-carvin": ("8,00\u00a0€", "8,0011\u00a0€", ZoneKind.COUNCIL),
        "epicerie-solidaire": ("7,89\u00a0€", "7,8906\u00a0€", ZoneKind.ELIGIBLE),
        "secours-populaire": ("15,00\u00a0€", "15,0021\u00a0€", ZoneKind.COUNCIL),
        "a-la-bonne-action": ("211,46\u00a0€", "211,4571\u00a0€", ZoneKind.ELIGIBLE),
    }
    assert answers["ccas-carvin"].rounding_warning.endswith("valeur exacte 8,0011\u00a0€ : seuil atteint.")
    assert {Result.from_json(row.result).bareme_code for row in rows} == set(answers)
    assert view.totals.net == 72010


def test_a_network_without_bareme_still_keeps_budgets(cast: Cast) -> None:
    worker = cast.elsewhere.people["intake"]
    household = mother_and_two(cast.engine, worker)
    made = validated(cast.engine, worker, household)
    with acting(cast.engine, worker) as session:
        view = assessment_view(session, household, made)
    assert not view.answers
    assert view.totals.net == 72010
    assert view.assessment.status == "validated"


def test_values_of_demonstration_answer_in_a_network_of_demonstration_alone(base: Base) -> None:
    worker = partners_with_baremes(base.engine)["ccas-carvin"].people["intake"]
    with acting(base.engine, worker) as session:
        assert baremes_of(session, today())
    base.admin("update network set demo = false")
    with acting(base.engine, worker) as session:
        assert baremes_of(session, today()) == []


def test_what_is_validated_is_frozen_with_its_people(base: Base) -> None:
    partners = partners_with_baremes(base.engine)
    worker = partners["ccas-carvin"].people["intake"]
    engine = base.engine
    household = mother_and_two(engine, worker)
    made = validated(engine, worker, household)
    form = PersonForm.model_validate({"family_name": "Diallo", "given_name": "Bébé", "link": "child", "version": 0})
    with acting(engine, worker) as session:
        households.add_person(session, household, form)
    with acting(engine, worker) as session:
        frozen = session.get_one(Assessment, made)
        view = assessment_view(session, household, made)
        composition, people = composition_of(session, household, today())
    assert len(people) == 4
    assert composition.single_parent
    assert frozen.composition is not None
    assert [head["birth_date"] or head["birth_year"] for head in frozen.composition["heads"]] == [
        "1990-03-12",
        2016,
        2019,
    ]
    assert "Diallo" not in json.dumps(frozen.composition)
    heads = [answer.result.unit_count for answer in view.answers if answer.result and answer.result.per is Per.HEAD]
    assert set(heads) == {3}, "the child who came afterwards does not count"
    assert view.people == ["DIALLO Aminata", "DIALLO Issa", "DIALLO Awa"]


def test_a_validated_budget_never_changes(cast: Cast, worker: Member, household: UUID) -> None:
    made = validated(cast.engine, worker, household)
    with pytest.raises(NotNow, match="il ne change plus"), acting(cast.engine, worker) as session:
        service.save_lines(session, household, made, budget_form({LineKind.RSA: "1"}, version=3))
    with pytest.raises(NotNow, match="il ne change plus"), acting(cast.engine, worker) as session:
        service.validate_assessment(session, household, made, 3)
    with acting(cast.engine, worker) as session:
        assert len(lines_of(session, [made])[made]) == len(G1)


def test_the_next_budget_replaces_the_previous_one_of_the_same_organisation(
    cast: Cast, worker: Member, household: UUID
) -> None:
    agree(cast.engine, worker, household, [cast.epicerie], parts=("identity", "budget"))
    partner = cast.epicerie.people["intake"]
    theirs = validated(cast.engine, partner, household, {LineKind.RSA: "700"})
    first = validated(cast.engine, worker, household)
    with acting(cast.engine, worker) as session:
        again = service.start_from(session, household, first)
        assert [line.kind for line in lines_of(session, [again.id])[again.id]] == list(G1)
        service.validate_assessment(session, household, again.id, again.version)
    with acting(cast.engine, worker) as session:
        old = session.get_one(Assessment, first)
        budget = file_budget(session, household)
        assert (old.status, old.superseded_by) == ("superseded", again.id)
        assert [reading.assessment.id for reading in budget.current] == [again.id, theirs], "ours first"
        assert [earlier.id for earlier in budget.earlier] == [first]
        assert assessment_view(session, household, first).totals.net == 72010, "still readable"


def test_a_budget_without_line_is_not_validated(cast: Cast, worker: Member, household: UUID) -> None:
    made = draft(cast.engine, worker, household, {})
    with pytest.raises(service.NoLine, match="aucune ligne"), acting(cast.engine, worker) as session:
        service.validate_assessment(session, household, made, 2)


def test_a_missing_age_is_an_answer_not_an_error(cast: Cast) -> None:
    worker = cast.secours.people["intake"]
    household = open_household(cast.engine, worker, "Sow", "Fatou", people=({"given_name": "Léa", "link": "child"},))
    made = validated(cast.engine, worker, household)
    with acting(cast.engine, worker) as session:
        own = assessment_view(session, household, made).answers[0]
    assert own.mine
    assert own.result is None
    assert "Il manque la date de naissance" in own.refusal
    assert "Léa" not in own.refusal, "the frozen words name nobody"


def test_a_budget_of_before_the_file_counts_the_people_of_its_opening(
    cast: Cast, worker: Member, household: UUID
) -> None:
    with acting(cast.engine, worker) as session:
        _, people = composition_of(session, household, today() - timedelta(days=365))
    assert len(people) == 3


# ------------------------------------------------------------------ two at once, and who may


def test_a_stale_version_is_refused(cast: Cast, worker: Member, household: UUID) -> None:
    made = draft(cast.engine, worker, household)
    with pytest.raises(Stale), acting(cast.engine, worker) as session:
        service.save_lines(session, household, made, budget_form({LineKind.RSA: "1"}, version=1))
    with pytest.raises(Stale), acting(cast.engine, worker) as session:
        service.validate_assessment(session, household, made, 1)
    with acting(cast.engine, worker) as session:
        assert len(lines_of(session, [made])[made]) == len(G1)


def test_one_draft_at_a_time_for_an_organisation(cast: Cast, worker: Member, household: UUID) -> None:
    made = draft(cast.engine, worker, household)
    with pytest.raises(service.AlreadyStarted) as refused, acting(cast.engine, worker) as session:
        service.start_assessment(session, household)
    assert refused.value.draft_id == made
    with acting(cast.engine, worker) as session:
        mine = {d.id: d.title for d in my_drafts(session)}
    assert mine[made] == "DIALLO Aminata"


@pytest.mark.parametrize("role", ["volunteer", "council", "coordinator", "dpo", "admin"])
def test_other_roles_do_not_write_budgets(cast: Cast, household: UUID, role: str) -> None:
    with pytest.raises(NotAllowed), acting(cast.engine, cast.ccas.people[role]) as session:
        service.start_assessment(session, household)


def test_a_stranger_or_a_partner_without_the_budget_knows_nothing(cast: Cast, worker: Member, household: UUID) -> None:
    agree(cast.engine, worker, household, [cast.epicerie], parts=("identity", "needs"))
    made = validated(cast.engine, worker, household)
    for organised in (cast.epicerie, cast.bonne_action, cast.elsewhere):
        actor = organised.people["intake"]
        with acting(cast.engine, actor) as session:
            assert session.get(Assessment, made) is None
            with pytest.raises(NotKnown):
                assessment_view(session, household, made)
            with pytest.raises(NotKnown):
                service.start_assessment(session, household)


def test_the_draft_of_another_organisation_is_not_known(cast: Cast, worker: Member, household: UUID) -> None:
    agree(cast.engine, worker, household, [cast.epicerie], parts=("identity", "budget"))
    made = draft(cast.engine, worker, household)
    with acting(cast.engine, cast.epicerie.people["intake"]) as session:
        assert file_budget(session, household).drafts == []
        with pytest.raises(NotKnown):
            assessment_view(session, household, made)
        with pytest.raises(NotKnown):
            service.save_lines(session, household, made, budget_form(G1, version=2))
        with pytest.raises(NotKnown):
            service.start_from(session, household, made)


def test_each_act_leaves_a_line_that_names_fields_never_amounts(
    cast: Cast, shared_base: Base, worker: Member, household: UUID
) -> None:
    validated(cast.engine, worker, household)
    lines = shared_base.admin(
        "select verb, fields::text from journal where household_id = %s order by number", household
    )
    verbs = [verb for verb, _ in lines]
    assert verbs[-3:] == ["budget.start", "budget.lines", "budget.validate"]
    assert not any("740" in str(fields) for _, fields in lines)


# ------------------------------------------------------------------ facts of health


def test_the_true_kind_is_split_and_the_frozen_answers_do_not_tell_it(
    cast: Cast, shared_base: Base, worker: Member, household: UUID
) -> None:
    made = validated(cast.engine, worker, household, WITH_HEALTH)
    with acting(cast.engine, worker) as session:
        rows = list(session.exec(select(BudgetLine).where(BudgetLine.assessment_id == made)))
        assert sorted(row.kind for row in rows) == ["autre_charge", "autre_ressource", "loyer"]
        details = list(session.exec(select(BudgetLineDetail).where(BudgetLineDetail.household_id == household)))
        assert {detail.kind for detail in details} == {"aah", "frais_sante"}
    frozen = shared_base.admin("select result::text from assessment_result where assessment_id = %s", made)
    assert frozen
    for (text,) in frozen:
        assert "aah" not in str(text).lower()
        assert "sant" not in str(text).lower()


def test_a_partner_sees_another_resource_and_a_professional_trusted_with_health_the_true_one(
    cast: Cast, worker: Member, household: UUID, professional: Member
) -> None:
    agree(cast.engine, worker, household, [cast.epicerie], parts=EVERYTHING)
    made = validated(cast.engine, worker, household, WITH_HEALTH)

    def seen(actor: Member) -> tuple[list[LineKind], set[str]]:
        with acting(cast.engine, actor) as session:
            view = assessment_view(session, household, made)
        explained = {line.label for answer in view.answers if answer.result for line in answer.result.lines}
        return [line.kind for line in view.lines], explained

    kinds, labels = seen(cast.epicerie.people["intake"])
    assert kinds == [LineKind.AUTRE_RESSOURCE, LineKind.LOYER, LineKind.AUTRE_CHARGE]
    assert labels == {"Autre ressource", "Loyer", "Autre charge"}
    kinds, labels = seen(professional)
    assert kinds == [LineKind.AAH, LineKind.LOYER, LineKind.FRAIS_SANTE]
    assert LineKind.AAH.label in labels


def test_a_partner_who_may_not_see_health_may_not_write_it(cast: Cast, worker: Member, household: UUID) -> None:
    agree(cast.engine, worker, household, [cast.epicerie], parts=EVERYTHING)
    partner = cast.epicerie.people["intake"]
    with pytest.raises(service.Sensitive, match="touche à la santé"):
        draft(cast.engine, partner, household, WITH_HEALTH)


def test_a_colleague_who_may_not_see_health_does_not_take_up_the_draft(
    cast: Cast, worker: Member, household: UUID, professional: Member
) -> None:
    agree(cast.engine, worker, household, [cast.epicerie], parts=EVERYTHING)
    made = draft(cast.engine, professional, household, WITH_HEALTH)
    with pytest.raises(service.SomebodyElses), acting(cast.engine, cast.epicerie.people["intake"]) as session:
        service.save_lines(session, household, made, budget_form(G1, version=2))
    with acting(cast.engine, professional) as session:
        assert [line.kind for line in lines_of(session, [made])[made]] == list(WITH_HEALTH)
