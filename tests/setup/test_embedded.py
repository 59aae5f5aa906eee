"""The embedded server: two commands on a fresh machine rest on it, whatever was killed before."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import psycopg
import pytest

from coordination.kit import embedded, postgres, roles
from coordination.kit.embedded import Cluster
from coordination.kit.postgres import ServerError
from coordination.kit.roles import libpq
from tests.serving import PATIENCE

CLONE = Path(__file__).resolve().parents[2]
START = "import sys; from pathlib import Path; from coordination.kit import embedded; "
START += "print(embedded.start(Path(sys.argv[1]), durable=False).app_url, flush=True)"


def one(url: str, query: str) -> object:
    with psycopg.connect(libpq(url), connect_timeout=30) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


def pid(home: Path) -> int:
    return int((home / "pgdata" / "postmaster.pid").read_text().splitlines()[0])


def start_elsewhere(home: Path, then: str = "") -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", f"{START}; {then}", str(home)]
    return subprocess.Popen(command, cwd=CLONE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def start(home: Path) -> Cluster:
    return embedded.start(home, durable=False)


def test_three_roles_sign_in_and_a_second_start_finds_the_server(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = start(home)
    assert one(cluster.admin_url, "select current_user::text") == "postgres"
    assert one(cluster.owner_url, "select current_user::text") == "coordination_owner"
    assert one(cluster.app_url, "select current_user::text") == "coordination_app"
    assert one(cluster.app_url, "select current_database()::text") == cluster.database
    before = pid(home)
    monkeypatch.delattr(roles, "prepare_server")  # what takes time is not done again
    assert start(home) == cluster
    assert pid(home) == before


def test_nobody_enters_without_the_password_and_nothing_listens_on_the_network(home: Path) -> None:
    cluster = start(home)
    folder = str(postgres.socket_folder(home))
    for user in ("postgres", "coordination_owner", "coordination_app"):
        for password in ("", "postgres"):
            with pytest.raises(psycopg.OperationalError):
                psycopg.connect(host=folder, user=user, dbname="postgres", password=password, passfile="/dev/null")
    assert one(cluster.admin_url, "select count(*) from pg_hba_file_rules where auth_method <> 'scram-sha-256'") == 0
    assert one(cluster.admin_url, "show listen_addresses") == ""
    assert Path(folder).stat().st_mode & 0o077 == 0
    assert (home / "passwords.json").stat().st_mode & 0o077 == 0


def test_the_app_role_makes_nothing_and_reads_no_other_base(home: Path) -> None:
    cluster = start(home)
    with psycopg.connect(libpq(cluster.app_url)) as app, pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute("create table public.mine (n int)")
    with psycopg.connect(libpq(cluster.app_url)) as app, pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute("create temporary table mine (n int)")
    assert one(cluster.admin_url, "select rolcanlogin from pg_roles where rolname = 'coordination_guard'") is False


def test_a_killed_run_leaves_a_server_that_the_next_one_takes_up(home: Path) -> None:
    killed = start_elsewhere(home, "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    url = killed.communicate(timeout=PATIENCE)[0].strip()
    assert killed.returncode == -signal.SIGKILL
    left = pid(home)
    cluster = start(home)
    assert (cluster.app_url, pid(home)) == (url, left)
    assert one(url, "select 1") == 1


def test_a_server_stops_while_whoever_launched_it_goes_on(home: Path) -> None:
    """`make stop` beside `make run`, which does not ask after what it launched: its number alone stays."""
    embedded.stop(home)
    goes_on = start_elsewhere(home, "import time; time.sleep(120)")
    try:
        assert goes_on.stdout is not None
        assert goes_on.stdout.readline()
        launched = psutil.Process(pid(home))
        began = time.monotonic()
        assert embedded.stop(home)
        assert time.monotonic() - began < postgres.STOP_SECONDS, "it waited for somebody who had left"
        assert not launched.is_running() or launched.status() == psutil.STATUS_ZOMBIE
    finally:
        goes_on.kill()
        goes_on.communicate()


def test_what_was_committed_survives_a_killed_server(fresh: Path) -> None:
    cluster = embedded.start(fresh)
    with psycopg.connect(libpq(cluster.owner_url)) as owner:
        owner.execute("create table kept as select 7 as n")
    os.kill(pid(fresh), signal.SIGKILL)
    assert one(embedded.start(fresh).owner_url, "select n from kept") == 7


def test_a_pid_file_that_names_a_living_stranger_does_not_stop_the_start(home: Path) -> None:
    start(home)
    assert embedded.stop(home)
    text = f"{os.getpid()}\n{home}/pgdata\n1700000000\n5432\n{home}/run\n\n  1  1\nready   \n"
    (home / "pgdata" / "postmaster.pid").write_text(text)
    assert one(start(home).app_url, "select 1") == 1


def test_a_start_killed_in_the_middle_of_the_first_one_is_begun_again(fresh: Path) -> None:
    half = fresh / "pgdata.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    if os.geteuid() == 0:
        fresh.parent.chmod(0o711)
        fresh.chmod(0o711)
    assert one(start(fresh).app_url, "select 1") == 1


def test_roles_forgotten_by_a_killed_start_are_made_by_the_next_one(home: Path) -> None:
    cluster = start(home)
    with psycopg.connect(libpq(cluster.admin_url), autocommit=True) as admin:
        admin.execute("drop database coordination")
        admin.execute("drop role coordination_app")
    assert one(start(home).app_url, "select 1") == 1


def test_a_socket_that_was_swept_away_is_made_again(home: Path) -> None:
    start(home)
    (postgres.socket_folder(home) / ".s.PGSQL.5432").unlink()
    assert one(start(home).app_url, "select 1") == 1


def test_a_running_server_that_lets_nobody_more_in_is_left_to_those_who_work_on_it(home: Path) -> None:
    """Full, or slow to answer on a busy machine: a command typed beside it would otherwise cut everybody off."""
    cluster = start(home)
    before = pid(home)
    with psycopg.connect(libpq(cluster.admin_url.replace("/postgres?", "/template1?")), autocommit=True) as working:
        working.execute("alter database postgres allow_connections false")
        try:
            assert start(home) == cluster
        finally:
            working.execute("alter database postgres allow_connections true")
    assert pid(home) == before


def test_data_deleted_under_a_running_server_makes_room_for_a_new_one(fresh: Path) -> None:
    start(fresh)
    old = pid(fresh)
    shutil.rmtree(fresh)
    assert one(start(fresh).app_url, "select 1") == 1
    assert not psutil.pid_exists(old)


def test_several_first_starts_at_once_make_one_server(fresh: Path) -> None:
    together = [start_elsewhere(fresh) for _ in range(3)]
    answers = [process.communicate(timeout=PATIENCE) for process in together]
    assert len({said for said, _ in answers}) == 1, answers
    assert one(answers[0][0].strip(), "select 1") == 1


def test_two_folders_have_two_servers_and_stopping_one_leaves_the_other(fresh: Path) -> None:
    mine, theirs = fresh / "un", fresh / "deux"
    first, second = start(mine), start(theirs)
    assert first.app_url != second.app_url
    assert embedded.stop(mine)
    assert not embedded.stop(mine)
    assert one(second.app_url, "select 1") == 1
    assert embedded.stop(theirs)


def test_a_path_too_long_for_a_socket_finds_a_private_folder(fresh: Path) -> None:
    deep = fresh / ("a" * 60) / ("b" * 60)
    folder = postgres.socket_folder(deep)
    try:
        assert one(start(deep).app_url, "select 1") == 1
        assert not folder.is_relative_to(fresh)
        assert folder.stat().st_mode & 0o077 == 0
        assert embedded.stop(deep)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test_a_socket_folder_planted_by_somebody_else_is_refused(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("il faut être root pour fabriquer le dossier d’un autre")
    planted = tmp_path / "planted"
    planted.mkdir()
    os.chown(planted, 12345, 12345)
    with pytest.raises(ServerError, match="autre compte"):
        postgres.own_folder(planted, None)
    link = tmp_path / "link"
    link.symlink_to(tmp_path)
    with pytest.raises(ServerError, match="autre compte"):
        postgres.own_folder(link, None)


def test_no_folder_of_anyone_is_opened(fresh: Path) -> None:
    programs = Path(sys.prefix)
    watched = {*fresh.parent.parent.parents, *programs.parents, programs, fresh.parent.parent, Path.home()}
    before = {folder: folder.stat().st_mode for folder in watched if folder.exists()}
    start(fresh)
    assert {folder: folder.stat().st_mode for folder in before} == before


def test_root_is_told_when_the_data_would_be_in_a_private_home(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("ne concerne que root")
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    with pytest.raises(ServerError, match="COORDINATION_DATA_DIR"):
        embedded.start(private / "data")
    assert private.stat().st_mode & 0o777 == 0o700


def test_lost_passwords_are_said_plainly_and_the_data_stays(home: Path) -> None:
    start(home)
    away = (home / "passwords.json").rename(home / "away.json")
    with pytest.raises(ServerError, match="mots de passe"):
        start(home)
    away.rename(home / "passwords.json")
    assert one(start(home).app_url, "select 1") == 1


def test_the_log_quotes_no_row(home: Path) -> None:
    cluster = start(home)
    with psycopg.connect(libpq(cluster.owner_url)) as owner:
        owner.execute("create table person (name text primary key)")
        owner.execute("insert into person values ('Martin')")
        with pytest.raises(psycopg.errors.UniqueViolation):
            owner.execute("insert into person values ('Martin')")
    log = (home / "postgresql.log").read_text()
    assert "duplicate key" in log
    assert "Martin" not in log
