"""The machine of a referral: its states, its sides, the table of moves, what time or the share decides. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from coordination.kit.transitions import IllegalMove, Move, Worded, moves_from
from coordination.referrals.household import ASKED_OF, LEAVES, Due, Explanation, heard, read_code

UNDO_WITHIN = timedelta(minutes=10)


class State(Worded):
    """Where a referral stands. `by_hand`: a paper was given to the person and nothing was transmitted."""

    SENT = "sent", "Envoyée", "info"
    RECEIVED = "received", "Reçue", "info"
    INFO_REQUESTED = "info_requested", "Précision demandée", "warning"
    BY_HAND = "by_hand", "Remise en main propre", "neutral"
    ACCEPTED = "accepted", "Acceptée", "success"
    IN_PROGRESS = "in_progress", "En cours", "success"
    ON_HOLD = "on_hold", "En pause", "neutral"
    REFUSED = "refused", "Refusée", "danger"
    REDIRECTED = "redirected", "Réorientée", "neutral"
    EXPIRED = "expired", "Expirée sans réponse", "warning"
    REVOKED = "revoked", "Arrêtée : l’accord a pris fin", "warning"
    CLOSED = "closed", "Terminée", "neutral"
    DISPUTED = "disputed", "Le foyer n’est pas d’accord", "danger"
    CANCELLED = "cancelled", "Annulée", "neutral"
    DROPPED = "dropped", "Classée sans suite", "neutral"

    @property
    def is_open(self) -> bool:
        """Whether something is still expected from somebody."""
        return self in OPEN_STATES

    @property
    def is_carried(self) -> bool:
        """Whether it is transmitted and under way: it stops with the agreement that carries it."""
        return self in CARRIED_STATES


WAITING_STATES = frozenset({State.SENT, State.RECEIVED})
EXPIRING_STATES = WAITING_STATES | {State.INFO_REQUESTED}
TAKEN_STATES = frozenset({State.ACCEPTED, State.IN_PROGRESS, State.ON_HOLD})
LOST_STATES = frozenset({State.REFUSED, State.EXPIRED, State.REVOKED})
# Transmitted and under way: these end with the agreement that carries them.
CARRIED_STATES = EXPIRING_STATES | TAKEN_STATES
# What the sender may take back.
CANCELLABLE = CARRIED_STATES | {State.BY_HAND}
# Something is expected from somebody; a disagreement waits for whoever referred, whatever became of the agreement.
OPEN_STATES = CANCELLABLE | {State.DISPUTED}


class Side(StrEnum):
    """Who looks at a referral: an organisation may hold several sides at once."""

    RECEIVER = "recues"
    SENDER = "envoyees"
    COORDINATOR = "reseau"

    @property
    def label(self) -> str:
        return {"recues": "Reçues", "envoyees": "Envoyées", "reseau": "Tout le réseau"}[self.value]

    @property
    def whose(self) -> str:
        return {
            "recues": "la structure qui reçoit l’orientation",
            "envoyees": "la structure qui l’a envoyée",
            "reseau": "la coordination du réseau",
        }[self.value]


# A coordinator follows and closes; the words are those of the two structures concerned.
WRITERS = frozenset({Side.RECEIVER, Side.SENDER})


def _move(
    verb: str, label: str, sources: frozenset[State], target: State, *by: Side, why: bool = False
) -> Move[State, Side]:
    return Move(verb, label, sources, target, frozenset(by), needs_reason=why)


S = State
_R, _S, _C = Side.RECEIVER, Side.SENDER, Side.COORDINATOR
MOVES: tuple[Move[State, Side], ...] = (
    _move("accept", "Accepter", EXPIRING_STATES, S.ACCEPTED, _R),
    _move("receive", "Accuser réception", frozenset({S.SENT}), S.RECEIVED, _R),
    _move("ask", "Demander une précision", WAITING_STATES, S.INFO_REQUESTED, _R, why=True),
    _move("refuse", "Refuser", EXPIRING_STATES, S.REFUSED, _R, why=True),
    _move("answer", "Apporter la précision", frozenset({S.INFO_REQUESTED}), S.RECEIVED, _S),
    _move("start", "Commencer l’accompagnement", frozenset({S.ACCEPTED}), S.IN_PROGRESS, _R),
    _move("hold", "Mettre en pause", frozenset({S.ACCEPTED, S.IN_PROGRESS}), S.ON_HOLD, _R, why=True),
    _move("resume", "Reprendre", frozenset({S.ON_HOLD}), S.IN_PROGRESS, _R),
    _move("close", "Clore", TAKEN_STATES, S.CLOSED, _R, _C, why=True),
    _move("close", "Clore", frozenset({S.BY_HAND}), S.CLOSED, _S, why=True),
    _move("redirect", "Réorienter", LOST_STATES | {S.DISPUTED, S.DROPPED}, S.REDIRECTED, _S, _C),
    _move("reopen", "Rouvrir", LOST_STATES | {S.CLOSED, S.DISPUTED, S.DROPPED}, S.SENT, _S),
    _move("drop", "Classer sans suite", LOST_STATES, S.DROPPED, _S, _C, why=True),
    _move("cancel", "Annuler l’orientation", CANCELLABLE, S.CANCELLED, _S),
    # What the household says, written by whoever asked it; through its own link, the household writes it alone.
    _move("confirm", "Noter la réponse du foyer", frozenset({S.CLOSED}), S.CLOSED, _S, _R, why=True),
    _move("dispute", "Noter le désaccord du foyer", frozenset({S.CLOSED}), S.DISPUTED, _S, _R, why=True),
    _move("miss", "Foyer non joint", frozenset({S.CLOSED}), S.CLOSED, _S, _R),
    _move("unreached", "Foyer non joint, dernier essai", frozenset({S.CLOSED}), S.CLOSED, _S, _R),
    _move("recall", "Foyer rappelé", frozenset({S.CLOSED}), S.CLOSED, _S, _R),
    _move("explain", "Expliquer et clore", frozenset({S.DISPUTED}), S.CLOSED, _S, _C, why=True),
)
# What the holder of a service's link may do by herself: the door of the wall says the same.
LINK_VERBS = ("accept", "refuse", "ask", "close")
VERBS = tuple(dict.fromkeys(move.verb for move in MOVES))
# What nobody decides: written when somebody, or the machine, next touches the referral; shown right before that.
DERIVED = {State.EXPIRED: "expire", State.REVOKED: "stop"}
# A redirection has already sent a child: cancel the child instead.
UNDOABLE = frozenset(VERBS) - {"redirect"}


def standing(state: State, *, by_hand: bool, expires_at: datetime, stopped: bool, now: datetime) -> State:
    """Where a referral truly stands: the end of its agreement first, then its time, whatever the row still says."""
    if by_hand or state not in CARRIED_STATES:
        return state
    if stopped:
        return State.REVOKED
    return State.EXPIRED if state in EXPIRING_STATES and expires_at <= now else state


def sides_of(
    organisation: object, sender: object, receiver: object, *, by_hand: bool, coordinates: bool
) -> frozenset[Side]:
    """The sides an organisation (by its id) holds. What was handed over on paper was sent to nobody. Where no
    organisation receives (None: an outside service, without an account), the sender notes what it answers her."""
    sides = set()
    if organisation == sender:
        sides.add(Side.SENDER)
    if organisation == (sender if receiver is None else receiver) and not by_hand:
        sides.add(Side.RECEIVER)
    if coordinates:
        sides.add(Side.COORDINATOR)
    return frozenset(sides)


def find_move(verb: str, state: State, sides: frozenset[Side], told: str = "") -> Move[State, Side]:
    """The move behind a verb. Raises `IllegalMove`, whose sentence says whether the state or the side forbids it;
    `told` says who brought it to this state and when."""
    for move in moves_from(MOVES, state, sides):
        if move.verb == verb:
            return move
    entitled = {side for move in MOVES if move.verb == verb and state in move.sources for side in move.by}
    if entitled:
        whose = " ou à ".join(side.whose for side in Side if side in entitled)
        raise IllegalMove(f"Cette action revient à {whose}. Rien n’a été modifié.")
    said = f" ({told})" if told else ""
    raise IllegalMove(
        f"Ce n’est plus possible : l’orientation est « {state.label.lower()} »{said}. Rien n’a été modifié."
    )


# ------------------------------------------------------------------ what happened, and taking it back


@dataclass(frozen=True)
class Step:
    """One step of a referral's history, in codes: `by` is a membership, None for what nobody decided."""

    verb: str
    state: State
    reason: str | None
    at: datetime
    by: UUID | None


