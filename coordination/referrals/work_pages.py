"""Pages of the work on the queue: many lines at once, who follows what, views one keeps."""

from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from coordination.identity.permissions import Permission
from coordination.kit.errors import NotNow
from coordination.kit.forms import read
from coordination.kit.web import Submitted, Walled, go, needs, page
from coordination.referrals import bulk, following
from coordination.referrals.forms import GiveForm, KeepForm, ManyForm

router = APIRouter(prefix="/orientations")
ANSWERS, READS = [needs(Permission.ANSWER_REFERRALS)], [needs(Permission.READ_REFERRALS)]


@router.post("/lot", dependencies=ANSWERS)
def many(request: Request, session: Walled, data: Submitted) -> Response:
    """The same deed on every ticked line, and what became of each."""
    asked, form = read(ManyForm, data, lists=["lines"])
    if asked is None:
        return _report(request, [], form.errors[0][1], form.value("query"), 422)
    chosen = [bulk.Chosen(UUID(key), int(version)) for key, _, version in (one.partition(":") for one in asked.lines)]
    try:
        done = bulk.do_many(session, asked.deed, chosen, asked.why, asked.to)
    except NotNow as refused:
        return _report(request, [], refused.sentence, asked.query, 422)
    return _report(request, done, "", asked.query, 200, asked.deed.label)


def _report(
    request: Request, done: list[bulk.Done], refused: str, query: str, status: int, label: str = ""
) -> Response:
    back = "/orientations" + (f"?{query}" if query else "")
    title = f"{label} : {len(done)} ligne{'s' * (len(done) > 1)}" if done else "Plusieurs orientations à la fois"
    return page(request, "referrals/many.html", title=title, status=status, done=done, refused=refused, back_href=back)


# ------------------------------------------------------------------ who follows


@router.post("/{referral_id}/confier", dependencies=ANSWERS)
def give(request: Request, session: Walled, data: Submitted, referral_id: UUID) -> Response:
    """Gives a referral to a colleague, or to nobody; 409 when another colleague was quicker, saying who."""
    asked, form = read(GiveForm, data)
    try:
        if asked is None:
            raise following.NoColleague(form.errors[0][1])
        following.give(session, referral_id, asked.to, asked.seen)
    except NotNow as refused:
        session.rollback()
        status = 422 if asked is None else refused.status
        return page(
            request,
            "referrals/many.html",
            title=refused.title,
            status=status,
            done=[],
            refused=refused.sentence,
            back_href=f"/orientations/{referral_id}",
        )
    return go(request, f"/orientations/{referral_id}", "Enregistré : vos collègues voient qui suit cette orientation.")


# ------------------------------------------------------------------ views one keeps


@router.post("/vues", dependencies=READS)
def keep(request: Request, session: Walled, data: Submitted) -> Response:
    """Keeps this view under a name."""
    asked, form = read(KeepForm, data)
    if asked is None:
        return _report(request, [], form.errors[0][1], "", 422)
    try:
        following.keep_view(session, asked.name, asked.query)
    except NotNow as refused:
        return _report(request, [], refused.sentence, asked.query, refused.status)
    return go(request, f"/orientations?{asked.query}", f"Vue « {asked.name} » gardée : vous seul·e la voyez.")


@router.post("/vues/{view_id}/retirer", dependencies=READS)
def drop(request: Request, session: Walled, view_id: UUID) -> Response:
    """Forgets a view."""
    following.drop_view(session, view_id)
    return go(request, "/orientations", "Vue retirée.")
