"""Acts on accounts: signing in, one-use links, memberships, sessions."""

import secrets
from dataclasses import dataclass
from typing import TypedDict, Unpack
from uuid import UUID, uuid4

from passlib.hash import argon2

from coordination.audit.service import act, reading, write_line
from coordination.identity.models import Account, BrowserSession, Invitation, Membership
from coordination.identity.permissions import NETWORK_WIDE, Permission, Role
from coordination.identity.queries import colleagues, member, own_sessions, pending_invitations
from coordination.identity.rules import (
    ATTEMPTS_ANYWHERE,
    ATTEMPTS_PER_ACCOUNT,
    ATTEMPTS_PER_ADDRESS,
    ATTEMPTS_WINDOW,
    INVITATION_LASTS,
    LONGEST_SESSION,
    RESET_LASTS,
    InvitationPurpose,
    LastAdmin,
    SpentLink,
    WorksElsewhere,
    attempt_key,
    folded_email,
    token_hash,
)
from coordination.kit.actor import Member
from coordination.kit.clock import now
from coordination.kit.db import ActorSession, lock
from coordination.kit.errors import NotKnown, NotNow, Stale

# OWASP's second argon2id profile; the suite lightens it (tests/conftest.py).
HASHER = argon2.using(type="ID", memory_cost=19_456, rounds=2, parallelism=1)
DUMMY_HASHES: dict[str, str] = {}


@dataclass(frozen=True)
class Proof:
    """What came of a password: the account it opens, or a refusal that tells nothing of the account."""

    account_id: UUID | None = None
    too_many: bool = False


@dataclass(frozen=True)
class SignIn:
    """What came of an attempt: a token to keep in the cookie, or a refusal that tells nothing of the account."""

    token: str | None = None
    member: Member | None = None
    too_many: bool = False
    suspended: bool = False


def hash_password(password: str) -> str:
    """The argon2id hash of a password."""
    return str(HASHER.hash(password))


def prove(session: ActorSession, email: str, password: str, *, address: str, key: str, demo_mode: bool) -> Proof:
    """Tries a password; throttled per account from an address, per account and per address, alike whether the account
    exists or not.

    `session` is nobody's. A demonstration account is refused outside demonstration mode, like a wrong password.
    """
    here = attempt_key(key, "account-here", f"{folded_email(email)} {address}")
    limits = {
        here: ATTEMPTS_PER_ACCOUNT,
        attempt_key(key, "account", folded_email(email)): ATTEMPTS_ANYWHERE,
        attempt_key(key, "address", address): ATTEMPTS_PER_ADDRESS,
    }
    since = now() - ATTEMPTS_WINDOW
    if any(session.door("access.attempts(:key, :since)", key=one, since=since) >= most for one, most in limits.items()):
        return Proof(too_many=True)
    found = session.rows("select * from access.sign_in(:email)", email=folded_email(email))
    known_hash = found[0].password_hash if found else _dummy_hash()
    right = _verify(password, known_hash)
    if not found or not right or (found[0].demo and not demo_mode):
        session.door("access.note_attempt(:keys)", keys=list(limits))
        return Proof()
    session.door("access.forget_attempts(:key)", key=here)
    return Proof(found[0].account_id)


def sign_in(
    session: ActorSession, email: str, password: str, *, address: str, device: str, key: str, demo_mode: bool
) -> SignIn:
    """Opens a browser session with a new token when the password is right; `session` is nobody's."""
    proof = prove(session, email, password, address=address, key=key, demo_mode=demo_mode)
    if proof.account_id is None:
        return SignIn(too_many=proof.too_many)
    return _open_session(session, proof.account_id, device)


def _open_session(session: ActorSession, account_id: UUID, device: str) -> SignIn:
    memberships = session.rows("select * from access.memberships_of(:account)", account=account_id)
    if not memberships:
        return SignIn(suspended=True)
    token, session_id = secrets.token_urlsafe(32), uuid4()
    session.door(
        "access.open_session(:id, :hash, :account, :membership, :expires, :device)",
        id=session_id,
        hash=token_hash(token),
        account=account_id,
        membership=memberships[0].membership_id,
        expires=now() + LONGEST_SESSION,
        device=device[:120],
    )
    row = session.rows("select * from access.session_of(:hash, interval '1 hour')", hash=token_hash(token))[0]
    return SignIn(token=token, member=member(row, session_id))


def _dummy_hash() -> str:
    """A hash nobody knows the password of, so that an unknown account takes as long as a known one."""
    parameters = str(HASHER)
    if parameters not in DUMMY_HASHES:
        DUMMY_HASHES[parameters] = hash_password(secrets.token_urlsafe(16))
    return DUMMY_HASHES[parameters]


