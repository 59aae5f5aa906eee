"""Acts on the life of a whole file: closed with a reason, opened again."""

from uuid import UUID

from coordination.audit.service import act
from coordination.households.forms import CloseForm
from coordination.households.models import Household
from coordination.households.queries import NotHolder, held_open, refuse_non_holder
from coordination.identity.permissions import Permission
from coordination.kit.clock import now
from coordination.kit.db import ActorSession, lock
from coordination.kit.errors import NotNow


class NotClosed(NotNow):
    """Ce dossier n’est pas clos. Rien n’a été modifié."""


@act("household.close", "Dossier clos", needs=Permission.EDIT_FILES)
def close(session: ActorSession, household_id: UUID, form: CloseForm) -> Household:
    """Closes the file: it stays readable by whoever could read it, and no longer changes."""
    found = held_open(session, household_id)
    found.closed_at = now()
    found.closing_reason = form.reason.value
    return found


@act("household.reopen", "Dossier rouvert", needs=Permission.EDIT_FILES)
def reopen(session: ActorSession, household_id: UUID) -> Household:
    """Opens a closed file again, as it was."""
    refuse_non_holder(session, household_id)
    found: Household | None = lock(session, Household, household_id)
    if found is None:
        raise NotHolder
    if found.closed_at is None:
        raise NotClosed
    found.closed_at = None
    found.closing_reason = ""
    return found
