"""The days an agreement carries each referral, in its row: a queue reads them like any other column."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import DATEMULTIRANGE

revision: str = "e7a4c19d3b60"
down_revision: str | Sequence[str] | None = "d41c7a90e5f3"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# What `policies/doors/carrying.sql` keeps from now on, for what was sent before.
ROWS = """
update referral r set carried = c.days
  from referral f
  left join lateral (
       select range_agg(s.days) filter (where s.scope = 'identity') * range_agg(s.days) filter (where s.scope = 'needs')
                  as pair,
              range_agg(s.days) filter (where s.scope = 'sensitive') as health
         from (select t.scope, daterange(t.valid_from, t.valid_until, '[]') as days from share t
                where t.household_id = f.household_id and t.revoked_at is null
                  and t.organisation_id = coalesce(f.to_organisation_id, f.from_organisation_id)
                  and (t.valid_until is null or t.valid_until >= t.valid_from)) s) trusted on true
  join need n on n.id = f.need_id
  left join lateral (
       select range_agg(daterange(g.valid_from, g.valid_until, '[]')) as days
         from agreement_service v join agreement g on g.id = v.agreement_id
        where v.household_id = f.household_id and v.service_id = f.to_service_id
          and v.granted_at is not null and v.revoked_at is null and (v.sensitive or not n.sensitive)
          and g.valid_until >= g.valid_from) told on true
 cross join lateral (
       select case
           when f.by_hand then '{(,)}'::datemultirange
           when exists (select 1 from protection p where p.household_id = f.household_id and p.lifted_at is null)
                and (f.to_service_id is not null
                     or not exists (select 1 from file_opening o
                                     where o.household_id = f.household_id and o.organisation_id = f.to_organisation_id
                                       and o.ground = 'named' and o.ended_at is null)) then '{}'
           when f.to_service_id is null and n.sensitive then trusted.pair * trusted.health
           when f.to_service_id is null then trusted.pair
           when exists (select 1 from referral_link l where l.referral_id = f.id and l.agreed_on is not null)
                then trusted.pair
           else trusted.pair * told.days end as days) c
 where f.id = r.id and c.days <> '{}'
"""


def upgrade() -> None:
    op.add_column("referral", sa.Column("carried", DATEMULTIRANGE(), server_default=sa.text("'{}'"), nullable=False))
    op.execute(ROWS)


def downgrade() -> None:
    op.drop_column("referral", "carried")
