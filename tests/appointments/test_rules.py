"""The rules of appointments: who may do what in which state, at what hour, and what a date calls for."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import combinations, product
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from coordination.appointments.ics import Entry, calendar_of
from coordination.appointments.rules import (
    EVENT_WORDS,
    MOVES,
    Doubt,
    Standing,
    State,
    Whose,
    date_fault,
    doubts_of,
    find_move,
    moment_of,
    open_verbs,
    overlap,
    typed_hour,
    whose,
)
from coordination.kit.transitions import IllegalMove
from tests.appointments.make import paris

NOW = paris(2026, 12, 1, 10)
VERBS = sorted({move.verb for move in MOVES})
SIDES = [frozenset(some) for n in range(4) for some in combinations(Whose, n)]


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_from_every_state_by_every_side_at_any_time_is_done_or_says_why(verb: str) -> None:
    """Nothing is refused in silence; the buttons are exactly what would be done."""
    for state, sides, hours, is_open in product(State, SIDES, (-30, -1, 1), (True, False)):
        start = NOW + timedelta(hours=hours)
        standing = Standing(state, start, start, is_open, None if is_open else NOW - timedelta(days=9))
        offered = open_verbs(standing, sides, NOW)
        if verb not in offered:
            with pytest.raises(IllegalMove, match="Rien n’a été modifié"):
                find_move(verb, standing, sides, NOW)
            continue
        assert find_move(verb, standing, sides, NOW).verb == verb
        assert is_open or verb in ("keep", "miss")
        assert verb not in ("keep", "miss") or (Whose.HOST in sides and hours < 0)


def test_whoever_proposed_a_date_waits_for_the_other() -> None:
    standing = Standing(State.PROPOSED, NOW + timedelta(days=1), NOW, open=True)
    mine, theirs = (whose(one, host="a", sender="b", proposed_by="a") for one in ("a", "b"))
    assert "confirm" not in open_verbs(standing, mine, NOW)
    assert open_verbs(standing, theirs, NOW)[0] == "confirm"
    assert whose("c", host="a", sender="b", proposed_by="a") == frozenset()


def test_a_date_to_come_falls_with_its_referral_and_what_took_place_before_stays() -> None:
    ended, before, after = NOW, NOW - timedelta(days=1), NOW + timedelta(days=1)
    assert Standing(State.CONFIRMED, after, NOW, open=False, ended_at=ended).truly is State.CANCELLED
    assert Standing(State.CONFIRMED, before, NOW, open=False, ended_at=ended).truly is State.CONFIRMED
    assert Standing(State.PROPOSED, before, NOW, open=False).truly is State.CANCELLED
    assert Standing(State.KEPT, before, NOW, open=False).truly is State.KEPT
    assert not Standing(State.CONFIRMED, before, NOW, open=False, ended_at=ended).due(NOW)


def test_what_was_noted_is_corrected_for_a_day() -> None:
    host = frozenset({Whose.HOST})
    fresh = Standing(State.MISSED, NOW - timedelta(days=3), NOW - timedelta(hours=23), open=True)
    old = Standing(State.MISSED, NOW - timedelta(days=3), NOW - timedelta(hours=25), open=True)
    assert open_verbs(fresh, host, NOW) == ["keep"]
    assert open_verbs(old, host, NOW) == []
    with pytest.raises(IllegalMove, match="plus d’un jour"):
        find_move("keep", old, host, NOW)


@pytest.mark.parametrize(
    ("typed", "hour"),
    [("9 h 30", (9, 30)), ("14h", (14, 0)), ("9:05", (9, 5)), ("14", (14, 0)), ("8 heures", (8, 0)), ("8.15", (8, 15))],
)
def test_an_hour_is_typed_as_one_says_it(typed: str, hour: tuple[int, int]) -> None:
    assert typed_hour(typed) == time(*hour)


@pytest.mark.parametrize("typed", ["", "25 h", "9 h 60", "midi", "9 h 5", "-1", "9 30", "9 h 30 h", "١٤"])
def test_any_other_hour_is_refused_in_french(typed: str) -> None:
    with pytest.raises(ValueError, match="14 h 30"):
        typed_hour(typed)


def test_the_change_of_hour_is_counted_in_paris() -> None:
    """The same nine o'clock, the day before and the day after the clocks change, in both seasons."""
    assert moment_of(date(2027, 3, 27), time(9)) == datetime(2027, 3, 27, 8, tzinfo=UTC)
    assert moment_of(date(2027, 3, 28), time(9)) == datetime(2027, 3, 28, 7, tzinfo=UTC)
    assert moment_of(date(2026, 10, 24), time(9)) == datetime(2026, 10, 24, 7, tzinfo=UTC)
    assert moment_of(date(2026, 10, 25), time(9)) == datetime(2026, 10, 25, 8, tzinfo=UTC)
    assert moment_of(date(2026, 10, 25), time(2, 30)) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    with pytest.raises(ValueError, match="heure d’été"):
        moment_of(date(2027, 3, 28), time(2, 30))


def test_a_date_is_taken_ahead_and_within_a_year() -> None:
    assert "passée" in date_fault(NOW, NOW)
    assert "lointaine" in date_fault(NOW + timedelta(days=367), NOW)
    assert date_fault(NOW + timedelta(minutes=1), NOW) == ""


@settings(max_examples=10)
@given(st.integers(-300, 300), st.integers(1, 180), st.integers(1, 180))
def test_two_appointments_overlap_when_they_share_a_minute(apart: int, one: int, other: int) -> None:
    shared = set(range(one)) & set(range(apart, apart + other))
    assert overlap((NOW, one), (NOW + timedelta(minutes=apart), other)) == bool(shared)


def test_a_closed_day_and_a_second_appointment_are_only_doubts() -> None:
    assert doubts_of(is_open=True, others=[(NOW + timedelta(minutes=30), 30)], mine=(NOW, 30)) == []
    assert doubts_of(is_open=False, others=[(NOW, 15)], mine=(NOW, 30)) == [Doubt.CLOSED, Doubt.BUSY]


def test_every_verb_has_its_words() -> None:
    assert set(EVENT_WORDS) == {*VERBS, "propose"}


def test_a_calendar_keeps_the_hour_of_paris_across_the_change() -> None:
    """Read back by the library's own parser: nine in the morning stays nine, whatever the season."""
    days = (date(2026, 10, 24), date(2026, 10, 25), date(2027, 3, 27), date(2027, 3, 28))
    starts = [moment_of(day, time(9)) for day in days]
    entries = [Entry(uuid4(), uuid4(), start, 30, State.CONFIRMED, 1, NOW) for start in starts]
    file = calendar_of(entries, "https://exemple.fr")
    assert file == calendar_of(entries, "https://exemple.fr")
    read = Calendar.from_ical(file)
    assert [event.start for event in read.events] == starts
    assert [f"{e.start:%H} {e.end:%H:%M}" for e in read.events] == ["09 09:30"] * 4
    assert [str(zone["tzid"]) for zone in read.timezones] == ["Europe/Paris"]
    zone = read.timezones[0].to_tz()
    local = [start.astimezone(zone).hour for start in starts]
    assert local == [9] * 4, "the file carries its own time zone, right on both sides of both changes"
