"""What is true of an appointment: states and moves, what time and its referral decide, what a date calls for. Pure."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from coordination.kit.clock import PARIS
from coordination.kit.transitions import IllegalMove, Move, Worded, moves_from

LENGTHS = (15, 20, 30, 45, 60, 90, 120, 180)
USUAL_LENGTH = 30
FARTHEST = timedelta(days=366)
CORRECTED_WITHIN = timedelta(hours=24)
"""How long « venu » and « pas venu » may still be exchanged."""


class State(Worded):
    """Where an appointment stands."""

    PROPOSED = "proposed", "Date proposée", "info"
    CONFIRMED = "confirmed", "Confirmé", "success"
    DECLINED = "declined", "Date déclinée", "neutral"
    CANCELLED = "cancelled", "Annulé", "neutral"
    KEPT = "kept", "La personne est venue", "success"
    MISSED = "missed", "La personne n’est pas venue", "warning"


PLANNED = frozenset({State.PROPOSED, State.CONFIRMED})
RECORDED = frozenset({State.KEPT, State.MISSED})


class Whose(StrEnum):
    """Who acts on an appointment: whoever receives the person, whoever refers her, whoever was asked."""

    HOST = "host"
    SENDER = "sender"
    ASKED = "asked"

    @property
    def words(self) -> str:
        return {
            "host": "la structure qui reçoit la personne",
            "sender": "la structure qui l’a orientée",
            "asked": "l’autre structure, à qui cette date est proposée",
        }[self.value]


_H, _S, _A = Whose.HOST, Whose.SENDER, Whose.ASKED


def _move(verb: str, label: str, sources: Iterable[State], target: State, *by: Whose) -> Move[State, Whose]:
    return Move(verb, label, frozenset(sources), target, frozenset(by))


MOVES: tuple[Move[State, Whose], ...] = (
    _move("confirm", "Confirmer", {State.PROPOSED}, State.CONFIRMED, _A),
    _move("keep", "La personne est venue", {*PLANNED, State.MISSED}, State.KEPT, _H),
    _move("miss", "Elle n’est pas venue", {*PLANNED, State.KEPT}, State.MISSED, _H),
    _move("other_date", "Proposer une autre date", PLANNED, State.PROPOSED, _H, _S),
    _move("fix", "Fixer une autre date", PLANNED, State.CONFIRMED, _H, _S),
    _move("decline", "Décliner", {State.PROPOSED}, State.DECLINED, _A),
    _move("give", "Confier à un collègue", {State.PROPOSED}, State.PROPOSED, _H),
    _move("give", "Confier à un collègue", {State.CONFIRMED}, State.CONFIRMED, _H),
    _move("cancel", "Annuler le rendez-vous", PLANNED, State.CANCELLED, _H, _S),
)
RECORDS = ("keep", "miss")
ANSWERS = ("confirm", "decline")
EVENT_WORDS = {
    "propose": "Rendez-vous proposé",
    "fix": "Rendez-vous fixé",
    "confirm": "Rendez-vous confirmé",
    "other_date": "Autre date de rendez-vous proposée",
    "decline": "Date de rendez-vous déclinée",
    "cancel": "Rendez-vous annulé",
    "give": "Rendez-vous confié à quelqu’un d’autre",
    "keep": "La personne est venue au rendez-vous",
    "miss": "La personne n’est pas venue au rendez-vous",
}


class Place(StrEnum):
    """Where: in a public place of one of the two organisations, by telephone, or elsewhere (words behind the share)."""

    OFFICE = "accueil"
    PHONE = "telephone"
    OTHER = "autre"


@dataclass(frozen=True)
class Standing:
    """What decides whether something may still be done: the appointment's own state and date, and its referral."""

    state: State
    starts_at: datetime
    moved_at: datetime
    open: bool
    """Whether its referral is transmitted and under way."""

    ended_at: datetime | None = None
    """When its referral was closed, if it was."""

    @property
    def truly(self) -> State:
        """A date to come falls with its referral, whatever the row still says."""
        fallen = not self.open and (self.ended_at is None or self.starts_at > self.ended_at)
        return State.CANCELLED if self.state in PLANNED and fallen else self.state

    def due(self, at: datetime) -> bool:
        """Whether somebody should say whether the person came."""
        return self.open and self.state in PLANNED and self.starts_at <= at


def whose(organisation: object, *, host: object, sender: object, proposed_by: object) -> frozenset[Whose]:
    """What an organisation (by its id) is to an appointment."""
    found = {side for side, one in ((Whose.HOST, host), (Whose.SENDER, sender)) if one == organisation}
    return frozenset(found | {Whose.ASKED} if found and organisation != proposed_by else found)


