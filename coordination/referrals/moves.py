"""The moves of a referral: one act by verb, the last one taken back, what a page may offer."""

from datetime import datetime
from uuid import UUID

from coordination.audit.service import ACTS, act, write_line
from coordination.identity.permissions import Permission
from coordination.kit.actor import Member, may
from coordination.kit.clock import now
from coordination.kit.db import ActorSession
from coordination.kit.errors import NotAllowed, NotNow
from coordination.kit.transitions import Move, moves_from
from coordination.referrals import queries, recipients, service
from coordination.referrals.household import Due, Explanation, Said, code_of
from coordination.referrals.machine import MOVES, Side, State, facts_of, undone
from coordination.referrals.models import Need, Referral
from coordination.referrals.moving import Held, legal, move, rewrite, taken
from coordination.referrals.recipients import Reach
from coordination.referrals.rules import Domain, Dropped, Outcome, Pause, Question, Refusal, Withdrawal


class AlreadyHeard(NotNow):
    """Le foyer a déjà répondu : sa réponse est dans « Ce qui s’est passé ». Rien n’a été modifié."""


class NobodyToCall(NotNow):
    """Ce foyer n’attend pas d’appel. Rien n’a été modifié."""


class NothingToUndo(NotNow):
    """Cette étape ne peut plus être défaite : on le peut dix minutes durant, tant que rien n’a suivi.
    Rien n’a été modifié."""


class NotCovered(NotNow):
    """L’accord du foyer ne couvre plus cette orientation : enregistrez d’abord son accord. Rien n’a été modifié."""


class NeedNotRead(NotAllowed):
    """Votre structure ne lit pas ce besoin : demandez à la structure qui l’a noté de le réorienter."""

    title = "Non partagé avec votre structure"


# ------------------------------------------------------------------ the receiver


@act("referral.receive", "Réception d’une orientation confirmée", needs=Permission.ANSWER_REFERRALS)
def receive(session: ActorSession, referral_id: UUID, version: int, words: str = "") -> Referral:
    """The receiver says it arrived and is being looked at."""
    return move(session, taken(session, referral_id, version), "receive", words)


@act("referral.accept", "Orientation acceptée", needs=Permission.ANSWER_REFERRALS)
def accept(session: ActorSession, referral_id: UUID, version: int, words: str = "") -> Referral:
    """The receiver takes it."""
    return move(session, taken(session, referral_id, version), "accept", words)


@act("referral.ask", "Précision demandée sur une orientation", needs=Permission.ANSWER_REFERRALS)
def ask(session: ActorSession, referral_id: UUID, version: int, reason: Question, words: str = "") -> Referral:
    """The receiver asks for something before it answers; « autre chose » comes with words."""
    if reason is Question.OTHER and not words:
        raise NotNow("Pour une autre précision, écrivez laquelle. Rien n’a été modifié.")
    return move(session, taken(session, referral_id, version), "ask", words, reason=reason.value)


@act("referral.refuse", "Orientation refusée", needs=Permission.ANSWER_REFERRALS)
def refuse(session: ActorSession, referral_id: UUID, version: int, reason: Refusal, words: str = "") -> Referral:
    """The receiver refuses, with a coded reason; « autre » comes with words."""
    if reason is Refusal.OTHER and not words:
        raise NotNow("Pour un autre motif, écrivez lequel. Rien n’a été modifié.")
    return move(session, taken(session, referral_id, version), "refuse", words, reason=reason.value)


@act("referral.start", "Accompagnement commencé", needs=Permission.ANSWER_REFERRALS)
def start(session: ActorSession, referral_id: UUID, version: int, words: str = "") -> Referral:
    """The accompaniment begins."""
    return move(session, taken(session, referral_id, version), "start", words)