def _verify(password: str, known_hash: str) -> bool:
    try:
        return bool(HASHER.verify(password, known_hash))
    except ValueError:  # a NUL byte, an over-long password
        return False


@act("session.open", "Connexion", needs=None)
def note_sign_in(session: ActorSession) -> BrowserSession:
    """Writes in the network's journal that a member signed in."""
    return _own_session(session)


@act("session.switch", "Changement de structure", needs=None)
def switch_membership(session: ActorSession, membership_id: UUID) -> BrowserSession:
    """Acts for another of one's own memberships; the wall refuses anybody else's."""
    browser = _own_session(session)
    own = session.rows("select * from access.memberships_of(:account)", account=session.member.account_id)
    if membership_id not in {m.membership_id for m in own}:
        raise NotKnown
    browser.membership_id = membership_id
    return browser


@act("session.close_all", "Déconnexion partout", needs=None)
def close_all_sessions(session: ActorSession) -> BrowserSession:
    """Signs out everywhere, here included."""
    mine = _own_session(session)
    for browser in own_sessions(session, session.member.account_id, now()):
        browser.revoked_at = now()
    return mine


def _own_session(session: ActorSession) -> BrowserSession:
    browser = session.get(BrowserSession, session.member.session_id)
    if browser is None:
        raise NotKnown
    return browser


@act("account.password", "Mot de passe changé", needs=None)
def change_password(session: ActorSession, current: str, new: str) -> BrowserSession:
    """Changes one's own password and signs out the other browsers. Raises `NotNow` when the current one is wrong."""
    known = session.door("access.own_password_hash()")
    if known is None or not _verify(current, known):
        raise NotNow("Le mot de passe actuel n’est pas le bon. Rien n’a été modifié.")
    session.door("access.change_own_password(:hash, :kept)", hash=hash_password(new), kept=session.member.session_id)
    return _own_session(session)


# ------------------------------------------------------------------ accounts of one organisation


class Invited(TypedDict):
    """Who is invited, and as what."""

    email: str
    name: str
    roles: list[Role]
    professional: bool


@act("account.invite", "Invitation d’un compte", needs=Permission.MANAGE_ACCOUNTS)
def invite(session: ActorSession, *, token: str, **invited: Unpack[Invited]) -> Invitation:
    """Makes a one-use link for a new membership of one's own organisation; an older one for the same person dies.

    Raises `NotNow` when the person already has an account here.
    """
    network_id, organisation_id = session.member.network_id, session.member.organisation_id
    email = folded_email(invited["email"])
    if email in {row.email for row in colleagues(session, organisation_id)}:
        raise NotNow("Cette personne a déjà un compte dans votre structure. Rien n’a été modifié.")
    for older in pending_invitations(session, organisation_id, now()):
        if older.email == email and older.purpose == InvitationPurpose.INVITATION:
            revoke_link(session, older)
    made = new_invitation(network_id, organisation_id, invited, token)
    made.created_by = session.member.membership_id
    session.add(made)
    _note_network_roles(session, made, set(invited["roles"]))
    return made


def new_invitation(network_id: UUID, organisation_id: UUID, invited: Invited, token: str) -> Invitation:
    return Invitation(
        token_hash=token_hash(token),
        purpose=InvitationPurpose.INVITATION,
        network_id=network_id,
        organisation_id=organisation_id,
        email=folded_email(invited["email"]),
        name=invited["name"],
        roles=[role.value for role in invited["roles"]],
        professional=invited["professional"],
        expires_at=now() + INVITATION_LASTS,
    )


@act("account.reset", "Lien de nouveau mot de passe", needs=Permission.MANAGE_ACCOUNTS)
def offer_reset(session: ActorSession, membership_id: UUID, token: str) -> Invitation:
    """Makes a one-use link by which a colleague chooses a new password; an older one dies.

    Raises `NotNow` for a suspended account, and `WorksElsewhere` for one that also opens another organisation's files.
    """
    colleague = _colleague(session, membership_id)
    if colleague.suspended_at is not None:
        raise NotNow("Ce compte est suspendu : rétablissez-le d’abord. Rien n’a été modifié.")
    if not session.door("access.account_is_ours(:account)", account=colleague.account_id):
        raise WorksElsewhere
    for older in pending_invitations(session, colleague.organisation_id, now()):
        if older.account_id == colleague.account_id:
            revoke_link(session, older)
    made = Invitation(
        token_hash=token_hash(token),
        purpose=InvitationPurpose.RESET,
        network_id=colleague.network_id,
        organisation_id=colleague.organisation_id,
        account_id=colleague.account_id,
        email=session.get_one(Account, colleague.account_id).email,
        name=colleague.name,
        created_by=session.member.membership_id,
        expires_at=now() + RESET_LASTS,
    )
    session.add(made)
    return made


