"""`coordination generate`: makes the named base if need be, fills it, and shows how far it is."""

import re
from time import monotonic

from psycopg import connect
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from sqlalchemy.engine import make_url

from coordination.generate.load import fill
from coordination.generate.rows import Network, Plan
from coordination.kit.clock import today
from coordination.kit.errors import NotNow
from coordination.kit.roles import create_database, libpq
from coordination.upgrade import upgrade

NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")


class NotThisBase(NotNow):
    """Donnez le nom d’une autre base que celle que l’on sert : lettres minuscules, chiffres, tiret bas.
    Rien n’a été écrit."""


def generate(
    out: Console, addresses: tuple[str, str, str], base: str, *, households: int, networks: int, seed: int
) -> list[Network]:
    """Fills the base of that name. `addresses`: the administrator's, the owner's and the application's, of the base
    that is served. Raises `NotThisBase`, or `NotEmpty` when it holds a network."""
    admin_url, owner_url, _ = addresses
    served = {make_url(url).database for url in addresses} | {"postgres"}
    if base in served or not NAME.fullmatch(base) or base.startswith(("template", "pg_")):
        raise NotThisBase
    with connect(libpq(admin_url), autocommit=True) as admin:
        create_database(admin, base)
    upgrade(named(owner_url, base))
    began = monotonic()
    columns = (TextColumn("Foyers"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=out) as shown:
        bar = shown.add_task("", total=households)
        made = fill(
            libpq(named(admin_url, base)),
            Plan(households, networks, today(), seed),
            progress=lambda done, total: shown.update(bar, completed=done),
        )
    out.print(f"{households} foyers inventés dans la base « {base} », en {monotonic() - began:.0f} s.", markup=False)
    return made


def named(url: str, base: str) -> str:
    """The same server and role, another base."""
    return make_url(url).set(database=base).render_as_string(hide_password=False)
