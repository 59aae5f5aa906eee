"""`make chaos`: people work while everything under them falls and is put up again; nothing is lost, halved nor doubled.

`CHAOS_SECONDS` lengthens the storm; `CHAOS_SEED` draws the same blows again, though not at the same instants.
"""

import os
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import procrastinate
import psycopg
import pytest

from coordination.identity.permissions import Role
from coordination.kit.db import acting
from coordination.notices import jobs
from coordination.notices.rules import To, When, of_event
from coordination.notices.service import choose
from coordination.referrals.machine import ROW_FACTS, State, Step, facts_of
from tests.api.make import API
from tests.cast import PASSWORD
from tests.chaos.ground import RECOVERS, SENDER, WEIGHTS, Ground
from tests.chaos.people import Person, Service, Shared, Visitor, Writer, behind, link_in
from tests.directory.make import outside
from tests.households.make import open_household
from tests.sharing.make import agree

SECONDS = float(os.environ.get("CHAOS_SECONDS", "150"))
SEED = os.environ.get("CHAOS_SEED") or str(random.SystemRandom().randrange(10**6))
pytestmark = [pytest.mark.chaos, pytest.mark.timeout(int(SECONDS) + 900)]
TURNS = ("tell", "post", "links")
RECOVERED = 150
"""Seconds within which all is told: half a minute without a sign of life, the minute that looks for it, a turn."""
SERVICE = "service@exemple.fr"
BY_LINK = ("accept", "refuse", "ask", "close")
HEARS = {Role.INTAKE.value, Role.VOLUNTEER.value, Role.COORDINATOR.value}


def say(words: str) -> None:
    sys.stdout.write(f"chaos : {words}\n")
    sys.stdout.flush()


def everybody(ground: Ground, shared: Shared, file: UUID) -> list[Person | Visitor]:
    """Two of an organisation, so that they also run into each other; the coordination, a service, a writer."""
    cast = ground.cast
    desks = [(cast.ccas, True, "intake"), (cast.epicerie, False, "intake"), (cast.secours, False, "intake"),
             (cast.epicerie, False, "volunteer"), (cast.ccas, False, "coordinator")]  # fmt: skip
    people = [
        Person(shared, organised.emails[role], sends, f"{SEED} {place}")
        for place, (organised, sends, role) in enumerate(desks)
    ]
    writer = Writer(shared, cast.ccas.emails["intake"], str(file), f"{SEED} page")
    return [*people, Service(shared, SERVICE, f"{SEED} lien"), writer]


def keep_turning(ground: Ground, over: threading.Event) -> None:
    """Turns asked for every other second, where the clock of the worker would ask each minute."""
    queue = jobs.queue(ground.base.app_url, dict.fromkeys(TURNS, (jobs.EVERY_MINUTE, lambda: None)))
    while not over.wait(2):
        for name in TURNS:
            with suppress(procrastinate.exceptions.ProcrastinateException, psycopg.Error), queue.open():
                queue.tasks[name].configure(queueing_lock=name, lock=name).defer(timestamp=0)


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    say(f"graine {SEED}, {SECONDS:.0f} secondes (CHAOS_SEED, CHAOS_SECONDS)")
    with Ground() as made:
        yield made


@pytest.fixture(scope="module")
def storm(ground: Ground) -> Shared:
    """What was asked through it, everything put up again and every mail sent."""
    cast = ground.cast
    worker = cast.ccas.people["intake"]
    file = open_household(cast.engine, worker)
    there = outside(cast.engine, cast.ccas.people["coordinator"], email=SERVICE, domains=["logement"])
    agree(cast.engine, worker, file, [cast.epicerie, cast.secours, there])
    for one in (cast.epicerie.people["volunteer"], cast.ccas.people["coordinator"]):
        with acting(cast.engine, one) as session:
            choose(session, When.DAILY)
    partners = [str(cast.epicerie.id), str(cast.secours.id), str(there)]
    shared = Shared(ground.served.url, f"/households/{file}/needs", partners, ground.box.letters)
    people = everybody(ground, shared, file)
    threads = [threading.Thread(target=one.work, daemon=True) for one in people]
    calmed = threading.Event()
    turner = threading.Thread(target=keep_turning, args=(ground, calmed), daemon=True)
    for thread in (*threads, turner):
        thread.start()
    blow_on(ground, shared, people)
    shared.over.set()
    for thread in threads:
        thread.join(180)
    assert [one.trouble for one in people if one.trouble] == [], ground.last_words()
    assert not [thread for thread in threads if thread.is_alive()]
    wait_for_the_news(ground)
    calmed.set()
    turner.join(60)
    calm(ground)
    done = Counter(one.verb for one in shared.asked if one.done)
    again = sum(len(one.tries) > 1 for one in shared.asked)
    say(f"fini : {done.total()} faits sur {len(shared.asked)} ({again} demandés plus d’une fois) : {dict(done)}")
    said = Counter(one.verb for one in shared.pressed if one.tries[-1].status == 303)
    say(f"par le lien : {dict(said)} ; notes : {len(shared.noted)}")
    say(f"coups : {dict(ground.fallen)}")
    return shared


