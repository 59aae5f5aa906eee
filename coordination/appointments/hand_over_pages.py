"""Page of a hand-over: the referrals a colleague follows and the dates she receives on, to another, in one act."""

from collections import Counter
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from coordination.appointments import queries, service
from coordination.appointments.forms import PassForm
from coordination.identity import queries as identity
from coordination.identity.permissions import Permission
from coordination.kit.db import ActorSession
from coordination.kit.forms import FormState, read
from coordination.kit.text import counted
from coordination.kit.web import Submitted, Walled, carry_out, go, needs, page
from coordination.referrals import following

router = APIRouter(prefix="/orientations/passer")
ANSWERS = [needs(Permission.ANSWER_REFERRALS)]


@router.get("", dependencies=ANSWERS)
def hand_over(request: Request, session: Walled, de: Annotated[str, Query(max_length=40)] = "") -> Response:
    """Whose referrals and dates, to whom."""
    return _page(request, session, FormState.of({"from_whom": de}))


def _page(request: Request, session: ActorSession, form: FormState, status: int = 200) -> Response:
    followed, dates = following.loads(session), Counter(m.row.held_by for m in queries.dates_held(session))
    people = {key for key in (*followed, *dates) if key is not None}
    names = identity.member_names(session, people)
    told = {key: _told(followed.get(key, 0), dates[key]) for key in people}
    loaded = [(str(key), f"{names.get(key, 'Un collègue')} ({words})") for key, words in told.items()]
    return page(
        request,
        "appointments/hand_over.html",
        title="Passer les orientations à un collègue",
        status=status,
        form=form,
        loaded=sorted(loaded, key=lambda one: one[1]),
        colleagues=[(str(key), name) for key, name in following.colleagues(session)],
    )


def _told(referrals: int, dates: int) -> str:
    return counted((referrals, "orientation"), (dates, "rendez-vous"))


@router.post("", dependencies=ANSWERS)
def do_hand_over(request: Request, session: Walled, data: Submitted) -> Response:
    """Passes everything on, and says which dates fall together."""

    def deed(asked: PassForm) -> Response:
        done = service.pass_on(session, asked.from_whom, asked.to_whom)
        to = dict(following.colleagues(session))[asked.to_whom]
        said = f"Passé à {to} : {_told(done.referrals, done.dates)}."
        if done.together:
            said += f" À vérifier : {done.together} rendez-vous en même temps qu’un des siens."
        return go(request, "/orientations/passer", said, "warning" if done.together else "success")

    def again(form: FormState, status: int) -> Response:
        return _page(request, session, form, status)

    return carry_out(session, read(PassForm, data), deed, again)
