"""What the main pages ask of the base, timed: as the application does, and the same SQL past row security."""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Any
from uuid import UUID

import psycopg

from bench.bases import QUICK, Base
from coordination.audit.service import note_reading
from coordination.budgets import queries as budgets
from coordination.casework import queries as casework
from coordination.households import merging, protection, queries
from coordination.households.finding import likely_duplicates, search
from coordination.households.forms import NewFileForm
from coordination.households.pages import NAMES, OPENED, READ
from coordination.households.service import known_in_network, open_file
from coordination.identity.queries import know_names, member_names, organisations
from coordination.kit.clock import today
from coordination.kit.db import ActorSession
from coordination.kit.engine import close_engine, make_engine
from coordination.kit.roles import libpq
from coordination.referrals import queries as referrals
from coordination.referrals import queue as queue_of
from coordination.sharing import queries as sharing

ROUNDS = 8 if QUICK else 25
LONGEST = 8.0 if QUICK else 30.0
"""Seconds spent on one measure at most."""

CREATED: list[UUID] = []
"""Files a measure has just opened: removed before the next one, with the count of what was asked of the network."""
REMOVED = """
set session_replication_role = replica;
delete from network_question;
delete from share where household_id = any(%(files)s);
delete from stay where household_id = any(%(files)s);
delete from person where household_id = any(%(files)s);
delete from household_profile where household_id = any(%(files)s);
delete from household where id = any(%(files)s);
"""
Task = Callable[[ActorSession], int]
"""Answers how many lines its page has."""


@dataclass(frozen=True)
class Timed:
    """Milliseconds (medians), with row security and past it, and their ratio; the ratio to the cost at a thousand."""

    walled_ms: float
    bare_ms: float
    ratio: float
    against_1000: float
    ninetieth_ms: float
    lines: float


def measure(base: Base, thousand: Base | None = None) -> dict[str, Timed]:
    """Each page, with row security and without, and with it at a thousand households, turn by turn."""
    walled, bare = make_engine(base.app_url, size=2), make_engine(base.admin_url, size=2)
    small = make_engine((thousand or base).app_url, size=2)
    member, other = base.member("coordinator"), (thousand or base).member("coordinator")
    there = tasks_of(thousand or base, random.Random(1))
    try:
        return {
            name: _timed(
                [
                    (base, ActorSession(walled, member), tasks),
                    (base, ActorSession(bare, member), tasks),
                    (thousand or base, ActorSession(small, other), there[name]),
                ]
            )
            for name, tasks in tasks_of(base, random.Random(base.households)).items()
        }
    finally:
        for engine in (walled, bare, small):
            close_engine(engine)


def _timed(ways: Sequence[tuple[Base, ActorSession, Sequence[Task]]]) -> Timed:
    """Every task once to warm up, then again, each way in turn."""
    times: list[list[float]] = [[] for _ in ways]
    lines: list[int] = []
    for warm in (False, True):  # a plan is kept from the sixth asking on, as in the application
        ends = time.monotonic() + LONGEST
        for place in range(len(ways[0][2])):
            for side in [(place + turn) % len(ways) for turn in range(len(ways))]:
                base, session, tasks = ways[side]
                spent, found = _spent(session, tasks[place % len(tasks)])
                if CREATED:
                    _remove_created(base)
                if warm:
                    times[side].append(spent)
                if warm and side == 0:
                    lines.append(found)
            if place and time.monotonic() > ends:
                break
    walled, bare, small = times
    return Timed(
        round(median(walled), 2),
        round(median(bare), 2),
        round(median(walled) / median(bare), 2),
        round(median(walled) / median(small), 2),
        round(quantiles(walled, n=10)[-1], 2),
        round(sum(lines) / len(lines), 1),
    )


def _remove_created(base: Base) -> None:
    """The base as it was, but for the journal."""
    with psycopg.connect(libpq(base.admin_url)) as admin:
        psycopg.ClientCursor(admin).execute(REMOVED, {"files": CREATED})
    CREATED.clear()


