"""What was learnt of upgrades, kept: the owner's data migrations, all or nothing, one at a time."""

import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from coordination import upgrade as upgrading
from coordination.upgrade import POLICIES, upgrade
from tests.policies.conftest import House

WALL = "select tablename, policyname, cmd, qual, with_check from pg_policies where schemaname = 'public' order by 1, 2"
FORCED = (
    "select relname, relrowsecurity, relforcerowsecurity from pg_class c join pg_namespace n on n.oid = c.relnamespace"
    " where n.nspname = 'public' and relkind = 'r' order by 1"
)
MIGRATION = "update person set birth_precision = 'day' where birth_precision <> 'day'"


def test_under_force_the_owner_changes_no_row_in_silence(house: House) -> None:
    with house.owner() as owner:
        assert owner.execute(MIGRATION.encode()).rowcount == 0
    assert house.base.admin("select count(*) > 0 from person where birth_precision <> 'day'") == [(True,)]


def test_upgrade_lifts_force_for_the_time_of_a_data_migration(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    touched = []
    monkeypatch.setattr(upgrading, "migrate", lambda c: touched.append(c.execute(text(MIGRATION)).rowcount))
    before = house.base.admin(WALL), house.base.admin(FORCED)
    upgrade(house.base.owner_url)
    assert touched[0] >= 1
    assert (house.base.admin(WALL), house.base.admin(FORCED)) == before
    assert house.base.admin("select count(*) from person where birth_precision <> 'day'") == [(0,)]


def test_a_broken_policy_file_leaves_the_old_wall(
    house: House, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(POLICIES, tmp_path / "policies"))
    with (copy / "rls" / "sharing.sql").open("a", encoding="utf-8") as file:
        file.write("create policy see on nowhere for select to coordination_app using (true);")
    before = house.base.admin(WALL), house.base.admin(FORCED)
    monkeypatch.setattr(upgrading, "POLICIES", copy)
    with pytest.raises(psycopg.errors.UndefinedTable, match="nowhere"):
        upgrade(house.base.owner_url)
    assert (house.base.admin(WALL), house.base.admin(FORCED)) == before
    assert len(before[0]) > 40
    with house.connect(house.worker) as connection:
        assert connection.execute("select count(*) from person where household_id = %s", [house.file]).fetchone() == (
            1,
        )


def test_a_failed_migration_leaves_the_old_wall(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(connection: Connection) -> None:
        connection.execute(text("drop table budget_line cascade"))
        raise RuntimeError("half way")

    before = house.base.admin(WALL), house.base.admin(FORCED)
    monkeypatch.setattr(upgrading, "migrate", fails)
    with pytest.raises(RuntimeError, match="half way"):
        upgrade(house.base.owner_url)
    assert (house.base.admin(WALL), house.base.admin(FORCED)) == before


def test_two_upgrades_at_once_take_turns(house: House) -> None:
    before = house.base.admin(WALL), house.base.admin(FORCED)
    once: Callable[[int], None] = lambda _: upgrade(house.base.owner_url, lock_timeout="30s")  # noqa: E731
    with ThreadPoolExecutor(2) as both:
        list(both.map(once, range(2)))
    assert (house.base.admin(WALL), house.base.admin(FORCED)) == before


def test_an_upgrade_that_waits_too_long_gives_up_and_changes_nothing(house: House) -> None:
    before = house.base.admin(WALL), house.base.admin(FORCED)
    with house.connect(house.worker) as reader:
        reader.execute("select count(*) from person")  # a page that is slow to end
        with pytest.raises(DBAPIError, match="lock timeout"):
            upgrade(house.base.owner_url, lock_timeout="200ms")
    assert (house.base.admin(WALL), house.base.admin(FORCED)) == before


def test_a_grant_that_left_the_files_leaves_the_database(house: House) -> None:
    house.base.admin(
        "grant delete on household to coordination_app; grant update (code) on household to coordination_app"
    )
    upgrade(house.base.owner_url)
    assert house.base.admin(
        "select has_table_privilege('coordination_app', 'household', 'delete'),"
        " has_column_privilege('coordination_app', 'household', 'code', 'update')"
    ) == [(False, False)]
