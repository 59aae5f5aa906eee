"""Household files: the bare file, its profile, its people and their stays, and `share`, who sees what."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID, uuid4

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR
from sqlmodel import SQLModel

from coordination.kit.clock import now
from coordination.kit.db import Holds, column
from coordination.kit.types import Moment, Weight

HOUSEHOLD = ("household.network_id", "household.id")
ORGANISATION = ("organisation.network_id", "organisation.id")
MEMBERSHIP = ("membership.network_id", "membership.id")
REACH = "reach_of(network_id, address, phone, representative_phone)"
"""What a household is found by: `reach_of` is made by the migrations, its keys are told in `matching.py`."""


def of_household(*more: object) -> tuple[object, ...]:
    """The constraints of every child of a file: a row of another network is impossible."""
    return (ForeignKeyConstraint(["network_id", "household_id"], HOUSEHOLD), *more)


class Household(SQLModel, table=True):
    """The bare file (dossier): its code, its holder. Visible with any live share of any part."""

    __tablename__ = "household"
    __table_args__ = (
        ForeignKeyConstraint(["network_id", "holder_organisation_id"], ORGANISATION),
        UniqueConstraint("network_id", "id"),
        UniqueConstraint("network_id", "code"),
        ForeignKeyConstraint(["network_id", "merged_into_id"], HOUSEHOLD),
        Index(
            "household_held",
            *("network_id", "holder_organisation_id", "opened_at", "id"),
            postgresql_where=text("merged_into_id is null"),
        ),
        Index("household_merged", "merged_into_id", postgresql_where=text("merged_into_id is not null")),
    )
    id: UUID = column(Holds.LINK, default_factory=uuid4, primary_key=True)
    network_id: UUID = column(Holds.NOTHING, foreign_key="network.id")
    code: str = column(Holds.LINK)
    holder_organisation_id: UUID = column(Holds.LINK)
    opened_at: datetime = column(Holds.LINK, default_factory=now, sa_type=Moment)
    opened_by: UUID | None = column(Holds.WORKER, None)
    closed_at: datetime | None = column(Holds.LINK, None, sa_type=Moment)
    closing_reason: str = column(Holds.LINK, "")
    merged_into_id: UUID | None = column(Holds.LINK, None)


class HouseholdProfile(SQLModel, table=True):
    """Where and how the household lives, and how to reach it. Part: identity.

    The search door finds a household through an index on the row itself: an address or a number that leaves it,
    however it was made to, is no longer found.
    """

    __tablename__ = "household_profile"
    __table_args__ = of_household(
        Index("household_profile_reach", text(REACH), postgresql_using="gin"),
    )
    household_id: UUID = column(Holds.LINK, primary_key=True)
    network_id: UUID = column(Holds.NOTHING)
    commune: str = column(Holds.CONTACT, "")
    address_kind: str = column(Holds.CONTACT, "fixe")
    address: str = column(Holds.CONTACT, "")
    phone: str = column(Holds.CONTACT, "")
    email: str = column(Holds.CONTACT, "")
    family_situation: str = column(Holds.LIFE, "")
    housing: str = column(Holds.LIFE, "")
    origin: str = column(Holds.LIFE, "")
    representative_name: str = column(Holds.IDENTITY, "")
    representative_link: str = column(Holds.LIFE, "")
    representative_phone: str = column(Holds.CONTACT, "")
    updated_at: datetime = column(Holds.NOTHING, default_factory=now, sa_type=Moment)
    updated_by: UUID | None = column(Holds.WORKER, None)
    version: int = column(Holds.NOTHING, 1)


class PastAddress(SQLModel, table=True):
    """Where the household lived before it moved, until its last day there. The holder's alone: nobody visits it."""

    __tablename__ = "past_address"
    __table_args__ = of_household(Index("past_address_household", "household_id", "until_date"))
    id: UUID = column(Holds.LINK, default_factory=uuid4, primary_key=True)
    network_id: UUID = column(Holds.NOTHING)
    household_id: UUID = column(Holds.LINK)
    commune: str = column(Holds.CONTACT)
    address_kind: str = column(Holds.CONTACT)
    address: str = column(Holds.CONTACT)
    until_date: date = column(Holds.CONTACT)


