"""What a coordinator may say of a service outside the network."""

import re
from datetime import date
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator

from coordination.directory.rules import Day
from coordination.kit.forms import Form, blank_is_none, typed_day

ADDRESS = re.compile(r"[^@\s,;<>\"]{1,64}@[a-z0-9-]+(\.[a-z0-9-]+)+", re.IGNORECASE)


def _address(typed: str) -> str:
    if len(typed) > 200 or not ADDRESS.fullmatch(typed):
        raise ValueError("Ce courriel n’est pas complet. Écrivez par exemple accueil@service.fr.")
    return typed


Line = Annotated[str, Field(max_length=120)]
Choices = Annotated[list[Line], Field(max_length=50)]


def _blank(typed: object) -> object:
    return None if typed == "" else typed_day(typed)


OptionalDay = Annotated[date | None, BeforeValidator(_blank)]


class ServiceForm(Form):
    """The whole record, as it stands from now on."""

    name: Annotated[Line, Field(min_length=1)]
    email: Annotated[str, Field(min_length=1), AfterValidator(_address)]
    phone: Annotated[str, Field(max_length=30)] = ""
    domains: Annotated[Choices, Field(min_length=1)] = Field(default=[], validate_default=True)
    communes: Annotated[str, Field(max_length=2000)] = ""
    open_days: list[Day] = Field(default_factory=list)
    closed_from: OptionalDay = None
    closed_until: OptionalDay = Field(default=None, validate_default=True)
    full_until: OptionalDay = None
    capacity: Annotated[Annotated[int, Field(ge=0, le=10_000)] | None, BeforeValidator(blank_is_none)] = None
    ended: bool = False
    version: Annotated[int, Field(ge=1, le=2_000_000_000)] = 1

    @field_validator("ended", mode="before")
    @classmethod
    def _ticked(cls, typed: object) -> object:
        return bool(typed)

    @field_validator("closed_until")
    @classmethod
    def _in_order(cls, until: date | None, info: ValidationInfo) -> date | None:
        start = info.data.get("closed_from")
        if start is not None and until is None:
            raise ValueError("Écrivez aussi le dernier jour de la fermeture.")
        if start is not None and until is not None and until < start:
            raise ValueError("La fermeture finit avant de commencer : vérifiez les deux dates.")
        return until

    def commune_names(self) -> list[str]:
        """One a line, or between commas."""
        return list(dict.fromkeys(name.strip() for name in re.split(r"[\n,;]", self.communes) if name.strip()))
