"""What was learnt of plans, kept: one file is an index look-up, a search has its door, a list its index."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import psycopg
import pytest

from coordination.households.matching import network_of
from coordination.households.queries import counted
from tests.policies.conftest import House
from tests.policies.trials import act_as

FILES = 4000
FIND = "select * from access.find_people(%s, %s, '{}', null, null, 10)"
PARTS = "array['identity', 'budget', 'needs', 'aid', 'notes']"


@pytest.fixture(scope="module")
def loaded(house: House) -> House:
    """Twenty thousand shares of four thousand files, each with one person."""
    network, holder = house.worker.network_id, house.worker.organisation_id
    with house.admin() as admin:
        admin.execute(
            "insert into household (id, network_id, code, holder_organisation_id, opened_at, closing_reason)"
            f" select gen_random_uuid(), %s, 'L' || n, %s, now(), '' from generate_series(1, {FILES}) n",
            [network, holder],
        )
        admin.execute(
            "insert into share (id, network_id, household_id, organisation_id, holder_organisation_id, scope, audience,"
            " ground, valid_from)"
            " select gen_random_uuid(), network_id, id, %s, %s, part, 'all', 'holder', access.today()"
            f" from household, unnest({PARTS}) part where code like 'L%%'",
            [holder, holder],
        )
        admin.execute(
            "insert into person (id, network_id, household_id, family_name, given_name, birth_precision, name_folded,"
            " name_keys, version) select gen_random_uuid(), network_id, id, code, '', 'unknown', code,"
            " array_to_tsvector(array[left(code, 3), right(code, 3), 'r' || hashtext(code)]), 1"
            " from household where code like 'L%'"
        )
        admin.execute(
            "insert into household_profile (household_id, network_id, commune, address_kind, address, phone, email,"
            " family_situation, housing, origin, representative_name, representative_link, representative_phone,"
            " updated_at, version) select id, network_id, '', 'fixe', '12 rue ' || code, '', '', '', '', '', '', '',"
            " '', now(), 1 from household where code like 'L%'"
        )
        admin.commit()
        admin.autocommit = True
        admin.execute("vacuum analyze")
    return house


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every node of a plan."""
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes(child)


def explained(connection: psycopg.Connection[Any], query: str, *values: object) -> list[dict[str, Any]]:
    row = connection.execute(f"explain (format json) {query}".encode(), values).fetchone()
    assert row is not None
    return list(nodes(row[0][0]["Plan"]))


def one_file(house: House) -> UUID:
    found = house.base.admin("select id from household where code = 'L77'")[0][0]
    assert isinstance(found, UUID)
    return found


@pytest.mark.parametrize("table", ["person", "household_profile", "stay", "assessment", "need", "agreement"])
def test_one_file_is_an_index_look_up_on_share(loaded: House, table: str) -> None:
    with loaded.connect(loaded.worker) as connection:
        plan = explained(connection, f"select * from {table} where household_id = %s", one_file(loaded))
    on_share = [node for node in plan if node.get("Relation Name") == "share"]
    by_index = [node for node in plan if str(node.get("Index Name", "")).startswith("share_")]
    assert by_index
    assert all("Seq Scan" not in node["Node Type"] for node in on_share)


def test_the_policy_of_share_does_not_recurse(loaded: House) -> None:
    with loaded.connect(loaded.worker) as connection:
        counted = connection.execute(
            "select count(*) from share where household_id = %s", [one_file(loaded)]
        ).fetchone()
    assert counted == (5,)
    (policy,) = loaded.base.admin("select qual from pg_policies where tablename = 'share'")
    assert "select 1" not in str(policy).lower()
    assert " from " not in str(policy).lower()


def test_the_wall_keeps_a_gin_index_out_and_the_door_uses_it(loaded: House) -> None:
    """Under row security a non-leakproof operator is never pushed to an index; the guard's door sees to the wall."""
    with loaded.connect(loaded.worker) as connection:
        plan = explained(connection, "select id from person where name_keys @@ '''L77'''::tsquery")
        assert "person_keys" not in {node.get("Index Name") for node in plan}
    street = f"'{network_of(loaded.worker.network_id)}=l77'"
    for index, names, place in (("person_keys", "'L77'", ""), ("household_profile_reach", "", street)):
        before = gin_scans(loaded, index)
        with loaded.connect(loaded.worker) as connection:
            assert connection.execute(FIND, [names, place]).fetchall()
            connection.execute("select pg_stat_force_next_flush()")
        assert gin_scans(loaded, index) > before


def gin_scans(house: House, index: str) -> int:
    ((scans,),) = house.base.admin("select idx_scan from pg_stat_user_indexes where indexrelname = %s", index)
    assert isinstance(scans, int)
    return scans


