"""Fills an empty base with generated households, by COPY: for measures and trials at full size."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import psycopg
from psycopg import sql

from coordination.demo.accounts import PASSWORD
from coordination.generate import rows as made
from coordination.identity.service import HASHER
from coordination.kit.clock import now
from coordination.kit.errors import NotNow

CHUNK = 2000
SECONDARY = (
    "select i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) from pg_index i"
    " join pg_class c on c.oid = i.indrelid join pg_namespace n on n.oid = c.relnamespace"
    " where n.nspname = 'public' and c.relname = any(%s)"
    " and not exists (select 1 from pg_constraint k where k.conindid = i.indexrelid)"
)
Progress = Callable[[int, int], None]


class NotEmpty(NotNow):
    """Cette base contient déjà un réseau : seule une base vide est remplie. Rien n’a été écrit."""


def fill(admin_url: str, plan: made.Plan, *, progress: Progress | None = None) -> list[made.Network]:
    """Writes everything in one transaction; answers the networks. Raises `NotEmpty`. `admin_url`: an administrator's
    address of that base, since constraints are checked by nobody while rows are poured in.
    """
    with psycopg.connect(admin_url) as connection:
        connection.execute("select pg_advisory_xact_lock(hashtextextended('coordination generate', 0))")
        if connection.execute("select exists (select 1 from network)").fetchone() != (False,):
            raise NotEmpty
        connection.execute("set local session_replication_role = replica")
        connection.execute("set local maintenance_work_mem = '512MB'")
        networks = made.networks(plan)
        moment = datetime.combine(plan.today, now().timetz())
        pour(connection, made.network_rows(networks, HASHER.hash(PASSWORD), moment))
        with without_indexes(connection, made.HOUSEHOLD_TABLES):
            for first, last in made.chunks(plan.households, CHUNK):
                pour(connection, made.household_rows(plan, networks, first, last))
                if progress:
                    progress(last, plan.households)
    return networks


def pour(connection: psycopg.Connection[Any], rows: made.Rows) -> None:
    """One COPY for each table."""
    for table, found in rows.items():
        if not found:
            continue
        columns = sql.SQL(", ").join(map(sql.Identifier, made.COLUMNS[table].split()))
        statement = sql.SQL("copy {} ({}) from stdin").format(sql.Identifier(table), columns)
        with connection.cursor() as cursor, cursor.copy(statement) as copy:
            for row in found:
                copy.write_row(row)


@contextmanager
def without_indexes(connection: psycopg.Connection[Any], tables: Sequence[str]) -> Iterator[None]:
    """Takes away the indexes no constraint stands on, and builds them again at the end, which is much quicker."""
    found = connection.execute(SECONDARY, [list(tables)]).fetchall()
    for name, _ in found:
        connection.execute(f"drop index {name}".encode())
    yield
    for _, definition in found:
        connection.execute(str(definition).encode())