class Person(SQLModel, table=True):
    """One person of one file. Part: identity. `name_keys` serves the search door alone (see `matching.py`).

    `objected`: she does not want another organisation to learn that a file exists (the question asked of the network).
    """

    __tablename__ = "person"
    __table_args__ = of_household(
        UniqueConstraint("network_id", "household_id", "id"),
        Index("person_household", "household_id"),
        Index("person_keys", "name_keys", postgresql_using="gin"),
        Index("person_birth", "network_id", "birth_date"),
    )
    id: UUID = column(Holds.LINK, default_factory=uuid4, primary_key=True)
    network_id: UUID = column(Holds.NOTHING)
    household_id: UUID = column(Holds.LINK)
    family_name: str = column(Holds.IDENTITY)
    given_name: str = column(Holds.IDENTITY, "")
    birth_date: date | None = column(Holds.IDENTITY, None)
    birth_precision: str = column(Holds.IDENTITY, "unknown")
    deceased_on: date | None = column(Holds.IDENTITY, None)
    name_folded: str = column(Holds.IDENTITY, "")
    name_keys: str = column(Holds.IDENTITY, "", sa_type=TSVECTOR)
    objected: bool = column(Holds.LIFE, False, sa_column_kwargs={"server_default": text("false")})
    version: int = column(Holds.NOTHING, 1)


class Stay(SQLModel, table=True):
    """A person's time in the file, from–until (last day included), with link and weight. Part: identity."""

    __tablename__ = "stay"
    __table_args__ = of_household(
        ForeignKeyConstraint(
            ["network_id", "household_id", "person_id"], ("person.network_id", "person.household_id", "person.id")
        ),
        Index("stay_household", "household_id"),
        Index("stay_person", "person_id"),
    )
    id: UUID = column(Holds.LINK, default_factory=uuid4, primary_key=True)
    network_id: UUID = column(Holds.NOTHING)
    household_id: UUID = column(Holds.LINK)
    person_id: UUID = column(Holds.LINK)
    link: str = column(Holds.LIFE)
    weight: Decimal = column(Holds.LIFE, Decimal(1), sa_type=Weight)
    from_date: date = column(Holds.LIFE)
    until_date: date | None = column(Holds.LIFE, None)
    end_reason: str = column(Holds.LIFE, "")


class PersonLink(SQLModel, table=True):
    """The same human being in two files, one row in each: a child in shared custody, somebody who left for a new file.

    Doors alone write it and nobody reads it, so that neither parent's file tells where the other one is.
    """

    __tablename__ = "person_link"
    __table_args__ = of_household(
        ForeignKeyConstraint(
            ["network_id", "household_id", "person_id"], ("person.network_id", "person.household_id", "person.id")
        ),
        ForeignKeyConstraint(
            ["network_id", "other_household_id", "other_person_id"],
            ("person.network_id", "person.household_id", "person.id"),
        ),
        UniqueConstraint("person_id", "other_person_id"),
    )
    id: UUID = column(Holds.LINK, default_factory=uuid4, primary_key=True)
    network_id: UUID = column(Holds.NOTHING)
    household_id: UUID = column(Holds.LINK)
    person_id: UUID = column(Holds.LINK)
    other_household_id: UUID = column(Holds.LINK)
    other_person_id: UUID = column(Holds.LINK)


class PersonActivity(SQLModel, table=True):
    """What an adult lives by, since when. Part: identity; a sensitive one also asks for `sensitive`."""

    __tablename__ = "person_activity"
    __table_args__ = of_household(
        ForeignKeyConstraint(
            ["network_id", "household_id", "person_id"], ("person.network_id", "person.household_id", "person.id")
        ),
        Index("person_activity_household", "household_id"),
    )
    person_id: UUID = column(Holds.LINK, primary_key=True)
    network_id: UUID = column(Holds.NOTHING)
    household_id: UUID = column(Holds.LINK)
    activity: str = column(Holds.HEALTH)
    sensitive: bool = column(Holds.HEALTH, False)


