"""One application over the module's database, and the clients of its API."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from tests.api.make import Client
from tests.conftest import Base, application, settings_for


@pytest.fixture(scope="module")
def app(shared_base: Base) -> Iterator[FastAPI]:
    with application(settings_for(shared_base.app_url), shared_base.app_url) as made, TestClient(made):
        yield made


@pytest.fixture(scope="module")
def api(app: FastAPI) -> Callable[[], Client]:
    """Makes clients that are nobody yet."""

    def make() -> Client:
        client: Any = Client(app)
        return client  # type: ignore[no-any-return]

    return make
