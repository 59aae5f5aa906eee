"""The link of a referral goes to the address its service had when it was sent, whoever writes another one since."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "5d90c7a1e2b8"
down_revision: str | Sequence[str] | None = "0b6e2f84c7d1"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("referral_link", sa.Column("mailed_to", sa.String(), nullable=False, server_default=""))
    op.execute(
        "update referral_link l set mailed_to = v.email"
        " from referral r join outside_service v on v.id = r.to_service_id where r.id = l.referral_id"
    )
    op.alter_column("referral_link", "mailed_to", server_default=None)


def downgrade() -> None:
    op.drop_column("referral_link", "mailed_to")
