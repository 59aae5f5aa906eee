"""The referrals of a need, found in their network: before any statistics two indexes were read and crossed for each."""

from collections.abc import Sequence

from alembic import op

revision: str = "d41c7a90e5f3"
down_revision: str | Sequence[str] | None = "b3d8f0c6a412"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.drop_index("referral_need", "referral")
    op.create_index("referral_need", "referral", ["need_id", "network_id"])


def downgrade() -> None:
    raise NotImplementedError("forward only")
