"""A closed file is read, and no longer changes: casework alone goes on; a merged one takes nothing more."""

from collections.abc import Callable
from uuid import UUID

import pytest

from coordination.budgets import service as budgets
from coordination.households import life, queries
from coordination.households.forms import CloseForm
from coordination.households.merging import merge_files
from coordination.households.queries import Closed, Merged
from coordination.households.rules import ClosingReason
from coordination.kit.db import ActorSession, acting
from tests.budgets.make import draft, validated
from tests.casework.make import give, hope, meet, owe, write
from tests.cast import PASSWORD, Cast
from tests.conftest import Browser
from tests.households.make import open_household
from tests.households.test_merging import form_for
from tests.referrals.make import note_need, send
from tests.sharing.make import agree


@pytest.fixture(scope="module")
def closed(cast: Cast) -> tuple[UUID, UUID]:
    """A closed file with a need."""
    worker = cast.ccas.people["intake"]
    file = open_household(cast.engine, worker)
    need = note_need(cast.engine, worker, file)
    with acting(cast.engine, worker) as session:
        life.close(session, file, CloseForm(reason=ClosingReason.NO_NEWS))
    return file, need


def test_agreements_budgets_needs_and_referrals_are_refused_and_casework_goes_on(
    cast: Cast, closed: tuple[UUID, UUID]
) -> None:
    worker, (file, need) = cast.ccas.people["intake"], closed
    for deed in (
        lambda: agree(cast.engine, worker, file, [cast.secours]),
        lambda: draft(cast.engine, worker, file),
        lambda: note_need(cast.engine, worker, file),
        lambda: send(cast.engine, worker, need, [cast.secours]),
        lambda: owe(cast.engine, worker, file),
        lambda: hope(cast.engine, worker, file),
    ):
        with pytest.raises(Closed):
            deed()
    for written in (write, meet, give):
        assert written(cast.engine, worker, file).version == 4


def test_a_budget_begun_before_the_file_was_closed_waits_for_it_to_be_opened_again(cast: Cast) -> None:
    worker = cast.ccas.people["intake"]
    file = open_household(cast.engine, worker)
    validated(cast.engine, worker, file)
    made = draft(cast.engine, worker, file)
    with acting(cast.engine, worker) as session:
        life.close(session, file, CloseForm(reason=ClosingReason.NO_NEWS))
    with ActorSession(cast.engine, worker) as session, pytest.raises(Closed):
        budgets.validate_assessment(session, file, made, 2)
    with acting(cast.engine, worker) as session:
        life.reopen(session, file)
    with acting(cast.engine, worker) as session:
        assert budgets.validate_assessment(session, file, made, 2).status == "validated"


def test_nothing_at_all_is_written_in_a_merged_file(cast: Cast) -> None:
    worker = cast.ccas.people["intake"]
    kept, other = (open_household(cast.engine, worker, "Dubois", "Éva") for _ in range(2))
    with acting(cast.engine, worker) as session:
        merge_files(session, kept, other, form_for(session, kept, other))
        code = queries.household_codes(session, [kept])[kept]
    for written in (write, meet, give, owe, draft, note_need):
        with pytest.raises(Merged, match=code):
            written(cast.engine, worker, other)


def test_its_pages_offer_nothing_that_would_be_refused(
    cast: Cast, closed: tuple[UUID, UUID], browser: Callable[[], Browser]
) -> None:
    file, need = closed
    client = browser().sign_in(cast.ccas.emails["intake"], PASSWORD)
    shown = client.get(f"/foyers/{file}").text + client.get(f"/foyers/{file}/partage").text
    for place in (
        "accords/nouveau",
        "budget/nouveau",
        "besoins/nouveau",
        f"besoins/{need}/orienter",
        "suivi/dette",
        "suivi/projet",
    ):
        assert f"/foyers/{file}/{place}" not in shown, place
        answer = client.get(f"/foyers/{file}/{place}")
        assert (answer.status_code, "Ce dossier est clos" in answer.text) == (409, True), place
    assert f"/foyers/{file}/suivi/note" in shown
    assert f"/foyers/{file}/clore" in shown
