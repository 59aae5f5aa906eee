"""Several questions asked of the database in one: what a page reads about one thing, in a single journey.

Each room keeps its own questions, under the wall like any other. Asked together, their answers are remembered until
the transaction ends or writes (`ActorSession.once`), and found when the room asks; what was not asked ahead is simply
asked then. Rows read ahead are for reading: they belong to no session.
"""

from collections import namedtuple
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any
from uuid import UUID

from sqlalchemy import Date, DateTime, Numeric, Text, Uuid, cast, func, literal_column, select
from sqlalchemy.inspection import inspect
from sqlalchemy.orm import Mapper
from sqlalchemy.types import TypeEngine
from sqlmodel import SQLModel

from coordination.kit.clock import PARIS
from coordination.kit.db import ActorSession
from coordination.kit.written import Given, Written, loose, written

ABOUT = Given("about", Uuid())
"""What the page is about: its key, given when the questions are asked."""
Maker = Callable[[Sequence[Any]], Any]


@dataclass(frozen=True, eq=False)
class Question:
    """A question about `ABOUT`: a file, most often; or about nothing (`whole`)."""

    select: Any
    whole: bool = False

    def of(self, session: ActorSession, about: UUID | None = None) -> Sequence[Any]:
        """Its rows, asked now unless they were asked already."""
        given = {} if self.whole else {ABOUT.key: about}
        rows: Sequence[Any] = session.once(self.key(about), lambda: session.exec(self.select, params=given).all())
        return rows

    def ahead(self, session: ActorSession, about: UUID | None = None) -> Sequence[Any] | None:
        """Its rows when they were asked already."""
        return session.remembered.get(self.key(about))

    def asked(self, session: ActorSession, **values: Any) -> Sequence[Any]:
        """Its rows for these values, asked now."""
        return self._alone.answers(session, **values)[0]

    @cached_property
    def _alone(self) -> "Together":
        return Together(self)

    def key(self, about: UUID | None) -> Hashable:
        return (self, None if self.whole else about)


class Together:
    """Questions asked in one statement."""

    def __init__(self, *questions: Question) -> None:
        self.questions = questions

    @cached_property
    def _written(self) -> tuple[Written, list[Maker]]:
        return _together(self.questions), [_maker(question.select) for question in self.questions]

    def ask(self, session: ActorSession, about: UUID) -> None:
        """Asks them all about one thing; `Question.of` finds the answers."""
        for question, rows in zip(self.questions, self.answers(session, **{ABOUT.key: about}), strict=True):
            session.remembered[question.key(about)] = rows

    def answers(self, session: ActorSession, **values: Any) -> list[list[Any]]:
        """The rows of each, for these values."""
        words, makers = self._written
        (found,) = session.ask(words, **values)
        return [[make(row) for row in rows] for make, rows in zip(makers, found, strict=True)]


def _together(questions: Sequence[Question]) -> Written:
    answers = []
    for question in questions:
        inner = question.select.subquery()
        cells = [cast(c, Text) if isinstance(c.type, Numeric) else c for c in inner.c]
        rows = func.json_agg(func.json_build_array(*cells))
        answers.append(select(func.coalesce(rows, literal_column("'[]'::json"))).select_from(inner).scalar_subquery())
    return written(select(*answers))


def _maker(question: Any) -> Maker:
    """What makes a row of one question out of its cells: an entity, a value, or several of them."""
    makers: list[tuple[int, Maker]] = []
    for described in question.column_descriptions:
        entity = described.get("entity")
        if entity is not None and described["expr"] is entity:
            mapper: Mapper[Any] = inspect(entity)
            makers.append((len(mapper.columns), _entity_maker(mapper)))
        else:
            makers.append((1, _value_maker(described["type"])))
    if len(makers) == 1:
        return makers[0][1]
    row: Any = namedtuple("Row", [d["name"] for d in question.column_descriptions], rename=True)  # type: ignore[misc]

    def several(cells: Sequence[Any]) -> Any:
        made, start = [], 0
        for width, make in makers:
            made.append(make(cells[start : start + width]))
            start += width
        return row(*made)

    return several


def _entity_maker(mapper: Mapper[Any]) -> Maker:
    readers = [(place, read) for place, c in enumerate(mapper.columns) if (read := _reader(c.type))]
    key = [c.name for c in mapper.columns].index(mapper.primary_key[0].name)
    table: type[SQLModel] = mapper.class_
    made = loose(table)

    def entity(cells: Sequence[Any]) -> Any:
        if cells[key] is None:
            return None
        values = list(cells)
        for place, read in readers:
            if values[place] is not None:
                values[place] = read(values[place])
        return made(values)

    return entity


def _value_maker(kind: TypeEngine[Any]) -> Maker:
    read = _reader(kind)
    return lambda cells: cells[0] if read is None or cells[0] is None else read(cells[0])


def _reader(kind: TypeEngine[Any]) -> Callable[[str], Any] | None:
    """How a cell of JSON is read back; None for what JSON already says."""
    if isinstance(kind, Uuid):
        return UUID
    if isinstance(kind, DateTime):
        return lambda cell: datetime.fromisoformat(cell).astimezone(PARIS)
    if isinstance(kind, Date):
        return date.fromisoformat
    if isinstance(kind, Numeric):
        return Decimal
    return None
