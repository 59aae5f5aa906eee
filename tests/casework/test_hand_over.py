"""A colleague leaves: her open tasks and her files go to another, in one act, and to nobody outside."""

from collections.abc import Callable
from uuid import UUID

import pytest

from coordination.casework import queries, service
from coordination.households import protection
from coordination.households.reach import BarReason
from coordination.identity.permissions import Role
from coordination.kit.actor import Member
from coordination.kit.clock import today
from coordination.kit.db import acting
from tests.casework.make import give
from tests.cast import PASSWORD, Cast, add_person
from tests.conftest import Base, Browser
from tests.households.make import open_household


@pytest.fixture(scope="module")
def worker(cast: Cast) -> Member:
    return cast.ccas.people["intake"]


def colleague(cast: Cast, key: str) -> Member:
    return add_person(cast.engine, cast.ccas, key, [Role.INTAKE], professional=True)


def follow(cast: Cast, worker: Member, to: Member) -> UUID:
    """A file that `to` follows, with one task to do and one done."""
    household = open_household(cast.engine, worker)
    give(cast.engine, worker, household, to, what="à passer")
    done = give(cast.engine, worker, household, to, what="faite")
    with acting(cast.engine, worker) as session:
        service.end_task(session, household, done, 1)
        service.name_referent(session, household, to.membership_id)
    return household


def test_open_tasks_and_files_go_over_and_what_is_done_stays(cast: Cast, worker: Member, shared_base: Base) -> None:
    leaving, taking = colleague(cast, "partante"), colleague(cast, "reprenante")
    files = {follow(cast, worker, leaving) for _ in range(3)}
    with acting(cast.engine, worker) as session:
        done = service.hand_over(session, leaving.membership_id, taking.membership_id)
        assert (done.tasks, done.files, done.sentence) == (3, 3, "3 tâches et 3 dossiers")
    with acting(cast.engine, taking) as session:
        load = queries.load_of(session, taking.membership_id)
        assert {row.household_id for row, _ in load.tasks} == files
        assert {row.household_id for row, _ in load.files} == files
        assert all(row.since == today() for row, _ in load.files)
        left = queries.load_of(session, leaving.membership_id)
        assert (left.tasks, left.files) == ([], [])
    lines = shared_base.admin(
        "select verb, count(*) from journal where verb like '%%hand_over' group by verb order by 1"
    )
    assert lines == [("referent.hand_over", 3), ("task.hand_over", 3)]
    with pytest.raises(service.NothingToHandOver), acting(cast.engine, worker) as session:
        service.hand_over(session, leaving.membership_id, taking.membership_id)


def test_a_suspended_colleague_can_be_relieved_but_takes_nothing(cast: Cast, worker: Member, shared_base: Base) -> None:
    gone = colleague(cast, "suspendue")
    follow(cast, worker, gone)
    shared_base.admin("update membership set suspended_at = now() where id = %s", gone.membership_id)
    with pytest.raises(service.NoColleague), acting(cast.engine, worker) as session:
        service.hand_over(session, worker.membership_id, gone.membership_id)
    with acting(cast.engine, worker) as session:
        assert service.hand_over(session, gone.membership_id, worker.membership_id).files == 1


def test_nothing_goes_to_another_structure_nor_is_taken_from_one(cast: Cast, worker: Member) -> None:
    partner = cast.epicerie.people["intake"]
    mine = colleague(cast, "restante")
    follow(cast, worker, mine)
    with pytest.raises(service.NoColleague), acting(cast.engine, worker) as session:
        service.hand_over(session, mine.membership_id, partner.membership_id)
    with pytest.raises(service.NothingToHandOver), acting(cast.engine, partner) as session:
        service.hand_over(session, mine.membership_id, partner.membership_id)


def test_the_page_shows_what_goes_and_what_went(cast: Cast, worker: Member, browser: Callable[[], Browser]) -> None:
    leaving, taking = colleague(cast, "avant"), colleague(cast, "apres")
    follow(cast, worker, leaving)
    page = browser().sign_in(cast.ccas.emails["intake"], PASSWORD)
    shown = page.get(f"/suivi/passer?de={leaving.membership_id}").text
    assert "Ce que suit Avant" in shown
    assert "MARTIN Sophie" in shown
    same = {"from_whom": str(leaving.membership_id), "to_whom": str(leaving.membership_id)}
    assert page.post("/suivi/passer", data=same).status_code == 422
    moved = page.post("/suivi/passer", data={**same, "to_whom": str(taking.membership_id)})
    assert moved.status_code == 303
    report = page.get(moved.headers["location"]).text
    assert "Passé à Apres : 1 tâche et 1 dossier." in report
    assert "Ce que suit Apres" in report


def test_nothing_is_handed_to_somebody_the_file_is_closed_to(cast: Cast, worker: Member) -> None:
    """She would not see it, and nobody else would have it to do."""
    leaving, cousin = colleague(cast, "sortante"), colleague(cast, "cousine")
    file = follow(cast, worker, leaving)
    with acting(cast.engine, worker) as session:
        protection.close_to(session, file, cousin.membership_id, BarReason.RELATIVE)
    with pytest.raises(service.KeptOut):
        give(cast.engine, worker, file, cousin)
    with acting(cast.engine, worker) as session, pytest.raises(service.KeptOut):
        service.name_referent(session, file, cousin.membership_id)
    with pytest.raises(service.KeptOut), acting(cast.engine, worker) as session:
        service.hand_over(session, leaving.membership_id, cousin.membership_id)
    with acting(cast.engine, worker) as session:
        load = queries.load_of(session, leaving.membership_id)
        assert ([row.what for row, _ in load.tasks], len(load.files)) == (["à passer"], 1)
