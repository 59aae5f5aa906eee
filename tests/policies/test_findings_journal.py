"""What was promised of the journal, kept: no gap, no change, no value, and every tampering found at its line."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy.exc import ProgrammingError

from coordination.audit.queries import Verdict, verify
from coordination.audit.service import note_reading
from coordination.kit.actor import Service
from coordination.kit.db import ActorSession, acting
from tests.policies.conftest import House, open_file

CANARY = "Zyxwvcanari"


def verdict(house: House, network: UUID) -> Verdict:
    with ActorSession(house.base.engine, Service("journal", network)) as session:
        return verify(session, network)


def test_numbers_have_no_gap_when_many_write_and_some_give_up(house: House) -> None:
    def work(turn: int) -> None:
        with ActorSession(house.base.engine, house.worker) as session:
            note_reading(session, "household.read", house.file)
            if turn % 3 == 0:
                session.rollback()
            else:
                session.commit()

    with ThreadPoolExecutor(6) as many:
        list(many.map(work, range(60)))
    numbers = house.base.admin(
        "select number from journal where network_id = %s order by number", house.worker.network_id
    )
    assert [number for (number,) in numbers] == list(range(1, len(numbers) + 1))
    assert len(numbers) > 40
    found = verdict(house, house.worker.network_id)
    assert found.sound
    assert found.lines == len(numbers)


def test_each_network_has_its_own_chain(house: House) -> None:
    assert verdict(house, house.cast.elsewhere.network_id).sound
    firsts = house.base.admin("select count(*) from journal where number = 1 and previous_hash = ''")
    assert firsts == house.base.admin("select count(*) from journal_head")


@pytest.mark.parametrize("statement", ["update journal set verb = 'x'", "delete from journal", "truncate journal"])
def test_nobody_changes_a_line_not_even_the_owner(house: House, statement: str) -> None:
    with house.admin() as admin, pytest.raises(psycopg.errors.InsufficientPrivilege, match="only ever added to"):
        admin.execute(statement.encode())
    with house.owner() as owner:
        owner.execute("alter table journal no force row level security")
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="only ever added to"):
            owner.execute(statement.encode())
        owner.rollback()
    with house.connect(house.worker) as app, pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute(statement.encode())


def test_what_the_trigger_sets_cannot_be_chosen(house: House) -> None:
    with house.connect(house.worker) as connection:
        line = uuid4()
        connection.execute(
            "insert into journal (network_id, number, id, at, actor_kind, actor_id, organisation_id, verb, subject,"
            " subject_id, fields, previous_hash, hash) values (%s, 900, %s, '2001-01-01', 'service', 'operator', %s,"
            " 'v', 's', gen_random_uuid()::text, '{}', 'p', 'h')",
            [house.worker.network_id, line, house.cast.secours.id],
        )
        connection.commit()
    ((number, kind, actor, organisation, recent),) = house.base.admin(
        "select number, actor_kind, actor_id, organisation_id, at > now() - interval '1 hour'"
        " from journal where id = %s",
        line,
    )
    assert (kind, actor, organisation, recent) == (
        "member",
        str(house.worker.membership_id),
        house.worker.organisation_id,
        True,
    )
    assert number != 900
    assert verdict(house, house.worker.network_id).sound


def test_a_line_about_a_file_comes_from_an_organisation_it_concerns(house: House) -> None:
    with acting(house.base.engine, house.worker) as session:
        note_reading(session, "household.read", house.file)
    with (
        pytest.raises(ProgrammingError, match="row-level security"),
        acting(house.base.engine, house.stranger) as session,
    ):
        note_reading(session, "household.read", house.file)


def test_no_value_ever_enters_the_journal(house: House) -> None:
    file = open_file(house.base.engine, house.worker, CANARY)
    assert house.base.admin(
        "select count(*) from person where household_id = %s and family_name = %s", file, CANARY
    ) == [(1,)]
    lines = house.base.admin("select to_jsonb(j)::text from journal j where household_id = %s", file)
    assert lines
    everything = " ".join(str(line) for (line,) in house.base.admin("select to_jsonb(j)::text from journal j"))
    assert CANARY.lower() not in everything.lower()


# ------------------------------------------------------------------ tampering


@pytest.fixture
def chain(house: House) -> Iterator[UUID]:
    """A network whose journal was tampered with by a superuser, put back afterwards."""
    network = house.cast.elsewhere.network_id
    worker = house.cast.elsewhere.people["intake"]
    file = open_file(house.base.engine, worker, "Loin")
    with acting(house.base.engine, worker) as session:
        note_reading(session, "household.read", file)
    house.base.admin("create table kept as select * from journal; create table kept_head as select * from journal_head")
    yield network
    house.base.admin(
        "alter table journal disable trigger user; delete from journal; insert into journal select * from kept;"
        " delete from journal_head; insert into journal_head select * from kept_head;"
        " alter table journal enable trigger user; drop table kept, kept_head"
    )


REHASHED = (
    "update journal j set verb = 'x' where {at}; update journal j set hash ="
    " encode(sha256(convert_to(access.journal_text(j), 'UTF8')), 'hex') where {at}"
)
TAMPERINGS = {
    "the verb": ("update journal set verb = verb || 'x' where {at}", 0),
    "the moment": ("update journal set at = at + interval '1 microsecond' where {at}", 0),
    "the actor": ("update journal set actor_id = 'x' where {at}", 0),
    "the kind of actor": ("update journal set actor_kind = 'station' where {at}", 0),
    "the organisation": ("update journal set organisation_id = gen_random_uuid() where {at}", 0),
    "the household": ("update journal set household_id = gen_random_uuid() where {at}", 0),
    "the subject": ("update journal set subject = 'x' where {at}", 0),
    "its id": ("update journal set subject_id = 'x' where {at}", 0),
    "the field names": ("update journal set fields = fields || '{x}' where {at}", 0),
    "the line's id": ("update journal set id = gen_random_uuid() where {at}", 0),
    "the hash": ("update journal set hash = 'x' where {at}", 0),
    "the hash before": ("update journal set previous_hash = 'x' where {at}", 0),
    "a line taken out": ("delete from journal where {at}", 0),
    "a line rewritten with its hash": (REHASHED, 1),
}


@pytest.mark.parametrize("tampering", TAMPERINGS)
def test_tampering_is_found_at_its_line(house: House, chain: UUID, tampering: str) -> None:
    statement, later = TAMPERINGS[tampering]
    assert verdict(house, chain).lines >= 4
    tamper(house, statement.replace("{at}", f"network_id = '{chain}' and number = 2"))
    assert verdict(house, chain).broken_at == 2 + later


@pytest.mark.parametrize("cut", [1, 2])
def test_a_cut_tail_is_found_against_the_head_kept_beside(house: House, chain: UUID, cut: int) -> None:
    lines = verdict(house, chain).lines
    tamper(house, f"delete from journal where network_id = '{chain}' and number > {lines - cut}")
    assert verdict(house, chain).broken_at == lines - cut + 1


def test_a_last_line_rewritten_with_its_hash_is_found_against_the_head(house: House, chain: UUID) -> None:
    lines = verdict(house, chain).lines
    tamper(house, REHASHED.replace("{at}", f"network_id = '{chain}' and number = {lines}"))
    assert not verdict(house, chain).sound


def test_a_line_forged_at_the_end_is_found(house: House, chain: UUID) -> None:
    lines = verdict(house, chain).lines
    tamper(
        house,
        "insert into journal select network_id, number + 1, gen_random_uuid(), at, actor_kind, actor_id,"
        " organisation_id, verb, subject, subject_id, household_id, fields, hash, hash from journal"
        f" where network_id = '{chain}' and number = {lines}",
    )
    assert verdict(house, chain).broken_at == lines + 1


def test_a_journal_emptied_whole_is_found(house: House, chain: UUID) -> None:
    tamper(house, f"delete from journal where network_id = '{chain}'")
    assert verdict(house, chain).broken_at == 1


def tamper(house: House, statement: str) -> None:
    """What only a superuser can do: the triggers silenced, then put back."""
    house.base.admin(f"alter table journal disable trigger user; {statement}; alter table journal enable trigger user")
