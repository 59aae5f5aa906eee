"""Referrals to services without an account."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "e71b25d09ac3"
down_revision: str | Sequence[str] | None = "c94e02b7a6d1"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "outside_referral",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("network_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("need_id", sa.Uuid(), nullable=False),
        sa.Column("from_organisation_id", sa.Uuid(), nullable=False),
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("public_domain", sa.String(), nullable=False),
        sa.Column("commune", sa.String(), nullable=False),
        sa.Column("person_name", sa.String(), nullable=False),
        sa.Column("contact", sa.String(), nullable=False),
        sa.Column("agreed_on", sa.Date(), nullable=False),
        sa.Column("agreed_how", sa.String(), nullable=False),
        sa.Column("sent_at", MOMENT, nullable=False),
        sa.Column("sent_by", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("refusal", sa.String(), nullable=True),
        sa.Column("answered_at", MOMENT, nullable=True),
        sa.Column("withdrawn_at", MOMENT, nullable=True),
        sa.Column("withdrawn_by", sa.Uuid(), nullable=True),
        sa.Column("link_id", sa.Uuid(), nullable=False),
        sa.Column("link_until", MOMENT, nullable=False),
        sa.Column("mail_state", sa.String(), nullable=False),
        sa.Column("claimed_at", MOMENT, nullable=True),
        sa.Column("mailed_at", MOMENT, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["network_id", "household_id"], ["household.network_id", "household.id"]),
        sa.ForeignKeyConstraint(
            ["network_id", "from_organisation_id"], ["organisation.network_id", "organisation.id"]
        ),
        sa.ForeignKeyConstraint(["network_id", "service_id"], ["outside_service.network_id", "outside_service.id"]),
        sa.ForeignKeyConstraint(
            ["network_id", "household_id", "need_id"], ["need.network_id", "need.household_id", "need.id"]
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("outside_referral_need", "outside_referral", ["need_id", "sent_at"])
    op.create_index(
        "outside_referral_to_mail",
        "outside_referral",
        ["sent_at"],
        postgresql_where=sa.text("mail_state = 'pending'"),
    )


def downgrade() -> None:
    op.drop_table("outside_referral")