def refusal(verb: str, standing: Standing, at: datetime) -> str:
    """Why time or the referral forbids a verb the table would allow; empty when nothing does."""
    past = standing.starts_at <= at
    if verb in RECORDS and not past:
        return "Ce rendez-vous n’a pas encore eu lieu"
    if verb in RECORDS and standing.state in RECORDED and at - standing.moved_at > CORRECTED_WITHIN:
        return "Ce rendez-vous est noté depuis plus d’un jour : il ne se corrige plus"
    if verb in ANSWERS and past:
        return "Cette date est passée : dites si la personne est venue, ou donnez une autre date"
    if verb not in RECORDS and not standing.open:
        return "L’orientation n’est plus en cours : son rendez-vous ne change plus"
    return ""


def find_move(verb: str, standing: Standing, sides: frozenset[Whose], at: datetime) -> Move[State, Whose]:
    """The move behind a verb. Raises `IllegalMove`, whose sentence says what forbids it."""
    state = standing.truly
    if (why := refusal(verb, standing, at)) and state in {s for m in MOVES if m.verb == verb for s in m.sources}:
        raise IllegalMove(f"{why}. Rien n’a été modifié.")
    for move in moves_from(MOVES, state, sides):
        if move.verb == verb:
            return move
    entitled = {side for move in MOVES if move.verb == verb and state in move.sources for side in move.by}
    if entitled:
        to_whom = " ou à ".join(side.words for side in Whose if side in entitled)
        raise IllegalMove(f"Cette action revient à {to_whom}. Rien n’a été modifié.")
    raise IllegalMove(f"Ce n’est plus possible : le rendez-vous est « {state.label.lower()} ». Rien n’a été modifié.")


def open_verbs(standing: Standing, sides: frozenset[Whose], at: datetime) -> list[str]:
    """What buttons to show, in the order of the table."""
    found = [move.verb for move in moves_from(MOVES, standing.truly, sides)]
    return [verb for verb in dict.fromkeys(found) if not refusal(verb, standing, at)]


# ------------------------------------------------------------------ days and hours

TYPED_HOUR = re.compile(r"([0-9]{1,2})\s*(?:(?:heures?|[h:.])\s*([0-9]{2})?)?", re.IGNORECASE)


def typed_hour(typed: object) -> object:
    """An hour typed in French (« 9 h 30 », « 14h », « 9:05 »). Raises ValueError in French."""
    if not isinstance(typed, str):
        return typed
    found = TYPED_HOUR.fullmatch(typed.strip().replace("\u00a0", " "))
    hour, minute = (int(found[1]), int(found[2] or 0)) if found else (99, 0)
    if hour > 23 or minute > 59:
        raise ValueError("Heure illisible. Écrivez par exemple 14 h 30.")
    return time(hour, minute)


def moment_of(day: date, hour: time) -> datetime:
    """The moment a clock of Paris shows this; of an hour it shows twice, the first. Raises ValueError in French for an
    hour that the change to summer time skips."""
    there = datetime.combine(day, hour, PARIS)
    moment = there.astimezone(UTC)
    if moment.astimezone(PARIS).replace(tzinfo=None) != there.replace(tzinfo=None):
        raise ValueError("Cette heure n’existe pas : cette nuit-là, on passe à l’heure d’été.")
    return moment


def day_bounds(day: date) -> tuple[datetime, datetime]:
    """The first moment of a day in Paris, and of the next."""
    start, end = (datetime.combine(d, time(), PARIS).astimezone(UTC) for d in (day, day + timedelta(days=1)))
    return start, end


def date_fault(starts_at: datetime, at: datetime) -> str:
    """Why a date cannot be taken; empty when it can."""
    if starts_at <= at:
        return "Cette date est passée : un rendez-vous se prend à l’avance."
    if starts_at - at > FARTHEST:
        return "Cette date est trop lointaine : un an au plus."
    return ""


def overlap(one: tuple[datetime, int], other: tuple[datetime, int]) -> bool:
    """Whether two appointments (beginning, minutes) share a moment; one that begins when the other ends does not."""
    (start, minutes), (other_start, other_minutes) = one, other
    return start < other_start + timedelta(minutes=other_minutes) and other_start < start + timedelta(minutes=minutes)


class Doubt(StrEnum):
    """What is worth a second look, and never refused."""

    CLOSED = "jour_ferme"
    BUSY = "meme_moment"


def doubts_of(*, is_open: bool, others: Sequence[tuple[datetime, int]], mine: tuple[datetime, int]) -> list[Doubt]:
    """What a date calls for: the host's opening days, and what else its worker has at that moment."""
    busy = any(overlap(mine, other) for other in others)
    return [w for w, so in ((Doubt.CLOSED, not is_open), (Doubt.BUSY, busy)) if so]
