"""Debts, the household's project, documents seen: read with their part, corrected by whoever noted them."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from pydantic import ValidationError

from coordination.casework import queries, service
from coordination.casework.forms import DebtForm, DocumentsForm, GoalForm
from coordination.casework.rules import CreditorKind, DocumentKind, GoalState
from coordination.kit.actor import Member
from coordination.kit.clock import today
from coordination.kit.db import acting
from coordination.kit.errors import NotKnown, Stale
from tests.casework.make import hope, owe
from tests.cast import PASSWORD, Cast
from tests.conftest import Browser
from tests.households.make import open_household
from tests.sharing.make import agree


@pytest.fixture(scope="module")
def worker(cast: Cast) -> Member:
    return cast.ccas.people["intake"]


@pytest.fixture
def household(cast: Cast, worker: Member) -> UUID:
    """A file of the CCAS: the grocery reads identity and budget, Secours populaire identity and needs."""
    made = open_household(cast.engine, worker)
    agree(cast.engine, worker, made, [cast.epicerie], parts=("identity", "budget"))
    agree(cast.engine, worker, made, [cast.secours])
    return made


def seen(cast: Cast, member: Member, household_id: UUID) -> tuple[int, int, int]:
    """How many debts, projects and documents."""
    with acting(cast.engine, member) as session:
        work = queries.casework_of(session, household_id)
    return len(work.debts), len(work.goals), len(work.documents)


def test_each_is_read_with_its_part(cast: Cast, worker: Member, household: UUID) -> None:
    owe(cast.engine, worker, household)
    hope(cast.engine, worker, household)
    form = DocumentsForm(kinds=[DocumentKind.RENT, DocumentKind.TAX, DocumentKind.RENT], seen_on=today())
    with acting(cast.engine, worker) as session:
        assert len(service.see_documents(session, household, form)) == 2
    assert seen(cast, worker, household) == (1, 1, 2)
    assert seen(cast, cast.epicerie.people["intake"], household) == (1, 0, 2)
    assert seen(cast, cast.secours.people["intake"], household) == (0, 1, 2)
    assert seen(cast, cast.ccas.people["volunteer"], household) == (0, 1, 2)
    assert seen(cast, cast.bonne_action.people["intake"], household) == (0, 0, 0)


def test_what_a_partner_noted_is_read_and_left_as_it_is(cast: Cast, worker: Member, household: UUID) -> None:
    partner = cast.epicerie.people["intake"]
    theirs = owe(cast.engine, partner, household)
    form = DebtForm(creditor_kind=CreditorKind.BANK, amount=1, version=1)
    with pytest.raises(service.SomebodyElses), acting(cast.engine, worker) as session:
        service.correct_debt(session, household, theirs, form)
    with pytest.raises(NotKnown):
        hope(cast.engine, partner, household)
    with pytest.raises(NotKnown):
        owe(cast.engine, cast.secours.people["intake"], household)


def test_debts_add_up_until_they_end(cast: Cast, worker: Member, household: UUID) -> None:
    first, _ = owe(cast.engine, worker, household, 64000), owe(cast.engine, worker, household, 10050)
    planned = DebtForm(creditor_kind=CreditorKind.LANDLORD, amount=120000, plan=True, instalment=5000)
    with acting(cast.engine, worker) as session:
        service.note_debt(session, household, planned)
        work = queries.casework_of(session, household)
        assert (work.owed_cents, work.instalments_cents) == (194050, 5000)
    ended = DebtForm(creditor_kind=CreditorKind.ENERGY, amount=64000, ended=True, version=1)
    with acting(cast.engine, worker) as session:
        assert service.correct_debt(session, household, first, ended).ended_on == today()
        assert queries.casework_of(session, household).owed_cents == 130050
    with pytest.raises(Stale), acting(cast.engine, worker) as session:
        service.correct_debt(session, household, first, ended)


def test_a_project_is_reached(cast: Cast, worker: Member, household: UUID) -> None:
    goal_id = hope(cast.engine, worker, household)
    form = GoalForm(words="Passer le permis B", state=GoalState.REACHED, version=1)
    with acting(cast.engine, worker) as session:
        service.correct_goal(session, household, goal_id, form)
    with pytest.raises(Stale), acting(cast.engine, worker) as session:
        service.correct_goal(session, household, goal_id, form)
    with acting(cast.engine, worker) as session:
        [view] = queries.goals_of(session, household)
        assert (view.state, view.row.words) == (GoalState.REACHED, "Passer le permis B")


@pytest.mark.parametrize("typed", ["0", "-5", "douze", "1e9", "1,234", ""])
def test_an_amount_that_cannot_be_is_refused(typed: str) -> None:
    with pytest.raises(ValidationError):
        DebtForm.model_validate({"creditor_kind": "banque", "amount": typed})


def test_an_instalment_goes_with_a_plan_and_not_beyond_the_debt() -> None:
    for wrong in ({"plan": "", "instalment": "10"}, {"plan": "oui", "instalment": "700"}):
        with pytest.raises(ValidationError, match="mensualité"):
            DebtForm.model_validate({"creditor_kind": "banque", "amount": "640,50", **wrong})


def test_a_document_is_never_seen_tomorrow() -> None:
    with pytest.raises(ValidationError, match="à venir"):
        DocumentsForm(kinds=[DocumentKind.TAX], seen_on=today() + timedelta(days=1))


def test_the_pages_note_correct_and_keep_what_was_typed(
    cast: Cast, household: UUID, browser: Callable[[], Browser]
) -> None:
    page = browser().sign_in(cast.ccas.emails["intake"], PASSWORD)
    here = f"/foyers/{household}/suivi"
    data = {
        "creditor_kind": "energie",
        "creditor": "Fournisseur",
        "amount": "1 234,5",
        "plan": "oui",
        "instalment": "50",
    }
    assert page.post(f"{here}/dette", data=data).status_code == 303
    assert (
        page.post(f"{here}/projet", data={"words": "Changer de logement", "until_date": "01/06/2027"}).status_code
        == 303
    )
    assert (
        page.post(
            f"{here}/document", data={"kinds": ["bail", "quittance"], "seen_on": f"{today():%d/%m/%Y}"}
        ).status_code
        == 303
    )
    file = page.get(f"/foyers/{household}").text
    for words in ("Fournisseur", "1\u202f234,50", "Changer de logement", "1er juin 2027", "Documents vus (2)"):
        assert words in file, words
    debt = file.split(f"{here}/dettes/")[1].split('"')[0]
    assert 'value="1234,50"' in page.get(f"{here}/dettes/{debt}").text
    wrong = page.post(f"{here}/dettes/{debt}", data={**data, "amount": "douze", "version": "1"})
    assert wrong.status_code == 422
    assert "douze" in wrong.text
    assert page.post(f"{here}/dettes/{debt}", data={**data, "ended": "oui", "version": "1"}).status_code == 303
    late = page.post(f"{here}/dettes/{debt}", data={**data, "amount": "700", "version": "1"})
    assert late.status_code == 409
    assert 'value="700"' in late.text
    assert "Enregistré : « 1234,50 »." in late.text.replace("\xa0", " ")
    assert "Enregistré : « soldée »." in late.text.replace("\xa0", " ")
    assert "soldée" in page.get(f"/foyers/{household}").text
