"""Reads of imports: the batches of one's organisation, the rows of one's own list, what they look like."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func
from sqlmodel import col, select

from coordination.households.queries import household_codes, reference_names
from coordination.imports.models import ImportBatch, ImportColumns, ImportedFile, ImportRow
from coordination.imports.rules import IMPORTED, RowState, Stage, csv_line, numbered
from coordination.kit.db import ActorSession
from coordination.kit.errors import NotKnown
from coordination.kit.text import fold

PAGE = 25
SHOWN_BATCHES = 30
PREVIEWED = 5


@dataclass(frozen=True)
class Known:
    """A file of which somebody of the list may already be."""

    id: UUID
    code: str
    name: str


@dataclass(frozen=True)
class Looked:
    """A row with the files, or the other row, its person resembles."""

    row: ImportRow
    files: list[Known]
    same_as: int | None

    @property
    def name(self) -> str:
        return f"{self.row.said.get('family_name', '').upper()} {self.row.said.get('given_name', '')}".strip()


def batches(session: ActorSession) -> list[ImportBatch]:
    """The imports of one's organisation, the latest first; of those being prepared, one's own alone."""
    query = select(ImportBatch).order_by(col(ImportBatch.created_at).desc()).limit(SHOWN_BATCHES)
    return [batch for batch in session.exec(query) if _shown(session, batch)]


def batch_of(session: ActorSession, batch_id: UUID) -> ImportBatch:
    """An import one may look at. Raises `NotKnown`."""
    found = session.get(ImportBatch, batch_id)
    if found is None or not _shown(session, found):
        raise NotKnown
    return found


def _shown(session: ActorSession, batch: ImportBatch) -> bool:
    return not Stage(batch.stage).prepared or batch.created_by == session.member.membership_id


def row_of(session: ActorSession, batch: ImportBatch, row_id: UUID) -> ImportRow:
    """A row of one's own list. Raises `NotKnown`."""
    found = session.get(ImportRow, row_id)
    if found is None or found.batch_id != batch.id:
        raise NotKnown
    return found


def preview(session: ActorSession, batch: ImportBatch) -> list[ImportRow]:
    """The first rows, as they came."""
    query = select(ImportRow).where(ImportRow.batch_id == batch.id).order_by(col(ImportRow.number)).limit(PREVIEWED)
    return list(session.exec(query))


def fingerprint(titles: Sequence[str]) -> str:
    """Under which the meaning of these titles is remembered: accents, case and punctuation do not count."""
    return hashlib.sha256("|".join(fold(title) for title in titles).encode()).hexdigest()


def remembered(session: ActorSession, titles: Sequence[str]) -> list[str] | None:
    """What these titles meant the last time, for one's organisation."""
    found = session.get(ImportColumns, (session.member.organisation_id, fingerprint(titles)))
    return list(found.columns) if found and len(found.columns) == len(titles) else None


def tally(session: ActorSession, batch: ImportBatch) -> dict[str, int]:
    """How many rows of each state, and how many files and people they would make."""
    states = session.exec(
        select(ImportRow.state, func.count()).where(ImportRow.batch_id == batch.id).group_by(ImportRow.state)
    ).all()
    found = {state.value: 0 for state in RowState} | dict(states)
    kept = [state.value for state in IMPORTED]
    alone, together = session.exec(
        select(
            func.count().filter(col(ImportRow.household_key) == ""),
            func.count(func.distinct(func.nullif(ImportRow.household_key, ""))),
        ).where(ImportRow.batch_id == batch.id, col(ImportRow.state).in_(kept))
    ).one()
    return {**found, "people": sum(found[state] for state in kept), "files": alone + together}


def rows_page(session: ActorSession, batch: ImportBatch, states: Iterable[str], after: int) -> list[Looked]:
    """A page of rows in these states, in the order of the list, with what they resemble; one more than shown."""
    query = (
        select(ImportRow)
        .where(ImportRow.batch_id == batch.id, col(ImportRow.state).in_(list(states)), ImportRow.number > after)
        .order_by(col(ImportRow.number))
        .limit(PAGE + 1)
    )
    return looked(session, list(session.exec(query)))


def looked(session: ActorSession, rows: list[ImportRow]) -> list[Looked]:
    """Rows with the files they resemble, as far as one may see them today."""
    ids = {UUID(key) for row in rows for key in row.doubles.get("files", [])}
    codes, names = household_codes(session, ids), reference_names(session, ids)
    return [
        Looked(
            row,
            [
                Known(file_id, codes[file_id], names.get(file_id, ""))
                for file_id in map(UUID, row.doubles.get("files", []))
                if file_id in codes
            ],
            row.doubles.get("row"),
        )
        for row in rows
    ]


def made_files(session: ActorSession, batch: ImportBatch) -> list[Known]:
    """The first files an import made, by name, for those one may see."""
    query = select(ImportedFile.household_id).where(ImportedFile.batch_id == batch.id).limit(PAGE)
    ids = list(session.exec(query))
    codes, names = household_codes(session, ids), reference_names(session, ids)
    found = [Known(file_id, codes[file_id], names.get(file_id, "")) for file_id in ids if file_id in codes]
    return sorted(found, key=lambda known: known.name)


def to_correct(session: ActorSession, batch: ImportBatch) -> str:
    """The rows to correct as a CSV under their own titles, with why: no cell of it is a formula."""
    titles = numbered(batch.titles)
    lines = ["\ufeff", csv_line([*titles, "Ligne", "À corriger"])]
    query = (
        select(ImportRow.number, ImportRow.cells, ImportRow.faults)
        .where(ImportRow.batch_id == batch.id, ImportRow.state == RowState.FAULTY.value)
        .order_by(col(ImportRow.number))
    )
    for number, found, faults in session.exec(query):
        cells = ([*found] + [""] * len(titles))[: len(titles)]
        lines.append(csv_line([*cells, str(number), " ".join(faults.values())]))
    return "".join(lines)
