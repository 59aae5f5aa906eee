"""How the demonstration comes: the same each time, whole or not at all, and only where it was asked for."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from coordination import cli
from coordination.demo.accounts import NETWORK
from coordination.demo.load import NEIGHBOUR_HOUSEHOLDS, NameTaken, NotReady, load, loaded
from coordination.main import served
from coordination.settings import get_settings
from tests import servers
from tests.cast import add_network
from tests.conftest import (
    TEST_KEY,
    Base,
    create_database,
    database_url,
    demonstration_of,
    drop_database,
    new_base,
)
from tests.demo.make import SMALL, content

FEW = 3
FEW_NEIGHBOURS = 2
TWELVE = 12
"""The demonstration that is walked through in a browser (tests/browser)."""


class Stopped(BaseException):
    """Somebody pressed Ctrl+C."""


@pytest.fixture
def commands(base: Base, monkeypatch: pytest.MonkeyPatch) -> Iterator[Base]:
    """The command line, over a database that was given to it."""
    monkeypatch.setenv("DATABASE_URL", base.app_url)
    monkeypatch.setenv("DATABASE_OWNER_URL", base.owner_url)
    monkeypatch.setenv("COORDINATION_SECRET_KEY", TEST_KEY)
    monkeypatch.delenv("COORDINATION_DEMO", raising=False)
    monkeypatch.setattr(cli, "start_server", lambda *_, **__: None)
    get_settings.cache_clear()
    yield base
    get_settings.cache_clear()


def households(base: Base) -> int:
    return int(str(base.admin("select count(*) from household")[0][0]))


@pytest.fixture
def few_neighbours(monkeypatch: pytest.MonkeyPatch) -> None:
    """How it comes does not hang on how many live in the other network."""
    monkeypatch.setattr("coordination.demo.load.NEIGHBOUR_HOUSEHOLDS", FEW_NEIGHBOURS)


@contextmanager
def demonstration(households: int) -> Iterator[Base]:
    """One loaded by itself for other tests, perhaps in another process."""
    cluster = servers.embedded_test_cluster()
    made = new_base(cluster, demonstration_of(cluster, households))
    yield made
    made.close()


@pytest.mark.usefixtures("few_neighbours")
def test_interrupted_it_leaves_nothing_then_it_comes_whole_and_once(base: Base) -> None:
    def press(done: int, total: int) -> None:
        assert total == FEW + FEW_NEIGHBOURS
        if done == 3:
            raise Stopped

    with pytest.raises(Stopped):
        load(base.app_url, households=FEW, progress=press)
    assert not loaded(base.app_url)
    assert base.admin("select count(*) from network") == base.admin("select count(*) from account") == [(0,)]

    heard: list[int] = []
    load(base.app_url, households=FEW, progress=lambda done, _: heard.append(done))
    assert heard == list(range(1, FEW + FEW_NEIGHBOURS + 1))
    assert loaded(base.app_url)
    load(base.app_url, households=FEW)
    assert households(base) == FEW + FEW_NEIGHBOURS


def test_it_is_the_same_every_time_and_a_smaller_one_is_part_of_it() -> None:
    with demonstration(TWELVE) as smaller_one, demonstration(SMALL) as larger_one:
        smaller, larger = content(smaller_one), content(larger_one)
    assert len(smaller) == TWELVE + NEIGHBOUR_HOUSEHOLDS
    assert len(larger) == SMALL + NEIGHBOUR_HOUSEHOLDS + 2  # one separated, one found twice
    assert {code: larger[code] for code in smaller} == smaller


@pytest.mark.usefixtures("few_neighbours")
def test_two_loaders_at_once_load_it_once(base: Base) -> None:
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: load(base.app_url, households=1), range(2)))
    assert households(base) == 1 + FEW_NEIGHBOURS


def test_a_real_network_of_that_name_is_left_alone(commands: Base) -> None:
    add_network(commands.engine, NETWORK)
    with pytest.raises(NameTaken):
        load(commands.app_url)
    done = CliRunner().invoke(cli.app, ["demo"])
    assert done.exit_code == 1
    assert "rien n’a été chargé" in done.output
    assert households(commands) == 0


def test_a_base_that_was_never_upgraded_is_refused_with_a_sentence() -> None:
    cluster, name = servers.embedded_test_cluster(), f"bare_{uuid4().hex[:8]}"
    create_database(cluster, name)
    try:
        with pytest.raises(NotReady, match="coordination upgrade"):
            loaded(database_url(cluster.app_url, name))
    finally:
        drop_database(cluster, name)


def test_an_empty_base_named_by_database_url_is_never_filled_by_itself(commands: Base) -> None:
    said = CliRunner().invoke(cli.app, ["run"])
    assert said.exit_code == 1
    assert "DATABASE_URL" in said.output
    for command in ("upgrade", "serve"):
        assert CliRunner().invoke(cli.app, [command]).exit_code == 0
    get_settings.cache_clear()
    assert CliRunner().invoke(cli.app, ["serve"], env={"COORDINATION_DEMO": "true"}).exit_code == 0
    get_settings.cache_clear()
    with TestClient(served()) as visitor:  # what the command serves, begun
        assert visitor.get("/sante").text == "ok"
    assert commands.admin("select count(*) from network") == [(0,)]
    assert commands.admin("select count(*) from account") == [(0,)]


@pytest.mark.usefixtures("few_neighbours")
def test_asked_by_name_it_is_loaded_and_says_how_its_accounts_open(
    commands: Base, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coordination.demo.load.load", partial(load, households=FEW))
    said = CliRunner().invoke(cli.app, ["demo"])
    assert said.exit_code == 0, said.output
    assert "Démonstration chargée" in said.output
    assert "COORDINATION_DEMO=true" in said.output
    assert "déjà chargée" in CliRunner().invoke(cli.app, ["demo"]).output
    assert households(commands) == FEW + FEW_NEIGHBOURS
