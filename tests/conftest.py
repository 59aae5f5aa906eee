"""The suite's ground: databases from a template, the fixed cast, clients that speak like a browser."""

import os
import time
from collections.abc import Callable, Iterator
from functools import cache
from uuid import uuid4

import psycopg
import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, settings
from playwright.sync_api import Browser as Chromium
from sqlalchemy import Engine

from coordination.identity import service as identity
from coordination.kit.db import close_engine, make_engine
from coordination.kit.embedded import Cluster
from coordination.kit.roles import OWNER, libpq
from coordination.settings import Settings
from coordination.upgrade import upgrade
from tests import servers
from tests.cast import Cast, build_cast
from tests.ui import specimen

TEST_KEY = "une-clef-d-essai-qui-ne-sert-qu-aux-tests-0123456789"
ORIGIN = "http://testserver"

settings.register_profile("quick", max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
settings.register_profile("fuzz", max_examples=1000, deadline=None, suppress_health_check=list(HealthCheck))
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))

identity.HASHER = identity.HASHER.using(memory_cost=64, rounds=1)


def database_url(url: str, name: str) -> str:
    """The same server and role, another database."""
    head, _, query = url.partition("?")
    return head.rsplit("/", 1)[0] + f"/{name}" + (f"?{query}" if query else "")


def create_database(cluster: Cluster, name: str, template: str | None = None) -> None:
    """A database owned by the owner role; from a template when one is named."""
    with psycopg.connect(libpq(cluster.admin_url), autocommit=True) as admin:
        source = f"template {template}" if template else "template template0 encoding 'UTF8'"
        for attempt in range(20):
            try:
                admin.execute(f"create database {name} {source} owner {OWNER}")
            except psycopg.errors.ObjectInUse:
                time.sleep(0.1 * (attempt + 1))
            else:
                return
        raise RuntimeError(f"could not copy {template}")


def drop_database(cluster: Cluster, name: str) -> None:
    """Away, whoever is still connected."""
    with psycopg.connect(libpq(cluster.admin_url), autocommit=True) as admin:
        admin.execute(f"drop database if exists {name} with (force)")


@cache
def template_of(cluster: Cluster) -> str:
    """A migrated, empty database of this test process, copied for every test that wants a fresh one."""
    name = f"template_{os.getpid()}"
    drop_database(cluster, name)
    create_database(cluster, name)
    upgrade(database_url(cluster.owner_url, name))
    return name


class Base:
    """One test database: its addresses and an engine of the app role."""

    def __init__(self, cluster: Cluster, name: str) -> None:
        self.cluster = cluster
        self.name = name
        self.app_url = database_url(cluster.app_url, name)
        self.owner_url = database_url(cluster.owner_url, name)
        self.admin_url = database_url(cluster.admin_url, name)
        self.engine: Engine = make_engine(self.app_url)

    def admin(self, statement: str, *values: object) -> list[tuple[object, ...]]:
        """A statement past every wall, for tests that damage or count things from outside."""
        with psycopg.connect(libpq(self.admin_url), autocommit=True) as connection:
            cursor = connection.execute(statement, values or None)
            return list(cursor.fetchall()) if cursor.description else []

    def close(self) -> None:
        close_engine(self.engine)
        drop_database(self.cluster, self.name)


def new_base(cluster: Cluster) -> Base:
    """A fresh copy of the template."""
    name = f"test_{os.getpid()}_{uuid4().hex[:8]}"
    create_database(cluster, name, template_of(cluster))
    return Base(cluster, name)


@pytest.fixture
def base() -> Iterator[Base]:
    """A fresh, empty, migrated database of one's own."""
    made = new_base(servers.embedded_test_cluster())
    yield made
    made.close()


@pytest.fixture(scope="module")
def shared_base() -> Iterator[Base]:
    """One database for a whole module whose tests do not disturb each other."""
    made = new_base(servers.embedded_test_cluster())
    yield made
    made.close()


@pytest.fixture(scope="module")
def cast(shared_base: Base) -> Cast:
    """The fixed cast, in the module's database."""
    return build_cast(shared_base.engine)


def settings_for(app_url: str) -> Settings:
    """Settings of a test application."""
    return Settings.model_validate(
        {
            "DATABASE_URL": app_url,
            "COORDINATION_SECRET_KEY": TEST_KEY,
            "COORDINATION_BASE_URL": ORIGIN,
            "COORDINATION_DEMO": True,
        }
    )


@pytest.fixture(scope="session")
def chromium() -> Iterator[Chromium]:
    """One Chromium for the whole process: playwright's synchronous side bears no second one."""
    if specimen.CHROMIUM is None:
        servers.require_or_skip("Chromium manque : « apt install chromium » permet les tests dans un navigateur.")
    with specimen.browser() as opened:
        yield opened


class Browser(TestClient):
    """A client that sends what a browser sends with a form, and does not follow redirections unasked."""

    def __init__(self, app: object) -> None:
        super().__init__(app, follow_redirects=False, raise_server_exceptions=False)  # type: ignore[arg-type]
        self.headers["sec-fetch-site"] = "same-origin"

    def sign_in(self, email: str, password: str) -> "Browser":
        answer = self.post("/connexion", data={"email": email, "password": password})
        assert answer.status_code == 303, answer.text
        return self


@pytest.fixture(scope="module")
def browser(shared_base: Base) -> Iterator[Callable[[], Browser]]:
    """Makes browsers on the application over the module's database."""
    from coordination.main import create_app  # late: tests without pages need no pages

    app = create_app(settings_for(shared_base.app_url), shared_base.app_url)
    with TestClient(app):
        yield lambda: Browser(app)
