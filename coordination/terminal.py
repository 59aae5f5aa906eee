"""What every command shares: what is printed, how it ends, the settings, the database's address, the operator.

What is heavy is imported by the command that needs it: a computation needs neither a database nor settings.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer
from rich.console import Console

if TYPE_CHECKING:
    from coordination.kit.db import ActorSession
    from coordination.kit.embedded import Cluster
    from coordination.settings import Settings

out = Console(highlight=False, soft_wrap=True)
errors = Console(stderr=True, highlight=False, soft_wrap=True)


class Stop(typer.Exit):
    """Ends with a clear sentence."""

    def __init__(self, sentence: str, code: int = 1) -> None:
        errors.print(sentence, style="red", markup=False)
        super().__init__(code)


@contextmanager
def plainly() -> Iterator[None]:
    """Known failures end with their French sentence, not with a trace."""
    from sqlalchemy.exc import OperationalError

    from coordination.kit.db import PowerfulRole
    from coordination.kit.errors import Problem
    from coordination.kit.postgres import ServerError
    from coordination.kit.roles import RolesError
    from coordination.settings import SettingsError

    try:
        yield
    except (SettingsError, ServerError, RolesError, PowerfulRole, Problem) as failure:
        raise Stop(str(failure) or (failure.__doc__ or "")) from failure
    except OperationalError as failure:
        raise Stop("La base de données ne répond pas : vérifiez l’adresse et que le serveur est démarré.") from failure


def get_settings() -> "Settings":
    """What the environment says."""
    from coordination.settings import get_settings as read

    return read()


def cluster(settings: "Settings") -> "Cluster":
    """The embedded server, started if need be."""
    from coordination.kit import embedded

    return embedded.start(settings.data_dir)


def app_url(settings: "Settings") -> str:
    """The address the pages are served from."""
    return settings.database_url or cluster(settings).app_url


@contextmanager
def operator() -> Iterator["ActorSession"]:
    """A session of the operator, over the app role."""
    from coordination.kit.actor import Service
    from coordination.kit.db import acting
    from coordination.kit.engine import close_engine, make_engine

    engine = make_engine(app_url(get_settings()), size=2)
    try:
        with acting(engine, Service("operator")) as session:
            yield session
    finally:
        close_engine(engine)
