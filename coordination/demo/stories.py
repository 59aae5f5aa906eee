"""What happens to the households of the demonstration: one literal table, dealt round and round.

Read together, the stories meet every state, refusal and outcome of a referral, every end of an agreement, every
domain of need, budgets drafted, validated and replaced, and files at every depth, from a bare name on.
"""

from dataclasses import dataclass
from enum import StrEnum

from coordination.demo.people import Shape
from coordination.referrals.household import Said
from coordination.referrals.machine import State
from coordination.referrals.rules import Domain, Dropped, Outcome, Refusal
from coordination.sharing.rules import GivenHow, Purpose, SharedPart

LATE, GIVEN_UP, SPENT = 14, 29, 62
"""Days that surely make an unanswered referral late and no more than late, given up, expired."""
ENDING = (36, 39, 43)
"""Days after which one unanswered referral at least ends within the week, whatever the public holidays."""


class Depth(StrEnum):
    """How far the file was filled when it was opened."""

    NAME = "name"
    PEOPLE = "people"
    WHOLE = "whole"


class Given(StrEnum):
    """What became of an agreement."""

    LIVE = "live"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    REFUSED = "refused"
    ABSENT = "absent"


class Draft(StrEnum):
    """How far the budget went."""

    DRAFT = "draft"
    VALIDATED = "validated"
    REPLACED = "replaced"


class Lived(StrEnum):
    """What happened to the family or to its file since."""

    BIRTH = "birth"
    DEPARTURE = "departure"
    SEPARATION = "separation"
    ASKED = "asked"
    MERGED = "merged"


@dataclass(frozen=True)
class Agreed:
    """An agreement: to which partners, which parts, and what became of it."""

    to: tuple[str, ...]
    parts: tuple[SharedPart, ...] = (SharedPart.IDENTITY, SharedPart.NEEDS)
    became: Given = Given.LIVE
    professionals: bool = False
    how: GivenHow = GivenHow.SIGNED
    purpose: Purpose = Purpose.SUPPORT


@dataclass(frozen=True)
class Heard:
    """What the household said once it was closed; `said` None: nobody answered the telephone."""

    said: Said | None
    call_back: bool = False
    by_link: bool = False


@dataclass(frozen=True)
class Sent:
    """A referral to a partner, `days` ago, and where it stands; `then` takes a refusal over, `dropped` says why not."""

    to: str
    days: int
    state: State = State.SENT
    refusal: Refusal | None = None
    outcome: Outcome | None = None
    by_coordinator: bool = False
    then: str = ""
    dropped: Dropped | None = None
    heard: Heard | None = None


@dataclass(frozen=True)
class Wanted:
    """A need and its referrals; none: it is noted only."""

    domain: Domain
    sent: tuple[Sent, ...] = ()


@dataclass(frozen=True)
class Story:
    """What a household lived through; `days` ago the file was opened, by the partner `holder`."""

    days: int
    holder: str = "ccas"
    depth: Depth = Depth.WHOLE
    agreed: tuple[Agreed, ...] = ()
    budget: Draft | None = None
    wanted: tuple[Wanted, ...] = ()
    couple: bool = False
    shape: Shape | None = None
    joined: bool = False
    protected: bool = False
    lived: Lived | None = None


D, P = Domain, SharedPart
EVERYBODY = ("secours", "action", "epicerie")
WHOLE = (P.IDENTITY, P.BUDGET, P.NEEDS)
SENSITIVE = (*WHOLE, P.SENSITIVE)


def refused(to: str, days: int, why: Refusal, dropped: Dropped | None = None) -> Sent:
    return Sent(to, days, State.DROPPED if dropped else State.REFUSED, refusal=why, dropped=dropped)


def closed(to: str, days: int, what: Outcome, *, by_coordinator: bool = False, heard: Heard | None = None) -> Sent:
    return Sent(to, days, State.CLOSED, outcome=what, by_coordinator=by_coordinator, heard=heard)


def redirected(to: str, days: int, then: str) -> Sent:
    return Sent(to, days, State.REDIRECTED, refusal=Refusal.CAPACITY, then=then)


