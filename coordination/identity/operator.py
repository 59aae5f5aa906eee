"""The operator's acts, from the command line: networks, organisations, first invitations, new passwords."""

from typing import Unpack

from coordination.audit.service import act
from coordination.identity.models import Invitation, Network, Organisation
from coordination.identity.rules import RESET_LASTS, InvitationPurpose, OrganisationKind, folded_email, slug, token_hash
from coordination.identity.service import Invited, new_invitation
from coordination.kit.clock import now
from coordination.kit.db import ActorSession
from coordination.kit.errors import NotKnown


@act("network.add", "Réseau créé", needs=None)
def add_network(session: ActorSession, name: str, *, demo: bool = False, contact: str = "") -> Network:
    """A new network; the wall lets only the operator pass."""
    made = Network(slug=slug(name), name=name, demo=demo, contact=contact)
    session.add(made)
    return made


@act("organisation.add", "Structure ajoutée", needs=None)
def add_organisation(
    session: ActorSession,
    network: Network,
    name: str,
    kind: OrganisationKind,
    *,
    commune: str = "",
    phone: str = "",
    email: str = "",
    short: str = "",
) -> Organisation:
    """A new partner organisation, which commands and barèmes call `short`; the wall lets only the operator pass."""
    made = Organisation(
        network_id=network.id,
        slug=short or slug(name),
        name=name,
        kind=kind.value,
        commune=commune,
        phone=phone,
        email=email,
    )
    session.add(made)
    return made


@act("account.invite_first", "Invitation par l’exploitant", needs=None)
def invite_first(
    session: ActorSession, organisation: Organisation, *, token: str, demo: bool = False, **invited: Unpack[Invited]
) -> Invitation:
    """The operator's invitation, from the command line: the wall lets only the operator pass."""
    made = new_invitation(organisation.network_id, organisation.id, invited, token)
    made.demo = demo
    session.add(made)
    return made


@act("account.reset_by_operator", "Lien de nouveau mot de passe, par l’exploitant", needs=None)
def reset_by_operator(session: ActorSession, organisation: Organisation, email: str, token: str) -> Invitation:
    """The way back of somebody who works for several structures: only the operator may offer it.

    Raises `NotKnown` when nobody of that address works there.
    """
    found = session.rows(
        "select * from access.account_for_operator(:email, :organisation)",
        email=folded_email(email),
        organisation=organisation.id,
    )
    if not found:
        raise NotKnown("Personne n’a ce courriel dans cette structure.")
    made = Invitation(
        token_hash=token_hash(token),
        purpose=InvitationPurpose.RESET,
        network_id=organisation.network_id,
        organisation_id=organisation.id,
        account_id=found[0].account_id,
        email=folded_email(email),
        name=found[0].name,
        expires_at=now() + RESET_LASTS,
    )
    session.add(made)
    return made