def _spent(session: ActorSession, task: Task) -> tuple[float, int]:
    """Milliseconds of one task in a transaction of its own, kept like a page's, and the lines of its page."""
    began = time.perf_counter()
    with session:
        lines = task(session)
        session.commit()
    return (time.perf_counter() - began) * 1000, lines


# ------------------------------------------------------------------ the pages


def tasks_of(base: Base, draw: random.Random) -> dict[str, list[Task]]:
    """So many of each page, on files and names drawn among those one may see."""
    files, names = _seen(base, draw)
    return {
        "file page": [lambda s, file=file: file_page(s, file) for file in files],  # type: ignore[misc]
        "my files": [my_files] * ROUNDS,
        "queue page": [queue] * ROUNDS,
        "search as one types": [lambda s, typed=typed: len(search(s, typed)) for typed in _typed(names, draw)],  # type: ignore[misc]
        "creation with duplicate check": [lambda s, name=name: creation(s, *name) for name in names],  # type: ignore[misc]
    }


def some_files(base: Base) -> list[UUID]:
    """Files of the first organisation, for the requests over HTTP."""
    return _seen(base, random.Random(1))[0]


def _seen(base: Base, draw: random.Random) -> tuple[list[UUID], list[tuple[str, str]]]:
    network, holder = base.networks[0], base.networks[0].organisations[0]
    rows = base.admin(
        "select h.id, p.family_name, p.given_name from household h join person p on p.household_id = h.id"
        " where h.network_id = %s and h.holder_organisation_id = %s order by p.id",
        network.id,
        holder.id,
    )
    chosen: list[Any] = [draw.choice(rows) for _ in range(ROUNDS)]
    return [row[0] for row in chosen], [(row[1], row[2]) for row in chosen]


def _typed(names: Sequence[tuple[str, str]], draw: random.Random) -> list[str]:
    """What stands in the box while one types a name, its first letters above all, and a telephone or a street."""
    typed = []
    for family, given in names:
        whole = f"{family} {given}"
        typed.append(whole[: draw.randrange(3, len(whole) + 1)])
    typed += ["06 39 98", "rue pasteur", "12 rue gambetta", "1984", "sophie 1984", "xyzzy plugh"]
    return typed


def file_page(session: ActorSession, file: UUID) -> int:
    """What `households.pages.show` reads, and the line it writes in the journal."""
    READ.ask(session, file)
    know_names(session, NAMES.of(session, file))
    header = queries.file_header(session, file)
    queries.visible_parts(session, file)
    profile, _, _ = protection.around(session, file)
    member_names(session, {profile.updated_by} if profile and profile.updated_by else set())
    organisations(session)[header.holder_organisation_id]
    people = queries.residents(session, file, today())
    sharing.who_sees(session, file)
    if sharing.agreements_of(session, file):
        sharing.ending_soon(session, file)
    sharing.requests_waiting(session, file)
    budgets.file_budget(session, file)
    casework.casework_of(session, file)
    referrals.needs_of(session, file)
    merging.merges_of(session, file)
    note_reading(session, OPENED, file)
    return len(people)


def my_files(session: ActorSession) -> int:
    return len(queries.files_page(session, held=True).rows)


def queue(session: ActorSession) -> int:
    """The whole network's, as its coordinator opens it, on the basket that is full first."""
    side = queue_of.sides_open(session)[-1]
    counts = queue_of.count_baskets(session, side)
    return len(queue_of.page_of(session, side, counts[-1].basket).lines)


def creation(session: ActorSession, family: str, given: str) -> int:
    form = NewFileForm(family_name=f"{family[:-1]}ez", given_name=given, birth="12/03/1984", commune="Carvin")
    found = likely_duplicates(session, form.family_name, form.given_name, form.birth_date)
    known_in_network(session, form.family_name, form.given_name, form.birth_date)
    CREATED.append(open_file(session, form).id)
    return len(found)
