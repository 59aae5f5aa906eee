"""Many referrals at once: each line its own deed and its own answer; and the list as a table for a spreadsheet."""

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import StringIO
from uuid import UUID

from coordination.audit.service import note_reading, reading
from coordination.identity.permissions import Permission
from coordination.kit.actor import may
from coordination.kit.db import ActorSession
from coordination.kit.errors import NotAllowed, NotKnown, NotNow
from coordination.kit.text import harmless, lower_first
from coordination.kit.web import date_fr
from coordination.referrals import following, moves, moving, queries
from coordination.referrals.machine import CANCELLABLE, TAKEN_STATES, Side
from coordination.referrals.models import Referral
from coordination.referrals.queries import Line
from coordination.referrals.rules import Dropped, Many, Refusal, reason_label

EXPORTED = reading("referral.export", "Orientation lue dans un tableau exporté")
Reason = Refusal | Dropped
REFUSALS = [(r.value, f"Refus : {lower_first(r.label)}") for r in Refusal if r is not Refusal.OTHER]
DROPS = [(d.value, f"Sans suite : {lower_first(d.label)}") for d in Dropped]
COLUMNS = (
    *("Code du foyer", "Nom", "Besoin", "Envoyée par", "Adressée à", "Envoyée le", "État", "Motif ou résultat"),
    *("Jours depuis l’envoi", "Attente", "Suivie par"),
)


def siblings(session: ActorSession, view: queries.ReferralView) -> list[Line]:
    """The other open referrals of the need that one's organisation sent: to take back once a partner took this one."""
    row = view.line.row
    if view.line.state not in TAKEN_STATES:
        return []
    return [
        line
        for line in queries.referrals_of(session, row.household_id)
        if line.row.need_id == row.need_id
        and line.row.id != row.id
        and line.state in CANCELLABLE
        and line.row.from_organisation_id == session.member.organisation_id
    ]


def offered(session: ActorSession, side: Side) -> dict[str, list[tuple[str, str]]]:
    """What may be done to several lines of this side: the deeds, their reasons, to whom; oneself first."""
    me = session.member
    closed_off = {
        Many.CANCEL: not may(me, Permission.SEND_REFERRALS),
        Many.DROP: side is Side.RECEIVER or not may(me, Permission.REDIRECT_REFERRALS),
    }
    done = [many for many in Many if not closed_off.get(many)]
    people = [(str(key), name) for key, name in following.colleagues(session) if key != me.membership_id]
    return {
        "deeds": [(many.value, many.label) for many in done],
        "reasons": REFUSALS + (DROPS if Many.DROP in done else []),
        "colleagues": [(str(me.membership_id), "Moi"), *people],
    }


@dataclass(frozen=True)
class Chosen:
    """One ticked line: a referral and the version that was read."""

    id: UUID
    version: int


@dataclass(frozen=True)
class Done:
    """What became of one line; `refused` is the sentence that says why nothing was done."""

    title: str
    partner: str
    refused: str = ""


def do_many(
    session: ActorSession, many: Many, chosen: Sequence[Chosen], reason: Reason | None = None, to: UUID | None = None
) -> list[Done]:
    """Does the same to each line, one by one: what one line refuses stops no other. Raises `NotNow` when what the deed
    itself asks for is missing."""
    if missing := lacks(many, reason):
        raise NotNow(missing)
    if many is Many.GIVE and to not in dict(following.colleagues(session)):
        raise following.NoColleague
    if many is not Many.GIVE:
        moving.hold_all(session, [one.id for one in chosen])
    return [_one(session, one, _deed(many, reason, to)) for one in chosen]


def lacks(many: Many, reason: Reason | None) -> str:
    """What to say when the reason is missing, or is another deed's; empty when it is right."""
    if many is Many.REFUSE and (not isinstance(reason, Refusal) or reason is Refusal.OTHER):
        return "Pour refuser plusieurs orientations, choisissez un motif de refus dans la liste."
    if many is Many.DROP and not isinstance(reason, Dropped):
        return "Pour classer plusieurs orientations sans suite, dites pourquoi : choisissez dans la liste."
    return ""


def _deed(many: Many, reason: Reason | None, to: UUID | None) -> Callable[[ActorSession, Chosen], object]:
    def give(session: ActorSession, one: Chosen) -> None:
        row = following.assignment_of(session, one.id)
        following.give(session, one.id, to, row.membership_id if row else None)

    deeds: dict[Many, Callable[[ActorSession, Chosen], object]] = {
        Many.RECEIVE: lambda s, one: moves.receive(s, one.id, one.version),
        Many.ACCEPT: lambda s, one: moves.accept(s, one.id, one.version),
        Many.REFUSE: lambda s, one: moves.refuse(s, one.id, one.version, Refusal(str(reason))),
        Many.CANCEL: lambda s, one: moves.cancel(s, one.id, one.version),
        Many.DROP: lambda s, one: moves.drop(s, one.id, one.version, Dropped(str(reason))),
        Many.GIVE: give,
    }
    return deeds[many]


def _one(session: ActorSession, one: Chosen, deed: Callable[[ActorSession, Chosen], object]) -> Done:
    refused = ""
    try:
        with session.begin_nested():
            deed(session, one)
    except (NotNow, NotAllowed, NotKnown) as why:
        refused = why.sentence
    row = session.get(Referral, one.id)
    if row is None:
        return Done("Orientation inconnue", "", refused)
    line = queries.lines(session, [row])[0]
    return Done(f"{line.title}, {line.domain.label.lower()}", f"{line.sender} vers {line.receiver}", refused)


# ------------------------------------------------------------------ a table


def to_csv(session: ActorSession, lines: Sequence[Line]) -> str:
    """The lines as one sees them, for a spreadsheet: what begins like a formula is only words. Each name that is read
    there is written in the journal."""
    for household_id in {line.row.household_id for line in lines if line.name}:
        note_reading(session, EXPORTED, household_id)
    out = StringIO()
    table = csv.writer(out, delimiter=";", lineterminator="\r\n")
    table.writerow(COLUMNS)
    table.writerows([harmless(cell) for cell in _cells(line)] for line in lines)
    return "\ufeff" + out.getvalue()


def _cells(line: Line) -> list[str]:
    row = line.row
    return [
        row.household_code,
        line.name or "",
        line.domain.label,
        line.sender,
        line.receiver,
        date_fr(row.sent_at),
        line.state.label,
        reason_label(row.refusal or row.outcome),
        str(line.waiting_days),
        line.wait.label if line.wait else "",
        line.follower,
    ]
