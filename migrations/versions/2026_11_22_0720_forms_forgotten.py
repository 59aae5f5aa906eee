"""What was sent more than a day ago is forgotten whoever sent it: the oldest of a network are found by their moment."""

from collections.abc import Sequence

from alembic import op

revision: str = "c84e1f7b2d36"
down_revision: str | Sequence[str] | None = "5d90c7a1e2b8"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_index("idempotency_age", "idempotency", ["network_id", "created_at"])


def downgrade() -> None:
    op.drop_index("idempotency_age", table_name="idempotency")
