"""The bases measured: one for each size, in a server of their own, generated when missing."""

import os
from dataclasses import dataclass
from pathlib import Path

import psycopg
from rich.console import Console

from coordination.generate.console import generate, named
from coordination.generate.rows import NETWORKS, Network, Plan, networks
from coordination.identity.permissions import parts_of, permissions_of
from coordination.kit import embedded
from coordination.kit.actor import Member
from coordination.kit.clock import today
from coordination.kit.embedded import Cluster
from coordination.kit.roles import create_database, libpq
from coordination.upgrade import upgrade

SEED = 1
KEPT = os.environ.get("BENCH_KEEP", "")
"""The folder whose bases serve from one run to the next; empty, they are made each time and dropped."""
QUICK = bool(os.environ.get("BENCH_QUICK"))
"""Fewer questions and rounds: for a machine that has other work."""


@dataclass(frozen=True)
class Base:
    """A generated base and its addresses: as the application, and past every wall."""

    name: str
    households: int
    app_url: str
    admin_url: str
    networks: list[Network]

    def member(self, role: str = "intake", organisation: int = 0, network: int = 0) -> Member:
        """Somebody of the first network's CCAS, which holds more than half of its files, or of another."""
        there = self.networks[network]
        employer = there.organisations[organisation]
        worker, roles = employer.workers[role], sorted({role, "intake"})
        return Member(
            worker.membership,
            worker.account,
            there.id,
            employer.id,
            role,
            frozenset(roles),
            permissions_of(roles),
            parts_of(roles),
            professional=True,
        )

    def admin(self, statement: str, *values: object) -> list[tuple[object, ...]]:
        """A statement past every wall."""
        with psycopg.connect(libpq(self.admin_url), autocommit=True) as connection:
            cursor = connection.execute(statement.encode(), values or None)
            return list(cursor.fetchall()) if cursor.description else []


def start() -> tuple[Path, Cluster]:
    """The server of the measures, as durable as a real one; nothing is vacuumed behind one's back."""
    home = Path(KEPT or embedded.default_data_dir() / "bench")
    cluster = embedded.start(home)
    with psycopg.connect(libpq(cluster.admin_url), autocommit=True) as admin:
        admin.execute("alter system set autovacuum = off")
        admin.execute("alter system set max_wal_size = '8GB'")  # a million households are poured in at once
        admin.execute("select pg_reload_conf()")
    return home, cluster


def made(cluster: Cluster, out: Console, households: int) -> Base:
    """The base of that size as it comes out of the generator: never vacuumed, never analyzed."""
    name = f"bench_{households}"
    if not KEPT or not exists(cluster, name):
        drop(cluster, name)
        addresses = (cluster.admin_url, cluster.owner_url, cluster.app_url)
        generate(out, addresses, name, households=households, networks=NETWORKS, seed=SEED)
    return _base(cluster, name, households)


def analyzed(cluster: Cluster, base: Base) -> Base:
    """The same after VACUUM ANALYZE: a copy when bases are kept, so that both states are; otherwise the base itself."""
    if not KEPT:
        base.admin("vacuum analyze")
        return base
    name = f"{base.name}_analyzed"
    if not exists(cluster, name):
        copied(cluster, base, f"{name}_new").admin("vacuum analyze")
        with psycopg.connect(libpq(cluster.admin_url), autocommit=True) as admin:
            admin.execute(f"alter database {name}_new rename to {name}".encode())
    return _base(cluster, name, base.households)


def copied(cluster: Cluster, base: Base, name: str) -> Base:
    """Another base with the same rows."""
    drop(cluster, name)
    with psycopg.connect(libpq(cluster.admin_url), autocommit=True) as admin:
        admin.execute(f"create database {name} template {base.name} strategy file_copy".encode())
        create_database(admin, name)
    return _base(cluster, name, base.households)


def _base(cluster: Cluster, name: str, households: int) -> Base:
    upgrade(named(cluster.owner_url, name))
    return Base(
        name,
        households,
        named(cluster.app_url, name),
        named(cluster.admin_url, name),
        networks(Plan(households, NETWORKS, today(), SEED)),
    )


def exists(cluster: Cluster, name: str) -> bool:
    with psycopg.connect(libpq(cluster.admin_url)) as admin:
        return admin.execute("select from pg_database where datname = %s", [name]).fetchone() is not None


def drop(cluster: Cluster, name: str) -> None:
    with psycopg.connect(libpq(cluster.admin_url), autocommit=True) as admin:
        admin.execute(f"drop database if exists {name} with (force)".encode())
