"""The database: sessions that belong to an actor, and columns that say what personal data they hold."""

from collections import namedtuple
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from functools import cache, lru_cache
from random import uniform
from time import monotonic, sleep
from typing import Any, TypeVar
from uuid import UUID

from psycopg.errors import LockNotAvailable
from sqlalchemy import (
    Connection,
    Engine,
    event,
    inspect,
    text,
)
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session as OrmSession
from sqlalchemy.orm import SessionTransaction, UOWTransaction
from sqlalchemy.orm.attributes import flag_dirty, set_committed_value
from sqlalchemy.orm.util import identity_key
from sqlmodel import Field, Session, SQLModel

from coordination.kit.actor import SETTINGS, Actor, Member, settings_of
from coordination.kit.wire import Answer, line_of, straight
from coordination.kit.written import Written, rewriting, together, words

Asked = TypeVar("Asked")


REFUSED_ROLE = (
    "Le rôle « {role} » possède des tables ou contourne la sécurité par ligne : l’application refuse de servir. "
    "Donnez dans DATABASE_URL le rôle applicatif, pas le propriétaire."
)


class Holds(StrEnum):
    """What a column says of a person: the words of the register."""

    NOTHING = "aucune donnée personnelle"
    LINK = "lien vers un dossier ou une personne"
    IDENTITY = "identité"
    CONTACT = "coordonnées"
    LIFE = "vie personnelle et professionnelle"
    MONEY = "situation économique"
    NEEDS = "difficultés et besoins"
    HEALTH = "faits touchant à la santé ou aux violences (sensible)"
    WORKER = "identité et activité d’un agent ou d’un bénévole"
    ACCESS = "moyens de connexion"


def column(holds: Holds, default: Any = ..., **options: Any) -> Any:
    """A column that says what personal data it holds; the other options are SQLModel's."""
    kwargs = options.pop("sa_column_kwargs", {})
    kwargs = {**kwargs, "info": {"holds": holds}}
    if "default_factory" in options:
        return Field(sa_column_kwargs=kwargs, **options)
    return Field(default=default, sa_column_kwargs=kwargs, **options)


TOLD = Written("select " + ", ".join(f"set_config('app.{name}', %({name})s, true)" for name in SETTINGS))


def begin_as(connection: Connection, actor: Actor) -> None:
    """Begins the transaction and tells PostgreSQL who acts in it, with whatever is asked first."""
    line_of(connection).begin((TOLD, settings_of(actor)))


class ActorSession(Session):
    """A session in somebody's name: PostgreSQL is told who acts at the start of every transaction."""

    def __init__(self, bind: Engine | Connection, actor: Actor) -> None:
        super().__init__(bind, expire_on_commit=False, autoflush=True)
        self.actor = actor
        self.told: Connection | None = None
        """The connection that knows who acts, while a transaction lasts."""
        self.kept: tuple[Written, dict[str, Any]] | None = None
        """What goes with the next line of the journal."""
        self.changed: dict[tuple[str, Any], set[str]] = {}
        self.remembered: dict[Hashable, Any] = {}
        """What a page asks again and again, until this transaction ends, writes anything or locks a row."""

    @property
    def member(self) -> Member:
        """The actor, when only a member makes sense here."""
        if not isinstance(self.actor, Member):
            raise TypeError("this act belongs to a member")
        return self.actor

    def once(self, what: Hashable, ask: Callable[[], Asked]) -> Asked:
        """The answer, asked at most once while nothing is written. `what` names the question."""
        if self.autoflush:
            self.flush()
        if what not in self.remembered:
            self.remembered[what] = ask()
        answer: Asked = self.remembered[what]
        return answer

    def changed_fields(self, row: Any) -> list[str]:
        """The names (never the values) of the fields written on `row` in this transaction."""
        self.flush()
        return sorted(self.changed.get(_identity(row), set()))

    def door(self, call: str, **values: Any) -> Any:
        """The single value answered by a door of `policies/access.sql`, for instance `access.revoke(:id)`."""
        self.remembered.clear()
        rows = self.run(words(f"select {call}"), **values).rows
        return rows[0][0] if rows else None

    def ask(self, query: Written, **values: Any) -> list[Any]:
        """The rows of a written statement, for these values: bare tuples."""
        return self.run(query, **values).rows

    def keep(self, statement: Written, **values: Any) -> None:
        """An INSERT that goes with the next line of the journal, in one statement: neither without the other."""
        assert self.kept is None, "two deeds, and one line of the journal"
        self.remembered.clear()
        self.kept = statement, values

    def commit(self) -> None:
        assert self.kept is None, "a deed without its line of the journal"
        super().commit()

    def begin_nested(self) -> SessionTransaction:
        """A savepoint, set at once: SQLAlchemy would wait until it carries something itself."""
        savepoint = super().begin_nested()
        self.connection()
        return savepoint

    def change(self, row: Any, **values: Any) -> None:
        """Writes these columns of a loose row that was locked, and remembers the names of those that differ."""
        table: type[SQLModel] = type(row)
        self.remembered.clear()
        self.later(rewriting(table, tuple(values)), id=row.id, **values)
        before = vars(row)
        names = {name for name, value in values.items() if before[name] != value}
        self.changed.setdefault(_identity(row), set()).update(names)
        before.update(values)
        known = self.identity_map.get(identity_key(table, row.id))
        if known is not None:
            for name, value in values.items():
                set_committed_value(known, name, value)
            flag_dirty(known)  # a savepoint that is rolled back makes it be read again

    def locking(self, query: Written, **values: Any) -> list[Any]:
        """The same as `ask`, of a statement that locks its rows: what a page remembers may have changed meanwhile."""
        self.remembered.clear()
        return self.ask(query, **values)

    def run(self, statement: Written, **values: Any) -> Answer:
        """Carries out a written statement that changes nothing of what a page remembers."""
        self.flush()
        return straight(self.told or self.connection(), statement, values)

    def later(self, statement: Written, **values: Any) -> None:
        """A written statement of which nothing is asked back: it leaves with the next question, or with the commit,
        which raise what PostgreSQL refuses of it."""
        self.flush()
        line_of(self.told or self.connection()).waiting.append((statement, values))

    def run_last(self, statement: Written, **values: Any) -> None:
        """The same, of an INSERT that takes what was kept along."""
        if self.kept is not None:
            kept, first = self.kept
            statement, self.kept = together(kept, statement), None
            values |= {f"first_{name}": value for name, value in first.items()}
        self.later(statement, **values)

    def rows(self, query: str, **values: Any) -> list[Any]:
        """The rows answered by a door that returns a table."""
        return named(self.run(words(query), **values))


