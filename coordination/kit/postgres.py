"""Private PostgreSQL servers: made, started and stopped by us, reachable through a Unix socket only."""

import os
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import psutil

SUPERUSER = "postgres"
PORT = 5432  # names the socket file only: these servers listen on no network address
SOCKET_BYTES = 107  # longest path of a Unix socket on Linux; macOS stops at 103
START_SECONDS = 60.0  # recovery after a kill replays the journal of the server first
LEAVE_SECONDS = 10.0
STOP_SECONDS = 30.0
KNOCK_SECONDS = 5.0
STATUS = 7
"""The line of postmaster.pid that says whether it starts, is ready or stops."""
LOG_BYTES = 5_000_000

# A clean environment: the caller's PGPORT or PGOPTIONS must not reach the server, nor its secrets.
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C"}

OPTIONS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "port": str(PORT),
    "max_connections": "60",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Failed statements and the DETAIL of errors quote rows: names of people have no place in a log.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
}
# Throwaway data: a power cut may spoil it.
CARELESS = {
    **dict.fromkeys(("fsync", "full_page_writes", "synchronous_commit", "autovacuum"), "off"),
    "max_connections": "120",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "checkpoint_timeout": "1h",
}

# Servers started by this process. Kept so that Python does not complain of children left running on purpose.
_children: list[tuple[Path, subprocess.Popen[bytes]]] = []


class ServerError(Exception):
    """Le serveur PostgreSQL embarqué ne démarre pas."""


