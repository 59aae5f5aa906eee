"""Reads of calendars: one's own secret address, what it opens, one appointment as its file says it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel import col, select

from coordination.appointments.ics import Entry
from coordination.appointments.models import CalendarFeed
from coordination.appointments.queries import Meeting
from coordination.appointments.rules import State
from coordination.kit.db import ActorSession

READS_AN_HOUR = 60
"""Of one secret address; of addresses that open nothing, from one place."""


def feed_of(session: ActorSession) -> CalendarFeed | None:
    """The secret address of mine that lives, when I made one."""
    query = select(CalendarFeed).where(
        CalendarFeed.membership_id == session.member.membership_id, col(CalendarFeed.revoked_at).is_(None)
    )
    return session.exec(query).first()


def feed_drawn(session: ActorSession, hashed: str) -> CalendarFeed | None:
    """The secret address of mine that bears this token, whatever became of it."""
    return session.exec(select(CalendarFeed).where(CalendarFeed.token_hash == hashed)).first()


@dataclass(frozen=True)
class Read:
    """What a secret address opens."""

    demo: bool
    entries: list[Entry]


def calendar(session: ActorSession, hashed: str) -> Read | None:
    """The appointments behind a secret address, by the hash of its token; None when it opens nothing."""
    found = session.door("access.calendar(:hash)", hash=hashed)
    if found is None:
        return None
    entries = [
        Entry(
            id=UUID(one["id"]),
            referral_id=UUID(one["referral_id"]),
            starts_at=datetime.fromisoformat(one["starts_at"]),
            minutes=one["minutes"],
            state=State(one["state"]),
            sequence=one["sequence"],
            changed_at=datetime.fromisoformat(one["changed_at"]),
            location=one["location"],
        )
        for one in found["events"]
    ]
    return Read(found["demo"], entries)


def entry_of(meeting: Meeting) -> Entry:
    """One appointment as its calendar file says it: the same as behind a secret address."""
    row, referral = meeting.row, meeting.referral.row
    return Entry(
        id=row.id,
        referral_id=row.referral_id,
        starts_at=row.starts_at,
        minutes=row.minutes,
        state=meeting.state,
        sequence=row.version + referral.version,
        changed_at=max(row.moved_at, referral.closed_at or row.moved_at),
        location=f"{meeting.place}, {meeting.address}" if meeting.address else "",
    )


def reads_left(session: ActorSession, key: str, at: datetime) -> bool:
    """Counts one more reading under this keyed hash; whether the hour still has room for it."""
    left = session.door("access.attempts(:key, :since)", key=key, since=at - timedelta(hours=1)) < READS_AN_HOUR
    if left:
        session.door("access.note_attempt(:keys)", keys=[key])
    return bool(left)
