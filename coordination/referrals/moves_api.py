"""The moves of a referral in JSON: one address by verb, and the words between the two sides."""

from collections.abc import Callable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import Field

from coordination.identity.idempotency import OnceOnly
from coordination.identity.permissions import Permission
from coordination.kit.db import ActorSession
from coordination.kit.rest import BEARER, PREFIX, Body, form_of
from coordination.kit.web import Walled, needs
from coordination.referrals import confirming, moves, service
from coordination.referrals.forms import LONGEST_WORDS, AskForm, RefuseForm
from coordination.referrals.household import Explanation, Said
from coordination.referrals.recipients import Reach
from coordination.referrals.rules import Dropped, Outcome, Pause, Question, Refusal
from coordination.referrals.shapes import ReachContact, Referral, Version, Words, referral_body

router = APIRouter(prefix=PREFIX + "/referrals/{referral_id}", tags=["orientations"], dependencies=[Depends(BEARER)])
ANSWERS, SENDS = [needs(Permission.ANSWER_REFERRALS)], [needs(Permission.SEND_REFERRALS)]


class Step(Body):
    """Une étape, et un mot pour l’autre structure."""

    version: Version
    words: Words = ""


class Refused(Step):
    """La structure qui reçoit refuse, avec un motif ; `autre` demande des mots."""

    reason: Refusal


class Asked(Step):
    """La structure qui reçoit demande une précision ; `autre_precision` demande des mots."""

    question: Question


class Held(Step):
    """L’accompagnement attend, et pourquoi."""

    pause: Pause


class Closing(Step):
    """Ce que l’orientation a donné, pour le foyer."""

    outcome: Outcome


class Redirection(Step):
    """La structure, ou le service extérieur, qui prend la suite."""

    organisation: UUID
    reach_contact: ReachContact = ""


class Dropping(Step):
    """Pourquoi personne ne poursuit."""

    reason: Dropped


class Answered(Body):
    """Ce que le foyer répond."""

    version: Version
    said: Said
    call_back: bool = Field(default=False, description="Le foyer souhaite être rappelé.")


class Called(Body):
    """Un appel au foyer."""

    version: Version


class Explained(Step):
    """Comment un désaccord se termine sans nouvelle orientation."""

    reason: Explanation


class Undoing(Body):
    """La dernière étape est défaite."""

    version: Version


class Message(Body):
    """Des mots, lus derrière le partage."""

    words: Annotated[str, Field(min_length=1, max_length=LONGEST_WORDS)]


@router.post("/receive", summary="Accuser réception", dependencies=ANSWERS)
def receive(session: Walled, once: OnceOnly, referral_id: UUID, asked: Step) -> Referral:
    """La structure qui reçoit s’en occupe. Sa réponse reste attendue."""
    return referral_body(
        session, once.made(asked, lambda: moves.receive(session, referral_id, asked.version, asked.words))
    )


@router.post("/accept", summary="Accepter une orientation", dependencies=ANSWERS)
def accept(session: Walled, once: OnceOnly, referral_id: UUID, asked: Step) -> Referral:
    """Réservé à la structure qui la reçoit. 409 si quelqu’un a répondu avant vous : la phrase dit qui et quand."""
    return referral_body(
        session, once.made(asked, lambda: moves.accept(session, referral_id, asked.version, asked.words))
    )


@router.post("/ask", summary="Demander une précision", dependencies=ANSWERS)
def ask(session: Walled, once: OnceOnly, referral_id: UUID, asked: Asked) -> Referral:
    """Réservé à la structure qui reçoit ; l’orientation attend alors celle qui l’a envoyée."""
    form_of(AskForm, {"version": asked.version, "question": asked.question, "ask_words": asked.words}, AS_WORDS)
    return referral_body(
        session, once.made(asked, lambda: moves.ask(session, referral_id, asked.version, asked.question, asked.words))
    )


@router.post("/refuse", summary="Refuser une orientation", dependencies=ANSWERS)
def refuse(session: Walled, once: OnceOnly, referral_id: UUID, asked: Refused) -> Referral:
    """Réservé à la structure qui la reçoit. Le motif est lu par celle qui l’a envoyée."""
    form_of(RefuseForm, {"version": asked.version, "reason": asked.reason, "refuse_words": asked.words}, AS_WORDS)
    return referral_body(
        session, once.made(asked, lambda: moves.refuse(session, referral_id, asked.version, asked.reason, asked.words))
    )


AS_WORDS = {"refuse_words": "words", "ask_words": "words"}


@router.post("/start", summary="Commencer l’accompagnement", dependencies=ANSWERS)
def start(session: Walled, once: OnceOnly, referral_id: UUID, asked: Step) -> Referral:
    """Pour qui l’a acceptée."""
    return referral_body(
        session, once.made(asked, lambda: moves.start(session, referral_id, asked.version, asked.words))
    )


@router.post("/hold", summary="Mettre en pause", dependencies=ANSWERS)
def hold(session: Walled, once: OnceOnly, referral_id: UUID, asked: Held) -> Referral:
    """Pour qui l’a acceptée ; une orientation en pause n’expire pas."""
    return referral_body(
        session, once.made(asked, lambda: moves.hold(session, referral_id, asked.version, asked.pause, asked.words))
    )


@router.post("/resume", summary="Reprendre", dependencies=ANSWERS)
def resume(session: Walled, once: OnceOnly, referral_id: UUID, asked: Step) -> Referral:
    """La pause prend fin : l’accompagnement reprend."""
    return referral_body(
        session, once.made(asked, lambda: moves.resume(session, referral_id, asked.version, asked.words))
    )


