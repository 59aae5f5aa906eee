"""Acts on needs and referrals: noting a need, sending, accepting, refusing, closing, taking back."""

from collections.abc import Sequence
from uuid import UUID

from coordination.audit.service import ACTS, act, note_reading, reading
from coordination.households import queries as households
from coordination.identity import queries as identity
from coordination.identity.permissions import Part, Permission
from coordination.kit.actor import Member, may
from coordination.kit.clock import now
from coordination.kit.db import ActorSession, lock
from coordination.kit.errors import NotAllowed, NotKnown, NotNow
from coordination.kit.transitions import Move, moves_from
from coordination.kit.web import datetime_fr
from coordination.referrals import queries
from coordination.referrals.models import Need, Referral, ReferralEvent, ReferralText
from coordination.referrals.rules import MOVES, WRITERS, Coverage, Domain, Outcome, Refusal, Side, State, find_move

READ = reading("referral.read", "Orientation lue")


class NotShared(NotAllowed):
    """Les besoins de ce foyer ne sont pas partagés avec votre structure : il faut d’abord l’accord du foyer."""

    title = "Non partagé avec votre structure"


class SensitiveNotShared(NotNow):
    """Les faits de santé ou de violences de ce foyer ne vous sont pas ouverts : ce besoin n’a pas été noté."""


class AlreadyReferred(NotNow):
    """Ce besoin est déjà orienté vers cette structure. Rien n’a été envoyé."""


class UnknownPartner(NotNow):
    """Cette structure ne fait pas partie des partenaires de votre réseau. Rien n’a été envoyé."""


class WordsNotKept(NotNow):
    """Votre structure ne peut pas laisser de texte sur cette orientation : choisissez dans la liste, sans rien écrire.
    Rien n’a été enregistré."""


class AlreadyMoved(NotNow):
    """Quelqu’un a répondu avant vous. Rien n’a été modifié."""

    title = "Quelqu’un a été plus rapide"


# ------------------------------------------------------------------ needs


@act("need.add", "Besoin noté", needs=Permission.WRITE_NEEDS)
def add_need(session: ActorSession, household_id: UUID, domain: Domain, summary: str) -> Need:
    """Notes a need. Raises `NotKnown`, `NotShared` or `SensitiveNotShared`."""
    refuse_unshared(session, household_id)
    households.refuse_ended(session, household_id)
    if domain.sensitive and Part.SENSITIVE not in households.visible_parts(session, household_id):
        raise SensitiveNotShared
    need = Need(
        network_id=session.member.network_id,
        household_id=household_id,
        organisation_id=session.member.organisation_id,
        domain=domain.value,
        sensitive=domain.sensitive,
        summary=summary,
        opened_by=session.member.membership_id,
    )
    session.add(need)
    session.flush()
    return need


def refuse_unshared(session: ActorSession, household_id: UUID) -> None:
    """Raises `NotKnown` for a file one sees nothing of, `NotShared` when its needs are not open."""
    parts = households.visible_parts(session, household_id)
    if not parts:
        raise NotKnown
    if Part.NEEDS not in parts:
        raise NotShared


# ------------------------------------------------------------------ sending


def send_referrals(session: ActorSession, need_id: UUID, to: Sequence[UUID], words: str = "") -> list[Referral]:
    """Refers one need to one or several partners: one act and one journal line each."""
    return [send_referral(session, need_id, partner_id, words) for partner_id in dict.fromkeys(to)]


@act("referral.send", "Orientation envoyée", needs=Permission.SEND_REFERRALS)
def send_referral(session: ActorSession, need_id: UUID, to: UUID, words: str = "") -> Referral:
    """Refers a need to a partner: transmitted when the household's agreement covers it, by hand otherwise."""
    need = session.get(Need, need_id)
    if need is None:
        raise NotKnown
    households.refuse_ended(session, need.household_id)
    # Two people sending the same need at once take turns, so that the second one sees the first one's referral.
    session.door("pg_advisory_xact_lock(hashtextextended(cast(:id as text), 0))", id=need_id)
    partner = next((p for p in queries.partners(session, need.household_id) if p.id == to), None)
    if partner is None:
        raise UnknownPartner
    open_ones = [line for line in queries.referrals_of(session, need.household_id) if line.state.is_open]
    if any(line.row.need_id == need_id and line.row.to_organisation_id == to for line in open_ones):
        raise AlreadyReferred(f"Ce besoin est déjà orienté vers {partner.name}. Rien n’a été envoyé.")
    return _add_referral(session, need, partner.id, partner.coverage, words)


def _add_referral(session: ActorSession, need: Need, to: UUID, covered: Coverage, words: str) -> Referral:
    by_hand = not covered.transmits(Domain(need.domain))
    row = Referral(
        network_id=need.network_id,
        household_id=need.household_id,
        household_code=households.file_header(session, need.household_id).code,
        need_id=need.id,
        from_organisation_id=session.member.organisation_id,
        to_organisation_id=to,
        public_domain=Domain(need.domain).public.value,
        by_hand=by_hand,
        state=(State.BY_HAND if by_hand else State.SENT).value,
        sent_by=session.member.membership_id,
    )
    session.add(row)
    session.flush()
    _tell(session, row, need, words)
    _note(session, row, "by_hand" if by_hand else "send")
    return row