@act("referral.hold", "Orientation mise en pause", needs=Permission.ANSWER_REFERRALS)
def hold(session: ActorSession, referral_id: UUID, version: int, reason: Pause, words: str = "") -> Referral:
    """The accompaniment waits, for a coded reason."""
    return move(session, taken(session, referral_id, version), "hold", words, reason=reason.value)


@act("referral.resume", "Orientation reprise", needs=Permission.ANSWER_REFERRALS)
def resume(session: ActorSession, referral_id: UUID, version: int, words: str = "") -> Referral:
    """The accompaniment goes on."""
    return move(session, taken(session, referral_id, version), "resume", words)


@act("referral.close", "Orientation terminée", needs=Permission.ANSWER_REFERRALS)
def close(session: ActorSession, referral_id: UUID, version: int, outcome: Outcome, words: str = "") -> Referral:
    """Says what became of it, for the household."""
    return move(session, taken(session, referral_id, version), "close", words, reason=outcome.value)


# ------------------------------------------------------------------ the sender


@act("referral.answer", "Précision apportée sur une orientation", needs=Permission.SEND_REFERRALS)
def answer(session: ActorSession, referral_id: UUID, version: int, words: str = "") -> Referral:
    """The sender gives what was asked for; the partner's time begins again."""
    return move(session, taken(session, referral_id, version), "answer", words)


@act("referral.cancel", "Orientation annulée", needs=Permission.SEND_REFERRALS)
def cancel(
    session: ActorSession, referral_id: UUID, version: int, words: str = "", reason: Withdrawal | None = None
) -> Referral:
    """The sender takes it back."""
    return move(session, taken(session, referral_id, version), "cancel", words, reason=reason.value if reason else None)


@act("referral.reopen", "Orientation rouverte", needs=Permission.SEND_REFERRALS)
def reopen(session: ActorSession, referral_id: UUID, version: int, words: str = "") -> Referral:
    """Sent again to the same partner, when the agreement still carries it."""
    found = taken(session, referral_id, version)
    legal(session, found, "reopen")
    row = found.row
    need = session.get(Need, row.need_id)
    if need is None:
        raise NeedNotRead
    partner = recipients.partner_of(session, row.household_id, queries.recipient_of(row))
    if partner is None:
        raise service.UnknownPartner
    service.refuse_twice(session, row.household_id, row.need_id, partner, but=row.id)
    if not row.by_hand and not partner.coverage.transmits(Domain(need.domain)):
        raise NotCovered
    return move(session, found, "reopen", words, target=State.BY_HAND if row.by_hand else State.SENT)


@act("referral.drop", "Orientation classée sans suite", needs=Permission.REDIRECT_REFERRALS)
def drop(session: ActorSession, referral_id: UUID, version: int, reason: Dropped, words: str = "") -> Referral:
    """Nobody took it and nobody goes on, for a coded reason: it leaves the baskets that ask for something."""
    return move(session, taken(session, referral_id, version), "drop", words, reason=reason.value)


@act("referral.redirect", "Orientation réorientée", needs=Permission.REDIRECT_REFERRALS)
def redirect(
    session: ActorSession, referral_id: UUID, version: int, to: UUID, words: str = "", reach: Reach | None = None
) -> Referral:
    """Sends the need to another partner, as a child of this referral: transmitted when the agreement covers it, by hand
    otherwise. The child has its own line of the journal. `reach`: what an outside service will read if it accepts."""
    found = taken(session, referral_id, version)
    legal(session, found, "redirect")
    if session.get(Need, found.row.need_id) is None:
        raise NeedNotRead
    child = service.add_referral(session, found.row.need_id, to, words, parent=found.row, reach=reach)
    write_line(session, "referral.send", child)
    return move(session, found, "redirect")


# ------------------------------------------------------------------ what the household says, once it is closed


