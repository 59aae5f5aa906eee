"""Acts of casework: whose words they are, what is kept, who follows, what waits."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from pydantic import ValidationError
from sqlalchemy.exc import ProgrammingError

from coordination.casework import queries, service
from coordination.casework.forms import ContactForm, NoteForm, TaskForm
from coordination.casework.models import Contact, Note
from coordination.casework.rules import Medium
from coordination.identity.permissions import Role
from coordination.kit.actor import Member
from coordination.kit.clock import frozen, now, today
from coordination.kit.db import acting
from coordination.kit.errors import NotAllowed, NotKnown, NotNow, Stale
from tests.casework.make import give, meet, write
from tests.cast import Cast, add_person
from tests.conftest import Base
from tests.households.make import open_household
from tests.sharing.make import agree

DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def worker(cast: Cast) -> Member:
    return cast.ccas.people["intake"]


@pytest.fixture(scope="module")
def colleague(cast: Cast) -> Member:
    return add_person(cast.engine, cast.ccas, "second", [Role.INTAKE], professional=True)


@pytest.fixture
def household(cast: Cast, worker: Member) -> UUID:
    """A file of the CCAS, shared with the grocery."""
    made = open_household(cast.engine, worker)
    agree(cast.engine, worker, made, [cast.epicerie], parts=("identity", "budget", "needs"))
    return made


def words_seen(cast: Cast, member: Member, household_id: UUID) -> list[str]:
    with acting(cast.engine, member) as session:
        return [view.now.words for view in queries.notes_of(session, household_id)]


# ------------------------------------------------------------------ notes


def test_a_note_is_read_by_its_own_organisation_alone(
    cast: Cast, worker: Member, colleague: Member, household: UUID
) -> None:
    partner = cast.epicerie.people["intake"]
    write(cast.engine, worker, household, "Écrit au CCAS")
    write(cast.engine, partner, household, "Écrit à l’épicerie")
    assert words_seen(cast, colleague, household) == ["Écrit au CCAS"]
    assert words_seen(cast, partner, household) == ["Écrit à l’épicerie"]
    for role in ("volunteer", "coordinator", "admin", "dpo"):
        assert words_seen(cast, cast.ccas.people[role], household) == []


def test_a_share_of_the_notes_opens_nobody_elses(
    cast: Cast, worker: Member, household: UUID, shared_base: Base
) -> None:
    write(cast.engine, worker, household, "Écrit au CCAS")
    shared_base.admin(
        "insert into share (id, network_id, household_id, organisation_id, holder_organisation_id, scope, audience,"
        " ground, valid_from) select gen_random_uuid(), network_id, id, %s, holder_organisation_id, 'notes', 'all',"
        " 'agreement', access.today() from household where id = %s",
        cast.epicerie.id,
        household,
    )
    assert words_seen(cast, cast.epicerie.people["intake"], household) == []


def test_a_correction_keeps_the_former_version(
    cast: Cast, worker: Member, colleague: Member, household: UUID, shared_base: Base
) -> None:
    first = write(cast.engine, worker, household, "Trois enfants")
    with acting(cast.engine, colleague) as session:
        second = service.correct_note(session, household, first, NoteForm(words="Deux enfants", latest=first)).id
    with acting(cast.engine, worker) as session:
        service.correct_note(session, household, second, NoteForm(words="Deux enfants et demi", latest=second))
    with acting(cast.engine, worker) as session:
        [view] = queries.notes_of(session, household)
        assert queries.note_of(session, household, first) == view
    assert [view.now.words, *(v.words for v in view.former)] == [
        "Deux enfants et demi",
        "Deux enfants",
        "Trois enfants",
    ]
    assert view.former[0].author == "Second"
    lines = shared_base.admin(
        "select verb, subject, fields from journal where household_id = %s and subject = 'note' order by number",
        household,
    )
    assert [line[0] for line in lines] == ["note.write", "note.correct", "note.correct"]
    assert "Deux" not in str(lines)


def test_of_two_corrections_at_once_the_second_is_told(cast: Cast, worker: Member, household: UUID) -> None:
    first = write(cast.engine, worker, household)

    def correct(words: str) -> bool:
        try:
            with acting(cast.engine, worker) as session:
                service.correct_note(session, household, first, NoteForm(words=words, latest=first))
        except Stale:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(correct, ["l’une", "l’autre"])) == [False, True]
    assert len(words_seen(cast, worker, household)) == 1


def test_a_note_never_changes_nor_goes(cast: Cast, worker: Member, household: UUID) -> None:
    written = write(cast.engine, worker, household)
    for statement in ("update note set words = 'x'", "delete from note"):
        with pytest.raises(ProgrammingError, match="permission denied"), acting(cast.engine, worker) as session:
            session.connection().exec_driver_sql(statement)
    with acting(cast.engine, worker) as session:
        assert session.get(Note, written) is not None


def test_nobody_writes_on_a_file_that_is_not_open_nor_without_the_role(cast: Cast, household: UUID) -> None:
    for stranger in (cast.bonne_action.people["intake"], cast.elsewhere.people["intake"]):
        with pytest.raises(NotKnown):
            write(cast.engine, stranger, household)
        with pytest.raises(NotKnown):
            meet(cast.engine, stranger, household)
    with pytest.raises(NotAllowed):
        write(cast.engine, cast.ccas.people["volunteer"], household)


# ------------------------------------------------------------------ contacts


def last(cast: Cast, member: Member, household_id: UUID) -> date | None:
    with acting(cast.engine, member) as session:
        return queries.last_contact(session, household_id)


def test_the_last_contact_is_the_latest_one_and_never_a_reading(cast: Cast, worker: Member, household: UUID) -> None:
    write(cast.engine, worker, household)
    assert last(cast, worker, household) is None
    meet(cast.engine, worker, household, today() - 3 * DAY)
    meet(cast.engine, worker, household, today() - 40 * DAY)
    assert last(cast, worker, household) == today() - 3 * DAY


def test_a_contact_written_by_mistake_is_taken_back_by_its_writer_within_a_day(
    cast: Cast, worker: Member, colleague: Member, household: UUID
) -> None:
    meet(cast.engine, worker, household, today() - 30 * DAY)
    wrong = meet(cast.engine, worker, household, today())
    with pytest.raises(service.SomebodyElses), acting(cast.engine, colleague) as session:
        service.cancel_contact(session, household, wrong)
    with acting(cast.engine, worker) as session:
        kept = service.cancel_contact(session, household, wrong)
        assert (kept.cancelled_by, kept.met_on) == (worker.membership_id, today())
        assert [view.row.met_on for view in queries.contacts_of(session, household)] == [today() - 30 * DAY]
    assert last(cast, worker, household) == today() - 30 * DAY
    with pytest.raises(NotNow, match="déjà"), acting(cast.engine, worker) as session:
        service.cancel_contact(session, household, wrong)
    with frozen(now() - 25 * DAY / 24):
        old = meet(cast.engine, worker, household, today())
    with pytest.raises(NotNow, match="24 heures"), acting(cast.engine, worker) as session:
        service.cancel_contact(session, household, old)


def test_the_holder_is_told_the_day_of_a_partners_contact_and_nothing_else(
    cast: Cast, worker: Member, household: UUID
) -> None:
    partner = cast.epicerie.people["intake"]
    meet(cast.engine, worker, household, today() - 9 * DAY)
    meet(cast.engine, partner, household, today() - DAY, words="Ne le dites à personne")
    assert last(cast, worker, household) == today() - DAY
    assert last(cast, partner, household) == today() - DAY
    with acting(cast.engine, worker) as session:
        assert [view.row.met_on for view in queries.contacts_of(session, household)] == [today() - 9 * DAY]
    meet(cast.engine, worker, household)
    assert last(cast, partner, household) == today() - DAY
    assert last(cast, cast.bonne_action.people["intake"], household) is None
    assert last(cast, cast.elsewhere.people["intake"], household) is None


def test_a_contact_to_come_is_refused_by_the_form_and_by_the_wall(cast: Cast, worker: Member, household: UUID) -> None:
    with pytest.raises(ValidationError, match="à venir"):
        ContactForm(met_on=today() + DAY, medium=Medium.PHONE, with_whom="x")
    future = Contact(
        network_id=worker.network_id,
        household_id=household,
        organisation_id=worker.organisation_id,
        met_on=today() + 2 * DAY,
        medium="telephone",
        written_by=worker.membership_id,
    )
    with pytest.raises(ProgrammingError, match="row-level security"), acting(cast.engine, worker) as session:
        session.add(future)


# ------------------------------------------------------------------ tasks and who follows


def test_a_task_waits_for_whoever_it_was_given_to_from_its_day_on(
    cast: Cast, worker: Member, colleague: Member, household: UUID
) -> None:
    give(cast.engine, worker, household, colleague, today() - DAY, "en retard")
    give(cast.engine, worker, household, colleague, today(), "aujourd’hui")
    give(cast.engine, worker, household, colleague, today() + DAY, "demain")
    with acting(cast.engine, colleague) as session:
        due = queries.my_due_tasks(session)
    assert [(each.row.what, each.late) for each in due if each.row.household_id == household] == [
        ("en retard", True),
        ("aujourd’hui", False),
    ]
    with acting(cast.engine, worker) as session:
        assert [each for each in queries.my_due_tasks(session) if each.row.household_id == household] == []


def test_a_task_is_done_once_and_may_be_opened_again(cast: Cast, worker: Member, household: UUID) -> None:
    task_id = give(cast.engine, worker, household)
    with acting(cast.engine, worker) as session:
        done = service.end_task(session, household, task_id, 1)
        assert (done.done_by, done.version) == (worker.membership_id, 2)
    with pytest.raises(Stale), acting(cast.engine, worker) as session:
        service.end_task(session, household, task_id, 1)
    with acting(cast.engine, worker) as session:
        assert service.reopen_task(session, household, task_id, 2).done_at is None
    with pytest.raises(NotKnown), acting(cast.engine, cast.epicerie.people["intake"]) as session:
        service.end_task(session, household, task_id, 3)


@pytest.mark.parametrize("who", ["volunteer", "partner", "nobody"])
def test_a_task_or_a_file_is_given_only_to_a_colleague_who_opens_files(
    cast: Cast, worker: Member, household: UUID, who: str
) -> None:
    given = {
        "volunteer": cast.ccas.people["volunteer"].membership_id,
        "partner": cast.epicerie.people["intake"].membership_id,
        "nobody": uuid4(),
    }[who]
    with pytest.raises(service.NoColleague), acting(cast.engine, worker) as session:
        service.name_referent(session, household, given)
    with pytest.raises(service.NoColleague), acting(cast.engine, worker) as session:
        service.give_task(session, household, TaskForm(what="x", due_on=today(), assigned_to=given))


def test_a_partner_knows_the_holders_referent_and_its_own_only(
    cast: Cast, worker: Member, colleague: Member, household: UUID
) -> None:
    partner, other = cast.epicerie.people["intake"], cast.secours.people["intake"]
    agree(cast.engine, worker, household, [cast.epicerie, cast.secours])
    for member in (worker, partner):
        with acting(cast.engine, member) as session:
            service.name_referent(session, household, member.membership_id)
    with acting(cast.engine, worker) as session:
        service.name_referent(session, household, colleague.membership_id)
        assert [(v.name, v.mine) for v in queries.referents_of(session, household)] == [("Second", True)]
    with acting(cast.engine, partner) as session:
        assert [(v.name, v.mine) for v in queries.referents_of(session, household)] == [
            ("Intake", True),
            ("Second", False),
        ]
    with acting(cast.engine, other) as session:
        assert [v.name for v in queries.referents_of(session, household)] == ["Second"]
