"""The queue at work: who follows a referral in each organisation, and the views a member keeps."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "e93b60d5a172"
down_revision: str | Sequence[str] | None = "e71b25d09ac3"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "referral_assignment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("network_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("referral_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=False),
        sa.Column("assigned_at", MOMENT, nullable=False),
        sa.Column("assigned_by", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["network_id", "household_id"], ["household.network_id", "household.id"]),
        sa.ForeignKeyConstraint(
            ["network_id", "household_id", "referral_id"],
            ["referral.network_id", "referral.household_id", "referral.id"],
        ),
        sa.ForeignKeyConstraint(["network_id", "organisation_id"], ["organisation.network_id", "organisation.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("referral_id", "organisation_id"),
    )
    op.create_index("referral_assignment_member", "referral_assignment", ["membership_id"])
    op.create_table(
        "saved_filter",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("network_id", sa.Uuid(), nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("query", sa.String(), nullable=False),
        sa.Column("saved_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["network_id", "membership_id"], ["membership.network_id", "membership.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("saved_filter_member", "saved_filter", ["membership_id"])


def downgrade() -> None:
    op.drop_table("saved_filter")
    op.drop_table("referral_assignment")