# ------------------------------------------------------------------ moving


@act("referral.accept", "Orientation acceptée", needs=Permission.ANSWER_REFERRALS)
def accept(session: ActorSession, referral_id: UUID, version: int, words: str = "") -> Referral:
    """The receiver takes it."""
    row = _move(session, referral_id, version, "accept", words)
    row.answered_at = now()
    return row


@act("referral.refuse", "Orientation refusée", needs=Permission.ANSWER_REFERRALS)
def refuse(session: ActorSession, referral_id: UUID, version: int, reason: Refusal, words: str = "") -> Referral:
    """The receiver refuses, with a coded reason; « autre » comes with words."""
    if reason is Refusal.OTHER and not words:
        raise NotNow("Pour un autre motif, écrivez lequel. Rien n’a été modifié.")
    row = _move(session, referral_id, version, "refuse", words, reason=reason.value)
    row.refusal = reason.value
    row.answered_at = now()
    return row


@act("referral.close", "Orientation terminée", needs=Permission.ANSWER_REFERRALS)
def close(session: ActorSession, referral_id: UUID, version: int, outcome: Outcome, words: str = "") -> Referral:
    """Says what became of it, for the household."""
    row = _move(session, referral_id, version, "close", words, reason=outcome.value)
    row.outcome = outcome.value
    row.closed_at = now()
    return row


@act("referral.cancel", "Orientation annulée", needs=Permission.SEND_REFERRALS)
def cancel(session: ActorSession, referral_id: UUID, version: int, words: str = "") -> Referral:
    """The sender takes it back."""
    row = _move(session, referral_id, version, "cancel", words)
    row.closed_at = now()
    return row


def _move(
    session: ActorSession, referral_id: UUID, version: int, verb: str, words: str, *, reason: str | None = None
) -> Referral:
    """Locks the row, asks the table, moves it and writes the event. Whoever comes second is told who came first."""
    row: Referral | None = lock(session, Referral, referral_id)
    if row is None:
        raise NotKnown
    state = State(row.state)
    if row.version != version:
        raise AlreadyMoved(_who_moved(session, row, state))
    sides = queries.member_sides(session, row)
    row.state = find_move(verb, state, sides).target.value
    row.version += 1
    row.moved_by = session.member.membership_id
    session.flush()
    if words:
        need = session.get(Need, row.need_id)
        if need is None or not sides & WRITERS:
            raise WordsNotKept
        _tell(session, row, need, words)
    _note(session, row, verb, reason)
    return row


def _who_moved(session: ActorSession, row: Referral, state: State) -> str:
    """« Déjà acceptée par Épicerie (Marc) le 21 novembre 2026 à 9 h 05. »"""
    event = queries.last_move(session, row.id)
    if event is None:
        return AlreadyMoved().sentence
    organisation = identity.organisations(session)[event.organisation_id].name
    name = identity.member_names(session, {event.membership_id}).get(event.membership_id, "")
    who = f"{organisation} ({name})" if name else organisation
    return f"Déjà {state.label.lower()} par {who} le {datetime_fr(event.at)}. Rien n’a été modifié."


def _tell(session: ActorSession, row: Referral, need: Need, words: str) -> None:
    """Keeps words behind the share, with the true domain beside them; nothing for no words."""
    if not words:
        return
    session.add(
        ReferralText(
            network_id=row.network_id,
            household_id=row.household_id,
            referral_id=row.id,
            organisation_id=session.member.organisation_id,
            sensitive=need.sensitive,
            domain=need.domain,
            words=words,
            written_by=session.member.membership_id,
        )
    )
    session.flush()


def _note(session: ActorSession, row: Referral, verb: str, reason: str | None = None) -> None:
    session.add(
        ReferralEvent(
            network_id=row.network_id,
            referral_id=row.id,
            verb=verb,
            state=row.state,
            reason=reason,
            organisation_id=session.member.organisation_id,
            membership_id=session.member.membership_id,
        )
    )
    session.flush()


# ------------------------------------------------------------------ what a page may offer


def offers(member: Member, state: State, sides: frozenset[Side]) -> list[Move[State, Side]]:
    """The moves open to this member now: the table's, behind the doors of her roles."""
    return [m for m in moves_from(MOVES, state, sides) if may(member, ACTS[f"referral.{m.verb}"].needs or "")]


def note_read(session: ActorSession, view: queries.ReferralView) -> None:
    """Writes in the journal that somebody read a household's name or needs through a referral."""
    if view.need is not None or view.line.name is not None:
        note_reading(session, READ, view.line.row.household_id)