def test_the_search_door_shows_nothing_to_a_stranger(loaded: House) -> None:
    elsewhere = loaded.cast.elsewhere.people["intake"]
    for actor in (loaded.stranger, elsewhere, loaded.cast.ccas.people["council"], loaded.cast.ccas.people["admin"]):
        with loaded.connect(actor) as connection:
            assert connection.execute(FIND, ["'L77'", ""]).fetchall() == []
            street = f"'{network_of(loaded.worker.network_id)}=l77'"
            assert connection.execute(FIND, ["", street]).fetchall() == []
            assert connection.execute(FIND, ["'L77'", street]).fetchall() == []


def test_the_queues_of_referrals_have_their_keyset_index(loaded: House) -> None:
    """Lists page ids first: the side, the state, then the moment and the id by which one goes on."""
    indexes = {
        str(name): str(definition)
        for name, definition in loaded.base.admin(
            "select indexname, indexdef from pg_indexes where tablename = 'referral'"
        )
    }
    for side, column in (("to", "to_organisation_id"), ("from", "from_organisation_id"), ("network", "network_id")):
        assert f"({column}, state, sent_at, id)" in indexes[f"referral_{side}"]


def blocks(connection: psycopg.Connection[Any], query: str, *values: object) -> int:
    """Blocks read from memory or disk by the second run of a query: what it costs, whatever else the machine does."""
    connection.execute(query.encode(), values)
    row = connection.execute(f"explain (analyze, buffers, format json) {query}".encode(), values).fetchone()
    assert row is not None
    plan = row[0][0]["Plan"]
    read: int = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
    return read


def test_a_page_of_files_costs_its_own_lines_and_not_those_one_holds(loaded: House) -> None:
    """Four thousand files are held: a page reads twenty-six of them, the first as the middle one."""
    page = "select * from access.my_files(true, %s::timestamptz, %s::uuid, 26)"
    with loaded.connect(loaded.worker) as connection:
        rows = connection.execute("select * from access.my_files(true, null, null, 100)").fetchall()
        assert len(rows) == 100
        assert blocks(connection, page, None, None) < 26 * 12
        assert blocks(connection, page, rows[-1][2], rows[-1][0]) < 26 * 12
        following = connection.execute(page.encode(), [rows[49][2], rows[49][0]]).fetchall()
        assert following == rows[50:76]


def test_a_list_names_a_household_where_its_identity_is_open(loaded: House) -> None:
    """The door of lists looks at the part itself: a file shared without it is there under its code alone."""
    share = (
        "insert into share (id, network_id, household_id, organisation_id, holder_organisation_id, scope, audience,"
        " ground, valid_from) values (gen_random_uuid(), %s, %s, %s, %s, %s, 'all', 'agreement', access.today())"
    )
    listed = "select household_id, family_name from access.my_files(false, null, null, 100) where household_id = %s"
    person = "insert into stay (id, network_id, household_id, person_id, link, weight, from_date, end_reason)"
    file, network = one_file(loaded), loaded.worker.network_id
    with loaded.admin() as admin:  # taken back at the end of the test
        admin.execute(
            f"{person} select gen_random_uuid(), network_id, household_id, id, 'reference', 1, access.today(), ''"
            " from person where household_id = %s",
            [file],
        )
        act_as(admin, loaded.stranger)
        for part, named in (("budget", None), ("identity", "L77")):
            admin.execute(share, [network, file, loaded.stranger.organisation_id, loaded.worker.organisation_id, part])
            assert admin.execute(listed, [file]).fetchall() == [(file, named)]
        admin.rollback()


def test_files_are_counted_as_far_as_is_shown(loaded: House) -> None:
    """Blocks are those of the files counted; below the limit, a count is the length of the list."""
    count = "select access.count_files(true, %s)"
    with loaded.connect(loaded.worker) as connection:
        assert connection.execute(count.encode(), [501]).fetchone() == (501,)
        assert connection.execute(count.encode(), [FILES + 10]).fetchone() == (FILES + 1,)
        assert blocks(connection, count, 501) < 501 * 12
    assert (counted(25), counted(26)) == ("25", "plus de 25")


def test_a_search_reads_what_it_found_even_before_any_statistics(loaded: House) -> None:
    """A base just filled knows nothing of its tables: the door begins by its index all the same."""
    street = f"'{network_of(loaded.worker.network_id)}=l77'"
    with loaded.admin() as admin:  # taken back at the end of the test, with its plans
        for table in ("person", "household_profile", "share", "household"):
            admin.execute(f"delete from pg_statistic where starelid = '{table}'::regclass".encode())
            admin.execute(f"update pg_class set reltuples = -1, relpages = 0 where oid = '{table}'::regclass".encode())
        act_as(admin, loaded.worker)
        for names, place in (("'L77'", ""), ("", street), ("'L77'", street)):
            assert admin.execute(FIND, [names, place]).fetchall()
            assert blocks(admin, FIND, names, place) < 300
        admin.rollback()
