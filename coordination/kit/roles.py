"""The database roles and the database itself: what an administrator of the server does once, and may do again."""

from pathlib import Path
from typing import Any

from psycopg import Connection, connect, sql
from sqlalchemy.engine import URL, make_url

OWNER = "coordination_owner"
APP = "coordination_app"
GUARD = "coordination_guard"

ROLES_SQL = Path(__file__).resolve().parents[2] / "policies" / "roles.sql"
LOCK = 0x436F6F7264  # two administrators at once would trip on the same catalogue rows


class RolesError(Exception):
    """Les rôles de la base n’ont pas pu être préparés."""


def libpq(url: str) -> str:
    """The same address without SQLAlchemy's driver name, as psycopg and psql read it."""
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


def prepare_server(admin_url: str, owner_url: str, app_url: str) -> None:
    """Roles, passwords and database, all read from the addresses themselves. Repeatable: this is how one rotates."""
    owner, app = make_url(owner_url), make_url(app_url)
    owner_password, app_password = _password(owner, OWNER), _password(app, APP)
    if owner.database is None or owner.database != app.database:
        raise RolesError("DATABASE_OWNER_URL et DATABASE_URL ne désignent pas la même base.")
    with connect(libpq(admin_url), autocommit=True, connect_timeout=10) as admin:
        create_roles(admin, owner_password, app_password)
        create_database(admin, owner.database)


def create_roles(admin: Connection[Any], owner_password: str, app_password: str) -> None:
    """Makes the three roles if need be, puts their rights back as `policies/roles.sql` says, sets both passwords."""
    with admin.transaction():
        admin.execute("select pg_advisory_xact_lock(%s)", [LOCK])
        admin.execute(ROLES_SQL.read_bytes())
        for role, password in ((OWNER, owner_password), (APP, app_password)):
            # Scrambled here, so that the password itself reaches neither the server nor its log.
            secret = admin.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
            admin.execute(sql.SQL("alter role {} password {}").format(sql.Identifier(role), sql.Literal(secret)))


def create_database(admin: Connection[Any], name: str) -> None:
    """Makes the database if need be, the owner's, closed to every role but ours. `admin` is in autocommit.

    Order and case follow the C rules on every server: what people read is sorted on columns folded in Python.
    """
    database = sql.Identifier(name)
    if admin.execute("select from pg_database where datname = %s", [name]).fetchone() is None:
        admin.execute(
            sql.SQL("create database {} template template0 encoding 'UTF8' lc_collate 'C' lc_ctype 'C'").format(
                database
            )
        )
    admin.execute(sql.SQL("alter database {} owner to {}").format(database, sql.Identifier(OWNER)))
    admin.execute(sql.SQL("revoke all on database {} from public").format(database))
    admin.execute(sql.SQL("grant connect on database {} to {}").format(database, sql.Identifier(APP)))


def _password(url: URL, role: str) -> str:
    if url.username != role:
        raise RolesError(f"L’adresse doit désigner le rôle « {role} », et non « {url.username or ''} ».")
    if not url.password:
        raise RolesError(f"L’adresse du rôle « {role} » ne porte pas de mot de passe.")
    return str(url.password)
