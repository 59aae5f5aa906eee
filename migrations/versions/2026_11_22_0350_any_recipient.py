"""A referral goes to an organisation or to an outside service: one table, one machine. What was sent moves over."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "b3d8f0c6a412"
down_revision: str | Sequence[str] | None = "d2e8b1740f5c"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

MOMENT = sa.DateTime(timezone=True)
SERVICE = (["network_id", "to_service_id"], ["network_id", "id"])
HOUSEHOLD = (["network_id", "household_id"], ["household.network_id", "household.id"])

# A referral keeps its id: a link that was mailed still opens. The delays are those of whoever opens from Monday to Friday.
ROWS = """
insert into referral (id, network_id, household_id, household_code, need_id, from_organisation_id, to_service_id,
                      public_domain, by_hand, state, refusal, sent_at, sent_by, answered_at, closed_at, late_at, risk_at,
                      expires_at, moved_by, guarded, version)
select o.id, o.network_id, o.household_id, h.code, o.need_id, o.from_organisation_id, o.service_id, o.public_domain, false,
       case o.state when 'asked' then 'info_requested' when 'withdrawn' then 'cancelled' else o.state end, o.refusal,
       o.sent_at, o.sent_by, case when o.state in ('accepted', 'refused') then o.answered_at end, o.withdrawn_at,
       o.sent_at + interval '9 days', o.sent_at + interval '21 days', o.sent_at + interval '42 days', o.withdrawn_by,
       coalesce((select bool_or(s.guarded) from share s where s.household_id = o.household_id), false),
       1 + (o.answered_at is not null)::int + (o.state = 'withdrawn')::int
  from outside_referral o join household h on h.id = o.household_id;

insert into referral_event (id, network_id, referral_id, at, verb, state, organisation_id, membership_id, version)
select gen_random_uuid(), o.network_id, o.id, o.sent_at, 'send', 'sent', o.from_organisation_id, o.sent_by, 1
  from outside_referral o;

-- What the service answered; of one withdrawn since, the journal still tells whether it had accepted or asked.
insert into referral_event (id, network_id, referral_id, at, verb, state, reason, version)
select gen_random_uuid(), o.network_id, o.id, o.answered_at, said.verb,
       case said.verb when 'accept' then 'accepted' when 'refuse' then 'refused' else 'info_requested' end,
       case said.verb when 'refuse' then o.refusal when 'ask' then 'rappel' end, 2
  from outside_referral o
 cross join lateral (select case
           when o.refusal is not null then 'refuse'
           when o.state = 'accepted' or exists (
               select 1 from journal j where j.subject = 'outside_referral' and j.subject_id = o.id::text
                  and j.verb = 'outside.accept') then 'accept'
           else 'ask' end as verb) said
 where o.answered_at is not null;

insert into referral_event (id, network_id, referral_id, at, verb, state, organisation_id, membership_id, version)
select gen_random_uuid(), o.network_id, o.id, o.withdrawn_at, 'cancel', 'cancelled', o.from_organisation_id,
       o.withdrawn_by, 2 + (o.answered_at is not null)::int
  from outside_referral o where o.state = 'withdrawn';

insert into referral_link (referral_id, network_id, household_id, commune, person_name, contact, agreed_on, agreed_how,
                           link_id, link_until, mail_step, told_at, mail_state, claimed_at, mailed_at, attempts)
select o.id, o.network_id, o.household_id, o.commune, o.person_name, o.contact, o.agreed_on, o.agreed_how, o.link_id,
       o.link_until, 'sent', greatest(o.sent_at, o.answered_at, o.withdrawn_at), o.mail_state, o.claimed_at, o.mailed_at,
       o.attempts
  from outside_referral o;

-- What a merge carried over goes back with it, from the two tables that now hold it.
insert into merge_move (id, network_id, household_id, merge_id, table_name, did, row_key, was)
select gen_random_uuid(), network_id, household_id, merge_id, 'referral_link', did,
       jsonb_build_object('referral_id', row_key -> 'id'), was
  from merge_move where table_name = 'outside_referral';
update merge_move set table_name = 'referral' where table_name = 'outside_referral';
"""


def upgrade() -> None:
    op.alter_column("referral", "to_organisation_id", nullable=True)
    op.add_column("referral", sa.Column("to_service_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(None, "referral", "outside_service", *SERVICE)
    op.create_check_constraint(
        "referral_recipient", "referral", "num_nonnulls(to_organisation_id, to_service_id) = 1"
    )
    op.create_index(
        "referral_service", "referral", ["to_service_id"], postgresql_where=sa.text("to_service_id is not null")
    )
    op.create_table(
        "referral_link",
        sa.Column("referral_id", sa.Uuid(), nullable=False),
        sa.Column("network_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("commune", sa.String(), nullable=False),
        sa.Column("person_name", sa.String(), nullable=False),
        sa.Column("contact", sa.String(), nullable=False),
        sa.Column("agreed_on", sa.Date(), nullable=True),
        sa.Column("agreed_how", sa.String(), nullable=True),
        sa.Column("link_id", sa.Uuid(), nullable=False),
        sa.Column("link_until", MOMENT, nullable=False),
        sa.Column("mail_step", sa.String(), nullable=False),
        sa.Column("told_at", MOMENT, nullable=False),
        sa.Column("mail_state", sa.String(), nullable=False),
        sa.Column("claimed_at", MOMENT, nullable=True),
        sa.Column("mailed_at", MOMENT, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(*HOUSEHOLD),
        sa.ForeignKeyConstraint(
            ["network_id", "household_id", "referral_id"],
            ["referral.network_id", "referral.household_id", "referral.id"],
        ),
        sa.PrimaryKeyConstraint("referral_id"),
    )
    op.create_index(
        "referral_link_to_mail", "referral_link", ["told_at"], postgresql_where=sa.text("mail_state = 'pending'")
    )
    op.create_table(
        "agreement_service",
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("network_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("sensitive", sa.Boolean(), nullable=False),
        sa.Column("granted_at", MOMENT, nullable=True),
        sa.Column("revoked_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(*HOUSEHOLD),
        sa.ForeignKeyConstraint(
            ["network_id", "household_id", "agreement_id"],
            ["agreement.network_id", "agreement.household_id", "agreement.id"],
        ),
        sa.ForeignKeyConstraint(["network_id", "service_id"], ["outside_service.network_id", "outside_service.id"]),
        sa.PrimaryKeyConstraint("agreement_id", "service_id"),
    )
    op.create_index("agreement_service_file", "agreement_service", ["household_id", "service_id"])
    op.execute(ROWS)
    op.drop_table("outside_referral")


def downgrade() -> None:
    raise NotImplementedError("Referrals to services are now in the table of referrals: restore a backup to go back.")
