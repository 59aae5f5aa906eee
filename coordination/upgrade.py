"""Brings a database to this version: tables by Alembic, then the whole of `policies/`, in one transaction."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

from coordination.kit.roles import APP, GUARD

ROOT = Path(__file__).resolve().parents[1]
POLICIES = ROOT / "policies"
LOCK = 0x55706772
ALEMBIC_TABLE = "alembic_version"
# Two files that become one carry their rows over parent and child alike: the keys between rows of one file are checked
# at the end of that act, and at once everywhere else.
LOOSENED = """
select c.conrelid::regclass::text, c.conname
  from pg_constraint c join pg_namespace n on n.oid = c.connamespace
 where n.nspname = 'public' and c.contype = 'f' and not c.condeferrable and c.confrelid <> 'public.household'::regclass
   and exists (select 1 from pg_attribute a
                where a.attrelid = c.confrelid and a.attname = 'household_id' and a.attnum = any (c.confkey))
"""


def upgrade(owner_url: str, *, lock_timeout: str = "10s") -> None:
    """Migrates and reapplies the wall. Several may call it at once: an advisory lock lets one at a time.

    The wall is taken down first and put back before the commit: under FORCE, a data migration by the owner
    would see no row and change nothing, in silence.
    """
    engine = create_engine(owner_url, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text("select set_config('lock_timeout', :limit, true)"), {"limit": lock_timeout})
        connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": LOCK})
        take_wall_down(connection)
        migrate(connection)
        put_wall_up(connection)
    engine.dispose()


def migrate(connection: Connection, revision: str = "head") -> None:
    """Runs Alembic inside the caller's transaction."""
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def take_wall_down(connection: Connection) -> None:
    """Drops every policy and door and lifts FORCE, for the time of this transaction."""
    for table, policy in connection.execute(
        text("select tablename, policyname from pg_policies where schemaname = 'public'")
    ).all():
        connection.execute(text(f'drop policy "{policy}" on public."{table}"'))
    for table in _tables(connection):
        connection.execute(text(f'alter table public."{table}" no force row level security'))
    connection.execute(text("drop schema if exists access cascade"))


def put_wall_up(connection: Connection) -> None:
    """Grants, doors and policies as the files say, and row security forced on every table."""
    connection.execute(text(f"revoke all on schema public from public; grant usage on schema public to {APP}, {GUARD}"))
    for table in _tables(connection):
        connection.execute(text(f'revoke all on public."{table}" from {APP}'))
        connection.execute(text(f'revoke update ({_columns(connection, table)}) on public."{table}" from {APP}'))
        connection.execute(text(f'grant select, insert, update, delete on public."{table}" to {GUARD}'))
        connection.execute(text(f'alter table public."{table}" enable row level security'))
    for table, key in connection.execute(text(LOOSENED)).all():
        connection.execute(
            text(f'alter table public."{table}" alter constraint "{key}" deferrable initially immediate')
        )
    doors = sorted((POLICIES / "doors").glob("*.sql"))
    for file in (POLICIES / "access.sql", *doors, POLICIES / "owners.sql", *sorted((POLICIES / "rls").glob("*.sql"))):
        _run_script(connection, file.read_text(encoding="utf-8"))
    for table in _tables(connection):
        connection.execute(text(f'alter table public."{table}" force row level security'))


def _run_script(connection: Connection, script: str) -> None:
    """Many statements at once, as written: through the driver, without parameters, so that `%` stays `%`."""
    driver = connection.connection.driver_connection
    assert driver is not None
    driver.execute(script)


def _tables(connection: Connection) -> list[str]:
    names = connection.execute(
        text(
            "select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace"
            " where n.nspname = 'public' and c.relkind in ('r', 'p') order by 1"
        )
    ).scalars()
    return [name for name in names if name != ALEMBIC_TABLE]


def _columns(connection: Connection, table: str) -> str:
    names = connection.execute(
        text(
            "select quote_ident(attname) from pg_attribute"
            " where attrelid = cast(:table as regclass) and attnum > 0 and not attisdropped"
        ),
        {"table": f'public."{table}"'},
    ).scalars()
    return ", ".join(f"{name}" for name in names)
