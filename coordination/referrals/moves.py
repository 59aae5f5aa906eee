"""The moves of a referral: one act by verb, the last one taken back, what time or the agreement decided."""

from datetime import datetime
from uuid import UUID

from coordination.audit.service import ACTS, act, write_line
from coordination.identity.permissions import Permission
from coordination.kit.actor import Member, may
from coordination.kit.clock import now
from coordination.kit.db import ActorSession, lock
from coordination.kit.errors import NotAllowed, NotKnown, NotNow
from coordination.kit.transitions import IllegalMove, Move, moves_from
from coordination.referrals import queries, receptions, recipients, service
from coordination.referrals.household import Due, Explanation, Said, code_of
from coordination.referrals.machine import (
    DERIVED,
    MOVES,
    ROW_FACTS,
    WRITERS,
    Facts,
    Side,
    State,
    Step,
    after,
    facts_of,
    find_move,
    undone,
)
from coordination.referrals.models import Need, Referral
from coordination.referrals.recipients import Reach
from coordination.referrals.rules import Domain, Dropped, Outcome, Pause, Question, Refusal, Withdrawal

RESTARTS = ("answer", "reopen")  # the partner's time to answer begins again


class AlreadyMoved(NotNow):
    """Quelqu’un a répondu avant vous. Rien n’a été modifié."""

    title = "Quelqu’un a été plus rapide"


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
    return _move(session, referral_id, version, "receive", words)


@act("referral.accept", "Orientation acceptée", needs=Permission.ANSWER_REFERRALS)
def accept(session: ActorSession, referral_id: UUID, version: int, words: str = "") -> Referral:
    """The receiver takes it."""
    return _move(session, referral_id, version, "accept", words)


@act("referral.ask", "Précision demandée sur une orientation", needs=Permission.ANSWER_REFERRALS)
def ask(session: ActorSession, referral_id: UUID, version: int, reason: Question, words: str = "") -> Referral:
    """The receiver asks for something before it answers; « autre chose » comes with words."""
    if reason is Question.OTHER and not words:
        raise NotNow("Pour une autre précision, écrivez laquelle. Rien n’a été modifié.")
    return _move(session, referral_id, version, "ask", words, reason=reason.value)


@act("referral.refuse", "Orientation refusée", needs=Permission.ANSWER_REFERRALS)
def refuse(session: ActorSession, referral_id: UUID, version: int, reason: Refusal, words: str = "") -> Referral:
    """The receiver refuses, with a coded reason; « autre » comes with words."""
    if reason is Refusal.OTHER and not words:
        raise NotNow("Pour un autre motif, écrivez lequel. Rien n’a été modifié.")
    return _move(session, referral_id, version, "refuse", words, reason=reason.value)


@act("referral.start", "Accompagnement commencé", needs=Permission.ANSWER_REFERRALS)
def start(session: ActorSession, referral_id: UUID, version: int, words: str = "") -> Referral:
    """The accompaniment begins."""
    return _move(session, referral_id, version, "start", words)


@act("referral.hold", "Orientation mise en pause", needs=Permission.ANSWER_REFERRALS)
def hold(session: ActorSession, referral_id: UUID, version: int, reason: Pause, words: str = "") -> Referral:
    """The accompaniment waits, for a coded reason."""
    return _move(session, referral_id, version, "hold", words, reason=reason.value)


@act("referral.resume", "Orientation reprise", needs=Permission.ANSWER_REFERRALS)
def resume(session: ActorSession, referral_id: UUID, version: int, words: str = "") -> Referral:
    """The accompaniment goes on."""
    return _move(session, referral_id, version, "resume", words)


@act("referral.close", "Orientation terminée", needs=Permission.ANSWER_REFERRALS)
def close(session: ActorSession, referral_id: UUID, version: int, outcome: Outcome, words: str = "") -> Referral:
    """Says what became of it, for the household."""
    return _move(session, referral_id, version, "close", words, reason=outcome.value)


# ------------------------------------------------------------------ the sender


@act("referral.answer", "Précision apportée sur une orientation", needs=Permission.SEND_REFERRALS)
def answer(session: ActorSession, referral_id: UUID, version: int, words: str = "") -> Referral:
    """The sender gives what was asked for; the partner's time begins again."""
    return _move(session, referral_id, version, "answer", words)


@act("referral.cancel", "Orientation annulée", needs=Permission.SEND_REFERRALS)
def cancel(
    session: ActorSession, referral_id: UUID, version: int, words: str = "", reason: Withdrawal | None = None
) -> Referral:
    """The sender takes it back."""
    return _move(session, referral_id, version, "cancel", words, reason=reason.value if reason else None)


