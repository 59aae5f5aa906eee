"""Pages of the work on the queue: many lines at once, who follows what, views one keeps."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from coordination.identity.permissions import Permission
from coordination.kit.errors import NotNow
from coordination.kit.forms import FormState, read
from coordination.kit.web import Submitted, Walled, go, needs, page
from coordination.referrals import bulk, following
from coordination.referrals.forms import GiveForm, KeepForm, ManyForm
from coordination.referrals.machine import Side

router = APIRouter(prefix="/orientations")
TO_CHOOSE = {
    "lines": "Cochez d’abord au moins une ligne.",
    "deed": "Choisissez ce qu’il faut faire des lignes cochées.",
}
ANSWERS, READS = [needs(Permission.ANSWER_REFERRALS)], [needs(Permission.READ_REFERRALS)]


@router.post("/lot", dependencies=ANSWERS)
def many(request: Request, session: Walled, data: Submitted) -> Response:
    """The same deed on every ticked line, and what became of each."""
    asked, form = read(ManyForm, data, lists=["lines"])
    if asked is None:
        said = next((TO_CHOOSE[name] for name, _ in form.errors if name in TO_CHOOSE), form.errors[0][1])
        return _chosen_again(request, session, form, said)
    chosen = [bulk.Chosen(UUID(key), int(version)) for key, _, version in (one.partition(":") for one in asked.lines)]
    try:
        done = bulk.do_many(session, asked.deed, chosen, asked.why, asked.to)
    except NotNow as refused:
        return _chosen_again(request, session, form, refused.sentence)
    return _report(request, done, "", asked.query, 200, asked.deed.label)


def _chosen_again(request: Request, session: Walled, form: FormState, said: str) -> Response:
    """What is missing, to choose without ticking every line again."""
    query = form.value("query")
    side = next((side for side in Side if side.value in parse_qs(query).get("cote", [])), Side.RECEIVER)
    offered: dict[str, Any] = {"form": form, "query": query, **bulk.offered(session, side)}
    return _report(request, [], said, query, 422, lines=form.values("lines"), **offered)


def _report(
    request: Request,
    done: list[bulk.Done],
    refused: str,
    query_back: str,
    status: int,
    label: str = "",
    lines: Sequence[str] = (),
    **offered: Any,
) -> Response:
    back = "/orientations" + (f"?{query_back}" if query_back else "")
    title = f"{label} : {len(done)} ligne{'s' * (len(done) > 1)}" if done else "Plusieurs orientations à la fois"
    return page(
        request,
        "referrals/many.html",
        title=title,
        status=status,
        done=done,
        refused=refused,
        back_href=back,
        lines=lines,
        **offered,
    )


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
            lines=[],
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
