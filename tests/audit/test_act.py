"""Acts: the door is asked before the deed, and one line is written with it, in the same transaction."""

from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest

from coordination.audit.models import JournalLine
from coordination.audit.service import ACTS, act, note_reading, reading
from coordination.identity.models import Membership, Network
from coordination.kit.db import ActorSession, acting
from coordination.kit.errors import NotAllowed
from tests.cast import OPERATOR, Cast
from tests.conftest import Base

Deed = Callable[[ActorSession, Membership, int], Membership]


@pytest.fixture
def deed() -> Iterator[Deed]:
    """An act of the test's own, forgotten afterwards."""

    @act("test.rename", "Essai", needs="manage_accounts")
    def rename(session: ActorSession, member: Membership, version: int) -> Membership:
        """A deed."""
        member.version = version
        return member

    yield rename
    del ACTS["test.rename"]


def count(base: Base, verb: str) -> int:
    return int(str(base.admin("select count(*) from journal where verb = %s", verb)[0][0]))


def test_the_line_is_written_with_the_deed(cast: Cast, shared_base: Base, deed: Deed) -> None:
    admin = cast.ccas.people["admin"]
    with acting(cast.engine, admin) as session:
        deed(session, session.get_one(Membership, cast.ccas.people["dpo"].membership_id), 7)
    kind, actor, organisation, subject, subject_id, fields = shared_base.admin(
        "select actor_kind, actor_id, organisation_id, subject, subject_id, fields from journal where verb = %s",
        "test.rename",
    )[0]
    assert (kind, actor, organisation) == ("member", str(admin.membership_id), admin.organisation_id)
    assert (subject, subject_id) == ("membership", str(cast.ccas.people["dpo"].membership_id))
    assert fields == ["version"]


def test_whoever_lacks_the_door_is_stopped_before_the_deed(cast: Cast, shared_base: Base, deed: Deed) -> None:
    before = count(shared_base, "test.rename")
    target = cast.ccas.people["dpo"].membership_id
    with pytest.raises(NotAllowed), acting(cast.engine, cast.ccas.people["intake"]) as session:
        deed(session, session.get_one(Membership, target), 99)
    assert shared_base.admin("select version from membership where id = %s", target)[0][0] != 99
    assert count(shared_base, "test.rename") == before


def test_a_deed_undone_leaves_no_line(cast: Cast, shared_base: Base, deed: Deed) -> None:
    before = count(shared_base, "test.rename")
    with ActorSession(cast.engine, cast.ccas.people["admin"]) as session:
        deed(session, session.get_one(Membership, cast.ccas.people["dpo"].membership_id), 8)
        session.rollback()
    assert count(shared_base, "test.rename") == before


def test_the_name_and_the_words_of_an_act_survive_the_decorator(deed: Deed) -> None:
    assert deed.__name__ == "rename"
    assert deed.__doc__ == "A deed."
    assert ACTS["test.rename"].label == "Essai"


def test_a_reading_says_who_opened_what(cast: Cast, shared_base: Base) -> None:
    verb = reading("test.read", "Lecture d’essai")
    member = cast.ccas.people["intake"]
    household = uuid4()
    try:
        with acting(cast.engine, member) as session:
            session.door("access.open_file(:id, :code)", id=household, code="ESSAI")
        with acting(cast.engine, member) as session:
            note_reading(session, verb, household)
        line = shared_base.admin("select household_id, actor_id, fields from journal where verb = 'test.read'")[0]
        assert line == (household, str(member.membership_id), [])
    finally:
        del ACTS["test.read"]


def test_the_operators_acts_are_in_the_journal_of_the_network_they_make(shared_base: Base, cast: Cast) -> None:
    rows = shared_base.admin(
        "select actor_kind, actor_id from journal where verb = 'network.add' and network_id = %s", cast.ccas.network_id
    )
    assert rows == [("service", OPERATOR.name)]
    assert Network.__tablename__ == "network"
    assert JournalLine.__tablename__ == "journal"
