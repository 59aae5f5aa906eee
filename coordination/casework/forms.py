"""What a person may send about casework: a note, a contact, a task, a referent, a hand-over."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from coordination.casework.rules import OLDEST_YEAR, Medium
from coordination.kit.clock import today
from coordination.kit.forms import Form


def _day(typed: object) -> object:
    """A whole date, as typed in French or sent by a program."""
    if not isinstance(typed, str):
        return typed
    pieces = typed.strip().replace(".", "/").replace("-", "/").split("/")
    try:
        numbers = [int(piece) for piece in pieces]
        return date(*numbers) if len(pieces[0]) == 4 else date(*reversed(numbers))
    except (ValueError, TypeError, OverflowError) as unreadable:
        raise ValueError("Date illisible. Écrivez par exemple 21/11/2026.") from unreadable


def _past(day: date) -> date:
    if day > today():
        raise ValueError("Cette date est à venir : un contact se note une fois qu’il a eu lieu.")
    return _plausible(day)


def _plausible(day: date) -> date:
    if not OLDEST_YEAR <= day.year <= today().year + 5:
        raise ValueError(f"L’année va de {OLDEST_YEAR} à {today().year + 5} : vérifiez-la.")
    return day


PastDay = Annotated[date, BeforeValidator(_day), AfterValidator(_past)]
Day = Annotated[date, BeforeValidator(_day), AfterValidator(_plausible)]


class NoteForm(Form):
    """A note, or its correction; `latest` is the version one has read."""

    words: Annotated[str, Field(min_length=1, max_length=8000)]
    latest: UUID | None = None


class ContactForm(Form):
    """A contact that took place."""

    met_on: PastDay
    medium: Medium
    with_whom: Annotated[str, Field(min_length=1, max_length=120)]
    words: Annotated[str, Field(max_length=1000)] = ""


class TaskForm(Form):
    """Something to do, by whom and when."""

    what: Annotated[str, Field(min_length=1, max_length=300)]
    due_on: Day
    assigned_to: UUID


class DoneForm(Form):
    """A task in the version one has read."""

    version: int


class ReferentForm(Form):
    """Who follows the file."""

    membership_id: UUID


class HandOverForm(Form):
    """From whom to whom."""

    from_whom: UUID
    to_whom: UUID

    @model_validator(mode="after")
    def _two_people(self) -> "HandOverForm":
        if self.from_whom == self.to_whom:
            raise ValueError("Choisissez deux personnes différentes.")
        return self
