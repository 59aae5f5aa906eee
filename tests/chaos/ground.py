"""An installation of its own, on real servers, and the blows it takes: each one is written down with its time."""

import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import psutil
import psycopg

from coordination.kit import embedded
from coordination.kit.roles import libpq
from tests import servers
from tests.conftest import TEST_KEY, cast_base
from tests.notices.post import Letterbox
from tests.serving import ROOT, Served

SENDER = "avis@exemple.fr"
RECOVERS = 3.0
"""Seconds after a blow during which a page may still say that it failed."""
WEIGHTS = {"connections": 5, "serving process": 2, "worker": 4, "PostgreSQL": 2, "mail": 3}
"""What falls, and how often."""
DIGEST = """
from coordination.kit.engine import make_engine
from coordination.notices import service
from coordination.notices.rules import When
from coordination.settings import get_settings
asked = get_settings()
service.post(make_engine(asked.database_url), asked.mailer(), asked.base_url, When.DAILY)
"""
"""What the worker does once a morning, as a process of its own: here each morning lasts a few seconds."""
STARTED = 15.0
"""Seconds after which a worker must have found its server; before, it may say that it found none and leave."""
CONNECTIONS = (
    "select pid from pg_stat_activity where datname = %s and application_name like 'coordination%%'"
    " and (not %s or state <> 'idle') order by random()"
)


@dataclass(frozen=True)
class Blow:
    """What fell, and from when to when."""

    what: str
    since: float
    until: float

    def explains(self, since: float, until: float) -> bool:
        """Whether a question asked and answered then may have suffered from it."""
        return since <= self.until + RECOVERS and until >= self.since