@act("referral.confirm", "Réponse du foyer notée", needs=Permission.ANSWER_REFERRALS)
def confirm(session: ActorSession, referral_id: UUID, version: int, said: Said, call_back: bool) -> Referral:
    """The household agrees with the closing, or will not say. `confirming.record` chooses this or `dispute`."""
    return move(session, _unheard(session, referral_id, version), "confirm", reason=code_of(said, call_back=call_back))


@act("referral.dispute", "Désaccord du foyer noté", needs=Permission.ANSWER_REFERRALS)
def dispute(session: ActorSession, referral_id: UUID, version: int, said: Said, call_back: bool) -> Referral:
    """The household obtained less than its partner said: the referral opens again, for whoever sent it."""
    return move(session, _unheard(session, referral_id, version), "dispute", reason=code_of(said, call_back=call_back))


@act("referral.miss", "Foyer non joint", needs=Permission.ANSWER_REFERRALS)
def miss(session: ActorSession, referral_id: UUID, version: int, again_at: datetime) -> Referral:
    """Nobody answered: one tries again from this moment."""
    found = _unheard(session, referral_id, version)
    return move(session, found, "miss", ask_from=again_at if found.row.household_due else None)


@act("referral.unreached", "Foyer non joint, dernier essai", needs=Permission.ANSWER_REFERRALS)
def unreached(session: ActorSession, referral_id: UUID, version: int) -> Referral:
    """Nobody answered, once too many: it is asked no more."""
    return move(session, _unheard(session, referral_id, version), "unreached")


@act("referral.recall", "Foyer rappelé", needs=Permission.ANSWER_REFERRALS)
def recall(session: ActorSession, referral_id: UUID, version: int) -> Referral:
    """The household wished to be called back: it was."""
    found = taken(session, referral_id, version)
    if found.stands is State.CLOSED and found.row.household_due != Due.CALL:
        raise NobodyToCall
    return move(session, found, "recall")


@act("referral.explain", "Désaccord du foyer expliqué", needs=Permission.ANSWER_REFERRALS)
def explain(session: ActorSession, referral_id: UUID, version: int, reason: Explanation, words: str = "") -> Referral:
    """Ends a disagreement when nothing is sent again; what stands as the outcome is said by the reason."""
    return move(session, taken(session, referral_id, version), "explain", words, reason=reason.value)


def _unheard(session: ActorSession, referral_id: UUID, version: int) -> Held:
    found = taken(session, referral_id, version)
    if found.stands is State.CLOSED and found.row.household_says is not None:
        raise AlreadyHeard
    return found


# ------------------------------------------------------------------ taking back


@act("referral.undo", "Dernière étape d’une orientation défaite", needs=Permission.READ_REFERRALS)
def undo(session: ActorSession, referral_id: UUID, version: int) -> Referral:
    """Takes one's own last move back, within ten minutes and as long as nothing followed."""
    found, at = taken(session, referral_id, version), now()
    past = queries.history(session, referral_id)
    if undone(past, session.member.membership_id, at) is None or not found.settled:
        raise NothingToUndo
    facts = facts_of(past[:-1])
    return rewrite(session, found.row, "undo", facts, ask_from=at if facts.household_due else None)


# ------------------------------------------------------------------ what a page may offer


# The answer, or the number of calls, chooses between these and their twins: nobody picks them from a list.
CHOSEN_FOR_ONE = frozenset({"dispute", "unreached"})


def offers(member: Member, line: queries.Line) -> list[Move[State, Side]]:
    """The moves open to this member now: the table's, behind the doors of her roles, that still have a use."""
    return [
        m
        for m in moves_from(MOVES, line.state, line.sides)
        if m.verb not in CHOSEN_FOR_ONE
        and may(member, ACTS[f"referral.{m.verb}"].needs or "")
        and _still(line.row, m.verb)
    ]


def _still(row: Referral, verb: str) -> bool:
    """Whether the household has still to answer, or to be called back."""
    if verb in ("confirm", "miss"):
        return row.household_says is None
    return verb != "recall" or row.household_due == Due.CALL
