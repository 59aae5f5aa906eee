"""What an organisation retains of a barème's answer: decisions, only ever added to."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "b72e90c4d1a3"
down_revision: str | Sequence[str] | None = "8d0f3c6b21e5"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

DECISION = ["network_id", "household_id", "organisation_id", "assessment_id", "bareme_code", "id"]


def upgrade() -> None:
    op.create_table(
        "budget_decision",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("network_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("assessment_id", sa.Uuid(), nullable=False),
        sa.Column("bareme_code", sa.String(), nullable=False),
        sa.Column("bareme_version", sa.String(), nullable=False),
        sa.Column("proposed", sa.String(), nullable=False),
        sa.Column("retained", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("replaces", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["network_id", "household_id"], ["household.network_id", "household.id"]),
        sa.ForeignKeyConstraint(
            ["network_id", "organisation_id"], ["organisation.network_id", "organisation.id"]
        ),
        sa.ForeignKeyConstraint(
            ["network_id", "household_id", "assessment_id"],
            ["assessment.network_id", "assessment.household_id", "assessment.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint(*DECISION),
        sa.UniqueConstraint("replaces"),
        sa.ForeignKeyConstraint([*DECISION[:-1], "replaces"], [f"budget_decision.{name}" for name in DECISION]),
    )
    op.create_index("budget_decision_household", "budget_decision", ["household_id", "decided_at"])
    op.create_index(
        "budget_decision_first",
        "budget_decision",
        ["assessment_id", "organisation_id", "bareme_code"],
        unique=True,
        postgresql_where=sa.text("replaces is null"),
    )


def downgrade() -> None:
    op.drop_table("budget_decision")