def blow_on(ground: Ground, shared: Shared, people: list[Person | Visitor]) -> None:
    draw, began, told = random.Random(SEED), time.monotonic(), 0.0
    time.sleep(5)  # the first referrals are sent
    first = draw.sample(list(WEIGHTS), len(WEIGHTS))  # each kind once, then as they come
    while (now := time.monotonic()) - began < SECONDS and not any(one.trouble for one in people):
        if now - told > 10:
            told = now
            say(f"{now - began:.0f} s, {len(shared.asked)} demandes, {len(ground.box.letters)} lettres,"
                f" coups : {dict(ground.fallen)}")  # fmt: skip
        ground.strike(first.pop() if first else draw.choices(list(WEIGHTS), list(WEIGHTS.values()))[0], draw)
        time.sleep(draw.uniform(0.5, 3))


def wait_for_the_news(ground: Ground) -> None:
    """The workers tell it all by themselves, whatever was in the hands of those that died."""
    say("tout est relevé : les avis arrivent-ils ?")
    began = time.monotonic()
    while told_now(ground) != news_of(ground):
        assert time.monotonic() - began < RECOVERED, "the workers do not tell what happened any more"
        time.sleep(1)
    say(f"tout est dit après {time.monotonic() - began:.0f} s")


def calm(ground: Ground) -> None:
    """What dead workers had taken up is made older than the time it is left to them."""
    ground.rest()
    for _ in range(8):
        done = ground.command("worker", "--once")
        assert done.returncode == 0, done.stderr
        assert ground.digest() == 0
        mailed = ("notice", "referral_link")
        if not any(ground.ask(f"select 1 from {table} where mail_state = 'pending'") for table in mailed):
            return
        for table in mailed:
            ground.ask(
                f"update {table} set claimed_at = claimed_at - interval '11 minutes' where mail_state = 'pending'"
            )
    raise AssertionError("mail still waits")


def events_of(ground: Ground) -> dict[UUID, list[Any]]:
    found: dict[UUID, list[Any]] = {}
    rows = ground.ask(
        "select referral_id, version, verb, state, reason, at, membership_id, organisation_id from referral_event"
        " order by referral_id, version"
    )
    for row in rows:
        found.setdefault(row[0], []).append(row[1:])  # type: ignore[arg-type]
    return found


# ------------------------------------------------------------------ what must still be true


def test_it_was_a_storm_and_people_worked(storm: Shared, ground: Ground) -> None:
    """Otherwise the rest would prove nothing."""
    assert sum(ground.fallen.values()) >= SECONDS / 10
    assert set(WEIGHTS) <= set(ground.fallen)
    assert sum(asked.done for asked in storm.asked) >= SECONDS / 3
    assert len(storm.referrals) >= 6
    assert len(ground.box.letters) >= 3
    done = Counter(one.verb for one in storm.asked if one.done)
    assert done["redirect"] >= 2
    assert sum(one.tries[-1].status == 303 for one in storm.pressed) >= 2
    assert len(storm.noted) >= 10
    assert {SERVICE, ground.cast.epicerie.emails["volunteer"]} <= {who for who, _ in ground.box.letters}


def test_every_row_says_what_its_events_say_and_each_version_has_one(storm: Shared, ground: Ground) -> None:
    events = events_of(ground)
    names = ("id", "state", "version", *ROW_FACTS)
    for row in ground.ask(f"select {', '.join(names)} from referral"):
        said: dict[str, Any] = dict(zip(names, row, strict=True))
        past = events.pop(said["id"])
        assert [one[0] for one in past] == list(range(1, said["version"] + 1)), said
        facts = facts_of([Step(verb, State(state), reason, at, by) for _, verb, state, reason, at, by, _ in past])
        for name in ROW_FACTS:
            assert alike(said[name], getattr(facts, name)), (name, said, past)
        assert said["state"] == facts.state.value
    assert events == {}


