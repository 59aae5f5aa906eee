"""What a page's form made is remembered a day too, by where it led: sent twice, it is done once."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0b6e2f84c7d1"
down_revision: str | Sequence[str] | None = "e7a4c19d3b60"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("idempotency", sa.Column("address", sa.String(), nullable=True))
    op.alter_column("idempotency", "resource_id", nullable=True)
    op.create_check_constraint("idempotency_made", "idempotency", "num_nonnulls(resource_id, address) = 1")


def downgrade() -> None:
    op.execute("delete from idempotency where resource_id is null")
    op.drop_constraint("idempotency_made", "idempotency")
    op.alter_column("idempotency", "resource_id", nullable=False)
    op.drop_column("idempotency", "address")
