"""Makes a file older: every moment stored about its referrals, its shares and its agreements moves back together.

The clock itself is never moved: the application asks the machine what time it is, and the doors ask PostgreSQL.
"""

from datetime import timedelta
from uuid import UUID

from sqlmodel import SQLModel

from coordination import tables  # noqa: F401 - so that every table is known
from coordination.kit.types import Moment
from tests.conftest import Base

OF_FILE = ("share", "agreement", "agreement_service", "referral", "referral_text", "referral_link", "confirmation_link")
OF_REFERRAL = ("referral_event", "notice")


def age(base: Base, household_id: UUID, by: timedelta) -> None:
    """As if this much time had passed; days count for what is dated by the day."""
    here = f"household_id = '{household_id}'"
    there = f"referral_id in (select id from referral where {here})"
    base.admin(
        ";".join(_back(name, by) + where for names, where in ((OF_FILE, here), (OF_REFERRAL, there)) for name in names)
    )


def _back(name: str, by: timedelta) -> str:
    columns = SQLModel.metadata.tables[name].columns
    moments = [c.name for c in columns if isinstance(c.type, type(Moment))]
    days = [c.name for c in columns if str(c.type) == "DATE"]
    moved = [f"{c} = {c} - interval '{by.total_seconds()} seconds'" for c in moments] + [
        f"{c} = {c} - {by.days}" for c in days
    ]
    return f"update {name} set {', '.join(moved)} where "
