"""The referrals of a period without anything that says which, through one door; the figures that may be shown."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from coordination.directory import queries as directory
from coordination.identity import queries as identity
from coordination.identity.permissions import Permission
from coordination.indicators.rules import Figures, OpenDays, Period, Sent, figures
from coordination.kit.actor import may
from coordination.kit.clock import today
from coordination.kit.db import ActorSession
from coordination.kit.errors import NotAllowed
from coordination.referrals.household import Said
from coordination.referrals.machine import Side, State
from coordination.referrals.receptions import opening_of, presence_opening, reception_of
from coordination.referrals.rules import Domain, Outcome, Refusal


@dataclass(frozen=True)
class View:
    """What was asked and what may be shown; None: too few households to say anything."""

    side: Side
    period: Period
    figures: Figures | None


def sides_open(session: ActorSession) -> list[Side]:
    """The sides whose figures this member may read: the network's first for a coordinator."""
    own = [Side.SENDER, Side.RECEIVER]
    return [Side.COORDINATOR, *own] if may(session.member, Permission.COORDINATE_REFERRALS) else own


def figures_of(session: ActorSession, side: Side, period: Period, key: bytes) -> View:
    """The figures of one side over a period; written in the journal by the door. Raises `NotAllowed`."""
    if side not in sides_open(session):
        raise NotAllowed
    rows = [
        _sent(row)
        for row in session.rows(
            "select * from access.referral_figures(:side, :first, :last)",
            side=side.value,
            first=period.first,
            last=period.last,
        )
    ]
    organisations = {str(each.id): each for each in identity.organisations(session).values()}
    services = {str(each.id): each for each in directory.services(session)}
    openings = {
        each: presence_opening(services[each].presence)
        if each in services
        else opening_of(reception_of(session, organisations[each].id))
        for each in {row.receiver for row in rows}
    }
    days = OpenDays(openings, period.first, today())
    names = {each: organisation.name for each, organisation in organisations.items()}
    names |= {each: service.name for each, service in services.items()}
    secret = key + session.member.network_id.bytes
    return View(side, period, figures(rows, _partner(side), names, days, secret))


def _partner(side: Side) -> Callable[[Sent], str]:
    """The structure a referral is sorted under: the one at the other end; for the network, the one that answers."""
    return (lambda row: row.sender) if side is Side.RECEIVER else (lambda row: row.receiver)


DOMAINS, STATES = {each.value: each for each in Domain}, {each.value: each for each in State}
REFUSALS, OUTCOMES = {each.value: each for each in Refusal}, {each.value: each for each in Outcome}
SAID = {each.value: each for each in Said}


def _sent(row: Any) -> Sent:
    """A row of the door, in our words; a code that is no longer one says nothing."""
    return Sent(
        household=row.household,
        domain=DOMAINS[row.domain],
        sender=str(row.sender),
        receiver=str(row.receiver),
        sent=row.sent,
        answered=row.answered,
        closed=row.closed,
        by_hand=row.by_hand,
        state=STATES[row.state],
        late=row.late,
        refusal=REFUSALS.get(row.refusal),
        outcome=OUTCOMES.get(row.outcome),
        says=SAID.get(row.says),
        disputed=row.disputed,
    )
