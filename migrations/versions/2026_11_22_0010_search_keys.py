"""Search: keys of names instead of grams, and what a household is reached by."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from coordination.households.matching import keys_of
from coordination.kit.text import fold

revision: str = "5e2c10aa84d7"
down_revision: str | None = "9ba6ad10fd30"
branch_labels = None
depends_on = None

# The keys of `households/matching.py`, each headed by its network: the folded words of the address (`=`), the digits of
# the telephones without what stands for France (`+`), and backwards (`-`).
REACH_OF = r"""
create function public.reach_of(network uuid, address text, phone text, representative_phone text) returns tsvector
    language sql immutable parallel safe
    return array_to_tsvector(string_to_array(
        left(network::text, 6) || '=' || replace(trim(regexp_replace(lower(regexp_replace(
            normalize(replace(replace(address, 'œ', 'oe'), 'Œ', 'oe'), NFKD), '[\u0300-\u036f]', '', 'g')),
            '[^a-z0-9]+', ' ', 'g')), ' ', ' ' || left(network::text, 6) || '=')
        || ' ' || left(network::text, 6) || '+'
        || regexp_replace(regexp_replace(phone, '[^0-9]', '', 'g'), '^(0033|33(?=0?[0-9]{9}$))?0?', '')
        || ' ' || left(network::text, 6) || '-' || reverse(regexp_replace(phone, '[^0-9]', '', 'g'))
        || ' ' || left(network::text, 6) || '+'
        || regexp_replace(regexp_replace(representative_phone, '[^0-9]', '', 'g'), '^(0033|33(?=0?[0-9]{9}$))?0?', '')
        || ' ' || left(network::text, 6) || '-' || reverse(regexp_replace(representative_phone, '[^0-9]', '', 'g')),
        ' '))
"""


def upgrade() -> None:
    op.drop_index("person_grams", table_name="person")
    op.drop_column("person", "name_grams")
    op.add_column("person", sa.Column("name_keys", postgresql.TSVECTOR(), nullable=False, server_default=""))
    op.alter_column("person", "name_keys", server_default=None)
    connection = op.get_bind()
    people = sa.table("person", *(sa.column(c) for c in ("id", "network_id", "family_name", "given_name")))
    write = sa.text("update person set name_folded = :folded, name_keys = cast(:keys as tsvector) where id = :id")
    for some in connection.execute(sa.select(people)).partitions(5000):
        connection.execute(
            write,
            [
                {"id": p.id, "folded": (name := fold(f"{p.family_name} {p.given_name}")), "keys": keys_of(p.network_id, name)}
                for p in some
            ],
        )
    op.create_index("person_keys", "person", ["name_keys"], unique=False, postgresql_using="gin")
    op.get_bind().exec_driver_sql(REACH_OF)
    op.create_index(
        "household_profile_reach",
        "household_profile",
        [sa.text("reach_of(network_id, address, phone, representative_phone)")],
        unique=False,
        postgresql_using="gin",
    )


def downgrade() -> None:
    raise NotImplementedError("forward only")
