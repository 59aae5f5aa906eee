"""A generated base is whole, the same for the same seed, only ever made in an empty base asked for by its name."""

import os
from collections.abc import Callable, Iterator
from datetime import date

import psycopg
import pytest
from rich.console import Console

from coordination.demo.accounts import PASSWORD
from coordination.generate.console import NotThisBase, generate
from coordination.generate.load import NotEmpty, fill
from coordination.generate.rows import Network, Plan, chunks, code_of, household_rows, networks
from coordination.households.rules import read_code
from coordination.kit.clock import today
from coordination.kit.roles import libpq
from tests import servers
from tests.conftest import Base, Browser, new_base

ORPHANS = """
select format('select count(*) from %s c where %s and not exists (select 1 from %s p where %s)', k.conrelid::regclass,
    string_agg(format('c.%I is not null', a.attname), ' and '), k.confrelid::regclass,
    string_agg(format('c.%I = p.%I', a.attname, b.attname), ' and '))
  from pg_constraint k
  cross join unnest(k.conkey, k.confkey) pair(here, there)
  join pg_attribute a on a.attrelid = k.conrelid and a.attnum = pair.here
  join pg_attribute b on b.attrelid = k.confrelid and b.attnum = pair.there
 where k.contype = 'f' group by k.oid, k.conrelid, k.confrelid
"""


@pytest.fixture(scope="module")
def made(shared_base: Base) -> list[Network]:
    return fill(libpq(shared_base.admin_url), Plan(120, 2, today()))


def test_no_row_points_to_a_row_that_is_not_there(shared_base: Base, made: list[Network]) -> None:
    """Constraints are not checked while rows are poured in: so they are here."""
    assert shared_base.admin("select count(*) from household") == [(120,)]
    questions = [str(row[0]) for row in shared_base.admin(ORPHANS)]
    assert len(questions) > 50
    assert [question for question in questions if shared_base.admin(question) != [(0,)]] == []


def test_every_index_is_there_again(shared_base: Base, made: list[Network]) -> None:
    fresh = new_base(servers.embedded_test_cluster())
    try:
        names = "select indexname from pg_indexes where schemaname = 'public' order by 1"
        assert shared_base.admin(names) == fresh.admin(names)
    finally:
        fresh.close()


def test_referrals_are_carried_as_the_triggers_would_have_it(shared_base: Base, made: list[Network]) -> None:
    """None of them fires while rows are poured in."""
    carried = "select count(*) > 50, bool_and(carried = access.carried_days(r)), bool_and(carried @> access.today())"
    assert shared_base.admin(f"{carried} from referral r") == [(True, True, True)]


def test_everything_is_of_demonstration(shared_base: Base, made: list[Network]) -> None:
    assert shared_base.admin("select distinct demo from network") == [(True,)]
    assert shared_base.admin("select distinct demo from account") == [(True,)]


def test_its_pages_open(made: list[Network], browser: Callable[[], Browser]) -> None:
    worker = made[0].organisations[0].workers["intake"]
    window = browser().sign_in(worker.email, PASSWORD)
    files = window.get("/foyers")
    first = files.text.split('href="/foyers/')[2:]
    pages = {link[:36] for link in first if link[8:9] == "-"}
    assert len(pages) > 10
    assert {window.get(f"/foyers/{page}").status_code for page in list(pages)[:8]} == {200}
    assert window.get("/orientations").status_code == 200
    assert "réponses" in window.post("/foyers/recherche", data={"q": "06 39 98"}).text


def test_the_same_seed_draws_the_same_rows_however_many_are_asked() -> None:
    day = date(2026, 11, 22)
    plan, larger = Plan(10, 5, day, seed=3), Plan(5000, 5, day, seed=3)
    made = networks(plan)
    assert household_rows(plan, made, 0, 10) == household_rows(larger, networks(larger), 0, 10)
    assert household_rows(Plan(10, 5, day, seed=4), made, 0, 10) != household_rows(plan, made, 0, 10)
    assert [*chunks(5, 2)] == [(0, 2), (2, 4), (4, 5)]


def test_no_code_is_drawn_twice() -> None:
    codes = [code_of(index) for index in range(20_000)]
    assert len(set(codes)) == len(codes)
    assert all(read_code(code) == code for code in codes[::500])


def test_a_base_that_holds_a_network_is_left_alone(shared_base: Base, made: list[Network]) -> None:
    before = shared_base.admin("select count(*) from person")
    with pytest.raises(NotEmpty):
        fill(libpq(shared_base.admin_url), Plan(10, 1, today()))
    assert shared_base.admin("select count(*) from person") == before


@pytest.mark.parametrize(
    "name", ["coordination", "postgres", "template1", "", "Majuscule", "a b", "x; drop table person"]
)
def test_the_base_that_is_served_is_never_filled(name: str) -> None:
    cluster = servers.embedded_test_cluster()
    addresses = (cluster.admin_url, cluster.owner_url, cluster.app_url)
    with pytest.raises(NotThisBase):
        generate(Console(quiet=True), addresses, name, households=1, networks=1, seed=1)


@pytest.fixture
def name() -> Iterator[str]:
    chosen = f"generated_{os.getpid()}"
    yield chosen
    with psycopg.connect(libpq(servers.embedded_test_cluster().admin_url), autocommit=True) as admin:
        admin.execute(f"drop database if exists {chosen} with (force)")


def test_the_named_base_is_made_filled_and_told(name: str) -> None:
    cluster = servers.embedded_test_cluster()
    console = Console(record=True, width=100, file=open(os.devnull, "w"))  # noqa: SIM115, PTH123
    generate(console, (cluster.admin_url, cluster.owner_url, cluster.app_url), name, households=6, networks=3, seed=1)
    said = console.export_text()
    assert "6/6" in said
    assert f"6 foyers inventés dans la base « {name} »" in said
