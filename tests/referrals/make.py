"""Makes needs and referrals for the tests, through the real acts."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Engine

from coordination.kit.actor import Member
from coordination.kit.db import acting
from coordination.referrals import service
from coordination.referrals.models import Referral
from coordination.referrals.recipients import Reach
from coordination.referrals.rules import Domain
from tests.cast import Organised


def note_need(
    engine: Engine,
    member: Member,
    household_id: UUID,
    domain: Domain = Domain.HOUSING,
    summary: str = "Deux mois de loyer en retard.",
) -> UUID:
    """A need of the household; answers its id."""
    with acting(engine, member) as session:
        return service.add_need(session, household_id, domain, summary).id


def send(
    engine: Engine, member: Member, need_id: UUID, to: Sequence[Organised | UUID], words: str = ""
) -> list[Referral]:
    """The referrals of a need to these organisations and outside services (by id), in their order."""
    with acting(engine, member) as session:
        ids = [one if isinstance(one, UUID) else one.id for one in to]
        return service.send_referrals(session, need_id, ids, words, Reach(contact="06"))


def refer(
    engine: Engine,
    member: Member,
    household_id: UUID,
    to: Organised,
    domain: Domain = Domain.HOUSING,
    words: str = "",
) -> Referral:
    """A need and its one referral."""
    return send(engine, member, note_need(engine, member, household_id, domain), [to], words)[0]
