"""Reads of the journal: its lines, and the proof that its chain is whole."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Table, func
from sqlalchemy import select as sql_select
from sqlmodel import col, select

from coordination.audit.models import JournalHead, JournalLine
from coordination.kit.clock import PARIS
from coordination.kit.db import ActorSession

LINES: Table = JournalLine.__table__  # type: ignore[attr-defined]
SEPARATOR = "\x1f"


@dataclass(frozen=True)
class Verdict:
    """What verification found: how many lines hold, and in `broken_at` the number of the first that does not."""

    lines: int
    broken_at: int | None
    last_hash: str

    @property
    def sound(self) -> bool:
        return self.broken_at is None


def line_hash(line: JournalLine | Row[Any], previous: str) -> str:
    """The hash a line must carry: sha256 over the previous hash and every field, as `access.journal_text` says."""
    at = line.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    organisation = str(line.organisation_id) if line.organisation_id else ""
    household = str(line.household_id) if line.household_id else ""
    written = (
        previous,
        str(line.network_id),
        str(line.number),
        str(line.id),
        at,
        line.actor_kind,
        line.actor_id,
        organisation,
        line.verb,
        line.subject,
        line.subject_id,
        household,
        ",".join(line.fields),
    )
    return hashlib.sha256(SEPARATOR.join(written).encode()).hexdigest()


def verify(session: ActorSession, network_id: UUID) -> Verdict:
    """Walks one network's chain from its first line; also compares its end with the head kept beside it.

    Lines written meanwhile are walked too: the end is compared only once nothing was left to walk.
    """
    previous, number = "", 0
    for turn in count():
        walked = number
        query = (
            sql_select(LINES)  # plain rows: three times as fast as objects
            .where(LINES.c.network_id == network_id, LINES.c.number > number)
            .order_by(LINES.c.number)
        )
        for line in session.connection().execute(query.execution_options(yield_per=1000)):
            if line.number != number + 1 or line.previous_hash != previous or line.hash != line_hash(line, previous):
                return Verdict(number, number + 1, previous)
            previous, number = line.hash, line.number
        head = session.exec(
            select(JournalHead.number, JournalHead.hash).where(JournalHead.network_id == network_id)
        ).one_or_none()
        if (head or (0, "")) == (number, previous):
            return Verdict(number, None, previous)
        if head is None or head[0] <= number or (turn and walked == number):
            break
    return Verdict(number, number + 1, previous)


@dataclass(frozen=True)
class Seen:
    """One person's acts on a file: how many times it was opened, on how many days, how many other acts, the first,
    the last."""

    actor_kind: str
    actor_id: str
    organisation_id: UUID | None
    readings: int
    days: int
    others: int
    first: datetime
    last: datetime


def files_named(session: ActorSession, ids: Collection[UUID] = (), code: str = "") -> dict[UUID, str]:
    """The codes of files of the network: of these, or the one asked by its code with those that joined it."""
    rows = session.rows("select id, code from access.journal_files(:ids, :code)", ids=list(ids), code=code)
    return {row.id: row.code for row in rows}


def who_saw(session: ActorSession, household_ids: Collection[UUID], reading: str) -> list[Seen]:
    """Everybody who opened or changed these files, the last to do so first. `reading`: the verb of an opening."""
    line = LINES.c
    opened, last = func.count().filter(line.verb == reading), func.max(line.at)
    day = func.date(func.timezone(PARIS.key, line.at))
    days = func.count(day.distinct()).filter(line.verb == reading)
    query = (
        sql_select(line.actor_kind, line.actor_id, line.organisation_id, opened, days, func.count() - opened)
        .add_columns(func.min(line.at), last)
        .where(line.household_id.in_(household_ids))
        .group_by(line.actor_kind, line.actor_id, line.organisation_id)
        .order_by(last.desc())
    )
    return [Seen(*row) for row in session.connection().execute(query)]


def page_of_lines(
    session: ActorSession, before: int | None, size: int, about: Collection[UUID] | None = None
) -> list[JournalLine]:
    """The newest lines first, older than number `before`, `about` some files or all; the wall answers the DPO alone."""
    query = select(JournalLine).order_by(col(JournalLine.number).desc()).limit(size)
    if about is not None:
        query = query.where(col(JournalLine.household_id).in_(about))
    if before is not None:
        query = query.where(col(JournalLine.number) < before)
    return list(session.exec(query))
