"""Imports: batches of lists, their rows while they are prepared, the files they made, the columns remembered."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "3c1f0a7be245"
down_revision: str | Sequence[str] | None = "7d2e90c41ab3"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "import_batch",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("network_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("sheet", sa.String(), nullable=False),
        sa.Column("other_sheets", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("merged", sa.Boolean(), nullable=False),
        sa.Column("titles", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("columns", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("commune", sa.String(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("checked", sa.Integer(), nullable=False),
        sa.Column("files", sa.Integer(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["network_id", "organisation_id"], ["organisation.network_id", "organisation.id"]
        ),
        sa.ForeignKeyConstraint(["network_id", "created_by"], ["membership.network_id", "membership.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("network_id", "id"),
        sa.UniqueConstraint("network_id", "id", "created_by"),
    )
    op.create_index("import_batch_organisation", "import_batch", ["organisation_id", "created_at"])
    op.create_table(
        "import_row",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("network_id", sa.Uuid(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("cells", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("said", postgresql.JSONB(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("faults", postgresql.JSONB(), nullable=False),
        sa.Column("doubles", postgresql.JSONB(), nullable=False),
        sa.Column("name_key", sa.String(), nullable=False),
        sa.Column("household_key", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["network_id", "batch_id", "membership_id"],
            ["import_batch.network_id", "import_batch.id", "import_batch.created_by"],
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("batch_id", "number"),
    )
    op.create_index("import_row_state", "import_row", ["batch_id", "state", "number"])
    op.create_index("import_row_name", "import_row", ["batch_id", "name_key"])
    op.create_index("import_row_household", "import_row", ["batch_id", "household_key"])
    op.create_table(
        "imported_file",
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("network_id", sa.Uuid(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["network_id", "household_id"], ["household.network_id", "household.id"]),
        sa.ForeignKeyConstraint(["network_id", "batch_id"], ["import_batch.network_id", "import_batch.id"]),
        sa.PrimaryKeyConstraint("household_id"),
    )
    op.create_index("imported_file_batch", "imported_file", ["batch_id"])
    op.create_table(
        "import_columns",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("network_id", sa.Uuid(), nullable=False),
        sa.Column("columns", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["network_id", "organisation_id"], ["organisation.network_id", "organisation.id"]
        ),
        sa.PrimaryKeyConstraint("organisation_id", "fingerprint"),
    )


def downgrade() -> None:
    op.drop_table("import_columns")
    op.drop_table("imported_file")
    op.drop_table("import_row")
    op.drop_table("import_batch")
