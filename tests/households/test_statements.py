"""What a page asks of the base: so many statements and no more; and the line of the journal at the end."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Engine, event

from tests.cast import PASSWORD, Cast
from tests.conftest import Base, Browser
from tests.households.make import open_household


@contextmanager
def statements() -> Iterator[list[str]]:
    """Everything said to any base meanwhile."""
    said: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        said.append(" ".join(statement.split()))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield said
    finally:
        event.remove(Engine, "before_cursor_execute", note)


@pytest.fixture(scope="module")
def file(shared_base: Base, cast: Cast) -> str:
    return str(open_household(shared_base.engine, cast.ccas.people["intake"]))


@pytest.mark.parametrize(("path", "most"), [("/foyers/{file}", 5), ("/foyers", 5), ("/orientations", 9)])
def test_a_page_asks_no_more_than_this(
    cast: Cast, browser: Callable[[], Browser], file: str, path: str, most: int
) -> None:
    """Three of them say who asks. A question asked twice, or once a row, shows here first."""
    visitor = browser().sign_in(cast.ccas.emails["intake"], PASSWORD)
    with statements() as said:
        assert visitor.get(path.format(file=file)).status_code == 200
    assert len(said) <= most, said


def test_an_opening_is_journalled_last(cast: Cast, browser: Callable[[], Browser], file: str) -> None:
    """From its line to the commit, the network's other lines wait."""
    visitor = browser().sign_in(cast.ccas.emails["intake"], PASSWORD)
    with statements() as said:
        visitor.get(f"/foyers/{file}")
    assert said[-1].startswith("INSERT INTO journal")
