"""Reads of notices: a member's own, the newest first; how she wants her mail."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import col, func, select

from coordination.identity.permissions import Permission
from coordination.kit.actor import may
from coordination.kit.db import ActorSession
from coordination.notices.models import Notice, NoticePreference
from coordination.notices.rules import Step, When
from coordination.referrals.rules import Domain

PAGE = 50


@dataclass(frozen=True)
class NoticeLine:
    """One notice on screen; `of_what`: the need and the household's code, for whoever sees the referral."""

    id: UUID
    label: str
    of_what: str
    at: datetime
    read: bool


def mine(session: ActorSession, size: int = PAGE, before: tuple[datetime, UUID] | None = None) -> list[NoticeLine]:
    """A page of the member's notices, the newest first."""
    query = select(Notice).where(Notice.membership_id == session.member.membership_id)
    if before is not None:
        at, key = before
        query = query.where((col(Notice.at) < at) | ((col(Notice.at) == at) & (col(Notice.id) < key)))
    rows = list(session.exec(query.order_by(col(Notice.at).desc(), col(Notice.id).desc()).limit(size)))
    seen = session.rows(
        "select id, household_code, public_domain from referral where id = any(:ids)",
        ids=[row.referral_id for row in rows if row.referral_id],
    )
    of_what = {one.id: f"{Domain(one.public_domain).label}, foyer {one.household_code}" for one in seen}
    return [
        NoticeLine(
            row.id,
            Step(row.step).label,
            of_what.get(row.referral_id, ""),
            row.at,
            row.read_at is not None,
        )
        for row in rows
    ]


def subject_of(session: ActorSession, notice: Notice) -> str:
    """The page a notice speaks of, where the member may go."""
    if notice.referral_id:
        return f"/orientations/{notice.referral_id}"
    if notice.step == Step.GLASS:
        return "/ouvertures-urgentes"
    return "/journal" if may(session.member, Permission.READ_JOURNAL) else "/comptes"


def count_unread(session: ActorSession) -> int:
    """How many the member has not read."""
    query = select(func.count()).where(
        col(Notice.membership_id) == session.member.membership_id, col(Notice.read_at).is_(None)
    )
    return session.exec(query).one()


def wanted(session: ActorSession) -> When:
    """How the member wants her mail; at once when she never said."""
    found = session.get(NoticePreference, session.member.membership_id)
    return When(found.mail) if found else When.IMMEDIATE


def mail_waiting(session: ActorSession) -> int:
    """How many mails of her organisation do not go, for its admin; nothing for anybody else."""
    return int(session.door("access.mail_waiting()"))
