"""Reads of needs and referrals: lines for a list, one referral with its history, those of a household, partners."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, func, not_, or_
from sqlmodel import col, select

from coordination.directory import queries as directory
from coordination.directory.queries import service_names
from coordination.households import queries as households
from coordination.identity import queries as identity
from coordination.identity.permissions import Permission
from coordination.kit.actor import may
from coordination.kit.ahead import ABOUT, Question, Together
from coordination.kit.clock import now, today, true_today
from coordination.kit.db import ActorSession
from coordination.kit.errors import NotKnown
from coordination.kit.types import falls_in
from coordination.kit.web import datetime_fr
from coordination.kit.written import KEYS, Given, Written, among
from coordination.referrals.baskets import Clocks, Wait
from coordination.referrals.machine import (
    CARRIED_STATES,
    DERIVED,
    EXPIRING_STATES,
    SPEAKS,
    WAITING_STATES,
    WRITERS,
    Side,
    State,
    Step,
    sides_of,
    standing,
    undone,
)
from coordination.referrals.models import Need, Referral, ReferralAssignment, ReferralEvent, ReferralText
from coordination.referrals.routing import named_but, service_key
from coordination.referrals.rules import Domain, NeedState, Outcome, needs_state, reason_label

AUTOMATIC = "Automatique"
HOUSEHOLD = "Le foyer"
STEPS = Written(
    "select verb, state, reason, at, membership_id from referral_event where referral_id = %(about)s order by version"
)


# ------------------------------------------------------------------ lines


@dataclass(frozen=True)
class Line:
    """One referral in a list: codes for everybody, names where the identity is shared. `state` is where it truly
    stands; `wait` says how long an answer has been awaited, None when none is."""

    row: Referral
    state: State
    sides: frozenset[Side]
    name: str | None
    domain: Domain
    sender: str
    receiver: str
    waiting_days: int
    wait: Wait | None
    follower: str
    """The colleague who follows it; empty for nobody."""

    @property
    def outside(self) -> bool:
        """Whether it goes to a service without an account."""
        return self.row.to_service_id is not None

    @property
    def late(self) -> bool:
        """Whether an answer has been awaited for too long."""
        return self.wait not in (None, Wait.FRESH)

    @property
    def title(self) -> str:
        """The person's name where one may see it, the household's code otherwise."""
        return self.name or f"Foyer {self.row.household_code}"


def member_sides(session: ActorSession, row: Referral) -> frozenset[Side]:
    """The sides this member holds on one referral."""
    return sides_of(
        session.member.organisation_id,
        row.from_organisation_id,
        row.to_organisation_id,
        by_hand=row.by_hand,
        coordinates=may(session.member, Permission.COORDINATE_REFERRALS),
    )


def lines(
    session: ActorSession,
    rows: Sequence[Referral],
    at: datetime | None = None,
    household_id: UUID | None = None,
) -> list[Line]:
    """Rows dressed for a list: names and true domains through the wall, in one question for the whole page; in none for
    those of a file that was read ahead."""
    at = at or now()
    if not rows:
        return []
    names, domains, followers = _around(session, rows, household_id)
    organisations = {o.id: o.name for o in identity.organisations(session).values()}
    receivers = organisations | service_names(session, {row.to_service_id for row in rows if row.to_service_id})
    return [
        Line(
            row=row,
            state=(state := stands(row, at)),
            sides=member_sides(session, row),
            name=names.get(row.household_id),
            domain=Domain(domains.get(row.need_id, row.public_domain)),
            sender=organisations[row.from_organisation_id],
            receiver=receivers[recipient_of(row)],
            waiting_days=max(0, (at - row.sent_at).days),
            wait=clocks_of(row).wait(at) if state in WAITING_STATES else None,
            follower=followers.get(row.id, ""),
        )
        for row in rows
    ]


_HERE = among(ReferralAssignment.referral_id, Given("referrals", KEYS))
AROUND = Together(
    households.REFERENCES,
    Question(select(Need.id, Need.domain).where(among(Need.id, Given("needs", KEYS)))),
    Question(select(ReferralAssignment.referral_id, ReferralAssignment.membership_id).where(_HERE)),
    identity.names_ahead(select(ReferralAssignment.membership_id).where(_HERE)),
)


def _around(
    session: ActorSession, rows: Sequence[Referral], household_id: UUID | None
) -> tuple[dict[UUID, str], dict[UUID, str], dict[UUID, str]]:
    """The names of the households, the domains of the needs, the names of those who follow."""
    needs = NEEDS.ahead(session, household_id)
    if household_id and needs is not None:
        domains, followed = [(need.id, need.domain) for need in needs], FOLLOWED.of(session, household_id)
        names = households.reference_names(session, {household_id})
        called = identity.member_names(session, {who for _, who in followed})
    else:
        found, domains, followed, members = AROUND.answers(
            session,
            households=[row.household_id for row in rows],
            needs=[row.need_id for row in rows],
            referrals=[row.id for row in rows],
        )
        names, called = households.named(found), dict(members)
    return names, dict(domains), {key: called.get(who, "") for key, who in followed}


def recipient_of(row: Referral) -> UUID:
    """Whom it goes to: an organisation or an outside service, by its id."""
    to = row.to_organisation_id or row.to_service_id
    assert to is not None, "the table holds a referral to its recipient"
    return to


def clocks_of(row: Referral) -> Clocks:
    """The delays a row was sent with."""
    return Clocks(row.late_at, row.risk_at, row.expires_at)


def stands(row: Referral, at: datetime) -> State:
    """Where a row truly stands at this moment."""
    state = State(row.state)
    stopped = state in CARRIED_STATES and not falls_in(true_today(), row.carried)
    return standing(state, by_hand=row.by_hand, expires_at=row.expires_at, stopped=stopped, now=at)


def due_rows(session: ActorSession, most: int) -> list[UUID]:
    """The open referrals of the network whose time or agreement has ended and which still say otherwise, locked before
    any is written (`moving.hold_all`); those that somebody changes meanwhile are left to the next time."""
    spent = and_(col(Referral.state).in_([s.value for s in EXPIRING_STATES]), col(Referral.expires_at) <= now())
    query = select(Referral.id).where(
        col(Referral.state).in_([s.value for s in CARRIED_STATES]),
        col(Referral.by_hand).is_(False),
        or_(spent, not_(col(Referral.carried).bool_op("@>")(func.access.today()))),
    )
    query = query.order_by(col(Referral.sent_at), col(Referral.id)).limit(most)
    return list(session.exec(query.with_for_update(skip_locked=True)))


# ------------------------------------------------------------------ one referral


@dataclass(frozen=True)
class Told:
    """Words written about a referral, by whom and when."""

    words: str
    organisation: str
    name: str
    written_at: datetime
    confidential: bool = False


@dataclass(frozen=True)
class Moved:
    """One line of a referral's timeline."""

    at: datetime
    verb: str
    state: State
    reason: str
    organisation: str
    name: str


