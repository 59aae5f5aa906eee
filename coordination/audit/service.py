"""Acts: permission, deed and journal line in one transaction; and the journal of readings."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar
from uuid import UUID

from coordination.kit.actor import may
from coordination.kit.db import ActorSession
from coordination.kit.errors import NotAllowed
from coordination.kit.written import Written

Given = ParamSpec("Given")
Changed = TypeVar("Changed")
# The rest is set by the trigger: number, moment, actor and hashes.
LINE = Written(
    "insert into journal (id, network_id, verb, subject, subject_id, household_id, fields) values (gen_random_uuid(),"
    " %(network_id)s, %(verb)s, %(subject)s, %(subject_id)s, %(household_id)s, string_to_array(%(fields)s, ','))"
)


@dataclass(frozen=True)
class Act:
    """A verb of the journal: its French words and the door it asks for (None: open to the machine itself)."""

    verb: str
    label: str
    needs: str | None


ACTS: dict[str, Act] = {}


def act(
    verb: str, label: str, *, needs: str | None
) -> Callable[
    [Callable[Concatenate[ActorSession, Given], Changed]], Callable[Concatenate[ActorSession, Given], Changed]
]:
    """One verb, one function, one journal line, one transaction.

    The deed takes the session first and returns the row it changed; the line says which fields, never their values.
    Raises `NotAllowed` before the deed when the actor's roles do not open `needs`. Nothing is committed here.
    """
    ACTS[verb] = Act(verb, label, needs)

    def decorate(
        deed: Callable[Concatenate[ActorSession, Given], Changed],
    ) -> Callable[Concatenate[ActorSession, Given], Changed]:
        @wraps(deed)
        def done(session: ActorSession, /, *args: Given.args, **kwargs: Given.kwargs) -> Changed:
            if needs is not None and not may(session.actor, needs):
                raise NotAllowed
            row = deed(session, *args, **kwargs)
            write_line(session, verb, row)
            return row

        return done

    return decorate


def reading(verb: str, label: str) -> str:
    """Declares a verb that is no act of ours: a reading worth a line, or a line written by a door of `access.sql`."""
    ACTS[verb] = Act(verb, label, None)
    return verb


def write_line(session: ActorSession, verb: str, row: Any) -> None:
    """One line about `row`: its table, its key, its household and the names of the fields written."""
    table = row.__tablename__
    network_id = row.id if table == "network" else getattr(row, "network_id", None) or session.member.network_id
    household_id = row.id if table == "household" else getattr(row, "household_id", None)
    key = getattr(row, "id", None) or household_id
    _append(session, network_id, verb, table, str(key), household_id, session.changed_fields(row))


def note_reading(session: ActorSession, verb: str, household_id: UUID) -> None:
    """Writes that a file was opened, by whom and when."""
    member = session.member
    _append(session, member.network_id, verb, "household", str(household_id), household_id, [])


def _append(
    session: ActorSession,
    network_id: UUID,
    verb: str,
    subject: str,
    subject_id: str,
    household_id: UUID | None,
    fields: Iterable[str],
) -> None:
    session.run_last(
        LINE,
        network_id=network_id,
        verb=verb,
        subject=subject,
        subject_id=subject_id,
        household_id=household_id,
        fields=",".join(fields),
    )
