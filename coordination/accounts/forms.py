"""What an admin may send about the accounts of her organisation."""

from typing import Annotated

from pydantic import Field, model_validator

from coordination.identity.forms import Email, Name
from coordination.identity.permissions import Role
from coordination.kit.forms import Form


class Rights(Form):
    """What a colleague may do, and whether professional secrecy binds her: always answered, never supposed."""

    roles: Annotated[list[Role], Field(min_length=1, max_length=len(Role))]
    professional: bool

    @model_validator(mode="before")
    @classmethod
    def _roles_present(cls, data: dict[str, object]) -> dict[str, object]:
        return {"roles": [], **data}


class Colleague(Form):
    """Who somebody is."""

    name: Name
    email: Email


class InviteForm(Rights, Colleague):
    """A colleague to invite."""


class RightsForm(Rights):
    """The rights of a colleague, as they were when the page was opened (`version`)."""

    version: int