@dataclass(frozen=True, slots=True)
class Account:
    """The system account PostgreSQL runs under when we are root, which it refuses."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class Server:
    """One server: its programs, its data, where its socket and its log are, and who it runs as (None: us)."""

    programs: Path
    data: Path
    sockets: Path
    log: Path
    account: Account | None = None

    @property
    def major(self) -> str:
        """The major version that made the data, as written beside it."""
        return (self.data / "PG_VERSION").read_text().strip()


def run_as(account: Account | None, command: list[str]) -> subprocess.CompletedProcess[str]:
    """Runs a program to its end under an account, with nothing of our environment."""
    return subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        cwd="/",
        env=ENVIRONMENT,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
    )


def own_folder(folder: Path, account: Account | None, mode: int = 0o700) -> None:
    """Makes a folder that belongs to the account (or to us). A folder planted by somebody else is refused."""
    owner = account.uid if account else os.geteuid()
    with suppress(FileExistsError):
        folder.mkdir(mode=mode, parents=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (owner, os.geteuid()):
        raise ServerError(f"Le dossier « {folder} » appartient à un autre compte.")
    if account:
        os.chown(folder, account.uid, account.gid)
    folder.chmod(mode)


def socket_folder(home: Path) -> Path:
    """Where the socket goes: beside the data, or in a private folder of the temporary one when the path is too long.

    A comma would make libpq read two hosts, hence the detour for it too.
    """
    beside = home / "run"
    longest = SOCKET_BYTES if os.uname().sysname == "Linux" else 103
    if len(os.fsencode(beside / f".s.PGSQL.{PORT}.lock")) <= longest and "," not in str(beside):
        return beside
    mark = sha256(os.fsencode(home)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"coordination-{os.geteuid()}-{mark}"


def create(server: Server, password: str, *, durable: bool) -> None:
    """Makes the data folder. Passwords (scram) are asked from the first second: there is no moment of trust.

    The folder takes its name once complete, so a killed run leaves nothing that looks finished.
    """
    draft = server.data.with_name(server.data.name + ".new")
    if draft.exists():
        shutil.rmtree(draft)
    own_folder(draft, server.account)
    with tempfile.NamedTemporaryFile("w", dir=server.sockets, prefix="first-") as secret:
        secret.write(password)
        secret.flush()
        if server.account:
            os.chown(secret.name, server.account.uid, server.account.gid)
        command = [str(server.programs / "initdb"), "-D", str(draft), "-U", SUPERUSER]
        command += ["-A", "scram-sha-256", f"--pwfile={secret.name}", "--encoding=UTF8", "--locale=C"]
        command += ["--no-instructions"] if durable else ["--no-instructions", "--no-sync"]
        done = run_as(server.account, command)
    if done.returncode != 0:
        reason = (done.stderr or done.stdout).strip()
        raise ServerError(f"PostgreSQL n’a pas pu créer ses données dans « {server.data} » :\n{reason}")
    draft.rename(server.data)


def postmaster(server: Server) -> psutil.Process | None:
    """The running server of this data folder, or None. A number reused by another program does not count."""
    try:
        process = psutil.Process(int(_pid_lines(server)[0]))
        ours = process.name() == "postgres" and str(server.data) in process.cmdline()
        return process if ours and process.status() != psutil.STATUS_ZOMBIE else None
    except (psutil.Error, IndexError, ValueError):
        return None


def is_open(server: Server) -> bool:
    """Whether a running server can be reached: it has started, is not stopping, and its socket is in its place.

    One that is slow to answer, or full, is open: those who work on it must not be sent away.
    """
    said = _pid_lines(server)
    if len(said) <= STATUS or said[STATUS].strip() != "ready":
        return False
    with socket.socket(socket.AF_UNIX) as knock:
        knock.settimeout(KNOCK_SECONDS)
        try:
            knock.connect(str(server.sockets / f".s.PGSQL.{PORT}"))
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        except OSError:  # too many knock at once
            return True
    return True


def launch(server: Server, *, durable: bool) -> None:
    """Starts the server and waits until it answers. It survives us, and Ctrl-C does not reach it."""
    options = OPTIONS | ({} if durable else CARELESS)
    quoted = str(server.sockets).replace('"', '""')
    options["unix_socket_directories"] = f'"{quoted}"'
    command = [str(server.programs / "postgres"), "-D", str(server.data)]
    for name, value in options.items():
        command += ["-c", f"{name}={value}"]
    _clear_after_a_kill(server)
    said = _launch_once(server, command)
    if said is not None:
        raise ServerError(f"PostgreSQL n’a pas démarré ; son journal « {server.log} » dit :\n{said}")


def _clear_after_a_kill(server: Server) -> None:
    """Waits until the processes of a killed server have left, then removes the files that named it.

    Those files must not go earlier (they keep two servers off the same data), nor stay: their number may by then
    belong to any living program, and PostgreSQL would refuse to start. A server whose folder was deleted under it
    is sent away: it would later remove the new one's socket.
    """
    give_up = time.monotonic() + LEAVE_SECONDS
    while left := [process for process in psutil.process_iter() if _works_in(process, server.data)]:
        if time.monotonic() > give_up:
            raise ServerError(f"Un serveur PostgreSQL arrêté brutalement occupe encore « {server.data} » : réessayez.")
        for process in left:
            with suppress(psutil.Error):
                process.send_signal(signal.SIGQUIT)
        time.sleep(0.1)
    for data, child in _children:
        if data == server.data:  # it has nothing open any more, and may not have gone yet
            with suppress(subprocess.TimeoutExpired):
                child.wait(LEAVE_SECONDS)
        child.poll()
    for named in (server.data / "postmaster.pid", server.sockets / f".s.PGSQL.{PORT}.lock"):
        named.unlink(missing_ok=True)


def _works_in(process: psutil.Process, data: Path) -> bool:
    """Whether this is a living PostgreSQL process of that data folder, or of one deleted since from the same place."""
    try:
        if process.name() != "postgres" or process.status() == psutil.STATUS_ZOMBIE:
            return False
        return process.cwd().removesuffix(" (deleted)") == str(data) or str(data) in process.cmdline()
    except psutil.Error:
        return False


def _launch_once(server: Server, command: list[str]) -> str | None:
    """None when the server is ready, else the end of what it wrote."""
    if server.log.exists() and server.log.stat().st_size > LOG_BYTES:
        server.log.replace(server.log.with_suffix(".old.log"))
    account = server.account
    with server.log.open("ab") as log:
        server.log.chmod(0o600)
        begin = log.tell()
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd="/",
            env=ENVIRONMENT,
            start_new_session=True,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )
    _children.append((server.data, child))
    give_up = time.monotonic() + START_SECONDS
    while child.poll() is None and time.monotonic() < give_up:
        lines = _pid_lines(server)
        if len(lines) > STATUS and lines[0].strip() == str(child.pid) and lines[STATUS].strip() == "ready":
            return None
        time.sleep(0.02)
    if child.poll() is None:
        child.send_signal(signal.SIGQUIT)
        child.wait()
    return server.log.read_bytes()[begin:].decode(errors="replace").strip()[-1500:]


def halt(server: Server) -> bool:
    """Stops the server, disconnecting whoever is on it. False when none was running."""
    process = postmaster(server)
    if process is None:
        return False
    with suppress(psutil.NoSuchProcess):
        process.send_signal(signal.SIGINT)  # PostgreSQL's "fast" shutdown: nothing committed is lost
        if not ended(process):
            process.send_signal(signal.SIGQUIT)
            if not ended(process):
                raise ServerError(f"PostgreSQL ne s’arrête pas (processus {process.pid}) : réessayez.")
    return True


def ended(process: psutil.Process, within: float = STOP_SECONDS) -> bool:
    """Whether a process ends in so many seconds. Whoever launched it may live on without asking after it, as `run`
    does: its number stays then, and nothing runs any more."""
    give_up = time.monotonic() + within
    with suppress(psutil.NoSuchProcess):
        while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            if time.monotonic() > give_up:
                return False
            time.sleep(0.02)
        with suppress(psutil.TimeoutExpired):
            process.wait(0)  # one of our own is forgotten
    return True


def _pid_lines(server: Server) -> list[str]:
    try:
        return (server.data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return []
