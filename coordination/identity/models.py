"""Networks, organisations, accounts, memberships, browser sessions, one-use links."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import SQLModel

from coordination.kit.clock import now
from coordination.kit.db import Holds, column
from coordination.kit.types import Moment

ORGANISATION = ("organisation.network_id", "organisation.id")


class Network(SQLModel, table=True):
    """A network of partners: a town, an agglomération. The unit of isolation."""

    __tablename__ = "network"
    id: UUID = column(Holds.NOTHING, default_factory=uuid4, primary_key=True)
    slug: str = column(Holds.NOTHING, unique=True)
    name: str = column(Holds.NOTHING)
    demo: bool = column(Holds.NOTHING, False)
    contact: str = column(Holds.NOTHING, "")
    created_at: datetime = column(Holds.NOTHING, default_factory=now, sa_type=Moment)


class Organisation(SQLModel, table=True):
    """A partner organisation (structure partenaire) of one network."""

    __tablename__ = "organisation"
    __table_args__ = (UniqueConstraint("network_id", "id"), UniqueConstraint("network_id", "slug"))
    id: UUID = column(Holds.NOTHING, default_factory=uuid4, primary_key=True)
    network_id: UUID = column(Holds.NOTHING, foreign_key="network.id")
    slug: str = column(Holds.NOTHING)
    name: str = column(Holds.NOTHING)
    kind: str = column(Holds.NOTHING)
    commune: str = column(Holds.NOTHING, "")
    phone: str = column(Holds.NOTHING, "")
    email: str = column(Holds.NOTHING, "")
    created_at: datetime = column(Holds.NOTHING, default_factory=now, sa_type=Moment)


class Account(SQLModel, table=True):
    """A person who signs in. Her password is elsewhere, behind doors only."""

    __tablename__ = "account"
    id: UUID = column(Holds.WORKER, default_factory=uuid4, primary_key=True)
    email: str = column(Holds.WORKER)
    email_folded: str = column(Holds.WORKER, unique=True)
    name: str = column(Holds.WORKER)
    demo: bool = column(Holds.NOTHING, False)
    created_at: datetime = column(Holds.WORKER, default_factory=now, sa_type=Moment)


class Credential(SQLModel, table=True):
    """The password of an account, hashed with argon2id. The app reads it only through doors."""

    __tablename__ = "credential"
    account_id: UUID = column(Holds.ACCESS, foreign_key="account.id", primary_key=True)
    password_hash: str = column(Holds.ACCESS)
    changed_at: datetime = column(Holds.ACCESS, default_factory=now, sa_type=Moment)


class Membership(SQLModel, table=True):
    """What a person is in one organisation; `professional` belongs here, not to her."""

    __tablename__ = "membership"
    __table_args__ = (
        ForeignKeyConstraint(["network_id", "organisation_id"], ORGANISATION),
        UniqueConstraint("network_id", "id"),
        Index("membership_account", "account_id"),
        Index("membership_organisation", "network_id", "organisation_id"),
    )
    id: UUID = column(Holds.WORKER, default_factory=uuid4, primary_key=True)
    network_id: UUID = column(Holds.NOTHING)
    organisation_id: UUID = column(Holds.WORKER)
    account_id: UUID = column(Holds.WORKER, foreign_key="account.id")
    name: str = column(Holds.WORKER)
    roles: list[str] = column(Holds.WORKER, sa_type=ARRAY(Text))
    professional: bool = column(Holds.WORKER, False)
    decider: bool = column(Holds.WORKER, False)
    started_at: datetime = column(Holds.WORKER, default_factory=now, sa_type=Moment)
    suspended_at: datetime | None = column(Holds.WORKER, None, sa_type=Moment)
    version: int = column(Holds.NOTHING, 1)


class BrowserSession(SQLModel, table=True):
    """A signed-in browser: a revocable row behind an opaque cookie, of which only the hash is kept."""

    __tablename__ = "browser_session"
    __table_args__ = (Index("browser_session_account", "account_id"),)
    id: UUID = column(Holds.ACCESS, default_factory=uuid4, primary_key=True)
    token_hash: str = column(Holds.ACCESS, unique=True)
    account_id: UUID = column(Holds.WORKER, foreign_key="account.id")
    membership_id: UUID | None = column(Holds.WORKER, None, foreign_key="membership.id")
    created_at: datetime = column(Holds.WORKER, default_factory=now, sa_type=Moment)
    seen_at: datetime = column(Holds.WORKER, default_factory=now, sa_type=Moment)
    expires_at: datetime = column(Holds.WORKER, sa_type=Moment)
    revoked_at: datetime | None = column(Holds.WORKER, None, sa_type=Moment)
    device: str = column(Holds.WORKER, "")


class Invitation(SQLModel, table=True):
    """A one-use link handed over by an admin: a new membership, or a new password."""

    __tablename__ = "invitation"
    __table_args__ = (ForeignKeyConstraint(["network_id", "organisation_id"], ORGANISATION),)
    id: UUID = column(Holds.ACCESS, default_factory=uuid4, primary_key=True)
    token_hash: str = column(Holds.ACCESS, unique=True)
    purpose: str = column(Holds.NOTHING)
    network_id: UUID = column(Holds.NOTHING)
    organisation_id: UUID = column(Holds.NOTHING)
    account_id: UUID | None = column(Holds.WORKER, None, foreign_key="account.id")
    email: str = column(Holds.WORKER)
    name: str = column(Holds.WORKER)
    roles: list[str] = column(Holds.WORKER, default_factory=list, sa_type=ARRAY(Text))
    professional: bool = column(Holds.WORKER, False)
    demo: bool = column(Holds.NOTHING, False)
    created_by: UUID | None = column(Holds.WORKER, None)
    created_at: datetime = column(Holds.NOTHING, default_factory=now, sa_type=Moment)
    expires_at: datetime = column(Holds.NOTHING, sa_type=Moment)
    used_at: datetime | None = column(Holds.NOTHING, None, sa_type=Moment)
    revoked_at: datetime | None = column(Holds.NOTHING, None, sa_type=Moment)


class Idempotency(SQLModel, table=True):
    """What a POST made under a key of its sender's program (`resource_id`), or under the mark of her page (`address`):
    where to read it again, never what was said."""

    __tablename__ = "idempotency"
    __table_args__ = (
        ForeignKeyConstraint(["network_id", "membership_id"], ("membership.network_id", "membership.id")),
        CheckConstraint("num_nonnulls(resource_id, address) = 1", name="idempotency_made"),
        Index("idempotency_age", "network_id", "created_at"),
    )
    membership_id: UUID = column(Holds.WORKER, primary_key=True)
    key_hash: str = column(Holds.NOTHING, primary_key=True)
    network_id: UUID = column(Holds.NOTHING)
    request_hash: str = column(Holds.LINK)
    resource_id: UUID | None = column(Holds.LINK, None)
    address: str | None = column(Holds.LINK, None)
    created_at: datetime = column(Holds.WORKER, default_factory=now, sa_type=Moment)


class SignInAttempt(SQLModel, table=True):
    """A failed sign-in, under a keyed hash of the account or of the address: what throttling counts."""

    __tablename__ = "sign_in_attempt"
    __table_args__ = (Index("sign_in_attempt_key", "key_hash", "at"),)
    id: UUID = column(Holds.NOTHING, default_factory=uuid4, primary_key=True)
    key_hash: str = column(Holds.ACCESS)
    at: datetime = column(Holds.ACCESS, default_factory=now, sa_type=Moment)