class Share(SQLModel, table=True):
    """Who sees which part of which file, why and until when: the one table visibility is read from.

    Written only by the four doors open_file, grant, revoke and transfer_holder of `policies/access.sql`. `guarded`: the
    file is opened to named workers only, or closed to somebody, so that `access.reaches()` is asked; the doors keep it.
    """

    __tablename__ = "share"
    __table_args__ = of_household(
        ForeignKeyConstraint(["network_id", "organisation_id"], ORGANISATION),
        ForeignKeyConstraint(["network_id", "holder_organisation_id"], ORGANISATION),
        Index("share_household", "household_id", "organisation_id", "scope"),
        Index("share_organisation", "organisation_id", "scope", "household_id"),
        Index(
            "share_given",
            *("organisation_id", "household_id"),
            postgresql_where=text("revoked_at is null and organisation_id <> holder_organisation_id"),
        ),
        Index("share_agreement", "agreement_id"),
    )
    id: UUID = column(Holds.LINK, default_factory=uuid4, primary_key=True)
    network_id: UUID = column(Holds.NOTHING)
    household_id: UUID = column(Holds.LINK)
    organisation_id: UUID = column(Holds.LINK)
    holder_organisation_id: UUID = column(Holds.LINK)
    scope: str = column(Holds.LINK)
    audience: str = column(Holds.LINK)
    ground: str = column(Holds.LINK)
    agreement_id: UUID | None = column(Holds.LINK, None)
    valid_from: date = column(Holds.LINK)
    valid_until: date | None = column(Holds.LINK, None)
    revoked_at: datetime | None = column(Holds.LINK, None, sa_type=Moment)
    guarded: bool = column(Holds.LINK, False, sa_column_kwargs={"server_default": text("false")})


class Protection(SQLModel, table=True):
    """A file opened to named workers only, from a moment to another. Why is not written: the fact is enough.

    Doors alone write it, as well as `file_opening` and `bar`; whoever still sees the file reads it.
    """

    __tablename__ = "protection"
    __table_args__ = of_household(
        Index("protection_once", "household_id", unique=True, postgresql_where=text("lifted_at is null")),
    )
    id: UUID = column(Holds.LINK, default_factory=uuid4, primary_key=True)
    network_id: UUID = column(Holds.NOTHING)
    household_id: UUID = column(Holds.LINK)
    since: datetime = column(Holds.HEALTH, default_factory=now, sa_type=Moment)
    set_by: UUID = column(Holds.WORKER)
    lifted_at: datetime | None = column(Holds.HEALTH, None, sa_type=Moment)
    lifted_by: UUID | None = column(Holds.WORKER, None)


class FileOpening(SQLModel, table=True):
    """One worker to whom a protected file is open: named by its holder, or by breaking the glass, for two hours.

    `reason` and `seen_at` belong to the broken glass: why, in her words, and when a data protection officer read it.
    """

    __tablename__ = "file_opening"
    __table_args__ = of_household(
        ForeignKeyConstraint(["network_id", "organisation_id"], ORGANISATION),
        ForeignKeyConstraint(["network_id", "membership_id"], MEMBERSHIP),
        Index("file_opening_household", "household_id", "membership_id"),
        Index("file_opening_glass", "network_id", "opened_at", postgresql_where=text("ground = 'break_glass'")),
    )
    id: UUID = column(Holds.LINK, default_factory=uuid4, primary_key=True)
    network_id: UUID = column(Holds.NOTHING)
    household_id: UUID = column(Holds.LINK)
    household_code: str = column(Holds.LINK)
    organisation_id: UUID = column(Holds.WORKER)
    membership_id: UUID = column(Holds.WORKER)
    ground: str = column(Holds.LINK)
    reason: str = column(Holds.NEEDS, "")
    opened_at: datetime = column(Holds.WORKER, default_factory=now, sa_type=Moment)
    opened_by: UUID = column(Holds.WORKER)
    until: datetime | None = column(Holds.WORKER, None, sa_type=Moment)
    ended_at: datetime | None = column(Holds.WORKER, None, sa_type=Moment)
    seen_at: datetime | None = column(Holds.WORKER, None, sa_type=Moment)
    seen_by: UUID | None = column(Holds.WORKER, None)


class Bar(SQLModel, table=True):
    """A worker to whom a file is closed: her own, a relative's, a colleague's. She does not read it herself."""

    __tablename__ = "bar"
    __table_args__ = of_household(
        ForeignKeyConstraint(["network_id", "organisation_id"], ORGANISATION),
        ForeignKeyConstraint(["network_id", "membership_id"], MEMBERSHIP),
        Index("bar_once", "household_id", "membership_id", unique=True, postgresql_where=text("lifted_at is null")),
    )
    id: UUID = column(Holds.LINK, default_factory=uuid4, primary_key=True)
    network_id: UUID = column(Holds.NOTHING)
    household_id: UUID = column(Holds.LINK)
    organisation_id: UUID = column(Holds.WORKER)
    membership_id: UUID = column(Holds.WORKER)
    reason: str = column(Holds.LIFE)
    set_at: datetime = column(Holds.WORKER, default_factory=now, sa_type=Moment)
    set_by: UUID = column(Holds.WORKER)
    lifted_at: datetime | None = column(Holds.WORKER, None, sa_type=Moment)
    lifted_by: UUID | None = column(Holds.WORKER, None)


