"""What there is to check in a budget, asked once whatever the barème: missing usual lines, lines in doubt. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from coordination.budgets.answers import Answer
from coordination.budgets.result import NoticeCode

MISSING = frozenset(
    {
        NoticeCode.MISSING_RENT,
        NoticeCode.MISSING_OWNER_COST,
        NoticeCode.MISSING_ENERGY,
        NoticeCode.MISSING_FAMILY_BENEFITS,
        NoticeCode.MISSING_SUPPORT,
        NoticeCode.NO_RESOURCE,
    }
)


@dataclass(frozen=True)
class Questions:
    """Sentences for the worker."""

    missing: list[str]
    doubts: list[str]


def questions_of(answers: Iterable[Answer]) -> Questions:
    """Every question these answers raise, once each, in the order they come."""
    notices = [notice for answer in answers if answer.result for notice in answer.result.notices]
    missing = dict.fromkeys(notice.says for notice in notices if notice.code in MISSING)
    return Questions(list(missing), [says for says in dict.fromkeys(n.says for n in notices) if says not in missing])