@act("referral.reopen", "Orientation rouverte", needs=Permission.SEND_REFERRALS)
def reopen(session: ActorSession, referral_id: UUID, version: int, words: str = "") -> Referral:
    """Sent again to the same partner, when the agreement still carries it."""
    row = _locked(session, referral_id, version)
    stands = _legal(session, row, "reopen")
    need = session.get(Need, row.need_id)
    if need is None:
        raise NeedNotRead
    partner = recipients.partner_of(session, row.household_id, queries.recipient_of(row))
    if partner is None:
        raise service.UnknownPartner
    service.refuse_twice(session, row.household_id, row.need_id, partner, but=row.id)
    if not row.by_hand and not partner.coverage.transmits(Domain(need.domain)):
        raise NotCovered
    return _do(session, row, stands, "reopen", State.BY_HAND if row.by_hand else State.SENT, words, None)


@act("referral.drop", "Orientation classée sans suite", needs=Permission.REDIRECT_REFERRALS)
def drop(session: ActorSession, referral_id: UUID, version: int, reason: Dropped, words: str = "") -> Referral:
    """Nobody took it and nobody goes on, for a coded reason: it leaves the baskets that ask for something."""
    return _move(session, referral_id, version, "drop", words, reason=reason.value)


@act("referral.redirect", "Orientation réorientée", needs=Permission.REDIRECT_REFERRALS)
def redirect(
    session: ActorSession, referral_id: UUID, version: int, to: UUID, words: str = "", reach: Reach | None = None
) -> Referral:
    """Sends the need to another partner, as a child of this referral: transmitted when the agreement covers it, by hand
    otherwise. The child has its own line of the journal. `reach`: what an outside service will read if it accepts."""
    row = _locked(session, referral_id, version)
    stands = _legal(session, row, "redirect")
    if session.get(Need, row.need_id) is None:
        raise NeedNotRead
    child = service.add_referral(session, row.need_id, to, words, parent=row, reach=reach)
    write_line(session, "referral.send", child)
    return _do(session, row, stands, "redirect", State.REDIRECTED, "", None)


# ------------------------------------------------------------------ what the household says, once it is closed


@act("referral.confirm", "Réponse du foyer notée", needs=Permission.ANSWER_REFERRALS)
def confirm(session: ActorSession, referral_id: UUID, version: int, said: Said, call_back: bool) -> Referral:
    """The household agrees with the closing, or will not say. `confirming.record` chooses this or `dispute`."""
    _refuse_heard(_locked(session, referral_id, version))
    return _move(session, referral_id, version, "confirm", "", reason=code_of(said, call_back=call_back))


@act("referral.dispute", "Désaccord du foyer noté", needs=Permission.ANSWER_REFERRALS)
def dispute(session: ActorSession, referral_id: UUID, version: int, said: Said, call_back: bool) -> Referral:
    """The household obtained less than its partner said: the referral opens again, for whoever sent it."""
    _refuse_heard(_locked(session, referral_id, version))
    return _move(session, referral_id, version, "dispute", "", reason=code_of(said, call_back=call_back))


@act("referral.miss", "Foyer non joint", needs=Permission.ANSWER_REFERRALS)
def miss(session: ActorSession, referral_id: UUID, version: int, again_at: datetime) -> Referral:
    """Nobody answered: one tries again from this moment."""
    _refuse_heard(_locked(session, referral_id, version))
    row = _move(session, referral_id, version, "miss", "")
    row.ask_from = again_at if row.household_due else None
    session.flush()
    return row


@act("referral.unreached", "Foyer non joint, dernier essai", needs=Permission.ANSWER_REFERRALS)
def unreached(session: ActorSession, referral_id: UUID, version: int) -> Referral:
    """Nobody answered, once too many: it is asked no more."""
    _refuse_heard(_locked(session, referral_id, version))
    return _move(session, referral_id, version, "unreached", "")


@act("referral.recall", "Foyer rappelé", needs=Permission.ANSWER_REFERRALS)
def recall(session: ActorSession, referral_id: UUID, version: int) -> Referral:
    """The household wished to be called back: it was."""
    row = _locked(session, referral_id, version)
    if State(row.state) is State.CLOSED and row.household_due != Due.CALL:
        raise NobodyToCall
    return _move(session, referral_id, version, "recall", "")


@act("referral.explain", "Désaccord du foyer expliqué", needs=Permission.ANSWER_REFERRALS)
def explain(session: ActorSession, referral_id: UUID, version: int, reason: Explanation, words: str = "") -> Referral:
    """Ends a disagreement when nothing is sent again; what stands as the outcome is said by the reason."""
    return _move(session, referral_id, version, "explain", words, reason=reason.value)


def _refuse_heard(row: Referral) -> None:
    if State(row.state) is State.CLOSED and row.household_says is not None:
        raise AlreadyHeard


# ------------------------------------------------------------------ taking back


@act("referral.undo", "Dernière étape d’une orientation défaite", needs=Permission.READ_REFERRALS)
def undo(session: ActorSession, referral_id: UUID, version: int) -> Referral:
    """Takes one's own last move back, within ten minutes and as long as nothing followed."""
    row = _locked(session, referral_id, version)
    past = queries.history(session, referral_id)
    if undone(past, session.member.membership_id, now()) is None or _stands(session, row).value != row.state:
        raise NothingToUndo
    _set_facts(row, facts_of(past[:-1]), now())
    row.ask_from = now() if row.household_due else None
    return _written(session, row, "undo", None)


