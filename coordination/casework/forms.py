"""What a person may send about casework: notes, contacts, tasks, who follows a file; debts, goals, documents seen."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from coordination.casework.rules import OLDEST_YEAR, CreditorKind, DocumentKind, GoalState, Medium
from coordination.kit.clock import today
from coordination.kit.forms import Form, typed_day
from coordination.kit.money import parse_cents


def _past(day: date) -> date:
    if day > today():
        raise ValueError("Cette date est à venir : un contact se note une fois qu’il a eu lieu.")
    return _plausible(day)


def _plausible(day: date) -> date:
    if not OLDEST_YEAR <= day.year <= today().year + 5:
        raise ValueError(f"L’année va de {OLDEST_YEAR} à {today().year + 5} : vérifiez-la.")
    return day


PastDay = Annotated[date, BeforeValidator(typed_day), AfterValidator(_past)]
Day = Annotated[date, BeforeValidator(typed_day), AfterValidator(_plausible)]


def _cents(typed: object) -> object:
    if not isinstance(typed, str):
        return typed
    cents = parse_cents(typed)
    if cents <= 0:
        raise ValueError("Le montant doit être plus grand que zéro.")
    return cents


def _cents_or_none(typed: object) -> object:
    return None if isinstance(typed, str) and not typed.strip() else _cents(typed)


def _day_or_none(typed: object) -> object:
    return None if isinstance(typed, str) and not typed.strip() else typed_day(typed)


def _ticked(typed: object) -> object:
    return typed == "oui" if isinstance(typed, str) else typed


Cents = Annotated[int, BeforeValidator(_cents)]
OptionalCents = Annotated[int | None, BeforeValidator(_cents_or_none)]
OptionalDay = Annotated[date | None, AfterValidator(lambda day: day and _plausible(day)), BeforeValidator(_day_or_none)]
Ticked = Annotated[bool, BeforeValidator(_ticked)]


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


class DebtForm(Form):
    """What is owed; amounts in cents. `version` and `ended` when it is corrected."""

    creditor_kind: CreditorKind
    creditor: Annotated[str, Field(max_length=120)] = ""
    amount: Cents
    plan: Ticked = False
    instalment: OptionalCents = None
    ended: Ticked = False
    version: int = 0

    @model_validator(mode="after")
    def _instalment_of_a_plan(self) -> "DebtForm":
        if self.instalment is not None and not self.plan:
            raise ValueError("Une mensualité va avec un plan : cochez « un plan est en place » ou effacez-la.")
        if self.instalment is not None and self.instalment > self.amount:
            raise ValueError("La mensualité dépasse la dette : vérifiez les deux montants.")
        return self


class GoalForm(Form):
    """A project, until when, and where it stands; `version` when it is corrected."""

    words: Annotated[str, Field(min_length=1, max_length=1000)]
    until_date: OptionalDay = None
    state: GoalState = GoalState.OPEN
    version: int = 0


class DocumentsForm(Form):
    """The kinds of documents seen that day."""

    kinds: Annotated[list[DocumentKind], Field(min_length=1, max_length=20)]
    seen_on: PastDay

    @model_validator(mode="before")
    @classmethod
    def _none_ticked(cls, data: dict[str, object]) -> dict[str, object]:
        return {"kinds": [], **data}


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