@dataclass(frozen=True)
class ReferralView:
    """A referral as the actor may see it: `need` is None when the needs are not (or no longer) shared with her."""

    line: Line
    need: Need | None
    parts: frozenset[str]
    words: list[Told]
    moves: list[Moved]
    takes_back: str
    """The verb of my last move, while I may still take it back."""

    @property
    def may_write(self) -> bool:
        """Whether words may be kept: those of the two sides, behind the same share as the need."""
        return self.need is not None and bool(self.line.sides & WRITERS)


def show(session: ActorSession, referral_id: UUID) -> ReferralView:
    """One referral with its timeline and words. Raises `NotKnown`."""
    row = session.get(Referral, referral_id)
    if row is None:
        raise NotKnown
    texts = session.exec(
        select(ReferralText)
        .where(ReferralText.referral_id == referral_id, ReferralText.words != "")
        .order_by(col(ReferralText.written_at), col(ReferralText.id))
    ).all()
    line = lines(session, [row])[0]
    mine = undone(history(session, referral_id), session.member.membership_id, now())
    return ReferralView(
        line=line,
        need=session.get(Need, row.need_id),
        parts=frozenset(households.visible_parts(session, row.household_id)),
        words=_told(session, texts),
        moves=_moves(session, row, line.state),
        takes_back=mine.verb if mine and line.state.value == row.state else "",
    )


def words_by_id(session: ActorSession, ids: Iterable[UUID]) -> dict[UUID, str]:
    """Those of these words that one may read."""
    wanted = list(ids)
    query = select(ReferralText.id, ReferralText.words).where(col(ReferralText.id).in_(wanted))
    return {row[0]: row[1] for row in session.exec(query)} if wanted else {}


def _told(session: ActorSession, texts: Sequence[ReferralText]) -> list[Told]:
    organisations = identity.organisations(session)
    names = identity.member_names(session, {t.written_by for t in texts})
    return [
        Told(t.words, organisations[t.organisation_id].name, names.get(t.written_by, ""), t.written_at, t.confidential)
        for t in texts
    ]


def _moves(session: ActorSession, row: Referral, state: State) -> list[Moved]:
    """The timeline, the last step first; what time or the agreement decided stands there before it is written."""
    events = _events(session, row.id)
    names = identity.member_names(session, {e.membership_id for e in events if e.membership_id})
    found = [
        Moved(
            e.at,
            e.verb,
            State(e.state),
            reason_label(e.reason),
            _who(session, row, e),
            names.get(e.membership_id, "") if e.membership_id else "",
        )
        for e in events
    ]
    if state.value != row.state:
        at = row.expires_at if state is State.EXPIRED else now()
        found.append(Moved(at, DERIVED[state], state, "", AUTOMATIC, ""))
    return found[::-1]


