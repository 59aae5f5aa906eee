"""Every table, so that the metadata is whole."""

from sqlmodel import SQLModel

import coordination.audit.models
import coordination.budgets.models
import coordination.casework.models
import coordination.households.models
import coordination.identity.models
import coordination.referrals.models
import coordination.sharing.models  # noqa: F401

METADATA = SQLModel.metadata