class Ground:
    """`with Ground() as ground:` — PostgreSQL as it is installed, two serving processes, two workers, a letterbox."""

    def __init__(self) -> None:
        self.home = servers.HOME / "chaos"
        self.box = Letterbox()
        self.blows: list[Blow] = []
        self.fallen: Counter[str] = Counter()
        self.workers: list[subprocess.Popen[bytes]] = []
        self._over = threading.Event()
        self._keeper = threading.Thread(target=self._keep_workers, daemon=True)
        self._mornings = threading.Thread(target=self._let_mornings_come, daemon=True)

    def __enter__(self) -> "Ground":
        embedded.stop(self.home)
        shutil.rmtree(self.home, ignore_errors=True)
        embedded.make_home(self.home)
        self.cluster = embedded.start(self.home)
        self.base, self.cast = cast_base(self.cluster)
        self.box.rise()
        self.variables = {"DATABASE_URL": self.base.app_url, "COORDINATION_SECRET_KEY": TEST_KEY}
        self.served = Served({**self.variables, "COORDINATION_DEMO": "true"}, workers=2, said=self.home / "said.log")
        self.served.__enter__()
        self.variables |= {
            "COORDINATION_SMTP_URL": f"smtp://127.0.0.1:{self.box.port}",
            "COORDINATION_MAIL_FROM": SENDER,
            "COORDINATION_BASE_URL": self.served.url,
        }
        self.workers = [self._worker() for _ in range(2)]
        self.begun = [time.monotonic()] * 2
        self._keeper.start()
        self._mornings.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.rest()
        self.served.__exit__(None, None, None)
        self.box.fall()
        with suppress(psycopg.Error):
            self.base.close()
        embedded.stop(self.home)
        shutil.rmtree(self.home, ignore_errors=True)

    def rest(self) -> None:
        """The workers are sent home, and nobody replaces them."""
        self._over.set()
        self._keeper.join(10)
        self._mornings.join(60)
        for one in self.workers:
            one.terminate()
        for one in self.workers:
            one.wait(30)
        self.workers = []

    def ask(self, query: str, *values: object) -> list[tuple[object, ...]]:
        """Past every wall, on a connection of its own: those that were open did not outlive the storm."""
        with psycopg.connect(libpq(self.base.admin_url), autocommit=True) as admin:
            cursor = admin.execute(query, values or None)
            return list(cursor.fetchall()) if cursor.description else []

    def last_words(self) -> str:
        """What the service said last, and whether it still serves."""
        return f"{(self.home / 'said.log').read_text()[-20_000:]}\nfin du service : {self.served.ended}"

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """`coordination` and these words, to its end."""
        return subprocess.run(
            [sys.executable, "-m", "coordination", *words],
            cwd=ROOT, env={**os.environ, **self.variables}, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip

    def digest(self) -> int:
        """One morning's mail, to its end."""
        return self._process("-c", DIGEST).wait(120)

    # -------------------------------------------------------------- the workers

    def _worker(self) -> subprocess.Popen[bytes]:
        return self._process("-m", "coordination", "worker")

    def _process(self, *words: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, *words],
            cwd=ROOT,
            env={**os.environ, **self.variables},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def _let_mornings_come(self) -> None:
        """One after the other; of three, one dies in its mail or before."""
        draw = random.Random(0)
        while not self._over.wait(draw.uniform(1, 4)):
            morning = self._process("-c", DIGEST)
            if draw.random() < 0.35:
                self._over.wait(draw.uniform(1, 3))
                killed = time.monotonic()
                morning.kill()
                self.blows.append(Blow("morning", killed, killed))
                self.fallen["morning"] += 1
            morning.wait(120)

    def _keep_workers(self) -> None:
        """Puts a worker that left in its place again, as a service manager does."""
        while not self._over.wait(0.5):
            for place, one in enumerate(self.workers):
                if one.poll() is not None:
                    how = "by itself" if time.monotonic() - self.begun[place] > STARTED else "before it had started"
                    self.fallen["worker gone" if one.returncode == -signal.SIGKILL else f"worker gone {how}"] += 1
                    self.workers[place], self.begun[place] = self._worker(), time.monotonic()

    # -------------------------------------------------------------- the blows

    def strike(self, what: str, draw: random.Random) -> None:
        """Lets it fall, and puts it up again."""
        blows: dict[str, Callable[[random.Random], None]] = {
            "connections": self._cut_connections,
            "serving process": self._kill_serving,
            "worker": self._kill_worker,
            "PostgreSQL": self._fell_postgresql,
            "mail": self._silence_mail,
        }
        since = time.monotonic()
        blows[what](draw)
        self.blows.append(Blow(what, since, time.monotonic()))
        self.fallen[what] += 1

    def _cut_connections(self, draw: random.Random) -> None:
        """Up to four of them; rather, one after the other, those in the middle of something."""
        patient, most, busy = time.monotonic() + 2, draw.randint(1, 4), draw.random() < 0.7
        with psycopg.connect(libpq(self.cluster.admin_url), autocommit=True) as admin:
            while most > 0 and time.monotonic() < patient:
                found = admin.execute(CONNECTIONS, [self.base.name, busy]).fetchall()
                for (pid,) in found[:most]:
                    admin.execute("select pg_terminate_backend(%s)", [pid])
                most -= len(found)

    def _kill_serving(self, draw: random.Random) -> None:
        with suppress(psutil.Error):
            children = [one for one in psutil.Process(self.served.pid).children() if "spawn_main" in str(one.cmdline())]
            if len(children) > 1:
                draw.choice(children).kill()

    def _kill_worker(self, draw: random.Random) -> None:
        """In the middle of a turn, when one begins soon enough."""
        patient = time.monotonic() + 3
        with psycopg.connect(libpq(self.base.admin_url), autocommit=True) as admin:
            while time.monotonic() < patient and draw.random() < 0.99:
                if admin.execute("select from jobs.procrastinate_jobs where status = 'doing'").rowcount:
                    break
                time.sleep(0.01)
        draw.choice(self.workers).kill()

    def _fell_postgresql(self, draw: random.Random) -> None:
        if draw.random() < 0.5:
            embedded.stop(self.home)
        else:  # as when the machine loses its current: what was committed is read again from its journal
            lines = (self.home / "pgdata" / "postmaster.pid").read_text().splitlines()
            first = psutil.Process(int(lines[0]))
            family = [first, *first.children(recursive=True)]
            for one in family:
                with suppress(psutil.Error):
                    one.kill()
            psutil.wait_procs(family, 10)
        time.sleep(draw.uniform(0.2, 4))
        embedded.start(self.home)

    def _silence_mail(self, draw: random.Random) -> None:
        """No answer at all, a refusal, or a letter kept by one that says it was not."""
        how = draw.choice(("gone", "closed", "mumbles"))
        if how == "gone":
            self.box.fall()
        self.box.open, self.box.mumbles = how != "closed", how == "mumbles"
        time.sleep(draw.uniform(2, 6))
        self.box.open, self.box.mumbles = True, False
        if how == "gone":
            self.box.rise()