@router.post("/close", summary="Terminer une orientation", dependencies=ANSWERS)
def close(session: Walled, once: OnceOnly, referral_id: UUID, asked: Closing) -> Referral:
    """Pour qui l’a acceptée, ou la coordination ; remise en main propre, pour qui l’a envoyée."""
    return referral_body(
        session, once.made(asked, lambda: moves.close(session, referral_id, asked.version, asked.outcome, asked.words))
    )


@router.post("/answer", summary="Apporter la précision", dependencies=SENDS)
def answer(session: Walled, once: OnceOnly, referral_id: UUID, asked: Step) -> Referral:
    """Réservé à la structure qui l’a envoyée ; le délai du partenaire repart."""
    return referral_body(
        session, once.made(asked, lambda: moves.answer(session, referral_id, asked.version, asked.words))
    )


@router.post("/cancel", summary="Annuler une orientation", dependencies=SENDS)
def cancel(session: Walled, once: OnceOnly, referral_id: UUID, asked: Step) -> Referral:
    """Réservé à la structure qui l’a envoyée, tant qu’elle n’est pas terminée."""
    return referral_body(
        session, once.made(asked, lambda: moves.cancel(session, referral_id, asked.version, asked.words))
    )


@router.post("/reopen", summary="Rouvrir une orientation", dependencies=SENDS)
def reopen(session: Walled, once: OnceOnly, referral_id: UUID, asked: Step) -> Referral:
    """Elle repart vers la même structure. 409 si l’accord du foyer ne la couvre plus."""
    return referral_body(
        session, once.made(asked, lambda: moves.reopen(session, referral_id, asked.version, asked.words))
    )


@router.post("/redirect", summary="Réorienter", dependencies=[needs(Permission.REDIRECT_REFERRALS)])
def redirect(session: Walled, once: OnceOnly, referral_id: UUID, asked: Redirection) -> Referral:
    """Le besoin part vers une autre structure : une nouvelle orientation, dont `parent` est celle-ci."""
    return referral_body(
        session,
        once.made(
            asked,
            lambda: moves.redirect(
                session, referral_id, asked.version, asked.organisation, asked.words, Reach(contact=asked.reach_contact)
            ),
        ),
    )


@router.post("/drop", summary="Classer sans suite", dependencies=[needs(Permission.REDIRECT_REFERRALS)])
def drop(session: Walled, once: OnceOnly, referral_id: UUID, asked: Dropping) -> Referral:
    """Refusée, expirée ou arrêtée, et personne ne poursuit. Elle peut encore être rouverte ou réorientée."""
    return referral_body(
        session, once.made(asked, lambda: moves.drop(session, referral_id, asked.version, asked.reason, asked.words))
    )


@router.post("/confirm", summary="Noter la réponse du foyer", dependencies=ANSWERS)
def confirm(session: Walled, once: OnceOnly, referral_id: UUID, asked: Answered) -> Referral:
    """Une fois terminée, pour l’une ou l’autre structure. Un foyer qui a obtenu moins que ce qui a été dit rouvre
    l’orientation : son état devient `disputed`, et celle qui l’a envoyée s’en occupe."""
    return referral_body(
        session,
        once.made(asked, lambda: confirming.record(session, referral_id, asked.version, asked.said, asked.call_back)),
    )


@router.post("/miss", summary="Foyer non joint", dependencies=ANSWERS)
def miss(session: Walled, once: OnceOnly, referral_id: UUID, asked: Called) -> Referral:
    """Un essai de plus, daté. Au dernier prévu (`policies/delays.yaml`), on ne demande plus."""
    return referral_body(session, once.made(asked, lambda: confirming.not_reached(session, referral_id, asked.version)))


@router.post("/recall", summary="Foyer rappelé", dependencies=ANSWERS)
def recall(session: Walled, once: OnceOnly, referral_id: UUID, asked: Called) -> Referral:
    """Il l’avait demandé en répondant."""
    return referral_body(session, once.made(asked, lambda: moves.recall(session, referral_id, asked.version)))


@router.post("/explain", summary="Expliquer un désaccord et clore", dependencies=ANSWERS)
def explain(session: Walled, once: OnceOnly, referral_id: UUID, asked: Explained) -> Referral:
    """Pour qui l’a envoyée, ou la coordination, quand rien ne repart."""
    return referral_body(
        session, once.made(asked, lambda: moves.explain(session, referral_id, asked.version, asked.reason, asked.words))
    )


@router.post("/undo", summary="Défaire la dernière étape", dependencies=[needs(Permission.READ_REFERRALS)])
def undo(session: Walled, once: OnceOnly, referral_id: UUID, asked: Undoing) -> Referral:
    """La vôtre, dans les dix minutes, si rien n’a suivi."""
    return referral_body(session, once.made(asked, lambda: moves.undo(session, referral_id, asked.version)))


@router.post("/messages", status_code=201, summary="Écrire à l’autre structure", dependencies=ANSWERS)
def say(session: Walled, once: OnceOnly, referral_id: UUID, asked: Message) -> Referral:
    """Lu des deux côtés, derrière le partage."""
    return _worded(session, once, referral_id, asked, service.say)


@router.post("/notes", status_code=201, summary="Note interne", dependencies=ANSWERS)
def write_note(session: Walled, once: OnceOnly, referral_id: UUID, asked: Message) -> Referral:
    """Lue par votre structure seule."""
    return _worded(session, once, referral_id, asked, service.write_note)


def _worded(
    session: ActorSession, once: OnceOnly, referral_id: UUID, asked: Message, deed: Callable[..., object]
) -> Referral:
    def written() -> UUID:
        deed(session, referral_id, asked.words)
        return referral_id

    return referral_body(session, once.do(asked, written))
