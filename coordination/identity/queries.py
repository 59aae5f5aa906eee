"""Reads about who is who: the signed-in session, memberships, organisations, accounts."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, union
from sqlalchemy import select as sql_select
from sqlmodel import col, select

from coordination.identity.models import Account, BrowserSession, Invitation, Membership, Network, Organisation
from coordination.identity.permissions import known_roles, parts_of, permissions_of
from coordination.identity.rules import IDLE_SIGN_OUT
from coordination.kit.actor import Actor, Member, Nobody
from coordination.kit.ahead import ABOUT, Question
from coordination.kit.db import ActorSession, rows_for_nobody
from coordination.kit.written import among


@dataclass(frozen=True)
class OwnMembership:
    """One of the memberships a person may act for."""

    id: UUID
    organisation_name: str
    network_name: str
    role_labels: list[str]
    current: bool


@dataclass(frozen=True)
class Me:
    """What the header says of whoever is signed in."""

    name: str
    organisation_name: str
    network_name: str
    role_labels: list[str]
    professional: bool
    memberships: list[OwnMembership]


@dataclass(frozen=True)
class Signed:
    """A live browser session: the actor it makes, and what the header says."""

    actor: Actor
    account_id: UUID
    session_id: UUID
    demo: bool
    me: Me


SIGNED_IN = "access.signed_in(case told when 'nobody' then :hash end, :idle)"


def signed_in(bind: Engine, token_hash: str) -> Signed | None:
    """The live session behind a cookie's hash, or None when it is unknown, idle, expired or revoked."""
    found = rows_for_nobody(bind, SIGNED_IN, hash=token_hash, idle=IDLE_SIGN_OUT)
    if not found:
        return None
    row = found[0]
    memberships = [
        OwnMembership(
            own,
            m["organisation_name"],
            m["network_name"],
            labels(m["roles"]),
            own == row.membership_id,
        )
        for m in row.memberships or []
        for own in [UUID(m["membership_id"])]
    ]
    me = Me(
        name=row.name or row.account_name,
        organisation_name=row.organisation_name or "",
        network_name=row.network_name or "",
        role_labels=labels(row.roles or []),
        professional=bool(row.professional),
        memberships=memberships,
    )
    actor: Actor = Nobody()
    if row.membership_id is not None:
        actor = member(row, session_id=row.session_id)
    return Signed(actor, row.account_id, row.session_id, row.demo, me)


def member(row: Any, session_id: UUID | None = None) -> Member:
    """The actor a membership makes: `row` has membership_id, account_id, network_id, organisation_id, name, roles…"""
    roles = list(row.roles)
    return Member(
        membership_id=row.membership_id,
        account_id=row.account_id,
        network_id=row.network_id,
        organisation_id=row.organisation_id,
        name=row.name,
        roles=frozenset(roles),
        permissions=permissions_of(roles),
        parts=parts_of(roles),
        professional=bool(row.professional),
        session_id=session_id,
    )


def labels(roles: list[str]) -> list[str]:
    """The French names of stored roles."""
    return [role.label for role in known_roles(roles)]


ORGANISATIONS = Question(select(Organisation).order_by(col(Organisation.name)), whole=True)


def organisations(session: ActorSession) -> dict[UUID, Organisation]:
    """The organisations of the actor's network, by id, in the order of their names."""
    return dict(session.once("organisations", lambda: {o.id: o for o in ORGANISATIONS.of(session)}))


def network(session: ActorSession, network_id: UUID) -> Network | None:
    """One network, when the actor may see it."""
    return session.get(Network, network_id)


def member_names(session: ActorSession, ids: set[UUID]) -> dict[UUID, str]:
    """The names under which workers act in the network, by membership."""
    known: dict[UUID, str | None] = session.once("member names", dict)
    if missing := ids - set(known):
        query = select(Membership.id, Membership.name).where(among(Membership.id, missing))
        known |= dict.fromkeys(missing)
        known |= {row[0]: row[1] for row in session.exec(query)}
    return {key: name for key in ids if (name := known[key]) is not None}


