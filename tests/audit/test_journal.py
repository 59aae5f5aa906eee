"""The chain: gap-free, one per network, unchangeable, and every tampering is found at its line."""

import threading
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from coordination.audit import queries
from coordination.audit.models import JournalLine
from coordination.identity import service
from coordination.identity.models import Membership
from coordination.identity.permissions import Role
from coordination.kit.actor import Member, Service
from coordination.kit.db import ActorSession, acting
from coordination.kit.roles import libpq
from tests.cast import Cast
from tests.conftest import Base


@pytest.fixture
def own(own_cast: Cast) -> Cast:
    """A cast in a database of the test's own: chains are broken here."""
    return own_cast


def verdict(engine_of: Cast, network_id: UUID) -> queries.Verdict:
    with ActorSession(engine_of.engine, Service("journal", network_id)) as session:
        return queries.verify(session, network_id)


def tamper(base: Base, statement: str) -> None:
    """Past the triggers, as whoever owns the machine could."""
    with psycopg.connect(libpq(base.admin_url), autocommit=True) as admin:
        admin.execute("set session_replication_role = replica")
        admin.execute(statement)


def act_once(cast: Cast, admin: Member, target: Member, professional: bool) -> None:
    with acting(cast.engine, admin) as session:
        version = session.get_one(Membership, target.membership_id).version
        service.change_roles(
            session, target.membership_id, roles=[Role.INTAKE], professional=professional, version=version
        )


def test_an_untouched_chain_holds_in_each_network(own: Cast, base: Base) -> None:
    for network_id in (own.ccas.network_id, own.elsewhere.network_id):
        found = verdict(own, network_id)
        (count,) = base.admin("select count(*) from journal where network_id = %s", network_id)[0]
        assert found.sound
        assert found.lines == count
        assert len(found.last_hash) == 64


def test_the_hash_is_the_same_in_python_and_in_the_database(own: Cast, base: Base) -> None:
    with ActorSession(own.engine, own.ccas.people["dpo"]) as session:
        for line in queries.page_of_lines(session, None, 1000):
            assert queries.line_hash(line, line.previous_hash) == line.hash


@pytest.mark.parametrize(
    ("change", "broken_at"),
    [
        ("update journal set verb = 'autre' where number = 5 and network_id = '{n}'", 5),
        ("update journal set actor_id = '' where number = 5 and network_id = '{n}'", 5),
        ("update journal set at = at + interval '1 microsecond' where number = 5 and network_id = '{n}'", 5),
        ("update journal set fields = fields || '{{x}}'::text[] where number = 5 and network_id = '{n}'", 5),
        ("update journal set hash = repeat('0', 64) where number = 5 and network_id = '{n}'", 5),
        ("delete from journal where number = 5 and network_id = '{n}'", 5),
        ("delete from journal where number = 1 and network_id = '{n}'", 1),
        ("update journal set number = number + 1000 where number >= 5 and network_id = '{n}'", 5),
        ("update journal_head set hash = '' where network_id = '{n}'", None),
    ],
)
def test_every_tampering_is_found_at_its_line(own: Cast, base: Base, change: str, broken_at: int | None) -> None:
    network_id = own.ccas.network_id
    (last,) = base.admin("select max(number) from journal where network_id = %s", network_id)[0]
    tamper(base, change.format(n=network_id))
    found = verdict(own, network_id)
    assert not found.sound
    assert found.broken_at == (broken_at or int(str(last)) + 1)
    assert verdict(own, own.elsewhere.network_id).sound


def test_a_cut_tail_is_found_as_long_as_the_head_remains(own: Cast, base: Base) -> None:
    network_id = own.ccas.network_id
    (last,) = base.admin("select max(number) from journal where network_id = %s", network_id)[0]
    tamper(base, f"delete from journal where network_id = '{network_id}' and number > {int(str(last)) - 3}")
    assert verdict(own, network_id).broken_at == int(str(last)) - 2
    tamper(base, f"delete from journal where network_id = '{network_id}'")
    assert verdict(own, network_id).broken_at == 1


def test_an_empty_journal_holds(base: Base) -> None:
    nowhere = UUID(int=1)
    with ActorSession(base.engine, Service("journal", nowhere)) as session:
        assert queries.verify(session, nowhere) == queries.Verdict(0, None, "")


def test_the_chain_is_verified_soundly_while_others_write(own: Cast) -> None:
    admin, target = own.ccas.people["admin"], own.ccas.people["intake"]
    stop = threading.Event()

    def write() -> None:
        turn = 0
        while not stop.is_set():
            turn += 1
            act_once(own, admin, target, professional=bool(turn % 2))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        found = [verdict(own, own.ccas.network_id)]
        while len(found) < 25 or (found[-1].lines == found[0].lines and writer.is_alive()):
            found.append(verdict(own, own.ccas.network_id))
    finally:
        stop.set()
        writer.join(10)
    assert all(v.sound for v in found)
    assert found[-1].lines > found[0].lines


@pytest.mark.parametrize("statement", ["update journal set verb = 'x'", "delete from journal", "truncate journal"])
def test_nobody_changes_the_journal_through_the_application(own: Cast, statement: str) -> None:
    with ActorSession(own.engine, own.ccas.people["dpo"]) as session, pytest.raises(DBAPIError):
        session.connection().execute(text(statement))


@pytest.mark.parametrize("statement", ["update journal set verb = 'x'", "delete from journal", "truncate journal"])
def test_nor_does_the_owner_of_the_tables_by_plain_statements(own: Cast, base: Base, statement: str) -> None:
    with psycopg.connect(libpq(base.admin_url)) as admin, pytest.raises(psycopg.errors.InsufficientPrivilege):
        admin.execute(statement)


def test_the_officer_reads_her_network_and_the_others_read_nothing(own: Cast) -> None:
    for organised in own.organisations:
        for role, person in organised.people.items():
            with ActorSession(own.engine, person) as session:
                lines = queries.page_of_lines(session, None, 500)
            assert bool(lines) is (role == "dpo")
            assert {line.network_id for line in lines} <= {person.network_id}


def test_lines_are_paged_by_number(own: Cast) -> None:
    with ActorSession(own.engine, own.ccas.people["dpo"]) as session:
        whole = [line.number for line in queries.page_of_lines(session, None, 1000)]
        pages: list[int] = []
        while page := queries.page_of_lines(session, pages[-1] if pages else None, 7):
            pages += [line.number for line in page]
    assert pages == whole == list(range(len(whole), 0, -1))


def test_no_column_of_the_journal_could_hold_a_value(base: Base) -> None:
    assert set(JournalLine.model_fields) == {
        "network_id", "number", "id", "at", "actor_kind", "actor_id", "organisation_id", "verb", "subject",
        "subject_id", "household_id", "fields", "previous_hash", "hash",
    }  # fmt: skip
