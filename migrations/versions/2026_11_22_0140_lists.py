"""The lists of files in the order of an index: those one holds, and those one was given."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "c40f9d21e7a8"
down_revision: str | Sequence[str] | None = "c90d4e6b12f7"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

GIVEN = "revoked_at is null and organisation_id <> holder_organisation_id"


def upgrade() -> None:
    op.create_index(
        "household_held",
        "household",
        ["network_id", "holder_organisation_id", "opened_at", "id"],
        postgresql_where=sa.text("merged_into_id is null"),
    )
    op.drop_index("household_opened", "household")
    op.create_index("share_given", "share", ["organisation_id", "household_id"], postgresql_where=sa.text(GIVEN))


def downgrade() -> None:
    raise NotImplementedError("forward only")
