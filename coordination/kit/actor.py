"""Who acts: the closed list of actors, and how PostgreSQL is told about them."""

from dataclasses import dataclass, field
from uuid import UUID


@dataclass(frozen=True)
class Nobody:
    """A visitor who has not signed in. Sees nothing behind the wall."""


@dataclass(frozen=True)
class Member:
    """A person acting for one organisation: one membership at a time.

    `permissions` are the doors her roles open; `parts` the parts of a file those roles may ever read.
    """

    membership_id: UUID
    account_id: UUID
    network_id: UUID
    organisation_id: UUID
    name: str = ""
    roles: frozenset[str] = frozenset()
    permissions: frozenset[str] = frozenset()
    parts: frozenset[str] = frozenset()
    professional: bool = False
    session_id: UUID | None = None


@dataclass(frozen=True)
class Station:
    """A distribution post, opened for one day and one place."""

    point_id: UUID
    network_id: UUID
    organisation_id: UUID


@dataclass(frozen=True)
class OutsideLink:
    """The holder of a signed link to one referral, without an account."""

    referral_id: UUID
    network_id: UUID


@dataclass(frozen=True)
class HouseholdLink:
    """A household answering about one referral, without an account."""

    referral_id: UUID
    network_id: UUID


@dataclass(frozen=True)
class Service:
    """The machine itself, under a name (`operator`, `journal`…), for one network or for none."""

    name: str
    network_id: UUID | None = None
    permissions: frozenset[str] = field(default_factory=frozenset)


Actor = Nobody | Member | Station | OutsideLink | HouseholdLink | Service

SETTINGS = ("kind", "actor", "account", "network", "organisation", "roles", "parts", "professional")


def settings_of(actor: Actor) -> dict[str, str]:
    """The `app.*` settings of an actor, every one of them always present so that none outlives its owner."""
    told = dict.fromkeys(SETTINGS, "")
    match actor:
        case Nobody():
            told |= {"kind": "nobody"}
        case Member():
            told |= {
                "kind": "member",
                "actor": str(actor.membership_id),
                "account": str(actor.account_id),
                "network": str(actor.network_id),
                "organisation": str(actor.organisation_id),
                "roles": _array(actor.roles),
                "parts": _array(actor.parts),
                "professional": "yes" if actor.professional else "",
            }
        case Station():
            told |= {
                "kind": "station",
                "actor": str(actor.point_id),
                "network": str(actor.network_id),
                "organisation": str(actor.organisation_id),
            }
        case OutsideLink() | HouseholdLink():
            kind = "outside_link" if isinstance(actor, OutsideLink) else "household_link"
            told |= {"kind": kind, "actor": str(actor.referral_id), "network": str(actor.network_id)}
        case Service():
            network = str(actor.network_id) if actor.network_id else ""
            told |= {"kind": "service", "actor": actor.name, "network": network}
    return told


def _array(words: frozenset[str]) -> str:
    """A PostgreSQL array literal of plain words."""
    return "{" + ",".join(sorted(words)) + "}"


def may(actor: Actor, permission: str) -> bool:
    """Whether this actor's roles open a door."""
    return isinstance(actor, Member | Service) and permission in actor.permissions
