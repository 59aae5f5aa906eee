"""Who follows which referral in one's organisation: given, handed over; the views a member keeps of the queue."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlmodel import col, select

from coordination.audit.service import act
from coordination.identity import queries as identity
from coordination.identity.permissions import Permission, permissions_of
from coordination.kit.ahead import Question
from coordination.kit.clock import now
from coordination.kit.db import ActorSession, lock
from coordination.kit.errors import NotKnown, NotNow
from coordination.kit.web import datetime_fr
from coordination.referrals.baskets import MINE
from coordination.referrals.models import Referral, ReferralAssignment, SavedFilter

MOST_FILTERS = 20
KEPT = Question(select(SavedFilter).order_by(col(SavedFilter.name), col(SavedFilter.id)), whole=True)


class AlreadyGiven(NotNow):
    """Un collègue l’a confiée à quelqu’un d’autre entre-temps. Rien n’a été modifié."""

    title = "Quelqu’un a été plus rapide"


class NoColleague(NotNow):
    """Choisissez une personne de votre structure qui répond aux orientations. Rien n’a été modifié."""

    field = "to_whom"


class TooManyFilters(NotNow):
    """Vous gardez déjà vingt vues : retirez-en une avant d’en ajouter. Rien n’a été enregistré."""


# ------------------------------------------------------------------ reads


def colleagues(session: ActorSession) -> list[tuple[UUID, str]]:
    """Those of my organisation who answer referrals: id and name, by name."""
    rows = identity.active_members(session, session.member.organisation_id)
    return [(row.id, row.name) for row in rows if Permission.ANSWER_REFERRALS in permissions_of(row.roles)]


def assignment_of(session: ActorSession, referral_id: UUID) -> ReferralAssignment | None:
    """Who follows it in my organisation."""
    return session.exec(select(ReferralAssignment).where(ReferralAssignment.referral_id == referral_id)).first()


def loads(session: ActorSession) -> dict[UUID, int]:
    """How many referrals that still ask something each member of my organisation follows."""
    rows = _followed(session)
    found: dict[UUID, int] = {}
    for row in rows:
        found[row.membership_id] = found.get(row.membership_id, 0) + 1
    return found


def _followed(session: ActorSession, by: UUID | None = None) -> list[ReferralAssignment]:
    query = (
        select(ReferralAssignment)
        .join(Referral, col(Referral.id) == ReferralAssignment.referral_id)
        .where(
            ReferralAssignment.organisation_id == session.member.organisation_id,
            col(Referral.state).in_([state.value for state in MINE.states]),
        )
        .order_by(col(ReferralAssignment.id))
    )
    if by is not None:
        query = query.where(ReferralAssignment.membership_id == by)
    return list(session.exec(query))


# ------------------------------------------------------------------ acts


def give(session: ActorSession, referral_id: UUID, to: UUID | None, seen: UUID | None) -> None:
    """Gives a referral to a colleague, or to nobody; `seen` is who followed it on the page one read.

    Raises `AlreadyGiven`, which says to whom, by whom and when, when a colleague was quicker.
    """
    if lock_for(session, referral_id) is None:
        raise NotKnown
    row = assignment_of(session, referral_id)
    current = row.membership_id if row else None
    if current == to:
        return
    if current != seen:
        raise AlreadyGiven(_who_gave(session, row))
    if to is not None and to not in dict(colleagues(session)):
        raise NoColleague
    if row is None and to is not None:
        assign(session, referral_id, to)
    elif row is not None and to is not None:
        reassign(session, row, to)
    elif row is not None:
        unassign(session, row)


def lock_for(session: ActorSession, referral_id: UUID) -> Referral | None:
    """The referral, when I see it; colleagues who give it at once take turns."""
    session.door("pg_advisory_xact_lock(hashtextextended(cast(:id as text), 1))", id=referral_id)
    return session.get(Referral, referral_id)


def _who_gave(session: ActorSession, row: ReferralAssignment | None) -> str:
    if row is None:
        return "Un collègue l’a retirée à la personne qui la suivait. Rien n’a été modifié."
    names = identity.member_names(session, {row.membership_id, row.assigned_by})
    to, by = names.get(row.membership_id, "un collègue"), names.get(row.assigned_by, "un collègue")
    return f"Déjà confiée à {to} par {by} le {datetime_fr(row.assigned_at)}. Rien n’a été modifié."


@act("referral.assign", "Orientation confiée", needs=Permission.ANSWER_REFERRALS)
def assign(session: ActorSession, referral_id: UUID, to: UUID) -> ReferralAssignment:
    """To a colleague, for the first time."""
    referral = session.get(Referral, referral_id)
    if referral is None:
        raise NotKnown
    row = ReferralAssignment(
        network_id=referral.network_id,
        household_id=referral.household_id,
        referral_id=referral.id,
        organisation_id=session.member.organisation_id,
        membership_id=to,
        assigned_at=now(),
        assigned_by=session.member.membership_id,
    )
    session.add(row)
    session.flush()
    return row


@act("referral.reassign", "Orientation confiée à quelqu’un d’autre", needs=Permission.ANSWER_REFERRALS)
def reassign(session: ActorSession, row: ReferralAssignment, to: UUID) -> ReferralAssignment:
    """From one colleague to another."""
    row.membership_id, row.assigned_at, row.assigned_by = to, now(), session.member.membership_id
    session.flush()
    return row


@act("referral.unassign", "Orientation confiée à personne", needs=Permission.ANSWER_REFERRALS)
def unassign(session: ActorSession, row: ReferralAssignment) -> ReferralAssignment:
    """To nobody."""
    session.delete(row)
    session.flush()
    return row


def hand_over(session: ActorSession, from_whom: UUID, to_whom: UUID) -> int:
    """Every referral an absent colleague follows, to another; answers how many. One line of the journal each."""
    if to_whom not in dict(colleagues(session)) or to_whom == from_whom:
        raise NoColleague
    done = 0
    for found in _followed(session, from_whom):
        row: ReferralAssignment | None = lock(session, ReferralAssignment, found.id)
        if row is not None and row.membership_id == from_whom:
            reassign(session, row, to_whom)
            done += 1
    return done


# ------------------------------------------------------------------ views kept


@dataclass(frozen=True)
class KeptView:
    """A view of the queue I keep."""

    id: UUID
    name: str
    query: str


def kept_views(session: ActorSession) -> list[KeptView]:
    """The views of the queue I keep, by name."""
    return [KeptView(row.id, row.name, row.query) for row in KEPT.of(session)]


def keep_view(session: ActorSession, name: str, query: str) -> SavedFilter:
    """Keeps a view: hers alone, of no interest to the journal."""
    if len(kept_views(session)) >= MOST_FILTERS:
        raise TooManyFilters
    member = session.member
    row = SavedFilter(network_id=member.network_id, membership_id=member.membership_id, name=name, query=query)
    session.add(row)
    session.flush()
    return row


def drop_view(session: ActorSession, view_id: UUID) -> None:
    """Forgets a view. Raises `NotKnown`."""
    row: Any = session.get(SavedFilter, view_id)
    if row is None:
        raise NotKnown
    session.delete(row)
    session.flush()
