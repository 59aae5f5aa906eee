"""What a worker retains of a barème's answer: her words, and the sentence she owes when she departs from it. Pure."""

from typing import Annotated
from uuid import UUID

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator

from coordination.budgets.bareme import ZoneKind
from coordination.kit.forms import Form, blank_is_none

RETAINED = {
    ZoneKind.REDIRECT: "réorienter vers une aide plus adaptée",
    ZoneKind.ELIGIBLE: "ouvrir l’accès",
    ZoneKind.COUNCIL: "faire examiner par le Conseil",
    ZoneKind.NOT_ELIGIBLE: "ne pas ouvrir l’accès",
}
"""The answer in the words of a decision: the barème measures, a person decides."""

SHORTEST_REASON, LONGEST_REASON = 10, 600


def departs(proposed: str, retained: str) -> bool:
    """Whether the answer retained is not the one the barème proposes; one that proposes nothing is departed from."""
    return proposed != retained


def reason_is_said(reason: str) -> bool:
    """A sentence, however short: some letters, and more than one word."""
    return len(reason.strip()) >= SHORTEST_REASON and len(reason.split()) > 1


class DecisionForm(Form):
    """What is retained, why when it departs, and the decision one had read (`replaces`), if there was one."""

    proposed: str = Field("", max_length=40)
    retained: ZoneKind
    reason: Annotated[str, Field(max_length=LONGEST_REASON, validate_default=True)] = ""
    replaces: Annotated[UUID | None, BeforeValidator(blank_is_none)] = None

    @field_validator("reason")
    @classmethod
    def _owed(cls, reason: str, info: ValidationInfo) -> str:
        retained = info.data.get("retained")
        if retained is not None and departs(info.data.get("proposed", ""), retained) and not reason_is_said(reason):
            raise ValueError("Vous vous écartez de ce que propose le barème : dites pourquoi, en une phrase.")
        return reason
