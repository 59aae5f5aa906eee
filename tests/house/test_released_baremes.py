"""What the partners decided is never written over: a released version of a barème keeps its values for good."""

from coordination.budgets.released import check
from tests.budgets.make import BAREMES


def test_every_released_version_is_as_it_was_released() -> None:
    assert [str(problem) for problem in check(BAREMES).problems] == []


def test_every_version_in_the_house_is_released() -> None:
    """A new one: `coordination check-policies --release`."""
    assert check(BAREMES).fresh == ()
