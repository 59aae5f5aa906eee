"""What referrals cost: the queue and its counts up to a million, a transition, the digests of a morning."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median
from typing import TypeVar
from uuid import UUID, uuid4

import psycopg

from bench import bases
from bench.bases import QUICK, Base
from coordination.kit.actor import Member
from coordination.kit.clock import now
from coordination.kit.db import acting
from coordination.kit.embedded import Cluster
from coordination.kit.engine import close_engine, make_engine
from coordination.kit.mail import Mailer
from coordination.kit.roles import libpq
from coordination.notices import service as notices
from coordination.notices.rules import When
from coordination.referrals import moves, queue
from coordination.referrals.machine import Side

Found = TypeVar("Found")
ROUNDS = 10 if QUICK else 25
WARM = 20
"""Moves made before those that are measured: their plans are made by then, as on a server that has served a while."""
DIGESTED = 10_000
ALL_OPEN = """
update account set demo = false;
insert into notice_preference (membership_id, network_id, mail) select id, network_id, 'daily' from membership;
update referral set state = 'sent', refusal = null, outcome = null, answered_at = null, closed_at = null,
       sent_at = now() - interval '1 hour' * (abs(hashtext(id::text)) % 720);
update referral set late_at = sent_at + interval '9 days', risk_at = sent_at + interval '21 days',
       expires_at = sent_at + interval '42 days';
"""
SENT = """
select r.id, r.version, r.network_id, r.to_organisation_id from referral r
 where r.state = 'sent' and r.expires_at > now() + interval '1 day' order by r.id limit %s
"""


@dataclass(frozen=True)
class Queues:
    """Milliseconds (medians) of the first page of a basket that fills it at both sizes, and of the counts; and of any
    basket's first page, which has a line or two at the smaller size where the larger one has twenty-five."""

    smaller: int
    larger: int
    page_small_ms: float
    page_large_ms: float
    page_ratio: float
    any_page_ratio: float
    counts_small_ms: float
    counts_large_ms: float


@dataclass(frozen=True)
class Transition:
    """Milliseconds (medians) of a move with its event and its line of the journal, committed; of taking it back, which
    reads the whole timeline first; and of a bare INSERT. The ratio is the move's."""

    move_ms: float
    undo_ms: float
    insert_ms: float
    ratio: float


@dataclass(frozen=True)
class Digests:
    """Seconds to find what there is to tell of so many open referrals, and to send the digests."""

    referrals: int
    notices: int
    tell_seconds: float
    mails: int
    post_seconds: float


def queues(small: Base, large: Base) -> Queues:
    """The coordinator's, turn by turn: every basket's first page, then the counts."""
    engines = [make_engine(base.app_url, size=2) for base in (small, large)]
    members = [base.member("coordinator") for base in (small, large)]
    pages: list[dict[str, list[float]]] = [{}, {}]
    full: list[set[str]] = [set(), set()]
    counts: list[list[float]] = [[], []]
    try:
        for turn in range(ROUNDS + 8):
            for side in (0, 1):
                with acting(engines[side], members[side]) as session:
                    spent, found = _spent(lambda s=session: queue.count_baskets(s, Side.COORDINATOR))  # type: ignore[misc]
                    if turn >= 8:  # plans are made by then
                        counts[side].append(spent)
                    for basket in [line.basket for line in found if line.count]:
                        spent, shown = _spent(lambda s=session, b=basket: queue.page_of(s, Side.COORDINATOR, b))  # type: ignore[misc]
                        if turn >= 8:
                            pages[side].setdefault(basket.key, []).append(spent)
                        if len(shown.lines) == queue.PAGE:
                            full[side].add(basket.key)
    finally:
        for engine in engines:
            close_engine(engine)
    alike = full[0] & full[1]
    page = [median(ms for key in alike for ms in found[key]) for found in pages]
    whole = [median(median(every) for every in found.values()) for found in pages]
    count = [median(found) for found in counts]
    return Queues(
        small.households,
        large.households,
        round(page[0], 2),
        round(page[1], 2),
        round(page[1] / page[0], 2),
        round(whole[1] / whole[0], 2),
        round(count[0], 2),
        round(count[1], 2),
    )


def _spent(task: Callable[[], Found]) -> tuple[float, Found]:
    began = time.perf_counter()
    found = task()
    return (time.perf_counter() - began) * 1000, found


def transition(base: Base) -> Transition:
    """Accepted then taken back, so that the base stays as it was; each move in a transaction of its own."""
    engine = make_engine(base.app_url, size=2)
    base.admin("create schema if not exists bench")
    base.admin("create table if not exists bench.line (id uuid primary key, at timestamptz, words text)")
    moved: list[float] = []
    undone: list[float] = []
    bare: list[float] = []
    try:
        with psycopg.connect(libpq(base.admin_url)) as plain:
            for turn, row in enumerate(base.admin(SENT, ROUNDS + WARM)):
                key, version, member = UUID(str(row[0])), int(str(row[1])), _receiver(base, row[2], row[3])
                began = time.perf_counter()
                with acting(engine, member) as session:
                    moves.accept(session, key, version)
                between = time.perf_counter()
                with acting(engine, member) as session:
                    moves.undo(session, key, version + 1)
                ended = time.perf_counter()
                plain.execute("insert into bench.line values (%s, %s, %s)", [uuid4(), now(), "une ligne"])
                plain.commit()
                if turn >= WARM:
                    moved.append((between - began) * 1000)
                    undone.append((ended - between) * 1000)
                    bare.append((time.perf_counter() - ended) * 1000)
    finally:
        close_engine(engine)
        base.admin("drop schema bench cascade")
    move, undo, insert = (median(found) for found in (moved, undone, bare))
    return Transition(round(move, 2), round(undo, 2), round(insert, 2), round(move / insert, 2))


def _receiver(base: Base, network_id: object, organisation_id: object) -> Member:
    for place, network in enumerate(base.networks):
        for number, organisation in enumerate(network.organisations):
            if (network.id, organisation.id) == (network_id, organisation_id):
                return base.member("coordinator", number, place)
    raise LookupError(organisation_id)


@dataclass(frozen=True)
class Counted(Mailer):
    """A post office that only counts."""

    keys: list[str] = field(default_factory=list)

    def send(self, to: str, subject: str, words: str, message_id: str) -> None:  # noqa: ARG002
        self.keys.append(message_id)


def digests(cluster: Cluster, base: Base) -> Digests:
    """On a copy of the base where every referral waits for its answer, and everybody wants one mail a day."""
    copy = bases.copied(cluster, base, "bench_digests")
    engine, post = make_engine(copy.app_url, size=2), Counted("", "")
    try:
        copy.admin("set session_replication_role = replica;" + ALL_OPEN + "analyze")
        began = time.perf_counter()
        told = notices.tell_news(engine)
        between = time.perf_counter()
        notices.post(engine, post, "https://exemple.invalid", When.DAILY)
        ended = time.perf_counter()
        count = int(str(copy.admin("select count(*) from referral where state = 'sent'")[0][0]))
    finally:
        close_engine(engine)
        bases.drop(cluster, copy.name)
    return Digests(count, told, round(between - began, 2), len(post.keys), round(ended - between, 2))