@dataclass(frozen=True)
class Facts:
    """What a history leaves on the row; `closing` is the outcome before the household spoke."""

    state: State
    refusal: str | None = None
    outcome: str | None = None
    answered_at: datetime | None = None
    closed_at: datetime | None = None
    household_says: str | None = None
    household_due: str | None = None
    closing: str | None = None


ANSWERS = ("accept", "refuse")
ENDS = ("close", "cancel", "expire", "stop", "redirect", "drop")
SPEAKS = ("confirm", "dispute")
ROW_FACTS = ("refusal", "outcome", "answered_at", "closed_at", "household_says", "household_due")


def facts_of(history: Sequence[Step]) -> Facts:
    """The row's facts, told again from its steps, the oldest first. What was taken back did not happen."""
    found = Facts(history[0].state)
    for step in kept(history):
        found = after(found, step)
    return found


def after(found: Facts, step: Step) -> Facts:
    """The facts one step further."""
    if step.verb == "reopen":
        return Facts(step.state)
    told: dict[str, Any] = {"state": step.state}
    if step.verb in ANSWERS:
        told["answered_at"] = found.answered_at or step.at
    if step.verb in ENDS:
        told["closed_at"] = found.closed_at or step.at
    return replace(found, **told | _told(found, step))


def _told(found: Facts, step: Step) -> dict[str, str | None]:
    """What a step says in codes: why it was refused, what became of it, what the household says of that."""
    match step.verb:
        case "refuse":
            return {"refusal": step.reason}
        case "close":
            due = Due.ANSWER.value if step.reason in ASKED_OF else None
            return {"outcome": step.reason, "closing": step.reason, "household_says": None, "household_due": due}
        case "explain":
            outcome = LEAVES[Explanation(step.reason)] if step.reason else None
            return {"outcome": outcome, "closing": outcome, "household_due": None}
        case "confirm" | "dispute":
            said, call_back = read_code(step.reason)
            due = Due.CALL.value if call_back and step.verb == "confirm" else None
            return {
                "outcome": heard(found.closing, said),
                "household_says": said.value,
                "household_due": due,
            }
        case "unreached" | "recall" | "redirect":
            return {"household_due": None}
    return {}


def kept(history: Sequence[Step]) -> list[Step]:
    """The steps that still count: an undo takes the one before it away with itself."""
    found: list[Step] = []
    for step in history:
        if step.verb == "undo":
            found.pop()
        else:
            found.append(step)
    return found


def undone(history: Sequence[Step], by: UUID, now: datetime) -> Step | None:
    """The last step, when this membership may still take it back: it is hers, recent, and nothing came since."""
    last = history[-1] if len(history) > 1 else None
    if last is None or last.verb not in UNDOABLE or last.by != by or now - last.at > UNDO_WITHIN:
        return None
    return last
