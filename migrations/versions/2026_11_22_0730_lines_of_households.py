"""A line of a list may hold a whole household: its people are told apart by their rank in it; what it counts is kept."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "3f7b90d2ce15"
down_revision: str | Sequence[str] | None = "c84e1f7b2d36"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

NUMBERED = "import_row_batch_id_number_key"


def upgrade() -> None:
    op.add_column("import_row", sa.Column("rank", sa.Integer(), nullable=False, server_default="0"))
    op.drop_constraint(NUMBERED, "import_row")
    op.create_unique_constraint("import_row_batch_id_number_rank_key", "import_row", ["batch_id", "number", "rank"])
    op.execute("update import_row set household_key = '#' || number where household_key = '' and state <> 'new'")
    op.add_column(
        "imported_file", sa.Column("said", postgresql.JSONB(), nullable=False, server_default=sa.text("'{}'"))
    )


def downgrade() -> None:
    op.drop_column("imported_file", "said")
    op.execute("delete from import_row where rank > 0")
    op.drop_constraint("import_row_batch_id_number_rank_key", "import_row")
    op.create_unique_constraint(NUMBERED, "import_row", ["batch_id", "number"])
    op.drop_column("import_row", "rank")
