"""What a person may send about needs and referrals. Each move has its own words, so that one page holds every form."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from pydantic import BeforeValidator, Field, ValidationInfo, create_model, field_validator, model_validator

from coordination.kit.forms import Form, blank_is_none, typed_day
from coordination.referrals.household import Explanation, Said
from coordination.referrals.rules import Domain, Dropped, Many, Outcome, Pause, Question, Refusal

LONGEST_WORDS = 2000

Words = Annotated[str, Field(max_length=LONGEST_WORDS)]
Partners = Annotated[list[UUID], Field(max_length=50)]
Ticked = Annotated[bool, BeforeValidator(lambda typed: typed == "oui")]
Version = Annotated[int, Field(ge=1, le=2_000_000_000)]


class ReachForm(Form):
    """What an outside service will read once it accepts; blank: what the file says."""

    reach_name: Annotated[str, Field(max_length=120)] = ""
    reach_contact: Annotated[str, Field(max_length=200)] = ""


class NeedForm(ReachForm):
    """A need, and the partners it is referred to at once (none: it is only noted)."""

    domain: Domain
    summary: Annotated[str, Field(min_length=1, max_length=LONGEST_WORDS)]
    partners: Partners = Field(default_factory=list)
    words: Words = ""


class SendForm(ReachForm):
    """More partners for a need already noted."""

    partners: Annotated[Partners, Field(min_length=1)] = Field(default=[], validate_default=True)
    words: Words = ""


class MoveForm(Form):
    """What every move sends: the version that was read; words are named after the verb. `suite` says where to go on."""

    version: Version
    suite: Annotated[str, Field(max_length=10)] = ""


def _words_of(verb: str) -> Any:
    words: Any = {f"{verb}_words": (Words, "")}
    return create_model(f"{verb.title()}Form", __base__=MoveForm, **words)


# A word for the other side is optional.
ReceiveForm, AcceptForm, StartForm, ResumeForm, AnswerForm, CancelForm, ReopenForm = (
    _words_of(verb) for verb in ("receive", "accept", "start", "resume", "answer", "cancel", "reopen")
)


class RefuseForm(MoveForm):
    """A coded reason; « autre » asks for words."""

    reason: Refusal
    refuse_words: Words = Field(default="", validate_default=True)

    @field_validator("refuse_words")
    @classmethod
    def _say_why(cls, words: str, info: ValidationInfo) -> str:
        if info.data.get("reason") is Refusal.OTHER and not words:
            raise ValueError("Pour un autre motif, écrivez lequel en quelques mots.")
        return words


class AskForm(MoveForm):
    """What is asked of the sender; « autre chose » asks for words."""

    question: Question
    ask_words: Words = Field(default="", validate_default=True)

    @field_validator("ask_words")
    @classmethod
    def _say_what(cls, words: str, info: ValidationInfo) -> str:
        if info.data.get("question") is Question.OTHER and not words:
            raise ValueError("Pour une autre précision, écrivez laquelle en quelques mots.")
        return words


class HoldForm(MoveForm):
    """Why the accompaniment waits."""

    pause: Pause
    hold_words: Words = ""


class CloseForm(MoveForm):
    """What became of it, for the household."""

    outcome: Outcome
    close_words: Words = ""


class DropForm(MoveForm):
    """Why nobody goes on."""

    dropped: Dropped
    drop_words: Words = ""


class ExplainForm(MoveForm):
    """How a disagreement ends when nothing is sent again."""

    explanation: Explanation
    explain_words: Words = ""


class SaidForm(MoveForm):
    """What the household answers, at the desk or by telephone."""

    said: Said
    call_back: Ticked = False


class ReplyForm(Form):
    """What the household answers by itself, through its link."""

    said: Said
    call_back: Ticked = False


class RedirectForm(MoveForm, ReachForm):
    """The partner that is to take over."""

    to: UUID
    redirect_words: Words = ""


class SayForm(Form):
    """A message to the other side."""

    message: Annotated[str, Field(min_length=1, max_length=LONGEST_WORDS)]


class NoteForm(Form):
    """A note for one's own organisation."""

    note: Annotated[str, Field(min_length=1, max_length=LONGEST_WORDS)]


class SiblingsForm(Form):
    """The other referrals of the need that are taken back, each as `id:version`."""

    others: Annotated[list[Annotated[str, Field(pattern=r"^[0-9a-f-]{36}:[0-9]{1,9}$")]], Field(min_length=1)] = Field(
        default=[], validate_default=True, max_length=50
    )


Day = Annotated[date, BeforeValidator(typed_day)]
Weekday = Annotated[int, Field(ge=0, le=6)]


class ClosureRow(Form):
    """A closure, both days included."""

    first: Day
    last: Day

    @model_validator(mode="after")
    def _in_order(self) -> "ClosureRow":
        if self.last < self.first or (self.last - self.first).days > 366:
            raise ValueError("Le dernier jour vient après le premier, au plus un an plus tard.")
        return self


class ReceptionForm(Form):
    """The week of an organisation, its closures, and until when it is full (blank: it can take people)."""

    weekdays: Annotated[list[Weekday], Field(min_length=1)] = Field(default=[], validate_default=True)
    closures: Annotated[list[ClosureRow], Field(max_length=30)] = Field(default_factory=list)
    full_until: Annotated[Day | None, BeforeValidator(blank_is_none)] = None
    version: Annotated[int, Field(ge=0, le=2_000_000_000)] = 0


Line = Annotated[str, Field(pattern=r"^[0-9a-f-]{36}:[0-9]{1,9}$")]
# An address of the queue, as the page itself wrote it: codes alone.
Codes = Annotated[str, Field(max_length=400, pattern=r"^([a-z]+=[0-9A-Za-z_-]+(&[a-z]+=[0-9A-Za-z_-]+)*)?$")]
Maybe = Annotated[UUID | None, BeforeValidator(blank_is_none)]


class ManyForm(Form):
    """The ticked lines, each as `id:version`, and what is done to them."""

    lines: Annotated[list[Line], Field(min_length=1, max_length=100)] = Field(default=[], validate_default=True)
    deed: Many
    why: Annotated[Refusal | Dropped | None, BeforeValidator(blank_is_none)] = None
    to: Maybe = None
    query: Codes = ""


class GiveForm(Form):
    """To whom (blank: nobody), and who followed it when the page was read."""

    to: Maybe = None
    seen: Maybe = None


class KeepForm(Form):
    """A name for a view of the queue."""

    name: Annotated[str, Field(min_length=1, max_length=60)]
    query: Codes
