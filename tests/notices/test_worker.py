"""The worker itself: its queue in PostgreSQL, driven as `coordination worker` drives it."""

import subprocess
import sys
import time

import procrastinate
import psycopg
import pytest

from coordination.kit.engine import close_engine
from coordination.kit.roles import libpq
from coordination.notices import jobs
from tests.aside import aside
from tests.conftest import TEST_KEY, Base
from tests.serving import PATIENCE, ROOT


def test_the_queues_tables_are_those_of_the_package() -> None:
    """A newer procrastinate asks for a migration of ours that applies its scripts."""
    assert procrastinate.__version__ == jobs.SCHEMA_VERSION


def test_a_turn_is_queued_once_whoever_asks_and_is_run(base: Base) -> None:
    ran: list[str] = []
    app = jobs.queue(base.app_url, {"tell": (jobs.EVERY_MINUTE, lambda: ran.append("tell"))})
    other = jobs.queue(base.app_url, {"tell": (jobs.EVERY_MINUTE, lambda: ran.append("other"))})
    with app.open(), other.open():
        app.tasks["tell"].configure(queueing_lock="tell").defer(timestamp=1)
        with pytest.raises(procrastinate.exceptions.AlreadyEnqueued):
            other.tasks["tell"].configure(queueing_lock="tell").defer(timestamp=1)
        aside(lambda: app.run_worker(wait=False, install_signal_handlers=False, listen_notify=False))
    assert ran == ["tell"]


def test_a_worker_that_dies_in_a_turn_does_not_keep_the_next_one_waiting(base: Base) -> None:
    ran: list[str] = []
    app = jobs.queue(base.app_url, {"tell": (jobs.EVERY_MINUTE, lambda: ran.append("tell"))})
    with app.open():
        for name in ("tell", "let_go"):
            app.tasks[name].configure(queueing_lock=name, lock=None if name == "let_go" else name).defer(timestamp=1)
        base.admin("set search_path to jobs")
        base.admin("insert into procrastinate_workers (last_heartbeat) values (now() - interval '1 minute')")
        base.admin(  # as the dead one left it
            "update procrastinate_jobs set status = 'doing', worker_id = (select id from procrastinate_workers)"
            " where task_name = 'tell'"
        )
        app.tasks["tell"].configure(queueing_lock="tell", lock="tell").defer(timestamp=2)
        aside(lambda: app.run_worker(wait=False, install_signal_handlers=False, listen_notify=False))
        aside(lambda: app.run_worker(wait=False, install_signal_handlers=False, listen_notify=False))
    assert set(ran) == {"tell"}


def test_the_command_waits_for_its_server_works_once_and_without_a_mail_server(base: Base) -> None:
    close_engine(base.engine)
    with psycopg.connect(libpq(base.cluster.admin_url), autocommit=True) as admin:
        admin.execute(f"alter database {base.name} allow_connections false")
        worker = subprocess.Popen(
            [sys.executable, "-m", "coordination", "worker", "--once"],
            cwd=ROOT,
            env={"PATH": "/usr/bin:/bin", "DATABASE_URL": base.app_url, "COORDINATION_SECRET_KEY": TEST_KEY},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert worker.stderr is not None
        while "elle est attendue" not in (line := worker.stderr.readline()):
            assert line, "it left without waiting"
        admin.execute(f"alter database {base.name} allow_connections true")
        said, wrong = worker.communicate(timeout=PATIENCE)
    assert worker.returncode == 0, wrong
    assert "aucun courriel ne part" in said


def test_the_worker_takes_up_its_periodic_turns(base: Base) -> None:
    """Started for good, it registers in the queue, again when the queue was away for a while, and ends when asked."""
    worker = subprocess.Popen(
        [sys.executable, "-m", "coordination", "worker"],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "DATABASE_URL": base.app_url, "COORDINATION_SECRET_KEY": TEST_KEY},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,  # which connections it lost
    )
    try:
        seen(base, worker, f"{REGISTERED} having max(id) = 1")
        seen(base, worker, f"select 1 where {LISTENS}")
        base.admin("alter schema jobs rename to away")
        base.admin('select pg_notify(\'procrastinate_any_queue_v1\', \'{"type": "job_inserted", "job_id": 1}\')')
        seen(base, worker, f"select 1 where not {LISTENS}")
        base.admin("alter schema away rename to jobs")
        seen(base, worker, f"{REGISTERED} having max(id) = 2")
    finally:
        worker.terminate()
    assert worker.wait(PATIENCE) == 0


REGISTERED = "select 1 from jobs.procrastinate_workers"
LISTENS = (
    "exists (select 1 from pg_stat_activity where application_name = 'coordination worker' and query ~ '^LISTEN'"
    " and datname = current_database())"
)


def seen(base: Base, worker: "subprocess.Popen[bytes]", question: str) -> None:
    """Waits until this has an answer, as long as the worker lives: to start takes it long on a busy machine."""
    started = time.monotonic()
    while not base.admin(question):
        assert worker.poll() is None, "it left"
        assert time.monotonic() - started < PATIENCE, question
        time.sleep(0.05)
