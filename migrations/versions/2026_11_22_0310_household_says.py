"""What the household says of a closed referral, what is still owed to it, and its link on paper."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "b7c41d90e2f6"
down_revision: str | Sequence[str] | None = "e93b60d5a172"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("referral", sa.Column("household_says", sa.String(), nullable=True))
    op.add_column("referral", sa.Column("household_due", sa.String(), nullable=True))
    op.add_column("referral", sa.Column("ask_from", MOMENT, nullable=True))
    op.create_index(
        "referral_due",
        "referral",
        ["from_organisation_id", "sent_at", "id"],
        postgresql_where=sa.text("household_due is not null"),
    )
    op.create_table(
        "confirmation_link",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("network_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("referral_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("secret_hash", sa.String(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("until", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("ended_by", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["network_id", "household_id"], ["household.network_id", "household.id"]),
        sa.ForeignKeyConstraint(
            ["network_id", "household_id", "referral_id"],
            ["referral.network_id", "referral.household_id", "referral.id"],
        ),
        sa.ForeignKeyConstraint(["network_id", "organisation_id"], ["organisation.network_id", "organisation.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("secret_hash"),
    )
    op.create_index("confirmation_link_referral", "confirmation_link", ["referral_id"])


def downgrade() -> None:
    op.drop_table("confirmation_link")
    op.drop_index("referral_due", "referral")
    for name in ("ask_from", "household_due", "household_says"):
        op.drop_column("referral", name)
