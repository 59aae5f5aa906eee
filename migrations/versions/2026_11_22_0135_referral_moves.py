"""Referrals: their delays, their children, words kept to oneself, one event for each version."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "7d0e42b9c318"
down_revision: str | Sequence[str] | None = "a5e1d7730c94"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

MOMENT = sa.DateTime(timezone=True)
# What was sent before there were delays: nine days, twenty-one, six weeks.
DELAYS = {"late_at": 9, "risk_at": 21, "expires_at": 42}


def upgrade() -> None:
    op.add_column("referral", sa.Column("parent_id", sa.Uuid(), nullable=True))
    for name, days in DELAYS.items():
        op.add_column("referral", sa.Column(name, MOMENT, nullable=True))
        op.execute(f"update referral set {name} = sent_at + interval '{days} days'")
        op.alter_column("referral", name, nullable=False)
    op.create_unique_constraint(
        "referral_network_id_household_id_need_id_id_key", "referral", ["network_id", "household_id", "need_id", "id"]
    )
    op.create_foreign_key(
        "referral_network_id_household_id_need_id_parent_id_fkey",
        "referral",
        "referral",
        ["network_id", "household_id", "need_id", "parent_id"],
        ["network_id", "household_id", "need_id", "id"],
    )
    op.create_index("referral_need", "referral", ["need_id"])
    op.add_column(
        "referral_text", sa.Column("confidential", sa.Boolean(), nullable=False, server_default=sa.text("false"))
    )
    op.add_column("referral_event", sa.Column("version", sa.Integer(), nullable=True))
    op.execute(
        "update referral_event e set version = n.rank from (select id, row_number() over (partition by referral_id"
        " order by at, case when verb in ('send', 'by_hand') then 0 else 1 end, id) as rank from referral_event) n"
        " where n.id = e.id"
    )
    op.alter_column("referral_event", "version", nullable=False)
    op.alter_column("referral_event", "organisation_id", nullable=True)
    op.alter_column("referral_event", "membership_id", nullable=True)
    op.create_unique_constraint("referral_event_referral_id_version_key", "referral_event", ["referral_id", "version"])
    op.drop_index("referral_event_referral", "referral_event")


def downgrade() -> None:
    op.create_index("referral_event_referral", "referral_event", ["referral_id", "at"])
    op.drop_constraint("referral_event_referral_id_version_key", "referral_event")
    op.execute("delete from referral_event where membership_id is null")
    op.alter_column("referral_event", "membership_id", nullable=False)
    op.alter_column("referral_event", "organisation_id", nullable=False)
    op.drop_column("referral_event", "version")
    op.drop_column("referral_text", "confidential")
    op.drop_index("referral_need", "referral")
    op.drop_constraint("referral_network_id_household_id_need_id_parent_id_fkey", "referral")
    op.drop_constraint("referral_network_id_household_id_need_id_id_key", "referral")
    for name in (*DELAYS, "parent_id"):
        op.drop_column("referral", name)
