"""A state machine is a table: which move leads from which states to which, and who may make it."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, Self, TypeVar

from coordination.kit.errors import NotNow

S = TypeVar("S", bound=StrEnum)
W = TypeVar("W", bound=StrEnum)


class Worded(StrEnum):
    """A code with its French words and the tone of its tag, said once: `SENT = "sent", "Envoyée", "info"`."""

    _value_: str
    label: str
    tone: str

    def __new__(cls, code: str, label: str = "", tone: str = "neutral") -> Self:
        one = str.__new__(cls, code)
        one._value_ = code
        one.label, one.tone = label, tone
        return one


@dataclass(frozen=True)
class Move(Generic[S, W]):
    """One allowed move: its verb, its French button, the states it leaves, the one it reaches, whose it is."""

    verb: str
    label: str
    sources: frozenset[S]
    target: S
    by: frozenset[W]
    needs_reason: bool = False


class IllegalMove(NotNow):
    """Cette action n’est pas possible dans l’état actuel de l’orientation."""


def moves_from(table: Iterable[Move[S, W]], state: S, sides: frozenset[W]) -> list[Move[S, W]]:
    """The moves that are open now, in table order: what buttons to show."""
    return [move for move in table if state in move.sources and move.by & sides]


def find_move(table: Iterable[Move[S, W]], verb: str, state: S, sides: frozenset[W]) -> Move[S, W]:
    """The move behind a verb, or `IllegalMove` when the state or the side forbids it."""
    for move in moves_from(table, state, sides):
        if move.verb == verb:
            return move
    raise IllegalMove
