"""Acts on lists: handing one over, saying what its columns mean, checking it, importing it whole, taking it back."""

import json
import time
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import delete, func, text, update
from sqlmodel import col, select

from coordination.audit.service import act, reading, write_line
from coordination.households.queries import refuse_non_holder
from coordination.households.service import make_file
from coordination.identity.permissions import Permission
from coordination.imports.checking import check_rows, recheck
from coordination.imports.columns import ONE_CELL, Column, label_of, proposed, read_meaning
from coordination.imports.forms import ColumnsForm, RowForm, SetAsideForm, examined, file_of
from coordination.imports.models import ImportBatch, ImportColumns, ImportedFile, ImportRow
from coordination.imports.queries import SAMPLED, batch_of, fingerprint, line_of, remembered, row_of, tally
from coordination.imports.reading import Listing
from coordination.imports.rules import (
    IMPORTED,
    MOST_IMPORTED,
    WAITING,
    RowState,
    Stage,
    households_of,
)
from coordination.kit.clock import now
from coordination.kit.db import ActorSession, lock
from coordination.kit.errors import Malformed, NotKnown, NotNow

reading("household.undo_import", "Dossier retiré avec son import")

AT_ONCE = 100
"""Rows checked between two looks at the clock."""


class NotHere(NotNow):
    """Cette liste n’en est plus là : rechargez la page. Rien n’a été modifié."""


class WrongColumns(Malformed):
    """Les colonnes choisies ne suffisent pas. Rien n’a été enregistré."""


class RowsWait(NotNow):
    """Des lignes restent à corriger, à garder ou à laisser de côté. Rien n’a été créé."""


class NothingToImport(NotNow):
    """Aucune ligne n’est prête : il n’y a rien à créer."""


class TooManyRows(NotNow):
    """Cette liste est trop longue pour un seul import. Rien n’a été créé."""


class StillUsed(NotNow):
    """Des dossiers de cet import ont déjà servi. Rien n’a été annulé."""


def held(session: ActorSession, batch_id: UUID, *stages: Stage) -> ImportBatch:
    """One's own list, locked, when it is in one of these stages. Raises `NotKnown` or `NotHere`."""
    batch_of(session, batch_id)
    found: ImportBatch | None = lock(session, ImportBatch, batch_id)
    if found is None or Stage(found.stage) not in stages or found.created_by != session.member.membership_id:
        raise NotHere
    return found


PREPARED = (Stage.COLUMNS, Stage.CHECKING, Stage.READY)


@act("import.deposit", "Liste déposée pour un import", needs=Permission.OPEN_FILES)
def deposit(session: ActorSession, listing: Listing, commune: str) -> ImportBatch:
    """Keeps the rows of a list for the time it is prepared; what its columns seem to mean is proposed."""
    session.door("access.forget_lists()")
    member = session.member
    batch = ImportBatch(
        network_id=member.network_id,
        organisation_id=member.organisation_id,
        created_by=member.membership_id,
        sheet=listing.sheet,
        other_sheets=listing.other_sheets[:20],
        merged=listing.merged,
        titles=listing.titles,
        columns=remembered(session, listing.titles)
        or proposed(listing.titles, [cells for _, cells in listing.rows[:SAMPLED]]),
        commune=commune,
        total=len(listing.rows),
    )
    session.add(batch)
    session.flush()
    _keep_rows(session, batch, listing.rows)
    return batch


# One statement for thousands of rows: COPY does not go through row security.
KEEP_ROWS = text(
    "insert into import_row (id, network_id, batch_id, membership_id, number, cells, said, state, faults, doubles,"
    " name_key, household_key) select gen_random_uuid(), :network, :batch, :author, (r ->> 0)::int,"
    " array(select jsonb_array_elements_text(r -> 1)), '{}', 'new', '{}', '{}', '', ''"
    " from jsonb_array_elements(cast(:rows as jsonb)) r"
)


def _keep_rows(session: ActorSession, batch: ImportBatch, rows: Sequence[tuple[int, list[str]]]) -> None:
    home = {"network": batch.network_id, "batch": batch.id, "author": batch.created_by}
    for start in range(0, len(rows), 5_000):
        session.connection().execute(KEEP_ROWS, {**home, "rows": json.dumps(rows[start : start + 5_000])})