def _who(session: ActorSession, row: Referral, event: ReferralEvent) -> str:
    """The organisation behind a step; the service, for what its link answered; nobody, for what nobody decided."""
    if event.organisation_id is not None:
        return identity.organisations(session)[event.organisation_id].name
    if event.verb in SPEAKS:
        return HOUSEHOLD
    if row.to_service_id is None or event.verb in DERIVED.values():
        return AUTOMATIC
    return f"{service_names(session, {row.to_service_id}).get(row.to_service_id, '')} (par son lien)"


def _events(session: ActorSession, referral_id: UUID) -> Sequence[ReferralEvent]:
    query = select(ReferralEvent).where(ReferralEvent.referral_id == referral_id)
    return session.exec(query.order_by(col(ReferralEvent.version))).all()


def history(session: ActorSession, referral_id: UUID) -> list[Step]:
    """What happened to a referral, in codes, the oldest first."""
    return [Step(verb, State(state), *rest) for verb, state, *rest in session.ask(STEPS, about=referral_id)]


def last_told(session: ActorSession, referral_id: UUID) -> str:
    """« par Épicerie (Marc), le 21 novembre 2026 à 9 h 05 »: who brought a referral where it stands, and when."""
    query = select(ReferralEvent).where(ReferralEvent.referral_id == referral_id)
    event = session.exec(query.order_by(col(ReferralEvent.version).desc()).limit(1)).first()
    if event is None:
        return ""
    row = session.get(Referral, referral_id)
    organisation = _who(session, row, event) if row else AUTOMATIC
    if organisation == AUTOMATIC:
        return f"depuis le {datetime_fr(event.at)}"
    if event.membership_id is None:
        return f"par {'le foyer' if organisation == HOUSEHOLD else organisation} le {datetime_fr(event.at)}"
    name = identity.member_names(session, {event.membership_id}).get(event.membership_id, "")
    who = f"{organisation} ({name})" if name else organisation
    return f"par {who} le {datetime_fr(event.at)}"


# ------------------------------------------------------------------ a household's needs and referrals


@dataclass(frozen=True)
class NeedView:
    """A need, its state computed from the referrals the actor may see, and those referrals, the oldest first."""

    row: Need
    domain: Domain
    organisation: str
    state: NeedState
    referrals: list[Line]


NEEDS = Question(select(Need).where(Need.household_id == ABOUT).order_by(col(Need.opened_at).desc(), col(Need.id)))
REFERRALS = Question(
    select(Referral).where(Referral.household_id == ABOUT).order_by(col(Referral.sent_at), col(Referral.id))
)
_FOLLOWED = col(ReferralAssignment.referral_id).in_(select(Referral.id).where(Referral.household_id == ABOUT))
FOLLOWED = Question(select(ReferralAssignment.referral_id, ReferralAssignment.membership_id).where(_FOLLOWED))
FOLLOWERS = select(ReferralAssignment.membership_id).where(_FOLLOWED)
ASKED = (NEEDS, REFERRALS, FOLLOWED)
"""What the page of a file reads of needs and referrals."""


def needs_of(session: ActorSession, household_id: UUID) -> list[NeedView]:
    """The needs of a household that are open to the actor, the newest first."""
    rows = NEEDS.of(session, household_id)
    return _needs(session, rows, referrals_of(session, household_id)) if rows else []


def need_of(session: ActorSession, household_id: UUID, need_id: UUID) -> NeedView:
    """One need of one household. Raises `NotKnown`."""
    row = session.get(Need, need_id)
    if row is None or row.household_id != household_id:
        raise NotKnown
    return _needs(session, [row], referrals_of(session, household_id))[0]


def _needs(session: ActorSession, rows: Sequence[Need], referrals: Sequence[Line]) -> list[NeedView]:
    organisations = identity.organisations(session)
    found = []
    for row in rows:
        own = [line for line in referrals if line.row.need_id == row.id]
        state = needs_state((line.state, Outcome(line.row.outcome) if line.row.outcome else None) for line in own)
        found.append(NeedView(row, Domain(row.domain), organisations[row.organisation_id].name, state, own))
    return found


def referrals_of(session: ActorSession, household_id: UUID) -> list[Line]:
    """The referrals of a household the actor may see, the oldest first."""
    return lines(session, REFERRALS.of(session, household_id), household_id=household_id)


def unknown_to_routes(session: ActorSession) -> list[str]:
    """Whom the rules of referral name and this network does not have: these rules propose nobody here."""
    here = {one.slug for one in identity.organisations(session).values()}
    return named_but(here | {service_key(s.name) for s in directory.services(session) if s.active}, today())
