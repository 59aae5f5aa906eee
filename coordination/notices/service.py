"""Telling people what moved and what stays silent, on screen and by mail: the worker's part, and each member's own."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import groupby
from uuid import UUID

import structlog
from sqlalchemy import Engine, update
from sqlmodel import col

from coordination.kit.actor import Service
from coordination.kit.clock import now
from coordination.kit.db import ActorSession, acting
from coordination.kit.errors import NotKnown
from coordination.kit.mail import MailDown, Mailer
from coordination.notices.models import Notice, NoticePreference
from coordination.notices.rules import (
    Step,
    Told,
    Watched,
    When,
    of_date,
    of_event,
    of_silence,
    subject_of,
    tomorrow_of,
    words_of,
)
from coordination.referrals import moving

WORKER = "worker"
LOOK_BACK = timedelta(days=2)
"""How far back moves are read again at each turn: what was already told is not told twice."""
STALE = timedelta(minutes=10)
BATCH = 200

log = structlog.get_logger("coordination.worker")


def networks(engine: Engine) -> list[UUID]:
    """Every network of the installation, for the worker."""
    with acting(engine, Service(WORKER)) as session:
        return [row.network_id for row in session.rows("select * from access.networks_served()")]


@contextmanager
def working(engine: Engine, network_id: UUID) -> Iterator[ActorSession]:
    """The worker's session in one network: doors that give codes, and nothing else."""
    with acting(engine, Service(WORKER, network_id)) as session:
        yield session


# ------------------------------------------------------------------ what there is to tell


def tell_news(engine: Engine, at: datetime | None = None) -> int:
    """Writes down what time and ended agreements decided, then tells what moved and what stays unanswered; answers how
    many notices are new.

    Run twice, or by two workers at once, it writes each once: the row's key says so.
    """
    at = at or now()
    return sum(_tell_in(engine, network_id, at) for network_id in networks(engine))


def _tell_in(engine: Engine, network_id: UUID, at: datetime) -> int:
    with working(engine, network_id) as session:
        moving.settle_due(session)
    with working(engine, network_id) as session:
        news = (*_moves(session, at), *_dates(session, at), *_silences(session, at))
        return _remind(session, at) + sum(_tell(session, told) for told in news)


def _tell(session: ActorSession, told: Told) -> int:
    told_anew: int = session.door(
        "access.tell(:referral, :side, :said, :moment)",
        referral=told.referral_id,
        side=told.to.value,
        said=told.step.value,
        moment=told.about,
    )
    return told_anew


def _moves(session: ActorSession, at: datetime) -> list[Told]:
    rows = session.rows("select * from access.moved_since(:moment)", moment=at - LOOK_BACK)
    return [
        Told(row.referral_id, step, to, row.at)
        for row in rows
        for step, to in of_event(row.verb, by_receiver=bool(row.by_receiver), by_sender=row.by_sender)
    ]


def _dates(session: ActorSession, at: datetime) -> list[Told]:
    rows = session.rows("select * from access.dates_moved_since(:moment)", moment=at - LOOK_BACK)
    found = [(row, of_date(row.verb, by_receiver=row.by_receiver)) for row in rows]
    return [Told(row.referral_id, told[0], told[1], row.at) for row, told in found if told is not None]


def _silences(session: ActorSession, at: datetime) -> list[Told]:
    rows = session.rows("select * from access.unanswered(:before)", before=at)
    return [told for row in rows for told in of_silence(Watched(row.referral_id, row.late_at, row.risk_at), at)]


def _remind(session: ActorSession, at: datetime) -> int:
    """Tomorrow's appointments, to whoever receives."""
    day = tomorrow_of(at)
    if day is None:
        return 0
    since, until = day
    said = Step.TOMORROW.value
    return int(session.door("access.remind_dates(:since, :until, :said)", since=since, until=until, said=said))


# ------------------------------------------------------------------ mail


def post(engine: Engine, mailer: Mailer, base_url: str, when: When) -> tuple[int, int]:
    """Sends the mail of those who want theirs so; answers how many went and how many must wait.

    At least once: a mail taken up by a worker that died goes again after ten minutes, under the same Message-ID.
    """
    went = waits = 0
    for network_id in networks(engine):
        with working(engine, network_id) as session:
            rows = session.rows(
                "select * from access.take_mail(:wanted, :stale, :most)", wanted=when.value, stale=STALE, most=BATCH
            )
        for mail_id, lines in groupby(rows, key=lambda row: row.mail_id):
            done = _send(mailer, base_url, mail_id, list(lines))
            with working(engine, network_id) as session:
                session.door("access.note_mail(:mail, :went)", mail=mail_id, went=done)
            went, waits = went + done, waits + (not done)
    return went, waits


def _send(mailer: Mailer, base_url: str, mail_id: UUID, lines: list[object]) -> bool:
    steps = {Step(line.step): line.times for line in lines}  # type: ignore[attr-defined]
    first = lines[0]
    words = words_of(steps, base_url, first.organisation_name)  # type: ignore[attr-defined]
    try:
        mailer.send(first.email, subject_of(steps), words, str(mail_id))  # type: ignore[attr-defined]
    except MailDown as down:
        log.warning("mail_waits", why=str(down))
        return False
    return True


# ------------------------------------------------------------------ a member's own


def mark_read(session: ActorSession) -> None:
    """Everything told to the member so far was read."""
    session.connection().execute(
        update(Notice)
        .where(col(Notice.membership_id) == session.member.membership_id, col(Notice.read_at).is_(None))
        .values(read_at=now())
    )


def opened(session: ActorSession, notice_id: UUID) -> Notice:
    """One notice of the member's, read from now on. Raises `NotKnown`."""
    found = session.get(Notice, notice_id)
    if found is None:
        raise NotKnown
    found.read_at = found.read_at or now()
    return found


def choose(session: ActorSession, when: When) -> NoticePreference:
    """How the member wants her mail from now on."""
    member = session.member
    known = session.get(NoticePreference, member.membership_id)
    if known is None:
        known = NoticePreference(membership_id=member.membership_id, network_id=member.network_id, mail=when.value)
        session.add(known)
    known.mail = when.value
    return known
