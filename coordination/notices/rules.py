"""What a notice says, to whom, and when a referral's silence calls for one. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from uuid import UUID

from coordination.kit.clock import PARIS

FROM_HOUR = 8
"""A reminder of tomorrow's appointment is told from this hour on, not at midnight."""


class To(StrEnum):
    """Who is told: whoever answers at the receiver's, who sent it, or the coordinators of the network."""

    RECEIVER = "receiver"
    SENDER = "sender"
    COORDINATORS = "coordinators"


class Step(StrEnum):
    """What happened to a referral, or did not; to a protected file, or to the rights of an account."""

    SENT = "sent"
    MOVED = "moved"
    STEPPED_IN = "stepped_in"
    MESSAGE = "message"
    REMINDER = "reminder"
    ABANDON = "abandon"
    GLASS = "glass"
    OWN_RIGHTS = "own_rights"
    NETWORK_ROLE = "network_role"
    DATE_ASKED = "date_asked"
    DATE = "date"
    MISSED = "missed"
    TOMORROW = "tomorrow"
    DISPUTED = "disputed"
    CALL = "call"

    @property
    def label(self) -> str:
        """One line, without any name."""
        return LABELS[self]


LABELS = {
    Step.SENT: "Une nouvelle orientation attend votre réponse",
    Step.MOVED: "Une de vos orientations a avancé",
    Step.STEPPED_IN: "Quelqu’un d’autre a classé, réorienté, annulé ou repris une de vos orientations",
    Step.MESSAGE: "Un nouveau message sur une orientation",
    Step.REMINDER: "Une orientation attend votre réponse : le délai est passé",
    Step.GLASS: "Un dossier protégé a été ouvert en urgence",
    Step.OWN_RIGHTS: "Un compte d’administration a élargi ses propres droits",
    Step.NETWORK_ROLE: "Un rôle qui vaut dans tout le réseau a été confié à un compte",
    Step.ABANDON: "Une orientation risque d’être abandonnée, faute de réponse",
    Step.DATE_ASKED: "Une date de rendez-vous vous est proposée",
    Step.DATE: "Un rendez-vous a été fixé, confirmé, décliné ou annulé",
    Step.MISSED: "Une personne n’est pas venue à son rendez-vous",
    Step.TOMORROW: "Vous recevez une personne demain, sur rendez-vous",
    Step.DISPUTED: "Un foyer n’est pas d’accord avec la clôture d’une orientation",
    Step.CALL: "Un foyer souhaite être rappelé au sujet d’une orientation",
}

# Moves that have their own step; those of `SILENT` are no news.
EVENT_STEPS: dict[str, tuple[tuple[Step, To], ...]] = {
    "send": ((Step.SENT, To.RECEIVER),),
    "reopen": ((Step.SENT, To.RECEIVER),),
    "cancel": ((Step.MOVED, To.RECEIVER),),
    "answer": ((Step.MOVED, To.RECEIVER),),
    "dispute": tuple((Step.DISPUTED, to) for to in To),
    "explain": ((Step.MOVED, To.RECEIVER),),
    "confirm_call": ((Step.CALL, To.SENDER),),
}
MOVED = ((Step.MOVED, To.SENDER),)
# What is hers to do: when a coordinator or a colleague does it, whoever sent the referral is told.
HERS = frozenset({"answer", "cancel", "reopen", "drop", "redirect", "explain"})
SILENT = frozenset(
    {"by_hand", "receive", "undo", "redirect", "drop", "assign", "read", "confirm", "miss", "unreached", "recall"}
)


class When(StrEnum):
    """How a member wants her mail."""

    IMMEDIATE = "immediate"
    DAILY = "daily"
    NONE = "none"

    @property
    def label(self) -> str:
        return {
            "immediate": "Tout de suite",
            "daily": "Une fois par jour, le matin",
            "none": "Jamais : seulement dans l’application",
        }[self.value]

    @classmethod
    def options(cls) -> list[tuple[str, str]]:
        return [(when.value, when.label) for when in cls]


@dataclass(frozen=True)
class Watched:
    """A referral nobody answered yet: when that became late, when the household may give up."""

    id: UUID
    late_at: datetime
    risk_at: datetime


@dataclass(frozen=True)
class Told:
    """One thing to tell about one referral; `about` is the moment it speaks of, which makes it tell once."""

    referral_id: UUID
    step: Step
    to: To
    about: datetime


def of_event(verb: str, *, by_receiver: bool, by_sender: bool) -> tuple[tuple[Step, To], ...]:
    """What a move of the timeline tells, and to whom; nothing when it is no news. Words go to the other side; whoever
    sent the referral is not told what she did herself."""
    if verb == "message":
        return ((Step.MESSAGE, To.SENDER if by_receiver else To.RECEIVER),)
    news = () if verb in SILENT else EVENT_STEPS.get(verb, MOVED)
    if verb in HERS:
        news = (*news, (Step.STEPPED_IN, To.SENDER))
    if verb == "close" and not by_receiver and not by_sender:  # a coordinator, while the partner works on it
        news = (*news, (Step.MOVED, To.RECEIVER))
    return tuple((step, to) for step, to in news if not (by_sender and to is To.SENDER))


def of_silence(watched: Watched, now: datetime) -> Iterator[Told]:
    """What the silence of a receiver calls for, when its basket changes: a reminder, then the coordinators and the
    sender too."""
    if now >= watched.late_at:
        yield Told(watched.id, Step.REMINDER, To.RECEIVER, watched.late_at)
    if now >= watched.risk_at:
        for to in (To.RECEIVER, To.SENDER, To.COORDINATORS):
            yield Told(watched.id, Step.ABANDON, to, watched.risk_at)


def of_date(verb: str, *, by_receiver: bool) -> tuple[Step, To] | None:
    """What becomes of an appointment is told to the other side; that she came, or who receives her, is no news."""
    if verb in ("keep", "give"):
        return None
    step = DATE_STEPS.get(verb, Step.DATE)
    return step, To.SENDER if by_receiver else To.RECEIVER


DATE_STEPS = {"propose": Step.DATE_ASKED, "other_date": Step.DATE_ASKED, "miss": Step.MISSED}


def tomorrow_of(now: datetime) -> tuple[datetime, datetime] | None:
    """The first and last moments of tomorrow in Paris, once the morning has come."""
    there = now.astimezone(PARIS)
    if there.hour < FROM_HOUR:
        return None
    start, end = (datetime.combine(there.date() + timedelta(days=n), time(), PARIS) for n in (1, 2))
    return start, end


def subject_of(steps: dict[Step, int]) -> str:
    """The subject of a mail that tells these things, without any name."""
    if sum(steps.values()) == 1:
        return next(iter(steps)).label
    return f"{sum(steps.values())} nouvelles de vos orientations"


def words_of(steps: dict[Step, int], base_url: str, organisation: str) -> str:
    """The mail itself: counts and one address, no person, no household, no need."""
    lines = [f"- {step.label}" + (f" ({count} fois)" if count > 1 else "") for step, count in sorted(steps.items())]
    return "\n".join(
        [
            "Bonjour,",
            "",
            f"Pour {organisation} :",
            *lines,
            "",
            f"À lire ici : {base_url}/avis",
            "",
            f"Ce courriel ne nomme personne. Pour en recevoir moins, ou plus du tout : {base_url}/avis/reglages",
        ]
    )
