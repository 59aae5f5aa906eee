"""Acts on outside referrals: sending with the person's agreement, withdrawing it; the service's answer; the mail."""

from uuid import UUID

import structlog
from sqlalchemy import Engine

from coordination.audit.service import act, reading
from coordination.directory import queries as directory
from coordination.households import queries as households
from coordination.households.protection import protection_of
from coordination.identity.permissions import Part, Permission
from coordination.kit.actor import OutsideLink
from coordination.kit.clock import now, today
from coordination.kit.db import ActorSession, lock
from coordination.kit.errors import NotKnown, NotNow
from coordination.kit.mail import MailDown, Mailer
from coordination.notices.service import STALE, networks, working
from coordination.outside import queries
from coordination.outside.forms import SendForm
from coordination.outside.models import OutsideReferral
from coordination.outside.rules import LINK_LASTS, SUBJECT, Answer, State, mail_words
from coordination.outside.tokens import Link, sign
from coordination.referrals.queries import need_of
from coordination.referrals.rules import Domain, Refusal

BATCH = 50
# The doors write these lines themselves, under the link's name.
reading("outside.accept", "Orientation acceptée par lien")
reading("outside.refuse", "Orientation refusée par lien")
reading("outside.ask", "Précisions demandées par lien")
reading("outside.renew", "Lien renouvelé")

log = structlog.get_logger("coordination.worker")


class ServiceAway(NotNow):
    """Ce service ne prend personne en ce moment. Rien n’a été envoyé."""


class AlreadySent(NotNow):
    """Ce besoin attend déjà la réponse de ce service. Rien n’a été envoyé."""


class ByHandOnly(NotNow):
    """Ce dossier est protégé : rien n’en sort par lien. Remettez la fiche en main propre. Rien n’a été envoyé."""


@act("outside.send", "Orientation vers un service extérieur", needs=Permission.SEND_REFERRALS)
def send(session: ActorSession, household_id: UUID, need_id: UUID, told: SendForm) -> OutsideReferral:
    """Refers a need to an outside service, with the person's agreement to exactly this. The worker mails it."""
    need = need_of(session, household_id, need_id)
    if not {Part.IDENTITY, Part.NEEDS} <= households.visible_parts(session, household_id):
        raise NotKnown
    households.refuse_ended(session, household_id)
    session.door("pg_advisory_xact_lock(hashtextextended(cast(:id as text), 0))", id=need_id)
    service = directory.service_of(session, told.service)
    if not service.presence.takes(today()):
        raise ServiceAway
    if protection_of(session, household_id) is not None:
        raise ByHandOnly
    sent = queries.of_need(session, household_id, need_id)
    if any(line.row.service_id == service.id and line.state.is_open for line in sent):
        raise AlreadySent
    profile = households.profile_of(session, household_id)
    row = OutsideReferral(
        network_id=session.member.network_id,
        household_id=household_id,
        need_id=need_id,
        from_organisation_id=session.member.organisation_id,
        service_id=service.id,
        public_domain=Domain(need.row.domain).public.value,
        commune=profile.commune if profile else "",
        person_name=told.person_name,
        contact=told.contact,
        agreed_on=told.agreed_on,
        agreed_how=told.agreed_how.value,
        sent_by=session.member.membership_id,
        state=State.SENT.value,
        link_until=now() + LINK_LASTS,
    )
    session.add(row)
    session.flush()
    return row


@act("outside.withdraw", "Accord retiré pour un service extérieur", needs=Permission.SEND_REFERRALS)
def withdraw(session: ActorSession, household_id: UUID, outside_id: UUID) -> OutsideReferral:
    """The person takes her agreement back, or the sender the referral: the link opens nothing from now on."""
    row: OutsideReferral | None = lock(session, OutsideReferral, outside_id)
    if row is None or row.household_id != household_id:
        raise NotKnown
    if State(row.state) is State.WITHDRAWN:
        raise NotNow("Cette orientation est déjà retirée. Rien n’a été modifié.")
    row.state = State.WITHDRAWN.value
    row.withdrawn_at, row.withdrawn_by = now(), session.member.membership_id
    row.version += 1
    session.flush()
    return row


# ------------------------------------------------------------------ the link's holder


def answer(session: ActorSession, link_id: UUID, said: Answer, reason: Refusal | None) -> State | None:
    """What the service says, told in the journal under the link's name; None when the link opens nothing any more.

    When the service has already answered, its answer stands and is given back.
    """
    kept = session.door(
        "access.outside_answer(:link, :verb, :said, :why)",
        link=link_id,
        verb=said.value,
        said=said.state.value,
        why=reason.value if reason else None,
    )
    return State(kept) if kept else None


def renew(session: ActorSession, link_id: UUID) -> bool:
    """Another link in place of this one, mailed to the service's registered address and nowhere else."""
    return bool(session.door("access.outside_renew(:link, :lasts)", link=link_id, lasts=LINK_LASTS))


def holding(engine: Engine, link: Link) -> ActorSession:
    """A session in the name of a link's holder."""
    return ActorSession(engine, OutsideLink(link.referral_id, link.network_id))


# ------------------------------------------------------------------ the worker's part


def post_links(engine: Engine, mailer: Mailer, base_url: str, key: str) -> tuple[int, int]:
    """Mails the links that wait; answers how many went and how many must wait. At least once, like notices."""
    went = waits = 0
    for network_id in networks(engine):
        with working(engine, network_id) as session:
            rows = session.rows("select * from access.take_outside_mail(:stale, :most)", stale=STALE, most=BATCH)
        for row in rows:
            token = sign(key, Link(row.referral_id, network_id, row.link_id), row.link_until)
            words = mail_words(row.organisation_name, row.organisation_phone, f"{base_url}/lien/{token}")
            try:
                mailer.send(row.email, SUBJECT, words, str(row.link_id))
                done = True
            except MailDown as down:
                log.warning("link_waits", why=str(down))
                done = False
            with working(engine, network_id) as session:
                session.door("access.note_outside_mail(:link, :went)", link=row.link_id, went=done)
            went, waits = went + done, waits + (not done)
    return went, waits
