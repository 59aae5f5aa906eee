"""The suite's ground: databases from a template, the fixed cast, clients that speak like a browser."""

import fcntl
import gc
import os
import pickle
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from uuid import uuid4

import psycopg
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, settings
from playwright.sync_api import Browser as Chromium
from sqlalchemy import Engine

from coordination.identity import service as identity
from coordination.kit.embedded import Cluster
from coordination.kit.engine import close_engine, make_engine
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

FALSE_ONES = "select r.id, r.carried, access.carried_days(r) from referral r where r.carried <> access.carried_days(r)"

identity.HASHER = identity.HASHER.using(memory_cost=64, rounds=1)

gc.disable()  # what is loaded to find the tests stays: to look through it again and again took a quarter of that time


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("numprocesses", None) and not hasattr(config, "workerinput"):
        servers.leave_last()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: rank(item.nodeid))


def pytest_collection_finish() -> None:
    """What was loaded is looked through no more; what the tests make is, a few times less often."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
    gc.enable()


def database_url(url: str, name: str) -> str:
    """The same server and role, another database."""
    head, _, query = url.partition("?")
    return head.rsplit("/", 1)[0] + f"/{name}" + (f"?{query}" if query else "")


def create_database(cluster: Cluster, name: str, template: str | None = None) -> None:
    """A database owned by the owner role; from a template when one is named."""
    with psycopg.connect(libpq(cluster.admin_url), autocommit=True) as admin:
        # By files and not through the journal of the server: a third of the time, as nothing here needs to last.
        source = f"template {template} strategy file_copy" if template else "template template0 encoding 'UTF8'"
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
    with (servers.HOME / f"{kind}.lock").open("w") as lock, psycopg.connect(libpq(cluster.admin_url)) as admin:
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
def casting_of(cluster: Cluster) -> tuple[str, bytes]:
    """The same, with the fixed cast in it; and who it is, which the server keeps beside the database."""
    empty = template_of(cluster)

    def fill(draft: str) -> None:
        create_database(cluster, draft, empty)
        engine = make_engine(database_url(cluster.app_url, draft))
        found = build_cast(engine)
        close_engine(engine)
        with psycopg.connect(libpq(cluster.admin_url), autocommit=True) as admin:
            admin.execute(f"comment on database {draft} is '{pickle.dumps(found.organisations).hex()}'".encode())

    name = once(cluster, "cast", fill)
    with psycopg.connect(libpq(cluster.admin_url)) as admin:
        row = admin.execute(
            "select shobj_description(oid, 'pg_database') from pg_database where datname = %s", [name]
        ).fetchone()
    assert row is not None
    return name, bytes.fromhex(row[0])


@cache
def demonstration_of(cluster: Cluster, households: int) -> str:
    """The same, with the demonstration of so many households in it."""
    from coordination.demo.load import load  # late: most tests need no demonstration

    empty = template_of(cluster)

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
        self.carried_by_hand = False
        """Whether a test writes what an agreement carries, which triggers alone write."""
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


def cast_base(cluster: Cluster) -> tuple[Base, Cast]:
    """A fresh copy of the database that holds the cast, and the cast in it."""
    template, organisations = casting_of(cluster)
    base = new_base(cluster, template)
    return base, Cast(base.engine, *pickle.loads(organisations))  # noqa: S301 - written by ourselves a moment ago


CASTS: dict[str, Cast] = {}
"""The casts of the databases that were made with one, by name."""


def made_for(items: list[pytest.Item], who: str) -> Base:
    """A fresh database, with the cast in it where one of these tests asks for it by this name."""
    cluster = servers.embedded_test_cluster()
    if not any(who in getattr(item, "fixturenames", ()) for item in items):
        return new_base(cluster)
    base, CASTS[base.name] = cast_base(cluster)
    return base


@pytest.fixture
def base(request: pytest.FixtureRequest) -> Iterator[Base]:
    """A fresh, migrated database of one's own, empty but for `own_cast` where it is asked for."""
    made = made_for([request.node], "own_cast")
    yield made
    made.close()


@pytest.fixture
def own_cast(base: Base) -> Cast:
    """The fixed cast, in a database of the test's own."""
    return CASTS.pop(base.name)


@pytest.fixture(scope="module")
def shared_base(request: pytest.FixtureRequest) -> Iterator[Base]:
    """One database for a whole module whose tests do not disturb each other. Whatever they did, what an agreement
    carries is as the shares stand."""
    made = made_for([item for item in request.session.items if item.path == request.path], "cast")
    yield made
    false_ones = [] if made.carried_by_hand else made.admin(FALSE_ONES)
    made.close()
    assert not false_ones


@pytest.fixture(scope="module")
def cast(shared_base: Base) -> Cast:
    """The fixed cast, in the module's database."""
    return CASTS.pop(shared_base.name)


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


RESTING: list[FastAPI] = []


@contextmanager
def application(settings: Settings, app_url: str) -> Iterator[FastAPI]:
    """An application over this database. It works its routes out at its first request, for half a second: one that has
    served another module is taken again, with nothing of what it knew. Not for tests that add routes to it."""
    from coordination.main import create_app  # late: tests without pages need no pages

    fresh = create_app(settings, app_url)
    app = RESTING.pop() if RESTING else fresh
    app.state = fresh.state
    yield app
    close_engine(app.state.engine)
    RESTING.append(app)


@pytest.fixture(scope="module")
def browser(shared_base: Base) -> Iterator[Callable[[], Browser]]:
    """Makes browsers on the application over the module's database."""
    with application(settings_for(shared_base.app_url), shared_base.app_url) as app, TestClient(app):
        yield lambda: Browser(app)
