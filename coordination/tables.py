"""Every table, so that the metadata is whole."""

from sqlmodel import SQLModel

import coordination.appointments.models
import coordination.audit.models
import coordination.budgets.models
import coordination.casework.models
import coordination.directory.models
import coordination.households.models
import coordination.identity.models
import coordination.imports.models
import coordination.notices.models
import coordination.referrals.models
import coordination.rights.models
import coordination.sharing.models  # noqa: F401

METADATA = SQLModel.metadata

# A key between two rows of one file may wait for the end of the act: two files that become one carry both rows over.
for _table in METADATA.tables.values():
    for _key in _table.foreign_key_constraints:
        if any(element.column.name == "household_id" for element in _key.elements):
            _key.deferrable, _key.initially = True, "IMMEDIATE"
