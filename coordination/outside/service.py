"""The acts of a link's holder, and the mail that carries the link. A referral is sent and followed in `referrals`."""

from uuid import UUID

import structlog
from sqlalchemy import Engine

from coordination.audit.service import reading
from coordination.kit.actor import OutsideLink
from coordination.kit.db import ActorSession
from coordination.kit.mail import MailDown, Mailer
from coordination.notices.service import STALE, networks, working
from coordination.outside.rules import Answer, Mail, mail_words
from coordination.outside.tokens import Link, sign
from coordination.referrals.machine import State

BATCH = 50
# The doors write these lines themselves, under the link's name.
reading("outside.accept", "Orientation acceptée par lien")
reading("outside.refuse", "Orientation refusée par lien")
reading("outside.ask", "Précisions demandées par lien")
reading("outside.close", "Orientation terminée par lien")
reading("outside.renew", "Lien renouvelé")
# Lines of the time when these referrals had a table of their own.
reading("outside.send", "Orientation vers un service extérieur")
reading("outside.withdraw", "Accord retiré pour un service extérieur")

log = structlog.get_logger("coordination.worker")


def answer(session: ActorSession, link_id: UUID, said: Answer, code: str | None) -> State | None:
    """What the service says, told in the timeline and the journal under the link's name; None when the link opens
    nothing any more. When it may no longer say so, the referral's state is given back as it stands."""
    kept = session.door("access.outside_answer(:link, :verb, :why)", link=link_id, verb=said.value, why=code)
    return State(kept) if kept else None


def renew(session: ActorSession, link_id: UUID) -> bool:
    """Another link in place of this one, mailed to the service's registered address and nowhere else."""
    return bool(session.door("access.outside_renew(:link)", link=link_id))


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
            why = Mail(row.step)
            words = mail_words(why, row.organisation_name, row.organisation_phone, f"{base_url}/lien/{token}")
            try:
                mailer.send(row.email, why.subject, words, str(row.link_id))
                done = True
            except MailDown as down:
                log.warning("link_waits", why=str(down))
                done = False
            with working(engine, network_id) as session:
                session.door("access.note_outside_mail(:link, :went)", link=row.link_id, went=done)
            went, waits = went + done, waits + (not done)
    return went, waits