class ProtectedAddress(SQLModel, table=True):
    """Where a protected household lives: its holder's named workers alone. The profile then carries no address."""

    __tablename__ = "protected_address"
    __table_args__ = of_household()
    household_id: UUID = column(Holds.LINK, primary_key=True)
    network_id: UUID = column(Holds.NOTHING)
    address: str = column(Holds.CONTACT)
    updated_at: datetime = column(Holds.NOTHING, default_factory=now, sa_type=Moment)
    updated_by: UUID = column(Holds.WORKER)
    version: int = column(Holds.NOTHING, 1)


class SafeContact(SQLModel, table=True):
    """How the household may be reached without danger: read before any call or letter. Part: identity."""

    __tablename__ = "safe_contact"
    __table_args__ = of_household()
    household_id: UUID = column(Holds.LINK, primary_key=True)
    network_id: UUID = column(Holds.NOTHING)
    call: bool = column(Holds.CONTACT)
    message: bool = column(Holds.CONTACT)
    letter: bool = column(Holds.CONTACT)
    email: bool = column(Holds.CONTACT)
    words: str = column(Holds.CONTACT, "")
    updated_at: datetime = column(Holds.NOTHING, default_factory=now, sa_type=Moment)
    updated_by: UUID = column(Holds.WORKER)
    version: int = column(Holds.NOTHING, 1)


class Merge(SQLModel, table=True):
    """Two files of one household that became one: `household_id` is kept, the other is closed and points to it.

    Doors alone write it. It is undone until `until_date`, and stays told afterwards.
    """

    __tablename__ = "merge"
    __table_args__ = of_household(
        ForeignKeyConstraint(["network_id", "absorbed_id"], HOUSEHOLD),
        ForeignKeyConstraint(["network_id", "organisation_id"], ORGANISATION),
        UniqueConstraint("network_id", "household_id", "id"),
        Index("merge_absorbed", "absorbed_id"),
    )
    id: UUID = column(Holds.LINK, default_factory=uuid4, primary_key=True)
    network_id: UUID = column(Holds.NOTHING)
    household_id: UUID = column(Holds.LINK)
    absorbed_id: UUID = column(Holds.LINK)
    organisation_id: UUID = column(Holds.LINK)
    merged_at: datetime = column(Holds.LINK, default_factory=now, sa_type=Moment)
    merged_by: UUID = column(Holds.WORKER)
    until_date: date = column(Holds.LINK)
    undone_at: datetime | None = column(Holds.LINK, None, sa_type=Moment)
    undone_by: UUID | None = column(Holds.WORKER, None)


class MergeMove(SQLModel, table=True):
    """One row a merge touched: which, and what it was. Doors alone read and write it.

    `did`: `carried` (it changed file), `changed` (values were replaced: `became` says by what), `removed` or
    `added`.
    """

    __tablename__ = "merge_move"
    __table_args__ = of_household(
        ForeignKeyConstraint(
            ["network_id", "household_id", "merge_id"], ("merge.network_id", "merge.household_id", "merge.id")
        ),
        Index("merge_move_merge", "merge_id"),
    )
    id: UUID = column(Holds.LINK, default_factory=uuid4, primary_key=True)
    network_id: UUID = column(Holds.NOTHING)
    household_id: UUID = column(Holds.LINK)
    merge_id: UUID = column(Holds.LINK)
    table_name: str = column(Holds.NOTHING)
    did: str = column(Holds.NOTHING)
    row_key: dict[str, str] = column(Holds.LINK, sa_type=JSONB)
    was: dict[str, str] = column(Holds.IDENTITY, sa_type=JSONB)
    became: dict[str, str] | None = column(Holds.IDENTITY, None, sa_type=JSONB)


class NetworkQuestion(SQLModel, table=True):
    """One question asked beyond the wall, by whom and when: what throttles it. Doors alone read and write it.

    `kind`: `duplicate` (does a file exist already?), `access` (a request about a code) or `impact` (whom a barème shuts
    out). Nothing of the question.
    """

    __tablename__ = "network_question"
    __table_args__ = (Index("network_question_member", "membership_id", "kind", "at"),)
    id: UUID = column(Holds.NOTHING, default_factory=uuid4, primary_key=True)
    membership_id: UUID = column(Holds.WORKER, foreign_key="membership.id")
    kind: str = column(Holds.NOTHING)
    at: datetime = column(Holds.WORKER, default_factory=now, sa_type=Moment)
