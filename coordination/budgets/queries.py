"""Reads of budgets: the current ones of a file, their lines, the people who live on them, each barème's answer."""

from dataclasses import dataclass
from uuid import UUID

from sqlmodel import col, select

from coordination.budgets.models import Assessment
from coordination.kit.db import ActorSession


@dataclass(frozen=True)
class FileBudget:
    """The budgets of a file: each organisation's current one, and one's own drafts."""

    current: list[Assessment]
    drafts: list[Assessment]


def file_budget(session: ActorSession, household_id: UUID) -> FileBudget:
    """What the file page says of budgets."""
    found = session.exec(
        select(Assessment).where(Assessment.household_id == household_id).order_by(col(Assessment.reference_date).desc())
    ).all()
    mine = session.member.organisation_id
    return FileBudget(
        current=[a for a in found if a.status == "validated"],
        drafts=[a for a in found if a.status == "draft" and a.organisation_id == mine],
    )
