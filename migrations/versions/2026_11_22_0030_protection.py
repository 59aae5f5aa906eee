"""Protected files: named workers, bars, the protected address, how to reach people safely; who objects to matching."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "4c1b7a2f9d60"
down_revision: str | Sequence[str] | None = "5e2c10aa84d7"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

MOMENT = sa.DateTime(timezone=True)


def of_household(*more: sa.schema.SchemaItem) -> tuple[sa.schema.SchemaItem, ...]:
    return (
        sa.ForeignKeyConstraint(["network_id", "household_id"], ["household.network_id", "household.id"]),
        *more,
    )


def of_organisation() -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["network_id", "organisation_id"], ["organisation.network_id", "organisation.id"])


def upgrade() -> None:
    for table in ("share", "referral"):
        op.add_column(table, sa.Column("guarded", sa.Boolean(), nullable=False, server_default=sa.text("false")))
    op.add_column("person", sa.Column("objected", sa.Boolean(), nullable=False, server_default=sa.text("false")))
    op.create_table(
        "protection",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("network_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("set_by", sa.Uuid(), nullable=False),
        sa.Column("lifted_at", MOMENT, nullable=True),
        sa.Column("lifted_by", sa.Uuid(), nullable=True),
        *of_household(sa.PrimaryKeyConstraint("id")),
    )
    op.create_index(
        "protection_once", "protection", ["household_id"], unique=True, postgresql_where=sa.text("lifted_at is null")
    )
    op.create_table(
        "file_opening",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("network_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("household_code", sa.String(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=False),
        sa.Column("ground", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("opened_by", sa.Uuid(), nullable=False),
        sa.Column("until", MOMENT, nullable=True),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("seen_at", MOMENT, nullable=True),
        sa.Column("seen_by", sa.Uuid(), nullable=True),
        *of_household(
            of_organisation(),
            sa.ForeignKeyConstraint(["network_id", "membership_id"], ["membership.network_id", "membership.id"]),
            sa.PrimaryKeyConstraint("id"),
        ),
    )
    op.create_index("file_opening_household", "file_opening", ["household_id", "membership_id"])
    op.create_index(
        "file_opening_glass",
        "file_opening",
        ["network_id", "opened_at"],
        postgresql_where=sa.text("ground = 'break_glass'"),
    )
    op.create_table(
        "bar",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("network_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("set_at", MOMENT, nullable=False),
        sa.Column("set_by", sa.Uuid(), nullable=False),
        sa.Column("lifted_at", MOMENT, nullable=True),
        sa.Column("lifted_by", sa.Uuid(), nullable=True),
        *of_household(
            of_organisation(),
            sa.ForeignKeyConstraint(["network_id", "membership_id"], ["membership.network_id", "membership.id"]),
            sa.PrimaryKeyConstraint("id"),
        ),
    )
    op.create_index(
        "bar_once", "bar", ["household_id", "membership_id"], unique=True, postgresql_where=sa.text("lifted_at is null")
    )
    op.create_table(
        "protected_address",
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("network_id", sa.Uuid(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("updated_by", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        *of_household(sa.PrimaryKeyConstraint("household_id")),
    )
    op.create_table(
        "safe_contact",
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("network_id", sa.Uuid(), nullable=False),
        sa.Column("call", sa.Boolean(), nullable=False),
        sa.Column("message", sa.Boolean(), nullable=False),
        sa.Column("letter", sa.Boolean(), nullable=False),
        sa.Column("email", sa.Boolean(), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("updated_by", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        *of_household(sa.PrimaryKeyConstraint("household_id")),
    )


def downgrade() -> None:
    for table in ("safe_contact", "protected_address", "bar", "file_opening", "protection"):
        op.drop_table(table)
    op.drop_column("person", "objected")
    for table in ("referral", "share"):
        op.drop_column(table, "guarded")
