"""The servers the suite runs on: the embedded one, and a separate PostgreSQL 15. Both throwaway, stopped by the last
test process that leaves.

Every process that uses a server holds a shared lock beside its folder; whoever leaves and can take the lock for itself
alone was the last one, and stops the server. Workers, and runs of the suite side by side, thus share one server.

So does the process that runs the workers: it leaves after them, in its own time, where xdist kills a worker that takes
ten seconds to leave.
"""

import atexit
import fcntl
import os
import shutil
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import NoReturn

import psycopg
import pytest
from psycopg import sql

from coordination.kit import embedded, postgres
from coordination.kit.embedded import Cluster
from coordination.kit.postgres import ServerError
from coordination.kit.roles import libpq

REQUIRE_ALL = "COORDINATION_REQUIRE_ALL"
HOME = embedded.default_data_dir() / "test"
DEBIAN_15 = Path("/usr/lib/postgresql/15/bin")


def require_or_skip(reason: str) -> NoReturn:
    """Skips the test out loud; where everything is required (`.ci/run`), fails it."""
    if os.environ.get(REQUIRE_ALL) == "1":
        pytest.fail(f"Test obligatoire ici, mais impossible : {reason}", pytrace=False)
    pytest.skip(reason)


@cache
def embedded_test_cluster() -> Cluster:
    """The embedded server, with durability off."""
    return shared_cluster(HOME / "embedded")


@cache
def debian_pg15() -> Cluster | None:
    """A private PostgreSQL 15 from Debian's package, with the same roles; None when the package is missing.

    Debian's own clusters and services are neither used nor touched.
    """
    if not (DEBIAN_15 / "postgres").exists():
        return None
    return shared_cluster(HOME / "debian15", DEBIAN_15)


def pg15_or_skip() -> Cluster:
    """The PostgreSQL 15 server, or a loud skip."""
    cluster = debian_pg15()
    if cluster is None:
        require_or_skip("PostgreSQL 15 manque : « apt install postgresql-15 » permet d’essayer sur ce serveur.")
    return cluster


def shared_cluster(home: Path, programs: Path | None = None) -> Cluster:
    """A server shared with every other test process, stopped when the last one ends."""
    _share(home, programs)
    try:
        return embedded.start(home, durable=False, programs=programs)
    except ServerError:  # data without durability may not survive a power cut: begin again, once
        embedded.stop(home)
        shutil.rmtree(home)
        return embedded.start(home, durable=False, programs=programs)


def leave_last() -> None:
    """For the process that runs the workers, which starts no server."""
    for home, programs in ((HOME / "embedded", None), (HOME / "debian15", DEBIAN_15)):
        _share(home, programs)


def _share(home: Path, programs: Path | None) -> None:
    embedded.make_home(home)
    users = os.open(home.with_suffix(".users"), os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(users, fcntl.LOCK_SH)
    atexit.register(_leave, home, users, programs)


def _leave(home: Path, users: int, programs: Path | None) -> None:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return  # somebody still works on it
    if is_running(home):
        with suppress(psycopg.Error, ServerError):
            _drop_test_databases(embedded.start(home, durable=False, programs=programs))
        embedded.stop(home)
    os.close(users)


def is_running(home: Path) -> bool:
    server = postgres.Server(home, home / "pgdata", postgres.socket_folder(home), home / "log")
    return postgres.postmaster(server) is not None


def _drop_test_databases(cluster: Cluster) -> None:
    """Bases and templates of the tests: they would pile up from one run to the next."""
    kept = ["postgres", "template0", "template1", cluster.database]
    with psycopg.connect(libpq(cluster.admin_url), autocommit=True) as admin:
        for (name,) in admin.execute("select datname from pg_database where datname <> all(%s)", [kept]).fetchall():
            admin.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))
