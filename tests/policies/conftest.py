"""The wall on both servers: the embedded one and PostgreSQL 15, each with the fixed cast and one file."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import Engine

from coordination.households import service as households
from coordination.households.forms import NewFileForm
from coordination.kit.actor import Actor, Member
from coordination.kit.db import acting
from coordination.kit.roles import libpq
from tests import servers
from tests.cast import Cast
from tests.conftest import Base, cast_base
from tests.policies.trials import act_as


@dataclass
class House:
    """A database, its cast, and one file held by the CCAS."""

    base: Base
    cast: Cast
    file: UUID

    @property
    def worker(self) -> Member:
        """The worker of the CCAS who opened the file."""
        return self.cast.ccas.people["intake"]

    @property
    def stranger(self) -> Member:
        """A worker of the same network to whom nothing was shared."""
        return self.cast.bonne_action.people["intake"]

    def connect(self, actor: Actor | None = None) -> psycopg.Connection[Any]:
        """A bare connection of the app role; inside a transaction in somebody's name when one is given."""
        connection = psycopg.connect(libpq(self.base.app_url))
        if actor is not None:
            act_as(connection, actor)
        return connection

    def owner(self) -> psycopg.Connection[Any]:
        return psycopg.connect(libpq(self.base.owner_url))

    def admin(self) -> psycopg.Connection[Any]:
        return psycopg.connect(libpq(self.base.admin_url))


@pytest.fixture(scope="module", params=["embedded", pytest.param("pg15", marks=pytest.mark.pg15)])
def house(request: pytest.FixtureRequest) -> Iterator[House]:
    """A module's own database on each server."""
    base, cast = cast_base(servers.pg15_or_skip() if request.param == "pg15" else servers.embedded_test_cluster())
    yield House(base, cast, open_file(base.engine, cast.ccas.people["intake"], "Maes"))
    base.close()


def open_file(engine: Engine, worker: Member, family_name: str) -> UUID:
    """A file of the worker's organisation, through the real act."""
    with acting(engine, worker) as session:
        form = NewFileForm.model_validate({"family_name": family_name, "given_name": "Ada", "commune": "Carvin"})
        return households.open_file(session, form).id