@lru_cache(maxsize=500)
def _row(*names: str) -> Callable[[Sequence[Any]], Any]:
    made: Any = namedtuple("Row", names, rename=True)  # type: ignore[misc]
    return made._make


def named(answer: Answer) -> list[Any]:
    """Rows whose values have the names of their columns."""
    return list(map(_row(*answer.names), answer.rows))


FOR_NOBODY = "select answer.* from set_config('app.kind', 'nobody', true) told,"


def rows_for_nobody(bind: Engine, door: str, **values: Any) -> list[Any]:
    """The rows of a door asked before there is an actor: one journey to the server, which is its own transaction.
    The door is given `told`, so that PostgreSQL is told that nobody acts before it opens."""
    with bind.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        return named(straight(connection, words(f"{FOR_NOBODY} {door} answer"), values))


@event.listens_for(ActorSession, "after_begin")
def _tell_who_acts(session: ActorSession, transaction: SessionTransaction, connection: Connection) -> None:
    session.remembered.clear()
    if transaction.nested:
        return
    session.changed.clear()
    begin_as(connection, session.actor)
    session.told = connection


@event.listens_for(ActorSession, "after_transaction_end")
def _forget_who_acts(session: ActorSession, transaction: SessionTransaction) -> None:
    if transaction.parent is None:
        session.told = None


@event.listens_for(ActorSession, "after_soft_rollback")
def _forget(session: ActorSession, transaction: SessionTransaction) -> None:
    session.remembered.clear()
    session.kept = session.told = None


@event.listens_for(ActorSession, "before_flush")
def _remember_field_names(session: ActorSession, flush: UOWTransaction, instances: Any) -> None:
    session.remembered.clear()
    for row in (*session.new, *session.dirty):
        state = inspect(row)
        names = {name for name in state.committed_state if state.attrs[name].history.has_changes()}
        if row in session.new:
            names = {name for name in names if getattr(row, name) is not None}
        session.changed.setdefault(_identity(row), set()).update(names)


def _identity(row: Any) -> tuple[str, Any]:
    """The table and the key of a row; keys are made by the client, so they exist before the flush."""
    table: type[SQLModel] = type(row)
    return row.__tablename__, tuple(getattr(row, name) for name in _keys(table))


@cache
def _keys(model: type[SQLModel]) -> list[str]:
    return [key.name for key in inspect(model).primary_key]


@contextmanager
def acting(bind: Engine, actor: Actor) -> Iterator[ActorSession]:
    """A session for a whole deed outside the pages: commits when it ends well, rolls back otherwise."""
    with ActorSession(bind, actor) as session:
        try:
            yield session
            session.commit()
        except BaseException:
            session.rollback()
            raise


def giving_way(session: ActorSession, deed: Callable[[], Asked], patience: float = 10.0) -> Asked:
    """What a deed answers that locks much of what others work on. Whenever it would wait for one of them while holding
    what she may need next, it gives everything back and begins again: it stands in nobody's way, long before PostgreSQL
    would have to end one of the two. The line of the journal that `deed` writes is given back with the rest.
    """
    ends = monotonic() + patience
    while True:
        try:
            with session.begin_nested():
                session.door("set_config('lock_timeout', '50ms', true)")
                answer = deed()
                session.door("set_config('lock_timeout', '0', true)")  # with what waited to be said
                return answer
        except OperationalError as held:
            if not isinstance(held.orig, LockNotAvailable) or monotonic() > ends:
                raise
        sleep(uniform(0.02, 0.06))


class PowerfulRole(RuntimeError):
    """The application was given a role that sees past the wall."""


def refuse_powerful_role(engine: Engine) -> None:
    """Refuses to serve under a role that owns tables, is a superuser, makes roles or bypasses row security, itself or
    through a role it may take."""
    with engine.connect() as connection:
        role, powerful = connection.execute(
            text(
                "select current_user, exists (select 1 from pg_roles r where pg_has_role(current_user, r.oid, 'member')"
                " and (r.rolsuper or r.rolbypassrls or r.rolcreaterole or exists ("
                " select 1 from pg_class c join pg_namespace n on n.oid = c.relnamespace"
                " where c.relowner = r.oid and c.relkind in ('r', 'p') and n.nspname = 'public')))"
            )
        ).one()
    if powerful:
        raise PowerfulRole(REFUSED_ROLE.format(role=role))


def lock(session: OrmSession, model: type[Any], key: UUID) -> Any:
    """The row, locked for change, or None when it does not exist for this actor."""
    if isinstance(session, ActorSession):
        session.remembered.clear()
    return session.get(model, key, with_for_update=True, populate_existing=True)
