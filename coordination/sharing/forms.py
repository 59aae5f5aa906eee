"""What a person may send about an agreement."""

from datetime import date, timedelta
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from coordination.households.rules import read_code
from coordination.kit.clock import today
from coordination.kit.forms import Form, blank_is_none, typed_day
from coordination.sharing.rules import LONGEST_AGREEMENT_DAYS, Answer, Audience, Decline, GivenHow, Purpose, SharedPart


def _code(typed: str) -> str:
    code = read_code(typed)
    if code is None:
        raise ValueError(
            "Ce n’est pas le code d’un foyer : sept lettres et chiffres, par exemple 7K3M-2PX. Relisez-le."
        )
    return code


def _ticked(part: SharedPart) -> SharedPart:
    if part is SharedPart.LINK:
        raise ValueError("Choisissez une des réponses proposées.")
    return part


Part = Annotated[SharedPart, AfterValidator(_ticked)]
Chosen = Annotated[UUID | None, BeforeValidator(blank_is_none)]


class AdultRow(Form):
    """What one adult answered."""

    person: UUID
    answer: Answer


class AgreementForm(Form):
    """An agreement: who answered what, which structures read which parts, why, how given, until when."""

    adults: Annotated[list[AdultRow], Field(min_length=1, max_length=20)]
    recipients: Annotated[list[UUID], Field(min_length=1, max_length=50)]
    parts: Annotated[list[Part], Field(min_length=1)]
    audience: Annotated[Audience | None, BeforeValidator(blank_is_none)] = None
    """Who reads in the structures; nothing is asked when the recipients are outside services alone."""
    purpose: Purpose
    given_how: GivenHow
    representative: Annotated[str, Field(max_length=120)] = ""
    valid_until: Annotated[date, BeforeValidator(typed_day)]
    request: Chosen = None

    @model_validator(mode="before")
    @classmethod
    def _lists(cls, data: dict[str, object]) -> dict[str, object]:
        return {"adults": [], "recipients": [], "parts": [], **data}

    @model_validator(mode="after")
    def _whole(self) -> "AgreementForm":
        if self.given_how is GivenHow.REPRESENTATIVE and not self.representative:
            raise ValueError("Indiquez le nom du représentant légal qui a donné l’accord.")
        last = today() + timedelta(days=LONGEST_AGREEMENT_DAYS)
        if not today() <= self.valid_until <= last:
            raise ValueError(f"La fin de l’accord va d’aujourd’hui au {last:%d/%m/%Y} (un an au plus).")
        if SharedPart.IDENTITY not in self.parts:
            raise ValueError("L’identité est nécessaire pour que la structure sache de qui il s’agit.")
        return self

    @property
    def granting(self) -> bool:
        """Whether something becomes visible: somebody agrees and nobody refuses."""
        answers = {row.answer for row in self.adults}
        return Answer.AGREES in answers and Answer.REFUSES not in answers


class AnswerForm(Form):
    """What an adult who was absent answers now."""

    person: UUID
    answer: Literal["agrees", "refuses"]


class WithdrawForm(Form):
    """What is withdrawn: the whole agreement, what one structure reads, or one part of it."""

    recipient: Chosen = None
    part: Annotated[SharedPart | None, BeforeValidator(blank_is_none)] = None


class AccessForm(Form):
    """A request to read a file: the code its household gave, the parts and what for."""

    code: Annotated[str, Field(min_length=1, max_length=20), AfterValidator(_code)]
    parts: Annotated[list[Part], Field(min_length=1)]
    purpose: Purpose

    @model_validator(mode="before")
    @classmethod
    def _lists(cls, data: dict[str, object]) -> dict[str, object]:
        return {"parts": [], **data}


class DeclineForm(Form):
    """Why a request of access is declined."""

    reason: Decline