def alike(kept: object, told: object) -> bool:
    """The row and the event each look at the clock, in the same transaction."""
    if isinstance(kept, datetime) and isinstance(told, datetime):
        return abs(kept - told) < timedelta(seconds=5)
    return kept == told


def test_what_was_answered_as_done_was_done_once_and_nothing_else(storm: Shared, ground: Ground) -> None:
    events = events_of(ground)
    parents = {key: parent for key, parent in ground.ask("select id, parent_id from referral") if parent is not None}
    happened = Counter(
        (str(key), verb)
        for key, past in events.items()
        for version, verb, _, _, _, by, _ in past
        if by is not None and not (version == 1 and key in parents)
    )
    asked = Counter((one.made, one.event) for one in storm.asked if one.done and one.verb != "need")
    assert happened == asked
    redirected = Counter(one.made for one in storm.asked if one.done and one.verb == "redirect")
    assert Counter(str(parent) for parent in parents.values()) == redirected
    assert ground.ask("select count(*) from need") == [(sum(one.done and one.verb == "need" for one in storm.asked),)]
    members = {
        email: people[role].membership_id
        for emails, people in ((each.emails, each.people) for each in ground.cast.organisations)
        for role, email in emails.items()
    }
    for one in storm.asked:
        if one.done and one.version:  # under the version it was asked with, and by whoever asked
            past = {version: (verb, by) for version, verb, _, _, _, by, _ in events[UUID(one.made)]}
            assert past[one.version + 1] == (one.event, members[one.who]), one


def test_what_a_service_said_by_its_link_happened_once(storm: Shared, ground: Ground) -> None:
    """A second press finds the first one's answer; where a worker noted the same one meanwhile, hers."""
    by_link, noted = Counter[tuple[str, str]](), set()
    for key, past in events_of(ground).items():
        for _, verb, _, _, _, by, _ in past:
            if by is None:
                by_link[str(key), verb] += 1
            else:
                noted.add((str(key), verb))
    said = Counter((one.made, one.verb) for one in storm.pressed if one.tries[-1].status == 303)
    assert {verb for _, verb in by_link} <= set(BY_LINK)
    assert by_link <= said
    assert {one: n for one, n in said.items() if one not in noted} == {
        one: n for one, n in by_link.items() if one not in noted
    }
    assert {one.tries[-1].status for one in storm.pressed} <= {200, 303, 404, 409, 429}


def test_what_was_written_on_a_page_was_kept_once_however_often_its_form_was_sent(
    storm: Shared, ground: Ground
) -> None:
    assert {one.tries[-1].status for one in storm.noted} == {303}
    kept = Counter(words for (words,) in ground.ask("select words from note"))
    assert kept == Counter(one.place for one in storm.noted)
    say(f"{sum(len(one.tries) > 1 for one in storm.noted)} notes sur {len(storm.noted)} envoyées plus d’une fois")


def test_each_transition_has_its_line_in_a_journal_that_holds(storm: Shared, ground: Ground) -> None:
    events = Counter(
        (str(key), f"outside.{verb}" if by is None else f"referral.{verb}")
        for key, past in events_of(ground).items()
        for _, verb, _, _, _, by, _ in past
    )
    lines = ground.ask(
        "select subject_id, verb from journal where subject = 'referral' and verb ~ '^(referral|outside)\\.'"
        " and verb <> 'referral.read'"
    )
    assert Counter((str(key), str(verb)) for key, verb in lines) == events
    verified = ground.command("verify-journal")
    assert verified.returncode == 0, verified.stdout


def test_no_page_failed_but_in_an_outage_and_then_it_said_which(storm: Shared, ground: Ground) -> None:
    everything = (*storm.asked, *storm.pressed, *storm.noted)
    tries = [*storm.read, *(tried for asked in everything for tried in asked.tries)]
    assert {tried.status for tried in tries if tried.status >= 500} <= {503}
    failed = [tried for tried in tries if tried.status == 0 or tried.status >= 500]
    assert [one for one in failed if not any(blow.explains(one.since, one.until) for blow in ground.blows)] == []


