"""Acts on needs and referrals: noting a need, referring it, redirecting, words between the two sides."""

from collections.abc import Sequence
from uuid import UUID

from coordination.audit.service import act, note_reading, reading
from coordination.households import queries as households
from coordination.identity.permissions import Part, Permission
from coordination.kit.clock import now
from coordination.kit.db import ActorSession
from coordination.kit.errors import NotAllowed, NotKnown, NotNow
from coordination.kit.written import Written
from coordination.referrals import queries, receptions, recipients
from coordination.referrals.machine import WRITERS, State
from coordination.referrals.models import Need, Referral, ReferralLink, ReferralText
from coordination.referrals.recipients import Partner, Reach
from coordination.referrals.rules import LINK_LASTS, Domain

READ = reading("referral.read", "Orientation lue")
EVENT = Written(
    "insert into referral_event"
    " (id, network_id, referral_id, at, verb, state, reason, organisation_id, membership_id, version)"
    " values (gen_random_uuid(), %(network_id)s, %(referral_id)s, %(at)s, %(verb)s, %(state)s, %(reason)s,"
    " %(organisation_id)s, %(membership_id)s, %(version)s)"
)
HOLD_NEED = "access.hold_need(:id)"
HOLD_NEED_ALONE = "pg_advisory_xact_lock(hashtextextended(cast(:id as text), 0))"


class NotShared(NotAllowed):
    """Les besoins de ce foyer ne sont pas partagés avec votre structure : il faut d’abord l’accord du foyer."""

    title = "Non partagé avec votre structure"


class SensitiveNotShared(NotNow):
    """Les faits de santé ou de violences de ce foyer ne vous sont pas ouverts : ce besoin n’a pas été noté."""


class AlreadyReferred(NotNow):
    """Ce besoin est déjà orienté vers cette structure. Rien n’a été envoyé."""


class UnknownPartner(NotNow):
    """Cette structure ne fait pas partie des partenaires de votre réseau. Rien n’a été envoyé."""


class NoContact(NotNow):
    """Écrivez comment joindre la personne sans risque pour elle : le service le lira s’il accepte.
    Rien n’a été envoyé."""


class WordsNotKept(NotNow):
    """Votre structure ne peut pas laisser de texte sur cette orientation : choisissez dans la liste, sans rien écrire.
    Rien n’a été enregistré."""


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


def send_referrals(
    session: ActorSession, need_id: UUID, to: Sequence[UUID], words: str = "", reach: Reach | None = None
) -> list[Referral]:
    """Refers one need to one or several partners: one act and one journal line each."""
    return [send_referral(session, need_id, partner_id, words, reach) for partner_id in dict.fromkeys(to)]


@act("referral.send", "Orientation envoyée", needs=Permission.SEND_REFERRALS)
def send_referral(
    session: ActorSession, need_id: UUID, to: UUID, words: str = "", reach: Reach | None = None
) -> Referral:
    """Refers a need to a partner or to an outside service: transmitted when the household's agreement covers it, by
    hand otherwise. `reach`: what a service will read once it accepts; what the file says, where nothing is given."""
    return add_referral(session, need_id, to, words, reach=reach)


def add_referral(
    session: ActorSession,
    need_id: UUID,
    to: UUID,
    words: str,
    *,
    parent: Referral | None = None,
    reach: Reach | None = None,
) -> Referral:
    """A new referral of this need; `parent` is the one it takes over from. The caller writes the journal's line."""
    need = session.get(Need, need_id)
    if need is None:
        raise NotKnown
    households.refuse_ended(session, need.household_id)
    # Two people sending the same need at once take turns, so that the second one sees the first one's referral. Whoever
    # redirects holds its parent: holding a referral, nobody waits for the file.
    session.door(HOLD_NEED if parent is None else HOLD_NEED_ALONE, id=need_id)
    partner = recipients.partner_of(session, need.household_id, to)
    if partner is None:
        raise UnknownPartner
    refuse_twice(session, need.household_id, need_id, partner)
    return _add_row(session, need, partner, words, parent, reach)


def refuse_twice(
    session: ActorSession, household_id: UUID, need_id: UUID, partner: Partner, but: UUID | None = None
) -> None:
    """Raises `AlreadyReferred` when this need already has an open referral to this partner, `but` this one."""
    known = queries.referrals_of(session, household_id)
    open_ones = [line for line in known if line.state.is_open and line.row.id != but]
    if any(line.row.need_id == need_id and queries.recipient_of(line.row) == partner.id for line in open_ones):
        raise AlreadyReferred(f"Ce besoin est déjà orienté vers {partner.name}. Rien n’a été envoyé.")


