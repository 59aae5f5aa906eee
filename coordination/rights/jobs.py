"""The worker's turn for estimated rights: a batch for each network, by an interpreter that has openfisca-france."""

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Engine

from coordination.rights import service

EVERY_MINUTE = "* * * * *"


def turns(engine: Engine, interpreter: Path | None) -> dict[str, tuple[str, Callable[[], object]]]:
    """The task by its name, when it comes round, and what it does; none where the estimator is not installed."""
    if interpreter is None:
        return {}
    return {"rights": (EVERY_MINUTE, lambda: service.answer_waiting(engine, interpreter))}
