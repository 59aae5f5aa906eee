"""Acts on the life of a whole file: moved, handed over to a partner, closed with a reason, opened again."""

from datetime import timedelta
from uuid import UUID

from coordination.audit.service import act
from coordination.households.forms import AddressForm, CloseForm, MoveForm
from coordination.households.models import Household, HouseholdProfile, PastAddress
from coordination.households.protection import protected_address, protection_of, set_address, somebody_named_at
from coordination.households.queries import Merged, heirs, held, held_open, past_addresses
from coordination.identity.permissions import Permission
from coordination.kit.clock import now
from coordination.kit.db import ActorSession, lock
from coordination.kit.errors import NotKnown, NotNow, Stale


class NotClosed(NotNow):
    """Ce dossier n’est pas clos. Rien n’a été modifié."""


@act("household.move", "Déménagement du foyer", needs=Permission.EDIT_FILES)
def move(session: ActorSession, household_id: UUID, form: MoveForm) -> HouseholdProfile:
    """The household lives elsewhere from `form.on`; where it lived until the eve is kept for its holder alone."""
    held_open(session, household_id)
    profile: HouseholdProfile | None = lock(session, HouseholdProfile, household_id)
    if profile is None:
        raise NotKnown
    if profile.version != form.version:
        raise Stale
    eve = form.on - timedelta(days=1)
    if any(eve <= past.until_date for past in past_addresses(session, household_id)):
        raise NotNow("Le foyer avait déjà déménagé à cette date. Rien n’a été modifié.")
    kept_apart = protected_address(session, household_id)
    session.add(
        PastAddress(
            network_id=profile.network_id,
            household_id=household_id,
            commune=profile.commune,
            address_kind=profile.address_kind,
            address=profile.address or (kept_apart.address if kept_apart else ""),
            until_date=eve,
        )
    )
    profile.commune, profile.address_kind = form.commune, form.address_kind.value
    if protection_of(session, household_id) is None:
        profile.address = form.address
        if kept_apart is not None:  # since a protection that was lifted: nobody lives there any more
            kept_apart.address, kept_apart.version = "", kept_apart.version + 1
            kept_apart.updated_at, kept_apart.updated_by = now(), session.member.membership_id
    else:
        known = kept_apart.version if kept_apart else 0
        set_address(session, household_id, AddressForm(address=form.address, version=known))
    profile.version += 1
    profile.updated_at = now()
    profile.updated_by = session.member.membership_id
    return profile


class NotTrusted(NotNow):
    """La famille n’a pas d’accord en cours qui montre son identité à cette structure : recueillez-le d’abord.
    Rien n’a été modifié."""

    field = "to"


class NobodyThere(NotNow):
    """Ce dossier est protégé, et personne de cette structure n’est désigné pour l’ouvrir : désignez d’abord quelqu’un
    dans « Protection ». Rien n’a été modifié."""


@act("household.transfer", "Dossier confié à un partenaire", needs=Permission.EDIT_FILES)
def transfer(session: ActorSession, household_id: UUID, to: UUID) -> Household:
    """Hands the file to a partner to which the household agreed to show its identity; one's own organisation loses it.

    What touches health or violence follows only where an agreement gave it to that partner. Raises `NotTrusted`.
    """
    found = held_open(session, household_id)
    if to not in heirs(session, household_id):
        raise NotTrusted
    if protection_of(session, household_id) is not None and not somebody_named_at(session, household_id, to):
        raise NobodyThere
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
    found = held(session, household_id)
    if found.merged_into_id is not None:
        raise Merged(session, found.merged_into_id)
    if found.closed_at is None:
        raise NotClosed
    found.closed_at = None
    found.closing_reason = ""
    return found
