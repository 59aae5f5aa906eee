"""The moves of a referral: one act by verb, the last one taken back, what time or the agreement decided."""

from datetime import datetime
from uuid import UUID

from coordination.audit.service import ACTS, act, write_line
from coordination.identity.permissions import Permission
from coordination.kit.actor import Member, may
from coordination.kit.clock import now
from coordination.kit.db import ActorSession, lock
from coordination.kit.errors import NotAllowed, NotKnown, NotNow
from coordination.kit.transitions import Move, moves_from
from coordination.referrals import queries, receptions, service
from coordination.referrals.machine import (
    ANSWERS,
    DERIVED,
    ENDS,
    MOVES,
    WRITERS,
    Side,
    State,
    facts_of,
    find_move,
    undone,
)
from coordination.referrals.models import Need, Referral
from coordination.referrals.rules import Domain, Outcome, Pause, Question, Refusal, Withdrawal

RESTARTS = ("answer", "reopen")  # the partner's time to answer begins again


class AlreadyMoved(NotNow):
    """Quelqu’un a répondu avant vous. Rien n’a été modifié."""

    title = "Quelqu’un a été plus rapide"


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
    partner = next(p for p in queries.partners(session, row.household_id) if p.id == row.to_organisation_id)
    service.refuse_twice(session, row.household_id, row.need_id, partner)
    if not row.by_hand and not partner.coverage.transmits(Domain(need.domain)):
        raise NotCovered
    return _do(session, row, stands, "reopen", State.BY_HAND if row.by_hand else State.SENT, words, None)


@act("referral.redirect", "Orientation réorientée", needs=Permission.REDIRECT_REFERRALS)
def redirect(session: ActorSession, referral_id: UUID, version: int, to: UUID, words: str = "") -> Referral:
    """Sends the need to another partner, as a child of this referral: transmitted when the agreement covers it, by hand
    otherwise. The child has its own line of the journal."""
    row = _locked(session, referral_id, version)
    stands = _legal(session, row, "redirect")
    if session.get(Need, row.need_id) is None:
        raise NeedNotRead
    write_line(session, "referral.send", service.add_referral(session, row.need_id, to, words, parent=row))
    return _do(session, row, stands, "redirect", State.REDIRECTED, "", None)


# ------------------------------------------------------------------ taking back


@act("referral.undo", "Dernière étape d’une orientation défaite", needs=Permission.READ_REFERRALS)
def undo(session: ActorSession, referral_id: UUID, version: int) -> Referral:
    """Takes one's own last move back, within ten minutes and as long as nothing followed."""
    row = _locked(session, referral_id, version)
    past = queries.history(session, referral_id)
    if undone(past, session.member.membership_id, now()) is None or _stands(session, row).value != row.state:
        raise NothingToUndo
    facts = facts_of(past[:-1])
    row.state, row.refusal, row.outcome = facts.state.value, facts.refusal, facts.outcome
    row.answered_at, row.closed_at = facts.answered_at, facts.closed_at
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
    told = queries.last_told(session, row.id) if stands.value == row.state else ""
    return find_move(verb, stands, queries.member_sides(session, row), told)


def _do(
    session: ActorSession, row: Referral, stands: State, verb: str, target: State, words: str, reason: str | None
) -> Referral:
    """First what time or the agreement decided, then the move, its words behind the share and its event."""
    if stands.value != row.state:
        _settle(session, row, stands)
    # Asked before the row changes: a question in between would write half a move under the name of whoever came before.
    again = _clocks_again(session, row) if verb in RESTARTS else {}
    _remember(row, verb, reason, now())
    row.state = target.value
    for name, value in again.items():
        setattr(row, name, value)
    return _written(session, row, verb, reason, words)


def _clocks_again(session: ActorSession, row: Referral) -> dict[str, datetime]:
    need = session.get(Need, row.need_id)
    domain = Domain(need.domain if need else row.public_domain)
    return vars(receptions.clocks(session, domain, row.to_organisation_id))


def _remember(row: Referral, verb: str, reason: str | None, moment: datetime) -> None:
    """What `machine.facts_of` would tell of the whole history, one step further."""
    if verb == "reopen":
        row.refusal = row.outcome = row.answered_at = row.closed_at = None
    if verb in ANSWERS:
        row.answered_at = row.answered_at or moment
    if verb in ENDS:
        row.closed_at = row.closed_at or moment
    if verb == "refuse":
        row.refusal = reason
    if verb == "close":
        row.outcome = reason


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


def offers(member: Member, line: queries.Line) -> list[Move[State, Side]]:
    """The moves open to this member now: the table's, behind the doors of her roles."""
    return [m for m in moves_from(MOVES, line.state, line.sides) if may(member, ACTS[f"referral.{m.verb}"].needs or "")]
