"""What a person may send about needs and referrals. Each move has its own words, so that one page holds every form."""

from typing import Annotated
from uuid import UUID

from pydantic import Field, ValidationInfo, field_validator

from coordination.kit.forms import Form
from coordination.referrals.rules import Domain, Outcome, Refusal

LONGEST_WORDS = 2000

Words = Annotated[str, Field(max_length=LONGEST_WORDS)]
Partners = Annotated[list[UUID], Field(max_length=50)]
Version = Annotated[int, Field(ge=1, le=2_000_000_000)]


class NeedForm(Form):
    """A need, and the partners it is referred to at once (none: it is only noted)."""

    domain: Domain
    summary: Annotated[str, Field(min_length=1, max_length=LONGEST_WORDS)]
    partners: Partners = Field(default_factory=list)
    words: Words = ""


class SendForm(Form):
    """More partners for a need already noted."""

    partners: Annotated[Partners, Field(min_length=1)] = Field(default=[], validate_default=True)
    words: Words = ""


class AcceptForm(Form):
    """The receiver takes it; a word for the sender is optional."""

    version: Version
    accept_words: Words = ""
    suite: Annotated[str, Field(max_length=10)] = ""


class RefuseForm(Form):
    """A coded reason; « autre » asks for words."""

    version: Version
    reason: Refusal
    refuse_words: Words = Field(default="", validate_default=True)

    @field_validator("refuse_words")
    @classmethod
    def _say_why(cls, words: str, info: ValidationInfo) -> str:
        if info.data.get("reason") is Refusal.OTHER and not words:
            raise ValueError("Pour un autre motif, écrivez lequel en quelques mots.")
        return words


class CloseForm(Form):
    """What became of it, for the household."""

    version: Version
    outcome: Outcome
    close_words: Words = ""


class CancelForm(Form):
    """The sender takes it back."""

    version: Version
    cancel_words: Words = ""
