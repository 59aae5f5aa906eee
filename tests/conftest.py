"""The suite's ground: databases from a template, the fixed cast, clients that speak like a browser."""

import fcntl
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
from tests.calling import ORIGIN, Caller
from tests.cast import Cast, build_cast
from tests.order import rank
from tests.shares import pytest_addoption, pytest_terminal_summary
from tests.ui import specimen

__all__ = ["pytest_addoption", "pytest_terminal_summary"]  # what pytest calls is found here

TEST_KEY = "une-clef-d-essai-qui-ne-sert-qu-aux-tests-0123456789"

settings.register_profile("quick", max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
settings.register_profile("fuzz", max_examples=1000, deadline=None, suppress_health_check=list(HealthCheck))
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))

identity.HASHER = identity.HASHER.using(memory_cost=64, rounds=1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: rank(item.nodeid))


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


RUN = os.environ.get("PYTEST_XDIST_TESTRUNUID") or f"{os.getpid():032x}"
"""One name for all the processes of a run of the suite."""


def once(cluster: Cluster, kind: str, fill: Callable[[str], None]) -> str:
    """The database of that kind, made by the first process of the run that asks for it, to be copied by all."""
    name = f"{kind}_{RUN}"
    with (servers.HOME / "templates.lock").open("w") as lock, psycopg.connect(libpq(cluster.admin_url)) as admin:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if admin.execute("select from pg_database where datname = %s", [name]).fetchone() is None:
            draft = f"{name}_draft"
            drop_database(cluster, draft)
            fill(draft)
            with psycopg.connect(libpq(cluster.admin_url), autocommit=True) as renaming:
                renaming.execute(f"alter database {draft} rename to {name}")
    return name


@cache
def template_of(cluster: Cluster) -> str:
    """A migrated, empty database, copied for every test that wants a fresh one."""

    def fill(draft: str) -> None:
        create_database(cluster, draft)
        upgrade(database_url(cluster.owner_url, draft))

    return once(cluster, "template", fill)


@cache
def demonstration_of(cluster: Cluster, households: int) -> str:
    """The same, with the demonstration of so many households in it."""
    from coordination.demo.load import load  # late: most tests need no demonstration

    empty = template_of(cluster)  # asked for before the lock, which it takes too

    def fill(draft: str) -> None:
        create_database(cluster, draft, empty)
        load(database_url(cluster.app_url, draft), households=households)

    return once(cluster, f"demonstration_{households}", fill)


class Base:
    """One test database: its addresses and an engine of the app role."""

    def __init__(self, cluster: Cluster, name: str) -> None:
        self.cluster = cluster
        self.name = name
        self.app_url = database_url(cluster.app_url, name)
        self.owner_url = database_url(cluster.owner_url, name)
        self.admin_url = database_url(cluster.admin_url, name)
        self.engine: Engine = make_engine(self.app_url)
        self._outside: psycopg.Connection[tuple[object, ...]] | None = None

    def admin(self, statement: str, *values: object) -> list[tuple[object, ...]]:
        """A statement past every wall, for tests that damage or count things from outside."""
        if self._outside is None or self._outside.closed:
            self._outside = psycopg.connect(libpq(self.admin_url), autocommit=True)
        cursor = self._outside.execute(statement, values or None)
        return list(cursor.fetchall()) if cursor.description else []

    def close(self) -> None:
        close_engine(self.engine)
        if self._outside is not None:
            self._outside.close()
        drop_database(self.cluster, self.name)


def new_base(cluster: Cluster, template: str | None = None) -> Base:
    """A fresh copy of the empty template, or of another."""
    name = f"test_{os.getpid()}_{uuid4().hex[:8]}"
    create_database(cluster, name, template or template_of(cluster))
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


def settings_for(app_url: str, origin: str = ORIGIN) -> Settings:
    """Settings of a test application."""
    return Settings.model_validate(
        {
            "DATABASE_URL": app_url,
            "COORDINATION_SECRET_KEY": TEST_KEY,
            "COORDINATION_BASE_URL": origin,
            "COORDINATION_DEMO": True,
        }
    )


@pytest.fixture(scope="session")
def chromium() -> Iterator[Chromium]:
    """One Chromium for the whole process: playwright's synchronous side bears no second one."""
    if specimen.CHROMIUM is None:
        servers.require_or_skip(
            "Chromium manque : « apt install chromium-headless-shell » permet les tests dans un navigateur."
        )
    with specimen.browser() as opened:
        yield opened


class Browser(Caller):
    """A client that sends what a browser sends with a form."""

    def __init__(self, app: object) -> None:
        super().__init__(app)
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
