"""The worker: what is done in time, on procrastinate's queue in the same PostgreSQL. Its tasks carry no argument.

Two workers share the work: each turn of a task is queued once, and runs once at a time. What a worker that died had
begun is let go, so that the next turn of that task is not kept waiting for ever.
"""

import asyncio
import signal
from collections.abc import Callable
from contextlib import suppress

import procrastinate
import psycopg
import structlog
from procrastinate.jobs import Status
from sqlalchemy import Engine

from coordination.kit.clock import PARIS
from coordination.kit.mail import Mailer
from coordination.notices import service
from coordination.notices.rules import When

SCHEMA_VERSION = "3.10.0"
"""The procrastinate whose tables our migrations made; a test holds the lock to it."""
EVERY_MINUTE = "* * * * *"
EVERY_FIVE_MINUTES = "*/5 * * * *"
MORNING_HOURS_UTC = "30 5,6 * * *"
MORNING = 7
AGAIN = 1.0
"""Seconds after which a queue that was lost is looked for again."""

Turn = Callable[[], object]

log = structlog.get_logger("coordination.worker")


def turns(engine: Engine, mailer: Mailer | None, base_url: str) -> dict[str, tuple[str, Turn]]:
    """Each task by its name: when it comes round, and what it does. Without a mail server, notices stay on screen."""
    found: dict[str, tuple[str, Turn]] = {"tell": (EVERY_MINUTE, lambda: service.tell_news(engine))}
    if mailer is not None:
        found["post"] = (EVERY_MINUTE, lambda: service.post(engine, mailer, base_url, When.IMMEDIATE))
        found["digest"] = (MORNING_HOURS_UTC, lambda: _morning(engine, mailer, base_url))
    return found


def _morning(engine: Engine, mailer: Mailer, base_url: str) -> None:
    """The cron counts in UTC and France changes hour: of the two calls, the one that falls at half past seven acts."""
    from coordination.kit.clock import now

    if now().astimezone(PARIS).hour == MORNING:
        service.post(engine, mailer, base_url, When.DAILY)


def queue(app_url: str, found: dict[str, tuple[str, Turn]]) -> procrastinate.App:
    """The queue of these tasks, over the application's role."""
    connector = procrastinate.PsycopgConnector(
        conninfo=conninfo(app_url), kwargs={"options": "-c search_path=jobs"}, min_size=1, max_size=4
    )
    app = procrastinate.App(connector=connector)
    for name, (cron, turn) in found.items():
        _task(app, name, cron, turn)
    _let_go_of_the_dead(app)
    return app


def work(app_url: str, found: dict[str, tuple[str, Turn]]) -> None:
    """Works on the queue of these tasks until asked to stop (SIGINT, SIGTERM)."""
    asyncio.run(_work(app_url, found))


async def _work(app_url: str, found: dict[str, tuple[str, Turn]]) -> None:
    """procrastinate ends its worker when PostgreSQL leaves, as if it had been asked to: it is begun again."""
    asked = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, asked.set)
    while not asked.is_set():
        try:
            await _work_until(queue(app_url, found), asked)
        except procrastinate.exceptions.ConnectorException as lost:
            log.warning("queue_lost", why=type(lost.__cause__ or lost).__name__)
        with suppress(TimeoutError):
            await asyncio.wait_for(asked.wait(), AGAIN)


async def _work_until(app: procrastinate.App, asked: asyncio.Event) -> None:
    async with app.open_async():
        working = asyncio.create_task(
            app.run_worker_async(concurrency=2, delete_jobs="successful", install_signal_handlers=False)
        )
        waiting = asyncio.create_task(asked.wait())
        await asyncio.wait((working, waiting), return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        working.cancel()  # what it is doing is done first
        with suppress(asyncio.CancelledError):
            await working


def _let_go_of_the_dead(app: procrastinate.App) -> None:
    """Turns begun by a worker that gives no sign of life any more. They are not done again: the next ones do all there
    is to do. Without a lock of its own: it would be held in turn by a worker that dies."""

    @app.periodic(cron=EVERY_MINUTE, periodic_id="let_go")
    @app.task(name="let_go", queueing_lock="let_go")
    async def let_go(timestamp: int) -> None:
        for job in await app.job_manager.get_stalled_jobs():
            log.warning("turn_let_go", task=job.task_name)
            await app.job_manager.finish_job(job, Status.FAILED, delete_job=True)


def _task(app: procrastinate.App, name: str, cron: str, turn: Turn) -> None:
    @app.periodic(cron=cron, periodic_id=name)
    @app.task(name=name, lock=name, queueing_lock=name, retry=procrastinate.RetryStrategy(max_attempts=3, wait=60))
    def run(timestamp: int) -> None:
        turn()


def conninfo(app_url: str) -> str:
    """The address as psycopg reads it."""
    from coordination.kit.roles import libpq

    return psycopg.conninfo.make_conninfo(libpq(app_url), application_name="coordination worker")
