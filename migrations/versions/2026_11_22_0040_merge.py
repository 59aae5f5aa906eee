"""Two files of one household become one: who merged what, and every row it touched."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "7d2e90c41ab3"
down_revision: str | Sequence[str] | None = "4c1b7a2f9d60"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

MOMENT = sa.DateTime(timezone=True)
HOUSEHOLD = ["household.network_id", "household.id"]


def upgrade() -> None:
    op.add_column("household", sa.Column("merged_into_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        "household_merged_into", "household", "household", ["network_id", "merged_into_id"], ["network_id", "id"]
    )
    op.create_index(
        "household_merged", "household", ["merged_into_id"], postgresql_where=sa.text("merged_into_id is not null")
    )
    op.create_table(
        "merge",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("network_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("absorbed_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("merged_at", MOMENT, nullable=False),
        sa.Column("merged_by", sa.Uuid(), nullable=False),
        sa.Column("until_date", sa.Date(), nullable=False),
        sa.Column("undone_at", MOMENT, nullable=True),
        sa.Column("undone_by", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["network_id", "household_id"], HOUSEHOLD),
        sa.ForeignKeyConstraint(["network_id", "absorbed_id"], HOUSEHOLD),
        sa.ForeignKeyConstraint(
            ["network_id", "organisation_id"], ["organisation.network_id", "organisation.id"]
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("network_id", "household_id", "id"),
    )
    op.create_index("merge_absorbed", "merge", ["absorbed_id"])
    op.create_table(
        "merge_move",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("network_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("merge_id", sa.Uuid(), nullable=False),
        sa.Column("table_name", sa.String(), nullable=False),
        sa.Column("did", sa.String(), nullable=False),
        sa.Column("row_key", postgresql.JSONB(), nullable=False),
        sa.Column("was", postgresql.JSONB(), nullable=False),
        sa.Column("became", postgresql.JSONB(), nullable=True),
        sa.ForeignKeyConstraint(["network_id", "household_id"], HOUSEHOLD),
        sa.ForeignKeyConstraint(
            ["network_id", "household_id", "merge_id"], ["merge.network_id", "merge.household_id", "merge.id"]
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("merge_move_merge", "merge_move", ["merge_id"])


def downgrade() -> None:
    op.drop_table("merge_move")
    op.drop_table("merge")
    op.drop_index("household_merged", table_name="household")
    op.drop_constraint("household_merged_into", "household", type_="foreignkey")
    op.drop_column("household", "merged_into_id")
