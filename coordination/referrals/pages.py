"""Pages of one referral: what one may see of it, its history, the answers that are hers to give."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from coordination.appointments import queries as appointments
from coordination.households import protection
from coordination.identity.permissions import Permission
from coordination.kit.db import ActorSession
from coordination.kit.errors import NotNow
from coordination.kit.forms import Form, FormState, read
from coordination.kit.web import Submitted, Walled, go, needs, page
from coordination.referrals import bulk, following, forms, moves, queries, recipients, service
from coordination.referrals.household import Explanation
from coordination.referrals.machine import LOST_STATES, SPEAKS, WRITERS, Side, State
from coordination.referrals.models import Referral
from coordination.referrals.recipients import Reach
from coordination.referrals.rules import (
    EVENT_WORDS,
    Dropped,
    Outcome,
    Pause,
    Question,
    Refusal,
    Withdrawal,
    reason_label,
)

router = APIRouter()
TO_LIST = "file"
KIN = LOST_STATES | {State.REDIRECTED, State.DROPPED}  # what another may have taken over


@router.get("/orientations/{referral_id}", dependencies=[needs(Permission.READ_REFERRALS)])
def show(request: Request, session: Walled, referral_id: UUID) -> Response:
    """One referral: what I may see of it, its timeline, and the answers that are mine to give."""
    view = queries.show(session, referral_id)
    service.note_read(session, view)
    return _show(request, session, view, FormState())


def _show(
    request: Request,
    session: ActorSession,
    view: queries.ReferralView,
    form: FormState,
    *,
    status: int = 200,
    refused: NotNow | None = None,
    verb: str = "",
) -> Response:
    """The page of one referral; after a refusal, with the sentence that says why and the words that were typed."""
    line = view.line
    offered = moves.offers(session.member, line)
    verbs = {move.verb for move in offered}
    family = queries.referrals_of(session, line.row.household_id) if line.row.parent_id or line.state in KIN else []
    partners = recipients.partners(session, line.row.household_id) if "redirect" in verbs and view.need else []
    others = [p for p in partners if p.id != queries.recipient_of(line.row)]
    return page(
        request,
        "referrals/show.html",
        title=f"Orientation : {line.title}",
        status=status,
        form=form,
        view=view,
        line=line,
        row=line.row,
        protected=protection.protection_of(session, line.row.household_id),
        care=protection.safe_contact_of(session, line.row.household_id),
        refused=refused,
        verb=verb,
        typed=form.value(f"{verb}_words") if refused else "",
        verbs=verbs,
        answers=_answers(line, verbs),
        link=recipients.link_of(session, line.row),
        mails=request.app.state.settings.mailer() is not None,
        asks_reach=any(p.outside and p.coverage.transmits(line.domain) for p in others),
        event_words=EVENT_WORDS,
        told=_told(session, view),
        meetings=appointments.of_referral(session, line.row.id),
        takes=appointments.may_take(line),
        writers=WRITERS,
        choices={
            "reason": [(r.value, r.label) for r in Refusal if view.may_write or r is not Refusal.OTHER],
            "question": [(q.value, q.label) for q in Question if view.may_write or q is not Question.OTHER],
            "pause": [(p.value, p.label) for p in Pause],
            "outcome": [(o.value, o.label) for o in Outcome],
            "explanation": [(e.value, e.label) for e in Explanation],
            "dropped": [(d.value, d.label) for d in Dropped],
            "to": [(str(p.id), p.name, p.coverage.told(line.domain)) for p in others],
        },
        siblings=bulk.siblings(session, view) if "cancel" in verbs else [],
        parent=next((one for one in family if one.row.id == line.row.parent_id), None),
        children=[one for one in family if one.row.parent_id == line.row.id],
        follower=str(given.membership_id) if (given := following.assignment_of(session, line.row.id)) else "",
        giving=FormState.of({"to": given.membership_id if given else ""}),
        colleagues=[(str(key), name) for key, name in following.colleagues(session)],
        ended=_ended(view),
        said=next((m.reason for m in view.moves if m.verb in SPEAKS), "") if line.row.household_says else "",
        asks=line.state is State.CLOSED and bool(line.sides & WRITERS),
    )


# Where a referral stands for a reason that its step alone tells.
SAID_AT = {State.DROPPED: "drop", State.INFO_REQUESTED: "ask", State.ON_HOLD: "hold"}


def _ended(view: queries.ReferralView) -> str:
    """Why it stands where it stands, in words; empty when nothing was said."""
    row, verb = view.line.row, SAID_AT.get(view.line.state)
    return (
        next((m.reason for m in view.moves if m.verb == verb), "") if verb else reason_label(row.refusal or row.outcome)
    )


def _told(session: ActorSession, view: queries.ReferralView) -> list[appointments.Happened]:
    """Its timeline, the last step first, with what happened to its appointments."""
    moved = [
        appointments.Happened(m.at, EVENT_WORDS[m.verb], m.reason, m.organisation, m.name, m.state.tone)
        for m in view.moves
    ]
    met = appointments.history(session, view.line.row.id)[::-1]
    return sorted([*moved, *met], key=lambda one: one.at, reverse=True) if met else moved


# ------------------------------------------------------------------ moves


@dataclass(frozen=True)
class Deed:
    """A move as its form sends it: its address, its words on screen, and the field of its coded reason."""

    verb: str
    path: str
    form: type[Form]
    does: Callable[..., Referral]
    door: Permission
    label: str
    button: str
    said: str
    chosen: str = ""
    legend: str = ""
    text: str = ""
    kind: str = "secondary"


_ANSWER, _SEND = Permission.ANSWER_REFERRALS, Permission.SEND_REFERRALS
DEEDS = (
    Deed(
        "accept", "accepter", forms.AcceptForm, moves.accept, _ANSWER, "Accepter", "Accepter",
        "Orientation acceptée : la structure qui l’a envoyée le voit dès maintenant.", kind="primary",
    ),
    Deed(
        "answer", "repondre", forms.AnswerForm, moves.answer, _SEND, "Apporter la précision", "Envoyer la précision",
        "Précision envoyée : le partenaire peut maintenant répondre.", kind="primary",
    ),
    Deed(
        "start", "commencer", forms.StartForm, moves.start, _ANSWER, "Commencer l’accompagnement", "Commencer",
        "Accompagnement commencé.", kind="primary",
    ),
    Deed(
        "resume", "reprendre", forms.ResumeForm, moves.resume, _ANSWER, "Reprendre", "Reprendre maintenant",
        "Orientation reprise.", kind="primary",
    ),
    Deed(
        "receive", "recevoir", forms.ReceiveForm, moves.receive, _ANSWER, "Accuser réception", "Accuser réception",
        "Réception confirmée : la structure qui l’a envoyée sait que vous vous en occupez.",
    ),
    Deed(
        "ask", "preciser", forms.AskForm, moves.ask, _ANSWER, "Demander une précision", "Envoyer la demande",
        "Demande envoyée : l’orientation attend la réponse de la structure qui oriente.",
        "question", "Que vous manque-t-il ?",
    ),
    Deed(
        "hold", "suspendre", forms.HoldForm, moves.hold, _ANSWER, "Mettre en pause", "Mettre en pause",
        "Orientation mise en pause.", "pause", "Pourquoi attendre ?",
    ),
    Deed(
        "close", "clore", forms.CloseForm, moves.close, _ANSWER, "Clore", "Clore l’orientation",
        "Orientation terminée.", "outcome", "Qu’est-il advenu pour le foyer ?",
    ),
    Deed(
        "redirect", "reorienter", forms.RedirectForm, moves.redirect, Permission.REDIRECT_REFERRALS,
        "Réorienter vers une autre structure", "Réorienter",
        "Besoin réorienté : suivez la nouvelle orientation.", "to", "Vers quelle structure ?", kind="primary",
    ),
    Deed(
        "reopen", "rouvrir", forms.ReopenForm, moves.reopen, _SEND, "Rouvrir", "Rouvrir l’orientation",
        "Orientation rouverte.",
        text="L’orientation repart vers la même structure, si l’accord du foyer la couvre toujours.",
    ),
    Deed(
        "drop", "classer", forms.DropForm, moves.drop, Permission.REDIRECT_REFERRALS, "Classer sans suite", "Classer",
        "Orientation classée sans suite : elle peut encore être rouverte ou réorientée.",
        "dropped", "Pourquoi personne ne poursuit-il ?",
    ),
    Deed(
        "explain", "expliquer", forms.ExplainForm, moves.explain, _ANSWER, "Expliquer au foyer et clore", "Clore",
        "Orientation terminée : les deux structures voient votre explication.",
        "explanation", "Qu’en est-il, après en avoir parlé avec le foyer ?",
    ),
    Deed(
        "refuse", "refuser", forms.RefuseForm, moves.refuse, _ANSWER, "Refuser", "Refuser l’orientation",
        "Orientation refusée : la structure qui l’a envoyée en voit le motif.",
        "reason", "Pour quel motif ?", kind="danger",
    ),
    Deed(
        "cancel", "annuler", forms.CancelForm, moves.cancel, _SEND, "Annuler l’orientation", "Annuler maintenant",
        "Orientation annulée.", text="Le besoin reste noté et peut être orienté de nouveau.", kind="danger",
    ),
)  # fmt: skip


# What whoever sent a referral notes in the place of a service that has no account.
TOLD = "Ce que le service vous a dit au téléphone ou par courriel."
NOTED = {
    "accept": ("Noter que le service accepte", "Le service accepte"),
    "refuse": ("Noter que le service refuse", "Le service refuse"),
    "start": ("Noter que l’accompagnement commence", "L’accompagnement commence"),
}


def _answers(line: queries.Line, verbs: set[str]) -> list[Deed]:
    """The answers open to the member; of an outside service, what it told her, in words that say so."""
    found = [deed for deed in DEEDS if deed.verb in verbs]
    if not line.outside or line.row.by_hand:
        return found
    return [
        replace(deed, label=NOTED[deed.verb][0], button=NOTED[deed.verb][1], text=TOLD, kind="secondary")
        if deed.verb in NOTED
        else deed
        for deed in found
        if deed.verb not in ("receive", "ask")
    ]


def _route(deed: Deed) -> Callable[..., Response]:
    def moved(request: Request, session: Walled, data: Submitted, referral_id: UUID) -> Response:
        typed, form = read(deed.form, data)
        if typed is None:
            return _again(request, session, referral_id, form, deed.verb)
        asked: Any = typed
        given = [getattr(asked, deed.chosen)] if deed.chosen else []
        words = getattr(asked, f"{deed.verb}_words")
        more = {"reach": Reach(asked.reach_name, asked.reach_contact)} if isinstance(asked, forms.ReachForm) else {}
        return _moved(
            request,
            session,
            referral_id,
            form,
            deed.verb,
            lambda: deed.does(session, referral_id, asked.version, *given, words, **more),
            deed.said,
        )

    moved.__name__ = deed.verb
    moved.__doc__ = deed.label
    return moved


for _deed in DEEDS:
    router.post(f"/orientations/{{referral_id}}/{_deed.path}", dependencies=[needs(_deed.door)])(_route(_deed))


def _moved(
    request: Request,
    session: ActorSession,
    referral_id: UUID,
    form: FormState,
    verb: str,
    deed: Callable[[], object],
    said: str,
) -> Response:
    """Does a move and goes back to the referral, or shows it again with what prevented the move (409)."""
    try:
        deed()
    except NotNow as refused:
        session.rollback()
        view = queries.show(session, referral_id)
        return _show(request, session, view, form, status=refused.status, refused=refused, verb=verb)
    if form.value("suite") == TO_LIST:
        return go(request, "/orientations", said, cote=Side.RECEIVER.value)
    return go(request, f"/orientations/{referral_id}", said)


def _again(request: Request, session: ActorSession, referral_id: UUID, form: FormState, verb: str) -> Response:
    """The page again with what was typed and what is wrong with it (422)."""
    return _show(request, session, queries.show(session, referral_id), form, status=422, verb=verb)


@router.post("/orientations/{referral_id}/defaire", dependencies=[needs(Permission.READ_REFERRALS)])
def undo(request: Request, session: Walled, data: Submitted, referral_id: UUID) -> Response:
    """Takes one's own last move back."""
    asked, form = read(forms.MoveForm, data)
    if asked is None:
        return _again(request, session, referral_id, form, "undo")
    said = "Dernière étape défaite : l’orientation est revenue où elle était."
    return _moved(
        request, session, referral_id, form, "undo", lambda: moves.undo(session, referral_id, asked.version), said
    )


