"""Services outside the network, as tests need them."""

from typing import Any
from uuid import UUID

from sqlalchemy import Engine

from coordination.directory import service
from coordination.directory.forms import ServiceForm
from coordination.kit.actor import Member
from coordination.kit.db import acting


def told(**changed: Any) -> ServiceForm:
    """A whole record."""
    return ServiceForm.model_validate(
        {"name": "Point justice", "email": "accueil@justice.exemple.fr", "domains": ["droits"]} | changed
    )


def outside(engine: Engine, coordinator: Member, **changed: Any) -> UUID:
    """A service written down by somebody who keeps the list."""
    with acting(engine, coordinator) as session:
        return service.add(session, told(**changed)).id
