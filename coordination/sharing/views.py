"""What is read of agreements, in plain shapes: one agreement, who sees what today, what an agreement opened."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from coordination.identity.permissions import Part
from coordination.sharing.models import Agreement
from coordination.sharing.rules import AgreementState, Answer, Audience, GivenHow, Purpose, SharedPart


@dataclass(frozen=True)
class AgreementView:
    """An agreement as it is read: the answers by name, the parts by structure."""

    agreement: Agreement
    state: AgreementState
    answers: list[tuple[str, Answer]]
    recipients: list[tuple[str, list[SharedPart]]]
    audience: Audience
    refused: bool

    @property
    def purpose(self) -> Purpose:
        return Purpose(self.agreement.purpose)

    @property
    def given_how(self) -> GivenHow:
        return GivenHow(self.agreement.given_how)


@dataclass(frozen=True)
class Seen:
    """One structure that sees something of the file today."""

    organisation_id: UUID
    organisation_name: str
    parts: list[Part]
    professionals_only: bool
    until: date | None
    holder: bool


@dataclass(frozen=True)
class Opened:
    """One line of an agreement: a part a structure reads through it, and since when no longer."""

    organisation_id: UUID
    organisation_name: str
    part: SharedPart
    ended_at: datetime | None
    kept_until: date | None
    """Until when another agreement in force opens the same part to the same structure."""


def closing(lines: list[Opened], recipient: UUID | None, part: SharedPart | None) -> list[Opened]:
    """The lines a withdrawal ends: all of them, a structure's, or one part (with the identity, all of hers)."""
    return [
        line
        for line in lines
        if line.ended_at is None
        and recipient in (None, line.organisation_id)
        and part in (None, SharedPart.IDENTITY, line.part)
    ]
