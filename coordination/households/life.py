"""Acts on the life of a whole file: handed over to a partner, closed with a reason, opened again."""

from uuid import UUID

from coordination.audit.service import act
from coordination.households.forms import CloseForm
from coordination.households.models import Household
from coordination.households.queries import NotHolder, heirs, held_open, refuse_non_holder
from coordination.identity.permissions import Permission
from coordination.kit.clock import now
from coordination.kit.db import ActorSession, lock
from coordination.kit.errors import NotNow


class NotClosed(NotNow):
    """Ce dossier n’est pas clos. Rien n’a été modifié."""


class NotTrusted(NotNow):
    """La famille n’a pas d’accord en cours qui montre son identité à cette structure : recueillez-le d’abord.
    Rien n’a été modifié."""


@act("household.transfer", "Dossier confié à un partenaire", needs=Permission.EDIT_FILES)
def transfer(session: ActorSession, household_id: UUID, to: UUID) -> Household:
    """Hands the file to a partner to which the household agreed to show its identity; one's own organisation loses it.

    What touches health or violence follows only where an agreement gave it to that partner. Raises `NotTrusted`.
    """
    found = held_open(session, household_id)
    if to not in heirs(session, household_id):
        raise NotTrusted
    session.door("access.transfer_holder(:id, :to)", id=household_id, to=to)
    return found


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
