"""What a person may send about appointments: a date, an answer, whether the person came, a public place."""

from datetime import date, datetime, time
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BeforeValidator, Field, field_validator, model_validator

from coordination.appointments.rules import LENGTHS, Doubt, Place, moment_of, typed_hour
from coordination.kit.forms import Form, blank_is_none, typed_day

LONGEST_WORDS = 500

Version = Annotated[int, Field(ge=1, le=2_000_000_000)]
Day = Annotated[date, BeforeValidator(typed_day)]
Hour = Annotated[time, BeforeValidator(typed_hour)]
Maybe = Annotated[UUID | None, BeforeValidator(blank_is_none)]


class DateForm(Form):
    """A date, a length, a place. `where`: a place's id, or a word of `Place`. `fixed`: agreed with the person.
    `seen`: the doubts already shown."""

    day: Day
    hour: Hour
    minutes: int = 30
    where: Place | UUID = Place.OFFICE
    words: Annotated[str, Field(max_length=LONGEST_WORDS)] = Field(default="", validate_default=True)
    fixed: Literal["", "oui"] = ""
    held_by: Maybe = None
    seen: Annotated[list[Doubt], Field(max_length=5)] = Field(default_factory=list)

    @field_validator("minutes")
    @classmethod
    def _usual(cls, minutes: int) -> int:
        if minutes not in LENGTHS:
            raise ValueError("Choisissez une des durées proposées.")
        return minutes

    @field_validator("words")
    @classmethod
    def _said_where(cls, words: str, info: object) -> str:
        if getattr(info, "data", {}).get("where") is Place.OTHER and not words:
            raise ValueError("Ailleurs : écrivez où, en quelques mots.")
        return words

    @field_validator("seen", mode="before")
    @classmethod
    def _separate(cls, typed: object) -> object:
        return typed.split() if isinstance(typed, str) else typed

    @model_validator(mode="after")
    def _exists(self) -> "DateForm":
        moment_of(self.day, self.hour)
        return self

    @property
    def starts_at(self) -> datetime:
        return moment_of(self.day, self.hour)


class OtherDateForm(DateForm):
    """The same for an appointment that was read under this version."""

    version: Version


class MoveForm(Form):
    """An answer to an appointment that was read under this version; `suite` says where to go on."""

    version: Version
    suite: Annotated[str, Field(max_length=10)] = ""


class GiveForm(MoveForm):
    """Who receives the person from now on."""

    to: UUID


class PassForm(Form):
    """Whose referrals and dates, to whom."""

    from_whom: UUID
    to_whom: UUID


class MissForm(MoveForm):
    """Whether the person had said she would not come."""

    excused: Literal["oui", "non"]


class PlaceForm(Form):
    """A public place of one's organisation."""

    name: Annotated[str, Field(min_length=1, max_length=80)]
    address: Annotated[str, Field(min_length=1, max_length=200)]
    closed: Literal["", "oui"] = ""
    version: Annotated[int, Field(ge=0, le=2_000_000_000)] = 0
