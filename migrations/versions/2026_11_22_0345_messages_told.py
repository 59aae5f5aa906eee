"""Messages of a referral by their moment: the worker tells the other side."""

from collections.abc import Sequence

from alembic import op

revision: str = "d2e8b1740f5c"
down_revision: str | Sequence[str] | None = "a3f61c8e4d27"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_index("referral_text_at", "referral_text", ["network_id", "written_at"])


def downgrade() -> None:
    op.drop_index("referral_text_at", "referral_text")
