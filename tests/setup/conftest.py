"""Fresh data folders for servers that a test starts, kills and throws away."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from coordination.kit import embedded


@contextmanager
def a_place() -> Iterator[Path]:
    around = embedded.default_data_dir() / "test" / f"essai {uuid4().hex[:8]}"
    yield around / "données"
    for folder in around.glob("**/pgdata"):
        embedded.stop(folder.parent)
    shutil.rmtree(around, ignore_errors=True)


@pytest.fixture
def fresh() -> Iterator[Path]:
    """A data folder that does not exist yet, with a space and an accent in its path."""
    with a_place() as home:
        yield home


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """The same, shared by the tests that leave it in working order."""
    with a_place() as home:
        yield home