def by_hand(to: str, days: int) -> Sent:
    return Sent(to, days, State.BY_HAND)


STORIES: tuple[Story, ...] = (
    # Files that have only just begun.
    Story(1, depth=Depth.NAME),
    Story(3, "secours", depth=Depth.PEOPLE),
    Story(2, "epicerie"),
    Story(4, wanted=(Wanted(D.FOOD),), protected=True),
    Story(2, budget=Draft.DRAFT),
    Story(6, "secours", budget=Draft.DRAFT, wanted=(Wanted(D.DIGITAL),)),
    # The main road: agreement, budget, referrals to partners.
    Story(
        3,
        agreed=(Agreed(EVERYBODY, WHOLE),),
        budget=Draft.VALIDATED,
        wanted=(Wanted(D.FOOD, (Sent("epicerie", 2), Sent("secours", 2))),),
    ),
    Story(
        20,
        agreed=(Agreed(("epicerie", "secours"), WHOLE, how=GivenHow.ORAL),),
        budget=Draft.VALIDATED,
        wanted=(Wanted(D.FOOD, (Sent("epicerie", LATE + 2),)), Wanted(D.BUDGET)),
    ),
    Story(
        31,
        lived=Lived.ASKED,
        agreed=(Agreed(("secours",)),),
        budget=Draft.VALIDATED,
        wanted=(Wanted(D.HOUSING, (Sent("secours", LATE + 9),)),),
    ),
    Story(
        18,
        agreed=(Agreed(("action", "mission")),),
        budget=Draft.VALIDATED,
        wanted=(Wanted(D.SOCIAL, (Sent("action", LATE),)), Wanted(D.JOB, (Sent("mission", 3),))),
    ),
    Story(
        26,
        agreed=(Agreed(("epicerie",), WHOLE, purpose=Purpose.FOOD_AID), Agreed(("justice",))),
        budget=Draft.VALIDATED,
        wanted=(
            Wanted(D.FOOD, (Sent("epicerie", 15, State.ACCEPTED),)),
            Wanted(D.RIGHTS, (Sent("justice", LATE + 10),)),
        ),
    ),
    Story(
        40,
        lived=Lived.BIRTH,
        agreed=(Agreed(("secours", "action", "mission")),),
        budget=Draft.VALIDATED,
        wanted=(
            Wanted(D.FAMILY, (Sent("secours", 21, State.ACCEPTED), Sent("action", 21, State.ACCEPTED))),
            Wanted(D.TRAINING, (Sent("mission", 20, State.ACCEPTED),)),
        ),
    ),
    # One need sent to three partners at once.
    Story(
        25,
        agreed=(Agreed(EVERYBODY),),
        budget=Draft.VALIDATED,
        wanted=(
            Wanted(
                D.ENERGY,
                (Sent("secours", 5), Sent("epicerie", 5, State.ACCEPTED), refused("action", 5, Refusal.CRITERIA)),
            ),
        ),
    ),
    # Refusals, each with its reason.
    Story(
        44,
        agreed=(Agreed(EVERYBODY),),
        budget=Draft.VALIDATED,
        wanted=(
            Wanted(D.FOOD, (refused("epicerie", 30, Refusal.CAPACITY), refused("secours", 30, Refusal.TERRITORY))),
        ),
    ),
    Story(
        37,
        agreed=(Agreed(("secours", "epicerie"), WHOLE),),
        budget=Draft.VALIDATED,
        wanted=(
            Wanted(D.MOBILITY, (refused("secours", 24, Refusal.KNOWN),)),
            Wanted(D.FOOD, (refused("epicerie", 24, Refusal.INCOMPLETE),)),
        ),
    ),
    Story(
        52,
        agreed=(Agreed(("action", "justice")),),
        budget=Draft.VALIDATED,
        wanted=(Wanted(D.FRENCH, (refused("action", 33, Refusal.OTHER), refused("justice", 30, Refusal.CRITERIA))),),
    ),
    Story(
        58,
        agreed=(Agreed(EVERYBODY),),
        budget=Draft.VALIDATED,
        wanted=(
            Wanted(D.JOB, (redirected("action", 30, "secours"),)),
            Wanted(D.RIGHTS, (redirected("secours", 21, "epicerie"),)),
            Wanted(D.MOBILITY, (refused("epicerie", 26, Refusal.CRITERIA, Dropped.ELSEWHERE),)),
        ),
    ),
    # Each step on the way to an answer, and after it.
    Story(
        13,
        agreed=(Agreed((*EVERYBODY, "justice")),),
        budget=Draft.VALIDATED,
        wanted=(
            Wanted(D.RIGHTS, (Sent("justice", 5, State.INFO_REQUESTED),)),
            Wanted(D.DIGITAL, (Sent("secours", 5, State.RECEIVED),)),
            Wanted(D.MOBILITY, (Sent("action", 6, State.INFO_REQUESTED),)),
            Wanted(D.SOCIAL, (Sent("epicerie", 9, State.IN_PROGRESS),)),
            Wanted(D.FRENCH, (Sent("action", 8, State.ON_HOLD),)),
        ),
    ),
    # Silences: somebody must call, soon nobody can, nobody did.
    Story(34, agreed=(Agreed(("secours",)),), wanted=(Wanted(D.JOB, (Sent("secours", GIVEN_UP),)),)),
    Story(
        47,
        agreed=(Agreed(EVERYBODY),),
        budget=Draft.VALIDATED,
        wanted=(
            Wanted(D.HOUSING, (Sent("secours", ENDING[0]),)),
            Wanted(D.BUDGET, (Sent("action", ENDING[1]),)),
            Wanted(D.ENERGY, (Sent("epicerie", ENDING[2]),)),
        ),
    ),
    Story(70, agreed=(Agreed(("action",)),), wanted=(Wanted(D.TRAINING, (Sent("action", SPENT),)),)),
    # What became of those that were taken.
    Story(
        75,
        agreed=(Agreed((*EVERYBODY, "mission"), WHOLE),),
        budget=Draft.REPLACED,
        wanted=(
            Wanted(D.FOOD, (closed("epicerie", 60, Outcome.GOT_HELP, heard=Heard(Said.NO, by_link=True)),)),
            Wanted(D.JOB, (closed("mission", 55, Outcome.GOT_HELP),)),
        ),
    ),
    Story(
        82,
        agreed=(Agreed(("secours",)),),
        budget=Draft.VALIDATED,
        wanted=(
            Wanted(D.ENERGY, (closed("secours", 55, Outcome.PARTIAL, heard=Heard(Said.PARTLY, call_back=True)),)),
            Wanted(D.JOB),
        ),
    ),
    Story(
        66,
        agreed=(Agreed(("secours", "action")),),
        budget=Draft.VALIDATED,
        wanted=(
            Wanted(D.JOB, (closed("action", 48, Outcome.NO_HELP, heard=Heard(None)),)),
            Wanted(D.TRAINING, (closed("secours", 48, Outcome.NO_SHOW),)),
        ),
    ),
    Story(
        90,
        agreed=(Agreed(("epicerie", "action")),),
        budget=Draft.VALIDATED,
        wanted=(
            Wanted(D.FOOD, (closed("epicerie", 70, Outcome.NOT_REACHABLE, by_coordinator=True),)),
            Wanted(D.OTHER, (closed("action", 64, Outcome.WITHDRAWN, heard=Heard(Said.DECLINED)),)),
        ),
    ),
    Story(
        29,
        agreed=(Agreed(("secours",)),),
        budget=Draft.VALIDATED,
        wanted=(Wanted(D.RIGHTS, (Sent("secours", 19, State.CANCELLED),)),),
    ),
    # Without an agreement: the paper is given to the person and nothing is transmitted.
    Story(
        9,
        lived=Lived.MERGED,
        budget=Draft.VALIDATED,
        wanted=(Wanted(D.FOOD, (by_hand("secours", 6), by_hand("epicerie", 6), by_hand("jour", 6))),),
    ),
    Story(35, "secours", wanted=(Wanted(D.RIGHTS, (closed("ccas", 22, Outcome.GOT_HELP),)),)),
    # Agreements that ended, were refused or await somebody.
    Story(
        160,
        agreed=(Agreed(EVERYBODY, WHOLE, Given.EXPIRED),),
        budget=Draft.REPLACED,
        wanted=(Wanted(D.HOUSING, (by_hand("action", 14),)),),
    ),
    Story(
        58,
        agreed=(Agreed(("secours", "epicerie"), WHOLE, Given.WITHDRAWN),),
        budget=Draft.VALIDATED,
        wanted=(Wanted(D.HOUSING, (Sent("secours", 16), Sent("epicerie", 45, State.ACCEPTED))),),
    ),
    Story(
        12,
        couple=True,
        lived=Lived.SEPARATION,
        agreed=(Agreed(("secours",), became=Given.REFUSED),),
        budget=Draft.VALIDATED,
        wanted=(Wanted(D.BUDGET, (by_hand("secours", 8),)),),
    ),
    Story(
        15,
        couple=True,
        joined=True,
        agreed=(Agreed(("epicerie",), WHOLE, Given.ABSENT),),
        budget=Draft.VALIDATED,
        wanted=(Wanted(D.FOOD, (Sent("epicerie", 4),)),),
    ),
    Story(
        120,
        lived=Lived.DEPARTURE,
        agreed=(Agreed(("action",), became=Given.WITHDRAWN), Agreed(("secours",), how=GivenHow.ORAL)),
        budget=Draft.REPLACED,
        wanted=(Wanted(D.MOBILITY, (Sent("secours", 7, State.ACCEPTED),)),),
    ),
    # Facts that touch health or violence: professionals only, and folded for everybody else.
    Story(
        23,
        agreed=(Agreed(("epicerie",), SENSITIVE, professionals=True),),
        budget=Draft.VALIDATED,
        wanted=(Wanted(D.HEALTH, (Sent("epicerie", 11, State.ACCEPTED),)),),
    ),
    Story(11, wanted=(Wanted(D.VIOLENCE), Wanted(D.HEALTH, (by_hand("secours", 10),)))),
    Story(17, "secours", shape=Shape.ALONE, agreed=(Agreed(("ccas",), SENSITIVE),), wanted=(Wanted(D.HEALTH),)),
    # A minor alone, for whom a representative agreed.
    Story(
        10,
        shape=Shape.MINOR_ALONE,
        agreed=(Agreed(("secours",), how=GivenHow.REPRESENTATIVE),),
        budget=Draft.VALIDATED,
        wanted=(Wanted(D.FOOD, (Sent("secours", 3, State.ACCEPTED),)),),
    ),
    # Files held by the partners, shared with the CCAS and with one another.
    Story(
        48,
        "epicerie",
        agreed=(Agreed(("ccas", "secours"), WHOLE),),
        budget=Draft.REPLACED,
        wanted=(Wanted(D.RIGHTS, (Sent("ccas", 28, State.ACCEPTED),)), Wanted(D.SOCIAL, (Sent("secours", 3),))),
    ),
    Story(
        21,
        "secours",
        agreed=(Agreed(("ccas",)),),
        budget=Draft.VALIDATED,
        wanted=(Wanted(D.HOUSING, (Sent("ccas", LATE + 1),)), Wanted(D.ENERGY, (Sent("ccas", 4),))),
    ),
    Story(
        33,
        "secours",
        joined=True,
        agreed=(Agreed(("ccas", "epicerie"), WHOLE, how=GivenHow.ORAL),),
        budget=Draft.VALIDATED,
        wanted=(Wanted(D.FOOD, (refused("epicerie", 20, Refusal.CRITERIA),)),),
    ),
)

NEIGHBOURS: tuple[Story, ...] = (
    Story(2, "voisin", depth=Depth.NAME),
    Story(16, "voisin", budget=Draft.VALIDATED, wanted=(Wanted(D.FOOD),)),
    Story(45, "voisin", budget=Draft.REPLACED, wanted=(Wanted(D.HOUSING), Wanted(D.JOB))),
    Story(8, "voisin", budget=Draft.DRAFT),
)
