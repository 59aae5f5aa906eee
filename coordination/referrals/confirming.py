"""Asking the household what became of a closed referral: at the desk, by telephone, by a link on paper.

A paper link is a secret of which its hash alone is kept: it is given once, to be printed at once.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Engine
from sqlmodel import col, select

from coordination.audit.service import act
from coordination.identity.permissions import Permission
from coordination.identity.rules import token_hash
from coordination.kit.actor import HouseholdLink, Nobody
from coordination.kit.clock import now, today
from coordination.kit.db import ActorSession, lock
from coordination.kit.errors import NotKnown, NotNow
from coordination.referrals import moves, queries
from coordination.referrals.delays import Confirmation, confirmation
from coordination.referrals.household import Said, disagrees
from coordination.referrals.machine import WRITERS, Step, kept
from coordination.referrals.models import ConfirmationLink, Referral

PATH = "/reponse"


class TriedEnough(NotNow):
    """Le nombre d’essais prévu est atteint : on ne rappelle plus ce foyer. Rien n’a été modifié."""


class LettersUnsafe(NotNow):
    """Ce foyer ne peut pas recevoir de papier sans danger : demandez-lui de vive voix. Aucun lien n’a été fait."""


class PaperEnded(NotNow):
    """Ce papier ne sert plus : préparez-en un autre depuis cette page. Aucun lien n’a été fait."""


# ------------------------------------------------------------------ at the desk, by telephone


def record(session: ActorSession, referral_id: UUID, version: int, said: Said, call_back: bool) -> Referral:
    """What the household answers; less than its partner said opens the referral again."""
    row = session.get(Referral, referral_id)
    if row is None:
        raise NotKnown
    deed = moves.dispute if disagrees(row.outcome, said) else moves.confirm
    return deed(session, referral_id, version, said, call_back)


def not_reached(session: ActorSession, referral_id: UUID, version: int) -> Referral:
    """Nobody answered the telephone; the last attempt the policy allows ends the asking. Raises `TriedEnough`."""
    asked, tried = policy(), len(attempts(queries.history(session, referral_id)))
    if tried >= asked.attempts:
        raise TriedEnough
    if tried + 1 == asked.attempts:
        return moves.unreached(session, referral_id, version)
    return moves.miss(session, referral_id, version, now() + timedelta(days=asked.again))


def attempts(history: Sequence[Step]) -> list[Step]:
    """The calls nobody answered since the referral was last closed."""
    steps = kept(history)
    closed = max((i for i, step in enumerate(steps) if step.verb == "close"), default=-1)
    return [step for step in steps[closed + 1 :] if step.verb in ("miss", "unreached")]


def policy() -> Confirmation:
    """How the household is asked today."""
    return confirmation(today())


# ------------------------------------------------------------------ a link on paper


def paper_link(session: ActorSession, row: Referral, base_url: str, secret: str = "") -> str:
    """The address to print for the household of this referral (`kit.qr` draws it), once. Raises `LettersUnsafe`,
    `PaperEnded`.

    It serves once the referral is closed, until it expires or is ended. Its secret cannot be told again: another print
    is another link; the same form sent twice draws the same secret, and made one.
    """
    if not queries.member_sides(session, row) & WRITERS:
        raise NotKnown
    if not may_print_link(session, row.id):
        raise LettersUnsafe
    secret = secret or secrets.token_urlsafe(32)
    hashed = token_hash(secret)
    known = session.exec(select(ConfirmationLink).where(ConfirmationLink.secret_hash == hashed)).first()
    if known is None:
        make_link(session, row, hashed)
    elif known.ended_at is not None or known.until <= now():
        raise PaperEnded
    return f"{base_url}{PATH}/{secret}"


def may_print_link(session: ActorSession, referral_id: UUID) -> bool:
    """Whether paper is safe for this household: its own word, or a file that is not protected."""
    return bool(session.door("access.may_print_link(:id)", id=referral_id))


@act("referral.paper_link", "Lien sur papier remis au foyer", needs=Permission.ANSWER_REFERRALS)
def make_link(session: ActorSession, row: Referral, secret_hash: str) -> ConfirmationLink:
    """A new link; those already given still serve."""
    link = ConfirmationLink(
        network_id=row.network_id,
        household_id=row.household_id,
        referral_id=row.id,
        organisation_id=session.member.organisation_id,
        secret_hash=secret_hash,
        made_by=session.member.membership_id,
        until=now() + timedelta(days=policy().link),
    )
    session.add(link)
    session.flush()
    return link


def links_of(session: ActorSession, referral_id: UUID) -> list[ConfirmationLink]:
    """The links that still serve, for the two sides."""
    query = select(ConfirmationLink).where(
        ConfirmationLink.referral_id == referral_id,
        col(ConfirmationLink.ended_at).is_(None),
        col(ConfirmationLink.until) > now(),
    )
    return list(session.exec(query.order_by(col(ConfirmationLink.made_at), col(ConfirmationLink.id))))


def end_links(session: ActorSession, referral_id: UUID) -> int:
    """Every link of a referral is worth nothing from now on; answers how many."""
    if session.get(Referral, referral_id) is None:
        raise NotKnown
    found = links_of(session, referral_id)
    for link in found:
        end_link(session, link.id)
    return len(found)


@act("referral.end_link", "Lien sur papier annulé", needs=Permission.ANSWER_REFERRALS)
def end_link(session: ActorSession, link_id: UUID) -> ConfirmationLink:
    """Worth nothing from now on."""
    link: ConfirmationLink | None = lock(session, ConfirmationLink, link_id)
    if link is None:
        raise NotKnown
    link.ended_at, link.ended_by = now(), session.member.membership_id
    session.flush()
    return link


# ------------------------------------------------------------------ the household itself


@dataclass(frozen=True)
class Opened:
    """A link that stands: nothing of whom or what it is about."""

    referral_id: UUID
    network_id: UUID
    closed: bool
    """Whether it may be answered by now."""
    answered: bool
    changes_until: datetime | None
    """Until when the answer given through a link may be changed."""

    @property
    def asks(self) -> bool:
        return self.closed and (not self.answered or self.changes_until is not None)


def opened(engine: Engine, secret: str) -> Opened | None:
    """What stands behind a secret; None alike for what never was, expired, was ended or is not safe any more."""
    with ActorSession(engine, Nobody()) as session:
        rows = session.rows(
            "select * from access.confirmation(:secret, :change)", secret=token_hash(secret), change=_change()
        )
    return Opened(*rows[0]) if rows else None


def answer_by_link(engine: Engine, link: Opened, secret: str, said: Said, call_back: bool) -> bool:
    """The household's own answer, in the journal under its link's name; False when it may not answer any more."""
    with ActorSession(engine, HouseholdLink(link.referral_id, link.network_id)) as session:
        done = say(session, secret, said, call_back)
        session.commit()
    return done


def say(session: ActorSession, secret: str, said: Said, call_back: bool) -> bool:
    """The same, by whoever holds the link."""
    done = session.door(
        "access.confirm(:secret, :said, :call_back, :change)",
        secret=token_hash(secret),
        said=said.value,
        call_back=call_back,
        change=_change(),
    )
    return bool(done)


def minutes(number: int) -> timedelta:
    return timedelta(minutes=number)


def _change() -> timedelta:
    return minutes(policy().change)