@act("account.revoke_link", "Lien annulé", needs=Permission.MANAGE_ACCOUNTS)
def revoke_link(session: ActorSession, invitation: Invitation) -> Invitation:
    """Makes a link that was handed over useless. Raises `NotNow` when it has served or was cancelled."""
    if invitation.used_at is not None or invitation.revoked_at is not None:
        raise NotNow("Ce lien a déjà servi ou a déjà été annulé. Rien n’a été modifié.")
    invitation.revoked_at = now()
    return invitation


@act("account.roles", "Rôles d’un compte modifiés", needs=Permission.MANAGE_ACCOUNTS)
def change_roles(
    session: ActorSession, membership_id: UUID, *, roles: list[Role], professional: bool, version: int
) -> Membership:
    """Changes what a colleague may do. An organisation keeps at least one admin."""
    _one_admin_at_a_time(session)
    colleague = _colleague(session, membership_id, version)
    _note_network_roles(session, colleague, set(roles) - set(colleague.roles))
    if Role.ADMIN.value in colleague.roles and Role.ADMIN not in roles:
        _keep_an_admin(session, colleague)
    if Role.ADMIN not in roles:
        _end_links_of(session, colleague)
    colleague.roles = [role.value for role in roles]
    colleague.professional = professional
    colleague.version += 1
    return colleague


@act("account.suspend", "Compte suspendu", needs=Permission.MANAGE_ACCOUNTS)
def suspend(session: ActorSession, membership_id: UUID) -> Membership:
    """Closes the organisation's door to a colleague, at once."""
    _one_admin_at_a_time(session)
    colleague = _colleague(session, membership_id)
    if colleague.suspended_at is not None:
        raise NotNow("Ce compte est déjà suspendu.")
    if Role.ADMIN.value in colleague.roles:
        _keep_an_admin(session, colleague)
    _end_links_of(session, colleague)
    colleague.suspended_at = now()
    colleague.version += 1
    session.door("access.close_sessions_of(:member)", member=colleague.id)
    return colleague


@act("account.restore", "Compte rétabli", needs=Permission.MANAGE_ACCOUNTS)
def restore(session: ActorSession, membership_id: UUID) -> Membership:
    """Opens the door again."""
    colleague = _colleague(session, membership_id)
    if colleague.suspended_at is None:
        raise NotNow("Ce compte n’est pas suspendu.")
    colleague.suspended_at = None
    colleague.version += 1
    return colleague


GIVEN = reading("account.network_role", "Rôle qui vaut dans tout le réseau confié à un compte")


def _note_network_roles(session: ActorSession, row: Membership | Invitation, given: set[Role]) -> None:
    """The data protection officer reads, apart from the rest, that somebody may see the journal or every referral."""
    if given & NETWORK_WIDE:
        write_line(session, GIVEN, row)


def _colleague(session: ActorSession, membership_id: UUID, version: int | None = None) -> Membership:
    found: Membership | None = lock(session, Membership, membership_id)
    if found is None or found.organisation_id != session.member.organisation_id:
        raise NotKnown
    if version is not None and found.version != version:
        raise Stale
    return found


def _end_links_of(session: ActorSession, leaving: Membership) -> None:
    """The links somebody handed over as an admin go with her right to make them: the wall says so too."""
    for link in pending_invitations(session, leaving.organisation_id, now()):
        if link.created_by == leaving.id:
            revoke_link(session, link)


def _one_admin_at_a_time(session: ActorSession) -> None:
    """Two admins who suspend each other in the same instant would leave none: the second waits for the first."""
    session.door("pg_advisory_xact_lock(hashtextextended(:key, 0))", key=f"admins {session.member.organisation_id}")


def _keep_an_admin(session: ActorSession, leaving: Membership) -> None:
    everybody = [row.membership for row in colleagues(session, leaving.organisation_id)]
    if not any(m.id != leaving.id and Role.ADMIN.value in m.roles and m.suspended_at is None for m in everybody):
        raise LastAdmin


# Whoever uses a link is not yet anybody: the door itself writes these lines.
reading("account.join", "Invitation acceptée")
reading("account.password_reset", "Nouveau mot de passe choisi par un lien")


def use_link(session: ActorSession, token: str, *, password: str | None, name: str) -> UUID:
    """Uses a one-use link: makes the account and its membership, or sets the new password. Raises `SpentLink`.

    An account that exists already keeps its own password: without `password`, prove it first.
    """
    hashed = hash_password(password) if password is not None else ""
    account: UUID | None = session.door(
        "access.use_invitation(:hash, :password, :name)", hash=token_hash(token), password=hashed, name=name
    )
    if account is None:
        raise SpentLink
    return account
