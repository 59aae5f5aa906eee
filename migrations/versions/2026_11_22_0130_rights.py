"""Estimates of rights a household may not have claimed."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "a5e1d7730c94"
down_revision: str | Sequence[str] | None = "b72e90c4d1a3"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "rights_estimate",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("network_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("assessment_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("sensitive", sa.Boolean(), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("assumptions", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("claimed_at", MOMENT, nullable=True),
        sa.Column("answered_at", MOMENT, nullable=True),
        sa.Column("answer", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("package", sa.String(), nullable=False),
        sa.Column("fault", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["network_id", "household_id"], ["household.network_id", "household.id"]),
        sa.ForeignKeyConstraint(["network_id", "organisation_id"], ["organisation.network_id", "organisation.id"]),
        sa.ForeignKeyConstraint(
            ["network_id", "household_id", "assessment_id"],
            ["assessment.network_id", "assessment.household_id", "assessment.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("rights_estimate_assessment", "rights_estimate", ["assessment_id", "asked_at"])
    op.create_index(
        "rights_estimate_waiting",
        "rights_estimate",
        ["asked_at"],
        postgresql_where=sa.text("answered_at is null"),
    )


def downgrade() -> None:
    op.drop_table("rights_estimate")