def test_each_piece_of_news_is_told_once_and_mailed(storm: Shared, ground: Ground) -> None:
    """At least once: a letter that came twice is the same letter."""
    assert told_now(ground) == news_of(ground)
    mails = {
        f"<{mail}@{SENDER.partition('@')[2]}>": email
        for mail, email in ground.ask(
            "select distinct n.mail_id, a.email from notice n join membership m on m.id = n.membership_id"
            " join account a on a.id = m.account_id where n.mail_state = 'sent'"
        )
    }
    assert ground.ask("select distinct mail_state from notice") == [("sent",)]
    letters = {(str(letter["Message-ID"]), who) for who, letter in ground.box.letters if who != SERVICE}
    assert letters == {(message, str(email)) for message, email in mails.items()}


def test_each_link_that_opens_something_was_mailed_and_no_other_letter_was(storm: Shared, ground: Ground) -> None:
    """A new link takes the place of the former one when a question is answered, or the referral opens again."""
    events = events_of(ground)
    mailed: dict[object, set[object]] = {}
    for who, letter in ground.box.letters:
        if who == SERVICE:
            link = behind(link_in(letter))
            assert str(letter["Message-ID"]) == f"<{link.link_id}@{SENDER.partition('@')[2]}>"
            mailed.setdefault(link.referral_id, set()).add(link.link_id)
    links = ground.ask("select referral_id, link_id, mail_state from referral_link")
    assert set(mailed) <= {key for key, *_ in links}
    for key, link_id, state in links:
        assert state == "none" or (state == "sent" and link_id in mailed[key])
        past = [one[1] for one in events[UUID(str(key))]]
        assert len(mailed.get(key, ())) <= 1 + past.count("answer") + past.count("reopen")


def test_no_letter_came_twice_but_when_something_fell_as_it_left(storm: Shared, ground: Ground) -> None:
    copies: dict[tuple[str, str], list[float]] = {}
    for (who, letter), when in zip(ground.box.letters, ground.box.came, strict=True):
        copies.setdefault((str(letter["Message-ID"]), who), []).append(when)
    doubled = [times[0] for times in copies.values() if len(times) > 1]
    assert [at for at in doubled if not any(blow.explains(at, at + RECOVERS) for blow in ground.blows)] == []
    say(f"{len(ground.box.letters)} lettres, dont {len(doubled)} venues plusieurs fois")


def told_now(ground: Ground) -> Counter[tuple[object, ...]]:
    return Counter(ground.ask("select referral_id, step, membership_id, about from notice"))


def news_of(ground: Ground) -> Counter[tuple[object, ...]]:
    """Reckoned from the events and the cast, once for each member."""
    cast = ground.cast
    here = [each for each in cast.organisations if each.network_id == cast.ccas.network_id]
    rows = {row[0]: row[1:] for row in ground.ask("select id, to_organisation_id, sent_by from referral")}
    assert ground.ask("select 1 from referral where by_hand") == [], "the agreement covers every recipient"
    hears: dict[To, Callable[[Any], set[UUID]]] = {
        To.SENDER: lambda row: {row[1]},
        To.RECEIVER: lambda row: {
            one.membership_id
            for each in here
            if each.id == row[0]
            for role, one in each.people.items()
            if role in HEARS
        },
        To.COORDINATORS: lambda row: {each.people["coordinator"].membership_id for each in here},
    }
    found: set[tuple[object, str, UUID, datetime]] = set()
    for key, past in events_of(ground).items():
        for _, verb, _, _, at, member, organisation in past:
            own = member == rows[key][1]
            for step, to in of_event(verb, by_receiver=organisation == rows[key][0], by_sender=own):
                found |= {(key, step.value, told, at) for told in hears[to](rows[key])}
    return Counter(found)


def test_no_worker_left_of_itself(storm: Shared, ground: Ground) -> None:
    assert "worker gone by itself" not in ground.fallen


def test_nobody_is_locked_out(storm: Shared, ground: Ground) -> None:
    for organised in (ground.cast.ccas, ground.cast.epicerie, ground.cast.secours):
        for email in organised.emails.values():
            form = {"grant_type": "password", "username": email, "password": PASSWORD}
            assert httpx.post(f"{storm.url}{API}/token", data=form, timeout=30).status_code == 200, email
    typed = {"email": ground.cast.ccas.emails["intake"], "password": PASSWORD}
    same = {"sec-fetch-site": "same-origin"}
    assert httpx.post(f"{storm.url}/connexion", data=typed, headers=same, timeout=30).status_code == 303
