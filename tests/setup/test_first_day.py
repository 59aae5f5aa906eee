"""An operator's first day, without the demonstration: the README's commands, in their order, on a bare server."""

import re
from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest
from typer.testing import CliRunner

from coordination.cli import app
from coordination.kit.embedded import Cluster
from coordination.kit.roles import libpq
from coordination.settings import get_settings
from tests import servers
from tests.conftest import TEST_KEY, create_database, database_url, drop_database, template_of
from tests.serving import Served

PASSWORD = "Une-phrase de passe 2026"


class FirstDay:
    """A server with an administrator and nothing else, and the command line over it."""

    def __init__(self, cluster: Cluster, name: str) -> None:
        self.cluster = cluster
        self.name = name
        self.variables = {
            "DATABASE_URL": libpq(database_url(cluster.app_url, name)),
            "DATABASE_OWNER_URL": libpq(database_url(cluster.owner_url, name)),
            "COORDINATION_SECRET_KEY": TEST_KEY,
        }

    def run(self, *words: str, expected: int = 0, **more: str) -> str:
        """One command, in this process: only the server of the walk is a process of its own."""
        get_settings.cache_clear()
        try:
            done = CliRunner().invoke(app, words, env={**self.variables, **more}, prog_name="coordination")
        finally:
            get_settings.cache_clear()
        assert done.exit_code == expected, done.output
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return (done.stdout or done.stderr).strip()


@pytest.fixture
def day() -> Iterator[FirstDay]:
    """On PostgreSQL 15, the oldest server the product accepts, and not on the one it carries."""
    cluster = servers.pg15_or_skip()
    name = f"first_day_{uuid4().hex[:8]}"
    yield FirstDay(cluster, name)
    drop_database(cluster, name)


def test_the_first_day_goes_as_the_readme_says(day: FirstDay) -> None:
    day.run("upgrade", DATABASE_ADMIN_URL=libpq(day.cluster.admin_url))
    day.run("upgrade")
    assert day.run("network", "add", "Bassin minier") == "bassin-minier"
    assert "déjà" in day.run("network", "add", "Bassin minier", expected=1)
    assert day.run("organisation", "add", "bassin-minier", "CCAS de Lens", "--kind", "ccas") == "ccas-de-lens"
    assert "ailleurs" in day.run("organisation", "add", "ailleurs", "X", expected=1)
    assert "Rôle inconnu" in day.run("invite", "bassin-minier", "ccas-de-lens", "a@b.fr", "--roles", "x", expected=2)
    link = day.run(
        "invite", "bassin-minier", "ccas-de-lens", "chef@exemple.fr", "--name", "Ada", "--roles", "admin,dpo"
    )
    assert day.run("database-url") == day.variables["DATABASE_URL"]
    with Served(day.variables) as served:
        path = re.sub(r"^https?://[^/]+", "", link)
        same = {"sec-fetch-site": "same-origin"}
        with httpx.Client(base_url=served.url, headers=same) as visitor:
            assert visitor.get("/sante").text == "ok"
            assert "Bienvenue" in visitor.get(path).text
            answer = visitor.post(path, data={"name": "Ada", "password": PASSWORD, "again": PASSWORD})
            assert answer.status_code == 303, answer.text
            assert visitor.get(path).status_code == 404
            signed = visitor.post("/connexion", data={"email": "chef@exemple.fr", "password": PASSWORD})
            assert signed.status_code == 303
            assert "CCAS de Lens" in visitor.get("/").text
            assert visitor.get("/comptes").status_code == 200
            again = re.sub(r"^https?://[^/]+", "", day.run("reset", "bassin-minier", "ccas-de-lens", "chef@exemple.fr"))
            assert visitor.post(again, data={"password": PASSWORD + "!", "again": PASSWORD + "!"}).status_code == 303
            assert visitor.get("/", follow_redirects=False).status_code == 303, "the old sessions are closed"
    assert "Personne" in day.run("reset", "bassin-minier", "ccas-de-lens", "autre@exemple.fr", expected=1)
    assert "chaîne entière" in day.run("verify-journal")
    assert day.run("verify-journal", "--network", "nulle-part", expected=2)


@pytest.fixture
def second(day: FirstDay) -> FirstDay:
    """The day after the first `upgrade`."""
    create_database(day.cluster, day.name, template_of(day.cluster))
    return day


def test_serving_without_a_secret_says_what_to_do(day: FirstDay) -> None:
    assert "COORDINATION_SECRET_KEY" in day.run("serve", expected=1, COORDINATION_SECRET_KEY="")


def test_serving_under_the_owner_is_refused(second: FirstDay) -> None:
    day = second
    said = day.run("serve", "--port", "1", expected=1, DATABASE_URL=day.variables["DATABASE_OWNER_URL"])
    assert "refuse de servir" in said
