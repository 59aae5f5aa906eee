"""The servers of the suite, and the roles on a PostgreSQL that is not ours."""

import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from coordination.kit import embedded
from coordination.kit.embedded import Cluster
from coordination.kit.roles import RolesError, libpq, prepare_server
from tests.servers import DEBIAN_15, embedded_test_cluster, is_running, pg15_or_skip, require_or_skip
from tests.serving import PATIENCE

CLONE = Path(__file__).resolve().parents[2]
SHARE = """
import sys
from pathlib import Path
from tests.servers import shared_cluster
print(shared_cluster(Path(sys.argv[1])).app_url, flush=True)
sys.stdin.read()
"""


@pytest.fixture(params=["embedded", "pg15"])
def cluster(request: pytest.FixtureRequest) -> Cluster:
    return embedded_test_cluster() if request.param == "embedded" else pg15_or_skip()


def test_the_second_server_is_a_postgresql_15() -> None:
    with psycopg.connect(libpq(pg15_or_skip().app_url)) as app:
        assert app.info.server_version // 10000 == 15


def test_roles_are_what_the_policies_say(cluster: Cluster) -> None:
    query = """
        select rolname, rolcanlogin, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication
        from pg_roles where rolname like 'coordination%' order by 1
    """
    with psycopg.connect(libpq(cluster.admin_url)) as admin:
        assert admin.execute(query).fetchall() == [
            ("coordination_app", True, False, False, False, False, False),
            ("coordination_guard", False, False, True, False, False, False),
            ("coordination_owner", True, False, False, False, False, False),
        ]
        members = "select pg_has_role(%s, 'coordination_guard', 'member')"
        assert admin.execute(members, ["coordination_owner"]).fetchone() == (True,)
        assert admin.execute(members, ["coordination_app"]).fetchone() == (False,)


@pytest.mark.parametrize("programs", [None, DEBIAN_15], ids=["embedded", "pg15"])
def test_a_changed_address_changes_the_password(fresh: Path, programs: Path | None) -> None:
    if programs and not programs.exists():
        require_or_skip("PostgreSQL 15 manque.")
    cluster = embedded.start(fresh, durable=False, programs=programs)
    rotated = cluster.app_url.replace("coordination_app:", "coordination_app:nouveau-")
    for _ in range(2):
        prepare_server(cluster.admin_url, cluster.owner_url, rotated)
    with psycopg.connect(libpq(rotated)) as app:
        assert app.execute("select 1").fetchone() == (1,)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(libpq(cluster.app_url))


def test_an_address_of_another_role_or_base_is_refused(cluster: Cluster) -> None:
    with pytest.raises(RolesError, match="coordination_owner"):
        prepare_server(cluster.admin_url, cluster.admin_url, cluster.app_url)
    with pytest.raises(RolesError, match="même base"):
        prepare_server(cluster.admin_url, cluster.owner_url, cluster.app_url.replace("/coordination?", "/autre?"))
    with pytest.raises(RolesError, match="mot de passe"):
        prepare_server(cluster.admin_url, "postgresql+psycopg://coordination_owner@/x", cluster.app_url)


def test_the_last_process_that_leaves_stops_the_server(fresh: Path) -> None:
    def process() -> "subprocess.Popen[str]":
        command = [sys.executable, "-c", SHARE, str(fresh)]
        return subprocess.Popen(command, cwd=CLONE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    first, second = process(), process()
    assert first.stdout is not None
    assert second.stdout is not None
    assert first.stdout.readline() == second.stdout.readline() != ""
    first.communicate("", timeout=PATIENCE)
    assert is_running(fresh)
    second.communicate("", timeout=PATIENCE)
    assert not is_running(fresh)
    assert not embedded.stop(fresh)