def names_ahead(*whose: Any) -> Question:
    """The names of the memberships these questions answer, to be asked with them."""
    wanted = union(*whose).subquery()
    named = select(Membership.id, Membership.name).where(col(Membership.id).in_(sql_select(*wanted.c)))
    return Question(named)


def know_names(session: ActorSession, rows: Iterable[tuple[UUID, str]]) -> None:
    """Names read ahead: `member_names` asks no more about them."""
    known: dict[UUID, str | None] = session.once("member names", dict)
    known.update(rows)


@dataclass(frozen=True)
class ColleagueRow:
    """One line of the accounts' screen."""

    membership: Membership
    email: str
    role_labels: list[str]


def colleagues(session: ActorSession, organisation_id: UUID) -> list[ColleagueRow]:
    """The memberships of an organisation with their e-mail, for its admin."""
    query = (
        select(Membership, Account.email)
        .join(Account, col(Account.id) == Membership.account_id)
        .where(Membership.organisation_id == organisation_id)
        .order_by(col(Membership.name), col(Membership.id))
    )
    return [ColleagueRow(m, email, labels(m.roles)) for m, email in session.exec(query)]


# About an organisation: who works for it today, by name.
ACTIVE_MEMBERS = Question(
    select(Membership)
    .where(Membership.organisation_id == ABOUT, col(Membership.suspended_at).is_(None))
    .order_by(col(Membership.name), col(Membership.id))
)


def active_members(session: ActorSession, organisation_id: UUID) -> list[Membership]:
    """Who works today for an organisation of the network, by name."""
    return list(ACTIVE_MEMBERS.of(session, organisation_id))


def colleague(session: ActorSession, organisation_id: UUID, membership_id: UUID) -> Membership | None:
    """One membership of the admin's own organisation."""
    found = session.get(Membership, membership_id)
    return found if found is not None and found.organisation_id == organisation_id else None


def pending_invitations(session: ActorSession, organisation_id: UUID, now: datetime) -> list[Invitation]:
    """Links handed over and not used yet, the newest first."""
    query = (
        select(Invitation)
        .where(
            Invitation.organisation_id == organisation_id,
            col(Invitation.used_at).is_(None),
            col(Invitation.revoked_at).is_(None),
            Invitation.expires_at > now,
        )
        .order_by(col(Invitation.created_at).desc())
    )
    return list(session.exec(query))


def account_email(session: ActorSession, account_id: UUID) -> str:
    """The e-mail with which a person signs in, her own or a colleague’s."""
    return session.exec(select(Account.email).where(Account.id == account_id)).one()


def invitation(session: ActorSession, organisation_id: UUID, invitation_id: UUID) -> Invitation | None:
    """One link of the admin's own organisation."""
    found = session.get(Invitation, invitation_id)
    return found if found is not None and found.organisation_id == organisation_id else None


def link_drawn(session: ActorSession, hashed: str) -> Invitation | None:
    """The link of the admin's own organisation that bears this token, whatever became of it."""
    return session.exec(select(Invitation).where(Invitation.token_hash == hashed)).first()


def own_sessions(session: ActorSession, account_id: UUID, now: datetime) -> list[BrowserSession]:
    """The browsers where this account is signed in, the most recent first."""
    query = (
        select(BrowserSession)
        .where(
            BrowserSession.account_id == account_id,
            col(BrowserSession.revoked_at).is_(None),
            BrowserSession.expires_at > now,
            BrowserSession.seen_at > now - IDLE_SIGN_OUT,
        )
        .order_by(col(BrowserSession.seen_at).desc())
    )
    return list(session.exec(query))


def find_network(session: ActorSession, name: str) -> Network | None:
    """A network by its short name."""
    return session.exec(select(Network).where(Network.slug == name)).first()


def networks(session: ActorSession) -> list[Network]:
    """Every network, for the operator."""
    return list(session.exec(select(Network).order_by(col(Network.slug))))


def find_organisation(session: ActorSession, network: Network, name: str) -> Organisation | None:
    """An organisation of a network by its short name."""
    query = select(Organisation).where(Organisation.network_id == network.id, Organisation.slug == name)
    return session.exec(query).first()
