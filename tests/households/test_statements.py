"""What a page asks of the base: so many statements and no more; and the line of the journal at the end."""

from collections.abc import Callable

import pytest

from tests.cast import PASSWORD, Cast
from tests.conftest import Base, Browser
from tests.households.make import open_household
from tests.wire import BEGIN, COMMIT, before_each


@pytest.fixture(scope="module")
def file(shared_base: Base, cast: Cast) -> str:
    return str(open_household(shared_base.engine, cast.ccas.people["intake"]))


@pytest.mark.parametrize(("path", "most"), [("/foyers/{file}", 5), ("/foyers", 5), ("/orientations", 9)])
def test_a_page_asks_no_more_than_this(
    shared_base: Base, cast: Cast, browser: Callable[[], Browser], file: str, path: str, most: int
) -> None:
    """Three of them say who asks. A question asked twice, or once a row, shows here first."""
    visitor = browser().sign_in(cast.ccas.emails["intake"], PASSWORD)
    said: list[str] = []
    with before_each(shared_base, lambda _, words: said.extend(words)):
        assert visitor.get(path.format(file=file)).status_code == 200
    assert len([words for words in said if words not in (BEGIN, COMMIT)]) <= most, said


def test_an_opening_is_journalled_last(
    shared_base: Base, cast: Cast, browser: Callable[[], Browser], file: str
) -> None:
    """From its line to the commit, the network's other lines wait."""
    visitor = browser().sign_in(cast.ccas.emails["intake"], PASSWORD)
    said: list[list[str]] = []
    with before_each(shared_base, lambda _, words: said.append(words)):
        visitor.get(f"/foyers/{file}")
    line, end = said[-1]
    assert line.startswith("insert into journal")
    assert end == COMMIT
