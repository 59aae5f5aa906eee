"""Notices and how their mail is wanted; the tables of the worker's queue, in a schema of their own."""

from collections.abc import Sequence
from pathlib import Path

import procrastinate
import sqlalchemy as sa
from alembic import op

revision: str = "8d0f3c6b21e5"
down_revision: str | Sequence[str] | None = "3c1f0a7be245"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "notice",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("network_id", sa.Uuid(), nullable=False),
        sa.Column("referral_id", sa.Uuid(), nullable=True),
        sa.Column("membership_id", sa.Uuid(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("about", MOMENT, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("read_at", MOMENT, nullable=True),
        sa.Column("mail_state", sa.String(), nullable=False),
        sa.Column("mail_id", sa.Uuid(), nullable=True),
        sa.Column("claimed_at", MOMENT, nullable=True),
        sa.Column("mailed_at", MOMENT, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["network_id", "referral_id"], ["referral.network_id", "referral.id"]),
        sa.ForeignKeyConstraint(["network_id", "membership_id"], ["membership.network_id", "membership.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("referral_id", "step", "membership_id", "about"),
    )
    op.create_index("notice_member", "notice", ["membership_id", "at", "id"])
    op.create_index(
        "notice_to_mail", "notice", ["claimed_at"], postgresql_where=sa.text("mail_state = 'pending'")
    )
    op.create_table(
        "notice_preference",
        sa.Column("membership_id", sa.Uuid(), nullable=False),
        sa.Column("network_id", sa.Uuid(), nullable=False),
        sa.Column("mail", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["network_id", "membership_id"], ["membership.network_id", "membership.id"]),
        sa.PrimaryKeyConstraint("membership_id"),
    )
    op.create_index("referral_event_at", "referral_event", ["network_id", "at"])
    # The queue's own tables (no personal data: tasks carry no argument). Its version is held by a test: a newer package
    # asks for a migration of ours that applies its scripts.
    op.execute("create schema jobs")
    script = (Path(procrastinate.__file__).parent / "sql" / "schema.sql").read_text(encoding="utf-8")
    driver = op.get_bind().connection.driver_connection
    driver.execute("set local search_path to jobs")
    driver.execute(script)
    driver.execute("set local search_path to default")


def downgrade() -> None:
    op.execute("drop schema jobs cascade")
    op.drop_index("referral_event_at", table_name="referral_event")
    op.drop_table("notice_preference")
    op.drop_table("notice")
