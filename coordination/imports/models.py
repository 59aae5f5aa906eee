"""A list being imported: the batch, its rows while they are prepared, the files it made, the columns remembered."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ForeignKeyConstraint, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import SQLModel

from coordination.households.models import ORGANISATION, of_household
from coordination.kit.clock import now
from coordination.kit.db import Holds, column
from coordination.kit.types import Moment


class ImportBatch(SQLModel, table=True):
    """One list handed over by one worker. Once imported, only counts stay: titles and rows are forgotten."""

    __tablename__ = "import_batch"
    __table_args__ = (
        ForeignKeyConstraint(["network_id", "organisation_id"], ORGANISATION),
        ForeignKeyConstraint(["network_id", "created_by"], ("membership.network_id", "membership.id")),
        UniqueConstraint("network_id", "id"),
        UniqueConstraint("network_id", "id", "created_by"),
        Index("import_batch_organisation", "organisation_id", "created_at"),
    )
    id: UUID = column(Holds.NOTHING, default_factory=uuid4, primary_key=True)
    network_id: UUID = column(Holds.NOTHING)
    organisation_id: UUID = column(Holds.NOTHING)
    created_by: UUID = column(Holds.WORKER)
    created_at: datetime = column(Holds.WORKER, default_factory=now, sa_type=Moment)
    stage: str = column(Holds.NOTHING, "columns")
    sheet: str = column(Holds.LIFE, "")
    other_sheets: list[str] = column(Holds.LIFE, default_factory=list, sa_type=ARRAY(Text))
    merged: bool = column(Holds.NOTHING, False)
    titles: list[str] = column(Holds.IDENTITY, default_factory=list, sa_type=ARRAY(Text))
    columns: list[str] = column(Holds.NOTHING, default_factory=list, sa_type=ARRAY(Text))
    commune: str = column(Holds.NOTHING, "")
    total: int = column(Holds.NOTHING, 0)
    checked: int = column(Holds.NOTHING, 0)
    files: int = column(Holds.NOTHING, 0)
    people: int = column(Holds.NOTHING, 0)
    finished_at: datetime | None = column(Holds.NOTHING, None, sa_type=Moment)


class ImportRow(SQLModel, table=True):
    """A person of one line of a list, its author's alone, deleted when the list is imported, given up, or a week old.

    `rank` in the line `number`: 0 for its holder, 1 for a spouse, then the children; a line not checked yet is its
    holder's alone. `cells` of the line as they came, kept by its holder; `said` by field, once columns have a meaning;
    `doubles`: files, or rows, of the same person.
    """

    __tablename__ = "import_row"
    __table_args__ = (
        ForeignKeyConstraint(
            ["network_id", "batch_id", "membership_id"],
            ("import_batch.network_id", "import_batch.id", "import_batch.created_by"),
            ondelete="CASCADE",
        ),
        UniqueConstraint("batch_id", "number", "rank"),
        Index("import_row_state", "batch_id", "state", "number"),
        Index("import_row_name", "batch_id", "name_key"),
        Index("import_row_household", "batch_id", "household_key"),
    )
    id: UUID = column(Holds.NOTHING, default_factory=uuid4, primary_key=True)
    network_id: UUID = column(Holds.NOTHING)
    batch_id: UUID = column(Holds.NOTHING)
    membership_id: UUID = column(Holds.WORKER)
    number: int = column(Holds.NOTHING)
    rank: int = column(Holds.NOTHING, 0, sa_column_kwargs={"server_default": text("0")})
    cells: list[str] = column(Holds.IDENTITY, default_factory=list, sa_type=ARRAY(Text))
    said: dict[str, Any] = column(Holds.IDENTITY, default_factory=dict, sa_type=JSONB)
    state: str = column(Holds.NOTHING, "new")
    faults: dict[str, Any] = column(Holds.NOTHING, default_factory=dict, sa_type=JSONB)
    doubles: dict[str, Any] = column(Holds.LINK, default_factory=dict, sa_type=JSONB)
    name_key: str = column(Holds.IDENTITY, "")
    household_key: str = column(Holds.LINK, "")


class ImportedFile(SQLModel, table=True):
    """Which files a batch made: what undoing it would remove.

    `said`: what the list said of the household that a file has no place for (counts, ages, birth names).
    """

    __tablename__ = "imported_file"
    __table_args__ = of_household(
        ForeignKeyConstraint(["network_id", "batch_id"], ("import_batch.network_id", "import_batch.id")),
        Index("imported_file_batch", "batch_id"),
    )
    household_id: UUID = column(Holds.LINK, primary_key=True)
    network_id: UUID = column(Holds.NOTHING)
    batch_id: UUID = column(Holds.NOTHING)
    said: dict[str, Any] = column(
        Holds.IDENTITY, default_factory=dict, sa_type=JSONB, sa_column_kwargs={"server_default": text("'{}'")}
    )


class ImportColumns(SQLModel, table=True):
    """What the columns of a list meant, remembered by an organisation under a fingerprint of its titles."""

    __tablename__ = "import_columns"
    __table_args__ = (ForeignKeyConstraint(["network_id", "organisation_id"], ORGANISATION),)
    organisation_id: UUID = column(Holds.NOTHING, primary_key=True)
    fingerprint: str = column(Holds.NOTHING, primary_key=True)
    network_id: UUID = column(Holds.NOTHING)
    columns: list[str] = column(Holds.NOTHING, default_factory=list, sa_type=ARRAY(Text))
