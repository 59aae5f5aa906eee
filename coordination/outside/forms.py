"""What the holder of a link may send."""

from typing import Annotated

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator

from coordination.kit.forms import Form, blank_is_none
from coordination.outside.rules import Answer
from coordination.referrals.rules import Outcome, Question, Refusal


class AnswerForm(Form):
    """What the service says; a refusal has its reason, an end its outcome."""

    answer: Answer
    reason: Annotated[Refusal | None, BeforeValidator(blank_is_none)] = Field(default=None, validate_default=True)
    outcome: Annotated[Outcome | None, BeforeValidator(blank_is_none)] = Field(default=None, validate_default=True)

    @field_validator("reason")
    @classmethod
    def _say_why(cls, reason: Refusal | None, info: ValidationInfo) -> Refusal | None:
        if info.data.get("answer") is Answer.REFUSE and reason is None:
            raise ValueError("Choisissez le motif du refus.")
        return reason

    @field_validator("outcome")
    @classmethod
    def _say_what(cls, outcome: Outcome | None, info: ValidationInfo) -> Outcome | None:
        if info.data.get("answer") is Answer.CLOSE and outcome is None:
            raise ValueError("Choisissez ce qu’il est advenu.")
        return outcome

    @property
    def code(self) -> str | None:
        """The code that goes with the answer."""
        codes = {Answer.REFUSE: self.reason, Answer.CLOSE: self.outcome, Answer.ASK: Question.CALL}
        found = codes.get(self.answer)
        return found.value if found else None
