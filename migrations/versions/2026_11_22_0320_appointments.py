"""Appointments on a referral, their public places, and the secret address of a member's calendar."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "a3f61c8e4d27"
down_revision: str | Sequence[str] | None = "b7c41d90e2f6"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

MOMENT = sa.DateTime(timezone=True)
ORGANISATION = ["organisation.network_id", "organisation.id"]
MEMBERSHIP = ["membership.network_id", "membership.id"]


def upgrade() -> None:
    op.create_table(
        "reception_place",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("network_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("closed", sa.Boolean(), nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("updated_by", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["network_id", "organisation_id"], ORGANISATION),
        sa.UniqueConstraint("network_id", "id"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("reception_place_organisation", "reception_place", ["organisation_id"])
    op.create_table(
        "appointment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("network_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("referral_id", sa.Uuid(), nullable=False),
        sa.Column("from_organisation_id", sa.Uuid(), nullable=False),
        sa.Column("to_organisation_id", sa.Uuid(), nullable=False),
        sa.Column("starts_at", MOMENT, nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("place_id", sa.Uuid(), nullable=True),
        sa.Column("words_id", sa.Uuid(), nullable=True),
        sa.Column("held_by", sa.Uuid(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("excused", sa.Boolean(), nullable=True),
        sa.Column("proposed_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("moved_at", MOMENT, nullable=False),
        sa.Column("moved_by", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["network_id", "household_id"], ["household.network_id", "household.id"]),
        sa.ForeignKeyConstraint(
            ["network_id", "household_id", "referral_id"],
            ["referral.network_id", "referral.household_id", "referral.id"],
        ),
        sa.ForeignKeyConstraint(["network_id", "from_organisation_id"], ORGANISATION),
        sa.ForeignKeyConstraint(["network_id", "to_organisation_id"], ORGANISATION),
        sa.ForeignKeyConstraint(["network_id", "held_by"], MEMBERSHIP),
        sa.ForeignKeyConstraint(["network_id", "place_id"], ["reception_place.network_id", "reception_place.id"]),
        sa.ForeignKeyConstraint(["words_id"], ["referral_text.id"]),
        sa.UniqueConstraint("network_id", "id"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("appointment_referral", "appointment", ["referral_id"])
    op.create_index("appointment_household", "appointment", ["household_id"])
    op.create_index("appointment_to", "appointment", ["to_organisation_id", "starts_at"])
    op.create_index("appointment_from", "appointment", ["from_organisation_id", "starts_at"])
    op.create_index("appointment_held", "appointment", ["held_by", "starts_at"])
    op.create_index(
        "appointment_next",
        "appointment",
        ["network_id", "starts_at"],
        postgresql_where=sa.text("state = 'confirmed'"),
    )
    op.create_table(
        "appointment_event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("network_id", sa.Uuid(), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("verb", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("starts_at", MOMENT, nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["network_id", "appointment_id"], ["appointment.network_id", "appointment.id"]),
        sa.ForeignKeyConstraint(["network_id", "organisation_id"], ORGANISATION),
        sa.UniqueConstraint("appointment_id", "version"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("appointment_event_at", "appointment_event", ["network_id", "at"])
    op.create_table(
        "calendar_feed",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("network_id", sa.Uuid(), nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("read_at", MOMENT, nullable=True),
        sa.Column("revoked_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["network_id", "membership_id"], MEMBERSHIP),
        sa.UniqueConstraint("token_hash"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "calendar_feed_live",
        "calendar_feed",
        ["membership_id"],
        unique=True,
        postgresql_where=sa.text("revoked_at is null"),
    )


def downgrade() -> None:
    for table in ("calendar_feed", "appointment_event", "appointment", "reception_place"):
        op.drop_table(table)
