"""A contact written by mistake is taken back by its writer: when, and by whom."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "c94e02b7a6d1"
down_revision: str | Sequence[str] | None = "c40f9d21e7a8"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("contact", sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("contact", sa.Column("cancelled_by", sa.Uuid(), nullable=True))


def downgrade() -> None:
    op.drop_column("contact", "cancelled_by")
    op.drop_column("contact", "cancelled_at")