@router.post("/orientations/{referral_id}/autres", dependencies=[needs(_SEND)])
def siblings(request: Request, session: Walled, data: Submitted, referral_id: UUID) -> Response:
    """Takes back the other referrals of the need, now that a partner has taken it."""
    asked, form = read(forms.SiblingsForm, data, lists=["others"])
    if asked is None:
        return _again(request, session, referral_id, form, "others")
    chosen = [(UUID(key), int(version)) for key, _, version in (one.partition(":") for one in asked.others)]

    def deed() -> None:
        for key, version in chosen:
            moves.cancel(session, key, version, reason=Withdrawal.TAKEN)

    done = len(chosen)
    said = f"{done} autre{'s' * (done > 1)} orientation{'s' * (done > 1)} annulée{'s' * (done > 1)}."
    return _moved(request, session, referral_id, form, "others", deed, said)


# ------------------------------------------------------------------ words


@router.post("/orientations/{referral_id}/message", dependencies=[needs(_ANSWER)])
def say(request: Request, session: Walled, data: Submitted, referral_id: UUID) -> Response:
    """A message both sides read."""
    asked, form = read(forms.SayForm, data)
    if asked is None:
        return _again(request, session, referral_id, form, "message")
    said = "Message enregistré : l’autre structure le lit sur cette page."
    return _moved(
        request, session, referral_id, form, "message", lambda: service.say(session, referral_id, asked.message), said
    )


@router.post("/orientations/{referral_id}/note", dependencies=[needs(_ANSWER)])
def write_note(request: Request, session: Walled, data: Submitted, referral_id: UUID) -> Response:
    """A note that stays with one's own organisation."""
    asked, form = read(forms.NoteForm, data)
    if asked is None:
        return _again(request, session, referral_id, form, "note")
    said = "Note enregistrée : votre structure seule la lit."
    return _moved(
        request, session, referral_id, form, "note", lambda: service.write_note(session, referral_id, asked.note), said
    )
