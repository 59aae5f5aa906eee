"""Reads of imports: the batches of one's organisation, the rows of one's own list, what they look like."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, text, tuple_
from sqlmodel import col, select

from coordination.households.queries import household_codes, reference_names
from coordination.households.rules import Link
from coordination.imports.columns import WHO, numbered
from coordination.imports.models import ImportBatch, ImportColumns, ImportedFile, ImportRow
from coordination.imports.rules import COUNT_WORDS, IMPORTED, RowState, Stage, csv_line, to_complete
from coordination.kit.ahead import ABOUT, Question
from coordination.kit.db import ActorSession
from coordination.kit.errors import NotKnown
from coordination.kit.text import counted, fold

PAGE = 25
SHOWN_BATCHES = 30
PREVIEWED = 5
SAMPLED = 30
RANKS = 100
"""More than a line may hold people."""
COUPLED = col(ImportRow.said)["read"].as_string() != ""


@dataclass(frozen=True)
class Known:
    """A file of which somebody of the list may already be."""

    id: UUID
    code: str
    name: str
    incomplete: bool = False


@dataclass(frozen=True)
class Looked:
    """A row with the files, or the other row, its person resembles; `family`: the name of whoever holds its line."""

    row: ImportRow
    files: list[Known]
    same_as: int | None
    family: str = ""

    @property
    def name(self) -> str:
        said = self.row.said
        return f"{(said.get('family_name') or self.family).upper()} {said.get('given_name', '')}".strip()

    @property
    def counted(self) -> str:
        """« 3 enfants et 5 personnes », as the line says."""
        said = ((self.row.said.get(name), word) for name, word in COUNT_WORDS.items())
        return counted(*((int(count), word) for count, word in said if count and count.isdigit()))

    @property
    def who(self) -> str:
        """Whom of the household the line names, but for its holder."""
        return WHO[self.row.rank] if self.row.rank else ""


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


def line_of(session: ActorSession, batch: ImportBatch, number: int) -> list[ImportRow]:
    """The people of a line, its holder first."""
    query = select(ImportRow).where(ImportRow.batch_id == batch.id, ImportRow.number == number)
    return list(session.exec(query.order_by(col(ImportRow.rank))))


def preview(session: ActorSession, batch: ImportBatch, most: int = PREVIEWED) -> list[ImportRow]:
    """The first lines, as they came."""
    query = select(ImportRow).where(ImportRow.batch_id == batch.id, ImportRow.rank == 0)
    return list(session.exec(query.order_by(col(ImportRow.number)).limit(most)))


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
    couples = session.exec(
        select(func.count()).where(ImportRow.batch_id == batch.id, col(ImportRow.state).in_(kept), COUPLED)
    ).one()
    files = session.exec(
        select(func.count(func.distinct(ImportRow.household_key))).where(
            ImportRow.batch_id == batch.id, col(ImportRow.state).in_(kept)
        )
    ).one()
    return {**found, "people": sum(found[state] for state in kept), "files": files, "couples": couples}


def rows_page(
    session: ActorSession, batch: ImportBatch, states: Iterable[str], after: int, couples: bool = False
) -> list[Looked]:
    """A page of rows in these states, in the order of the list, with what they resemble; one more than shown.

    `after`: the `place` of the last row seen. `couples`: those alone that were told apart from one cell.
    """
    query = (
        select(ImportRow)
        .where(ImportRow.batch_id == batch.id, col(ImportRow.state).in_(list(states)))
        .where(tuple_(col(ImportRow.number), col(ImportRow.rank)) > (after // RANKS, after % RANKS))
        .order_by(col(ImportRow.number), col(ImportRow.rank))
        .limit(PAGE + 1)
    )
    return looked(session, list(session.exec(query.where(COUPLED) if couples else query)))


def place(row: ImportRow) -> int:
    """Where a row stands in its list, as one number: what a next page comes after."""
    return row.number * RANKS + row.rank


def looked(session: ActorSession, rows: list[ImportRow]) -> list[Looked]:
    """Rows with the files they resemble, as far as one may see them today."""
    ids = {UUID(key) for row in rows for key in row.doubles.get("files", [])}
    codes, names = household_codes(session, ids), reference_names(session, ids)
    families = _families(session, rows)
    return [
        Looked(
            row,
            [
                Known(file_id, codes[file_id], names.get(file_id, ""))
                for file_id in map(UUID, row.doubles.get("files", []))
                if file_id in codes
            ],
            row.doubles.get("row"),
            families.get((row.batch_id, row.number), ""),
        )
        for row in rows
    ]


def _families(session: ActorSession, rows: list[ImportRow]) -> dict[tuple[UUID, int], str]:
    """The family name of whoever holds the line of those who have no other."""
    asked = {(row.batch_id, row.number) for row in rows if row.rank and not row.said.get("family_name")}
    held = (
        select(ImportRow.batch_id, ImportRow.number, ImportRow.said)
        .where(ImportRow.rank == 0, col(ImportRow.faults)["family_name"].as_string().is_(None))
        .where(tuple_(col(ImportRow.batch_id), col(ImportRow.number)).in_(asked))
    )
    return {(batch, number): said.get("family_name", "") for batch, number, said in session.exec(held)} if asked else {}


def made_files(session: ActorSession, batch: ImportBatch) -> list[Known]:
    """The first files an import made, by name, for those one may see; those of which the list said more come first."""
    whole = col(ImportedFile.said) == {}
    query = select(ImportedFile.household_id, ImportedFile.said).where(ImportedFile.batch_id == batch.id)
    said = dict(session.exec(query.order_by(whole, col(ImportedFile.household_id)).limit(PAGE)).all())
    codes, names = household_codes(session, said), reference_names(session, said)
    found = [Known(file_id, codes[file_id], names.get(file_id, ""), bool(said[file_id])) for file_id in codes]
    return sorted(found, key=lambda known: (not known.incomplete, known.name))


COUNTED = Question(
    select(ImportedFile.said, ImportBatch.finished_at)
    .join(ImportBatch, col(ImportBatch.id) == ImportedFile.batch_id)
    .where(ImportedFile.household_id == ABOUT, text("imported_file.said <> '{}'"))
)


def left_to_complete(
    session: ActorSession, household_id: UUID, links: Iterable[Link]
) -> tuple[datetime | None, list[str]]:
    """When a list made this file, and what it said that the file does not hold yet."""
    for said, at in COUNTED.of(session, household_id):
        return at, to_complete(said, links)
    return None, []


def to_correct(session: ActorSession, batch: ImportBatch) -> str:
    """The lines with somebody to correct, as a CSV under their own titles, with why: no cell of it is a formula."""
    titles = numbered(batch.titles)
    lines = ["\ufeff", csv_line([*titles, "Ligne", "À corriger"])]
    faulty = (ImportRow.batch_id == batch.id, ImportRow.state == RowState.FAULTY.value)
    why: dict[int, list[str]] = {}
    for number, rank, faults in session.exec(
        select(ImportRow.number, ImportRow.rank, ImportRow.faults)
        .where(*faulty)
        .order_by(col(ImportRow.number), col(ImportRow.rank))
    ):
        why.setdefault(number, []).extend(f"{WHO[rank]} : {said}" if rank else said for said in faults.values())
    for number, found in session.exec(
        select(ImportRow.number, ImportRow.cells)
        .where(ImportRow.batch_id == batch.id, ImportRow.rank == 0)
        .where(col(ImportRow.number).in_(select(ImportRow.number).where(*faulty)))
        .order_by(col(ImportRow.number))
    ):
        cells = ([*found] + [""] * len(titles))[: len(titles)]
        lines.append(csv_line([*cells, str(number), " ".join(why[number])]))
    return "".join(lines)
