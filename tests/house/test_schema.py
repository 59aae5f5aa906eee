"""The tables: every column says what personal data it holds, children carry their network, migrations say the same."""

from typing import Any

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from coordination.kit.db import Holds
from coordination.tables import METADATA
from tests.conftest import Base


def test_every_column_says_what_it_holds_of_a_person() -> None:
    silent = [
        f"{table.name}.{column.name}"
        for table in METADATA.tables.values()
        for column in table.columns
        if not isinstance(column.info.get("holds"), Holds)
    ]
    assert silent == []


def test_the_migrated_schema_is_the_one_of_the_models(shared_base: Base) -> None:
    engine = sa.create_engine(shared_base.owner_url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        options: dict[str, Any] = {"compare_type": True, "compare_server_default": True}
        assert compare_metadata(MigrationContext.configure(connection, opts=options), METADATA) == []


def test_every_child_of_a_file_is_bound_to_the_network_of_its_file() -> None:
    """A composite key: a row of another network is impossible. The journal outlives the files it speaks of."""
    loose = [
        table.name
        for table in METADATA.tables.values()
        if "household_id" in table.c
        and table.name != "journal"
        and ["household_id", "network_id"] not in keys_to(table)
    ]
    assert loose == []


def keys_to(table: sa.Table) -> list[list[str]]:
    return [
        sorted(column.name for column in key.columns)
        for key in table.foreign_key_constraints
        if key.referred_table.name == "household"
    ]


def test_every_organisation_named_beside_a_network_belongs_to_it() -> None:
    """Wherever a row names an organisation and a network, one composite key binds the two."""
    unbound = []
    for table in METADATA.tables.values():
        if "network_id" not in table.c or table.name in EXEMPT:
            continue
        bound = {name for key in table.foreign_key_constraints for name in key.column_keys if len(key.columns) == 2}
        unbound += [
            f"{table.name}.{c.name}" for c in table.c if c.name.endswith("organisation_id") and c.name not in bound
        ]
    assert unbound == []


# The journal is set by its trigger; words and events are written in a member's name, which their policies check.
EXEMPT = {"journal", "referral_text", "referral_event"}
