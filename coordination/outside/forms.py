"""What may be sent about an outside referral: by the worker who refers, then by the service that answers."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator

from coordination.kit.clock import today
from coordination.kit.forms import Form, blank_is_none, typed_day
from coordination.outside.rules import Answer, How
from coordination.referrals.rules import Refusal


def _past(day: date) -> date:
    if day > today():
        raise ValueError("Ce jour n’est pas encore venu.")
    return day


class SendForm(Form):
    """One service, what it will read once it accepts, and how the person agreed to exactly that."""

    service: UUID
    person_name: Annotated[str, Field(min_length=1, max_length=120)]
    contact: Annotated[str, Field(min_length=1, max_length=200)]
    agreed_on: Annotated[date, BeforeValidator(typed_day), AfterValidator(_past)]
    agreed_how: How


class WithdrawForm(Form):
    """The version that was on screen."""

    version: Annotated[int, Field(ge=1, le=2_000_000_000)]


class AnswerForm(Form):
    """What the service says; a refusal has its reason."""

    answer: Answer
    reason: Annotated[Refusal | None, BeforeValidator(blank_is_none)] = Field(default=None, validate_default=True)

    @field_validator("reason")
    @classmethod
    def _say_why(cls, reason: Refusal | None, info: ValidationInfo) -> Refusal | None:
        if info.data.get("answer") is Answer.REFUSE and reason is None:
            raise ValueError("Choisissez le motif du refus.")
        return reason if info.data.get("answer") is Answer.REFUSE else None
