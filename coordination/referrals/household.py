"""What a household says of a closed referral: its answers, when it disagrees, what stands then, what is due. Pure.

Outcomes are read by their code: their words stand with the rules, above.
"""

from datetime import datetime, timedelta
from enum import StrEnum

GOT_HELP, PARTIAL, NO_HELP, WITHDRAWN = "got_help", "partial", "no_help", "withdrawn"
# Nobody runs after a household that gave up, could not be reached or did not come; its answer is taken if it gives one.
ASKED_OF = frozenset({GOT_HELP, PARTIAL, NO_HELP})
CALL_BACK = "_call"


class Said(StrEnum):
    """Whether it obtained the help it was referred for."""

    YES = "yes"
    PARTLY = "partly"
    NO = "no"
    DECLINED = "declined"

    @property
    def label(self) -> str:
        return {"yes": "Oui", "partly": "En partie", "no": "Non", "declined": "Ne souhaite pas répondre"}[self.value]


class Due(StrEnum):
    """What the sender still owes the household once its referral is closed."""

    ANSWER = "answer"
    CALL = "call"

    @property
    def label(self) -> str:
        return {"answer": "À confirmer auprès du foyer", "call": "Le foyer souhaite être rappelé"}[self.value]


class Explanation(StrEnum):
    """How a disagreement ends when nothing is sent again."""

    SINCE = "aide_depuis"
    AGREED = "apres_echange"
    PART = "partie_possible"
    IMPOSSIBLE = "impossible"
    GIVEN_UP = "renonce"

    @property
    def label(self) -> str:
        return {
            "aide_depuis": "L’aide a été apportée depuis",
            "apres_echange": "Après échange, le foyer confirme l’aide reçue",
            "partie_possible": "Une partie seulement de l’aide était possible : cela lui a été expliqué",
            "impossible": "Cette aide n’est pas possible : cela lui a été expliqué",
            "renonce": "Le foyer ne souhaite plus cette aide",
        }[self.value]


# What an explanation leaves as the outcome.
LEAVES = {
    Explanation.SINCE: GOT_HELP,
    Explanation.AGREED: GOT_HELP,
    Explanation.PART: PARTIAL,
    Explanation.IMPOSSIBLE: NO_HELP,
    Explanation.GIVEN_UP: WITHDRAWN,
}


def disagrees(outcome: str | None, said: Said) -> bool:
    """Whether the household obtained less than its partner says. The door of the link asks the same of its rows."""
    return (outcome == GOT_HELP and said in (Said.PARTLY, Said.NO)) or (outcome == PARTIAL and said is Said.NO)


def heard(outcome: str | None, said: Said) -> str | None:
    """The outcome that stands after this answer: what the household obtained is its own to say. A disagreement leaves
    the partner's word until somebody explains it."""
    if disagrees(outcome, said):
        return outcome
    return {Said.YES: GOT_HELP, Said.PARTLY: PARTIAL}.get(said, outcome)


def code_of(said: Said, *, call_back: bool) -> str:
    """The answer and the wish to be called back, as the timeline keeps them."""
    return said.value + CALL_BACK * call_back


def read_code(code: str | None) -> tuple[Said, bool]:
    """The way back from `code_of`."""
    code = code or ""
    return Said(code.removesuffix(CALL_BACK)), code.endswith(CALL_BACK)


def code_label(code: str) -> str:
    """An answer of the timeline in French; empty for what is none."""
    if code.removesuffix(CALL_BACK) not in set(Said):
        return ""
    said, call_back = read_code(code)
    return f"« {said.label} »" + (" ; souhaite être rappelé" if call_back else "")


def due_now(
    due: str | None, ask_from: datetime | None, closed_at: datetime | None, now: datetime, within: timedelta
) -> str:
    """What is due at this moment, empty for nothing: one does not ask again at once, nor for ever."""
    if due == Due.ANSWER:
        waited = ask_from is not None and ask_from <= now
        return due if waited and closed_at is not None and closed_at > now - within else ""
    return due or ""