def _add_row(
    session: ActorSession, need: Need, partner: Partner, words: str, parent: Referral | None, reach: Reach | None
) -> Referral:
    domain = Domain(need.domain)
    by_hand = not partner.coverage.transmits(domain)
    row = Referral(
        network_id=need.network_id,
        household_id=need.household_id,
        household_code=households.file_header(session, need.household_id).code,
        need_id=need.id,
        parent_id=parent.id if parent else None,
        from_organisation_id=session.member.organisation_id,
        to_organisation_id=None if partner.outside else partner.id,
        to_service_id=partner.id if partner.outside else None,
        public_domain=domain.public.value,
        by_hand=by_hand,
        state=(State.BY_HAND if by_hand else State.SENT).value,
        sent_by=session.member.membership_id,
        **vars(receptions.clocks(session, domain, partner.id, outside=partner.outside)),
    )
    session.add(row)
    session.flush()
    tell(session, row, need, words)
    note(session, row, "by_hand" if by_hand else "send")
    if partner.outside and not by_hand:
        add_link(session, row, reach or Reach(), parent)
    return row


def add_link(session: ActorSession, row: Referral, given: Reach, parent: Referral | None) -> ReferralLink:
    """The link of a referral to a service, which the worker mails. What is not given is what its parent said, or the
    file. Raises `NoContact`."""
    before = recipients.link_of(session, parent) if parent else None
    known = Reach(before.person_name, before.contact) if before else recipients.reach_of(session, row.household_id)
    name, contact = given.name or known.name, given.contact or known.contact
    if not name or not contact:
        raise NoContact
    profile = households.profile_of(session, row.household_id)
    # Told up to now: the step that has just been written is what this first mail says.
    link = ReferralLink(
        referral_id=row.id,
        network_id=row.network_id,
        household_id=row.household_id,
        commune=profile.commune if profile else "",
        person_name=name,
        contact=contact,
        mailed_to=recipients.place_of(session, row).email,
        link_until=now() + LINK_LASTS,
    )
    session.add(link)
    session.flush()
    return link


# ------------------------------------------------------------------ words


@act("referral.say", "Message sur une orientation", needs=Permission.ANSWER_REFERRALS)
def say(session: ActorSession, referral_id: UUID, words: str) -> ReferralText:
    """A message to the other side, behind the share."""
    return _written(session, referral_id, words, confidential=False)


@act("referral.note", "Note interne sur une orientation", needs=Permission.ANSWER_REFERRALS)
def write_note(session: ActorSession, referral_id: UUID, words: str) -> ReferralText:
    """A note that one's own organisation alone reads, behind the share too."""
    return _written(session, referral_id, words, confidential=True)


def keep_words(session: ActorSession, referral_id: UUID, words: str) -> ReferralText | None:
    """What an act of another room writes about a referral, behind the share; nothing for no words."""
    return _written(session, referral_id, words, confidential=False) if words else None


def _written(session: ActorSession, referral_id: UUID, words: str, *, confidential: bool) -> ReferralText:
    row = session.get(Referral, referral_id)
    if row is None:
        raise NotKnown
    need = session.get(Need, row.need_id)
    if need is None or not queries.member_sides(session, row) & WRITERS:
        raise WordsNotKept
    told = tell(session, row, need, words, confidential=confidential)
    assert told is not None, "a form asks for words"
    return told


def tell(
    session: ActorSession, row: Referral, need: Need, words: str, *, confidential: bool = False
) -> ReferralText | None:
    """Keeps words behind the share, with the true domain beside them; nothing for no words."""
    if not words:
        return None
    told = ReferralText(
        network_id=row.network_id,
        household_id=row.household_id,
        referral_id=row.id,
        organisation_id=session.member.organisation_id,
        sensitive=need.sensitive,
        domain=need.domain,
        words=words,
        confidential=confidential,
        written_at=now(),
        written_by=session.member.membership_id,
    )
    session.add(told)
    session.flush()
    return told


def note(session: ActorSession, row: Referral, verb: str, reason: str | None = None) -> None:
    """The event of what somebody has just done to this row."""
    member = session.member
    event(session, row, verb, reason, member.organisation_id, member.membership_id)


def event(
    session: ActorSession, row: Referral, verb: str, reason: str | None, organisation: UUID | None, by: UUID | None
) -> None:
    """One line of the timeline: where the row stands now, under its version. The line of the journal takes it along."""
    session.keep(
        EVENT,
        network_id=row.network_id,
        referral_id=row.id,
        verb=verb,
        state=row.state,
        reason=reason,
        organisation_id=organisation,
        membership_id=by,
        version=row.version,
        at=row.expires_at if verb == "expire" else now(),
    )


def note_read(session: ActorSession, view: queries.ReferralView) -> None:
    """Writes in the journal that somebody read a household's name or needs through a referral."""
    if view.need is not None or view.line.name is not None:
        note_reading(session, READ, view.line.row.household_id)