def choose_columns(session: ActorSession, batch_id: UUID, means: Sequence[str], form: ColumnsForm) -> ImportBatch:
    """Says what the columns mean, remembers it for the next list with these titles, and starts the check again."""
    batch = held(session, batch_id, *PREPARED)
    refuse_columns(means, len(batch.titles))
    batch.columns, batch.commune = list(means), form.commune
    batch.stage, batch.checked = Stage.CHECKING.value, 0
    known = session.get(ImportColumns, (batch.organisation_id, fingerprint(batch.titles)))
    if known is None:
        session.add(
            ImportColumns(
                organisation_id=batch.organisation_id,
                network_id=batch.network_id,
                fingerprint=fingerprint(batch.titles),
                columns=list(means),
            )
        )
    else:
        known.columns = list(means)
    session.flush()
    mine = col(ImportRow.batch_id) == batch.id
    session.connection().execute(delete(ImportRow).where(mine, col(ImportRow.rank) > 0))
    session.connection().execute(
        update(ImportRow)
        .where(mine, col(ImportRow.state) != RowState.NEW.value)
        .values(state=RowState.NEW.value, said={}, faults={}, doubles={}, name_key="", household_key="")
    )
    return batch


def refuse_columns(means: Sequence[str], width: int) -> None:
    """Raises `WrongColumns` when a meaning is unknown or comes twice, or when nobody would have a name."""
    named = [said for said in means if said]
    if len(means) != width or any(read_meaning(said) is None for said in named):
        raise WrongColumns("Une réponse n’est pas comprise : rechargez la page.")
    for said in named:
        if named.count(said) > 1:
            raise WrongColumns(f"Deux colonnes sont données pour « {label_of(said)} » : n’en gardez qu’une.")
    both = [said for said in named if said in ONE_CELL]
    if len(both) + (Column.FAMILY_NAME in named) != 1:
        raise WrongColumns("Choisissez une colonne pour le nom : « Nom », ou « Nom et prénom dans la même case ».")
    if both and Column.GIVEN_NAME in named:
        raise WrongColumns(f"« Prénom » et « {Column(both[0]).label} » ne vont pas ensemble.")


def check_some(session: ActorSession, batch_id: UUID, seconds: float = 1.5) -> ImportBatch:
    """Checks as many rows as `seconds` allow, at least one handful; the list is ready when none is left."""
    batch = held(session, batch_id, Stage.CHECKING)
    until = time.monotonic() + seconds
    while True:
        done = check_rows(session, batch, AT_ONCE)
        batch.checked += done
        if done < AT_ONCE or batch.checked >= batch.total:
            batch.stage = Stage.READY.value
            break
        if time.monotonic() > until:
            break
    return batch


def correct(session: ActorSession, batch_id: UUID, row_id: UUID, typed: dict[str, str]) -> ImportRow:
    """Corrects one row, which is checked again, as well as whoever of its line has no name but the holder's."""
    batch = held(session, batch_id, Stage.READY)
    row = row_of(session, batch, row_id)
    row.said = {**row.said, **typed}
    holder, *others = line_of(session, batch, row.number)
    recheck(session, batch, row, "" if row is holder else holder.said.get("family_name", ""))
    for other in others if row is holder else []:
        if not other.said.get("family_name") and other.state not in (RowState.OUT, RowState.KEPT):
            recheck(session, batch, other, holder.said.get("family_name", ""))
    return row


def set_row(session: ActorSession, batch_id: UUID, row_id: UUID, chosen: str) -> ImportRow:
    """Leaves a row out, or its whole `line`; keeps one in spite of a likeness; takes back what was left out.

    Without its holder a line names nobody to lead the household: it goes, and comes back, whole.
    """
    batch = held(session, batch_id, Stage.READY)
    row = row_of(session, batch, row_id)
    line = line_of(session, batch, row.number)
    if chosen in ("out", "line"):
        for one in line if chosen == "line" or not row.rank else [row]:
            one.state = RowState.OUT.value
    elif chosen == "keep" and row.state == RowState.DOUBTFUL:
        row.state = RowState.KEPT.value
    elif chosen == "back":
        for one in line if line[0].state == RowState.OUT else [row]:
            good = RowState.DOUBTFUL if one.doubles else RowState.GOOD
            one.state = (RowState.FAULTY if one.faults else good).value
    else:
        raise NotHere
    return row


def set_aside(session: ActorSession, batch_id: UUID, form: SetAsideForm) -> int:
    """Every line with somebody to correct, or likely known, left out whole; or everybody likely known kept. Answers how
    many lines, or people."""
    batch = held(session, batch_id, Stage.READY)
    state = RowState.FAULTY if form.which == "faulty" else RowState.DOUBTFUL
    mine = (col(ImportRow.batch_id) == batch.id, col(ImportRow.state) == state.value)
    if form.which == "doubtful_kept":
        done = session.connection().execute(update(ImportRow).where(*mine).values(state=RowState.KEPT.value))
        return int(done.rowcount)
    lines = session.exec(select(func.count(func.distinct(ImportRow.number))).where(*mine)).one()
    numbers = select(ImportRow.number).where(*mine)
    session.connection().execute(
        update(ImportRow).where(mine[0], col(ImportRow.number).in_(numbers)).values(state=RowState.OUT.value)
    )
    return lines


