"""Appointments as a calendar file (RFC 5545): when, how long, whether it holds, and a link that asks to sign in. No
name, no household, no need; of the place, a public address alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from icalendar import Calendar, Event, Timezone

from coordination.appointments.rules import State
from coordination.kit.clock import PARIS

SUMMARY = "Rendez-vous (orientation)"
REFRESH = timedelta(hours=1)
STATUS = {
    State.PROPOSED: "TENTATIVE",
    State.CONFIRMED: "CONFIRMED",
    State.KEPT: "CONFIRMED",
    State.MISSED: "CONFIRMED",
    State.DECLINED: "CANCELLED",
    State.CANCELLED: "CANCELLED",
}


@dataclass(frozen=True)
class Entry:
    """One event. `sequence` only grows: each change of the appointment or of its referral makes it a later one."""

    id: UUID
    referral_id: UUID
    starts_at: datetime
    minutes: int
    state: State
    sequence: int
    changed_at: datetime
    location: str = ""


def calendar_of(entries: Sequence[Entry], base_url: str) -> bytes:
    """The file; the same entries make the same bytes."""
    made = Calendar()
    made.add("prodid", "-//Coordination//Rendez-vous//FR")
    made.add("version", "2.0")
    made.add("x-wr-calname", "Rendez-vous (orientations)")
    made.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    made.add("x-published-ttl", "PT1H")
    if entries:
        years = [entry.starts_at.astimezone(PARIS).year for entry in entries]
        made.add_component(
            Timezone.from_tzid(PARIS.key, first_date=date(min(years), 1, 1), last_date=date(max(years) + 1, 1, 1))
        )
    for entry in entries:
        made.add_component(_event(entry, base_url))
    return bytes(made.to_ical())


def _event(entry: Entry, base_url: str) -> Event:
    event = Event()
    event.add("uid", f"{entry.id}@rendez-vous.coordination")
    event.add("sequence", entry.sequence)
    event.add("dtstamp", entry.changed_at)
    event.add("last-modified", entry.changed_at)
    event.add("dtstart", entry.starts_at.astimezone(PARIS))
    event.add("duration", timedelta(minutes=entry.minutes))
    event.add("summary", SUMMARY)
    event.add("status", STATUS[entry.state])
    event.add("class", "PRIVATE")
    event.add("url", f"{base_url}/orientations/{entry.referral_id}")
    if entry.location:
        event.add("location", entry.location)
    return event