# ------------------------------------------------------------------ what nobody decides


def settle_due(session: ActorSession, most: int = 500) -> int:
    """Writes down what time and ended agreements decided since: for the worker, or for a coordinator on her network.

    Answers how many were written. Nothing depends on it to be shown right: `queries.stands` does not wait for it.
    """
    due = queries.due_rows(session, most)
    done = 0
    for key in due:
        row: Referral | None = lock(session, Referral, key)
        if row is not None and (stands := _stands(session, row)).value != row.state:
            _settle(session, row, stands)
            done += 1
    return done


def _settle(session: ActorSession, row: Referral, stands: State) -> None:
    """One derived move: it bears nobody's name, and its own line of the journal."""
    row.state = stands.value
    row.version += 1
    row.moved_by = session.actor.membership_id if isinstance(session.actor, Member) else None
    row.closed_at = row.expires_at if stands is State.EXPIRED else now()
    session.flush()
    service.event(session, row, DERIVED[stands], None, None, None)
    (expire if stands is State.EXPIRED else stop)(session, row)


@act("referral.expire", "Orientation expirée sans réponse", needs=None)
def expire(session: ActorSession, row: Referral) -> Referral:
    """Its time passed without an answer."""
    return row


@act("referral.stop", "Orientation arrêtée : l’accord du foyer a pris fin", needs=None)
def stop(session: ActorSession, row: Referral) -> Referral:
    """Its agreement ended."""
    return row


# ------------------------------------------------------------------ how a move is made


def _move(
    session: ActorSession, referral_id: UUID, version: int, verb: str, words: str, *, reason: str | None = None
) -> Referral:
    row = _locked(session, referral_id, version)
    stands = _legal(session, row, verb)
    return _do(session, row, stands, verb, _found(session, row, verb, stands).target, words, reason)


def _locked(session: ActorSession, referral_id: UUID, version: int) -> Referral:
    """The row, locked; whoever comes second is told who came first."""
    row: Referral | None = lock(session, Referral, referral_id)
    if row is None:
        raise NotKnown
    if row.version != version:
        told = queries.last_told(session, row.id)
        raise AlreadyMoved(
            f"L’orientation est déjà « {_stands(session, row).label.lower()} » {told}. Rien n’a été modifié."
        )
    return row


def _stands(session: ActorSession, row: Referral) -> State:
    return queries.stands(row, now(), stopped=bool(queries.stopped(session, [row])))


def _legal(session: ActorSession, row: Referral, verb: str) -> State:
    """Where it truly stands, from which this verb is open to me. Raises `IllegalMove`."""
    stands = _stands(session, row)
    _found(session, row, verb, stands)
    return stands


def _found(session: ActorSession, row: Referral, verb: str, stands: State) -> Move[State, Side]:
    sides = queries.member_sides(session, row)
    try:
        return find_move(verb, stands, sides)
    except IllegalMove:  # only then does it matter who came before
        told = queries.last_told(session, row.id) if stands.value == row.state else ""
        return find_move(verb, stands, sides, told)


def _do(
    session: ActorSession, row: Referral, stands: State, verb: str, target: State, words: str, reason: str | None
) -> Referral:
    """First what time or the agreement decided, then the move, its words behind the share and its event."""
    if stands.value != row.state:
        _settle(session, row, stands)
    # Asked before the row changes: a question in between would write half a move under the name of whoever came before.
    again = _clocks_again(session, row) if verb in RESTARTS else {}
    _remember(row, verb, reason, target, now())
    for name, value in again.items():
        setattr(row, name, value)
    return _written(session, row, verb, reason, words)


def _clocks_again(session: ActorSession, row: Referral) -> dict[str, datetime]:
    need = session.get(Need, row.need_id)
    domain = Domain(need.domain if need else row.public_domain)
    to, outside = queries.recipient_of(row), row.to_service_id is not None
    return vars(receptions.clocks(session, domain, to, outside=outside))


def _remember(row: Referral, verb: str, reason: str | None, target: State, moment: datetime) -> None:
    """What `machine.facts_of` would tell of the whole history, one step further."""
    known = Facts(State(row.state), **{name: getattr(row, name) for name in ROW_FACTS}, closing=row.outcome)
    _set_facts(row, after(known, Step(verb, target, reason, moment, None)), moment)


def _set_facts(row: Referral, facts: Facts, moment: datetime) -> None:
    row.state = facts.state.value
    if facts.household_due != row.household_due:
        row.ask_from = moment if facts.household_due else None
    for name in ROW_FACTS:
        setattr(row, name, getattr(facts, name))


def _written(session: ActorSession, row: Referral, verb: str, reason: str | None, words: str = "") -> Referral:
    row.version += 1
    row.moved_by = session.member.membership_id
    session.flush()
    if words:
        need = session.get(Need, row.need_id)
        if need is None or not queries.member_sides(session, row) & WRITERS:
            raise service.WordsNotKept
        service.tell(session, row, need, words)
    service.note(session, row, verb, reason)
    return row


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