@act("import.run", "Liste importée", needs=Permission.OPEN_FILES)
def run(session: ActorSession, batch_id: UUID) -> ImportBatch:
    """Opens every file of the list in this one transaction, or none; the rows are then forgotten."""
    batch = held(session, batch_id, Stage.READY)
    sums = tally(session, batch)
    if sums[RowState.NEW.value] or any(sums[state.value] for state in WAITING):
        raise RowsWait
    if not sums["files"]:
        raise NothingToImport
    if sums["people"] > MOST_IMPORTED:
        raise TooManyRows(
            f"Un import reprend {MOST_IMPORTED} personnes au plus, et {sums['people']} sont prêtes : "
            "coupez la liste en plusieurs. Rien n’a été créé."
        )
    made = []
    for form, contact, said in _households(session, batch):
        household = make_file(session, form, contact)
        made.append(household)
        session.add(ImportedFile(household_id=household.id, network_id=batch.network_id, batch_id=batch.id, said=said))
    batch.files, batch.people = sums["files"], sums["people"]
    _forget(session, batch)
    batch.stage, batch.finished_at = Stage.DONE.value, now()
    session.flush()
    # The journal last: from its first line on, whoever else acts in the network waits for this transaction.
    for household in made:
        write_line(session, "household.open", household)
    return batch


def _households(session: ActorSession, batch: ImportBatch) -> list[Any]:
    """What to open, household by household. Raises `RowsWait` for one that cannot be."""
    query = (
        select(ImportRow.household_key, ImportRow.said, ImportRow.rank)
        .where(ImportRow.batch_id == batch.id, col(ImportRow.state).in_([state.value for state in IMPORTED]))
        .order_by(col(ImportRow.number), col(ImportRow.rank))
    )
    rows: list[tuple[str, RowForm]] = []
    for key, said, rank in session.exec(query):
        row, _, _ = examined(said, rank)
        if row is None:  # nobody is left behind without a word
            raise RowsWait
        rows.append((key, row))
    try:
        return [file_of(group) for group in households_of(rows)]
    except ValidationError as refused:
        raise RowsWait(
            "Un foyer de la liste a deux personnes de référence, ou plus de 21 personnes : vérifiez la liste. "
            "Rien n’a été créé."
        ) from refused


def _forget(session: ActorSession, batch: ImportBatch) -> None:
    """The rows and the titles go; only counts stay."""
    session.flush()
    session.connection().execute(delete(ImportRow).where(col(ImportRow.batch_id) == batch.id))
    batch.titles, batch.columns, batch.sheet, batch.other_sheets = [], [], "", []


@act("import.settle", "Ce que la liste disait d’un foyer, noté ou sans suite", needs=Permission.EDIT_FILES)
def settle(session: ActorSession, household_id: UUID) -> ImportedFile:
    """What a list said of a household, and its file did not hold, is dealt with: it is no longer told."""
    refuse_non_holder(session, household_id)
    found: ImportedFile | None = lock(session, ImportedFile, household_id)
    if found is None:
        raise NotKnown
    found.said = {}
    return found


@act("import.give_up", "Liste abandonnée avant l’import", needs=Permission.OPEN_FILES)
def give_up(session: ActorSession, batch_id: UUID) -> ImportBatch:
    """Forgets a list of which nothing was made."""
    batch = held(session, batch_id, *PREPARED)
    _forget(session, batch)
    session.delete(batch)
    return batch


@act("import.undo", "Import annulé", needs=Permission.OPEN_FILES)
def undo(session: ActorSession, batch_id: UUID) -> ImportBatch:
    """Removes every file an import made, when none has served since. Raises `StillUsed`, with their codes."""
    batch = batch_of(session, batch_id)
    if batch.stage != Stage.DONE:
        raise NotHere
    kept = [row[0] for row in session.rows("select * from access.undo_import(:id)", id=batch_id)]
    if kept:
        shown = ", ".join(kept[:10]) + (f" et {len(kept) - 10} autres" if len(kept) > 10 else "")
        raise StillUsed(
            f"Depuis l’import, on a travaillé sur {len(kept)} dossier{'s' if len(kept) > 1 else ''} : {shown}. "
            "Rien n’a été annulé."
        )
    session.expire(batch)
    return batch
