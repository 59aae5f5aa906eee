"""The home page of each role: what waits today; and the pages of help and privacy."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from coordination.appointments import queries as appointments
from coordination.budgets import queries as budgets
from coordination.casework import queries as casework
from coordination.households import protection
from coordination.households import queries as households
from coordination.identity.permissions import Permission
from coordination.kit.actor import may
from coordination.kit.clock import today
from coordination.kit.web import Acting, Walled, needs, page
from coordination.notices import queries as notices
from coordination.referrals import queue as referrals
from coordination.referrals.baskets import AT_REST
from coordination.referrals.machine import Side
from coordination.referrals.queue import BasketCount
from coordination.sharing import queries as sharing
from coordination.sharing.rules import NOTICE_VERSION

router = APIRouter()
RECENT = 8


@router.get("/", dependencies=[needs(None)])
def home(request: Request, session: Walled, member: Acting) -> Response:
    """Today's work, by what one's roles open: baskets, recent files, drafts of budgets."""
    reads_files = may(member, Permission.SEARCH_FILES)
    agrees = may(member, Permission.RECORD_AGREEMENTS)
    return page(
        request,
        "desk/home.html",
        title="Aujourd’hui",
        Side=Side,
        today=referrals.today(session) if may(member, Permission.READ_REFERRALS) else None,
        meetings=appointments.desk(session, today()) if may(member, Permission.READ_REFERRALS) else None,
        held=households.my_files(session, held=True, size=RECENT) if reads_files else [],
        shared=households.my_files(session, held=False, size=RECENT) if reads_files else [],
        counts={
            side: households.counted(households.count_files(session, held=side == "held"))
            for side in ("held", "shared")
        }
        if reads_files
        else None,
        drafts=budgets.my_drafts(session) if may(member, Permission.WRITE_BUDGETS) else [],
        due=casework.my_due_tasks(session) if may(member, Permission.WRITE_CASEWORK) else [],
        requests=sharing.requests_waiting(session) if agrees else [],
        ending=sharing.ending_soon(session) if agrees else [],
        to_review=len(sharing.to_review(session)) if agrees else 0,
        glasses=protection.broken_glass(session, unseen=True) if may(member, Permission.READ_JOURNAL) else [],
        unread=notices.count_unread(session),
        mail_waiting=notices.mail_waiting(session) if may(member, Permission.MANAGE_ACCOUNTS) else 0,
        typed="",
        baskets_of=_baskets,
    )


def _baskets(counts: list[BasketCount], side: Side) -> list[dict[str, object]]:
    """A side's baskets as the macro draws them, each leading to its list."""
    return [
        {
            "href": f"/orientations?cote={side.value}&bannette={line.basket.key}",
            "label": line.basket.label,
            "count": line.count,
            "shown": line.label,
            "current": False,
            "tone": line.basket.tone if line.count else "",
            "rests": line.basket.key in AT_REST or not line.count,
        }
        for line in counts
    ]


@router.get("/aide")
def help_page(request: Request) -> Response:
    """How to work with the application, and its accessibility."""
    return page(request, "desk/help.html", title="Aide et accessibilité")


@router.get("/confidentialite")
def privacy(request: Request) -> Response:
    """What is kept about people, and their rights, in plain words."""
    title, paragraphs = sharing.notice(NOTICE_VERSION)
    return page(request, "desk/privacy.html", title="Confidentialité", notice_title=title, notice=paragraphs)
