"""Makes agreements for the tests, through the real act."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import Engine

from coordination.kit.actor import Member
from coordination.kit.clock import today
from coordination.kit.db import ActorSession, acting
from coordination.sharing.forms import AdultRow, AgreementForm
from coordination.sharing.queries import adults_of
from coordination.sharing.rules import Answer, Audience, GivenHow, Purpose, SharedPart
from coordination.sharing.service import record_agreement
from tests.cast import Organised


def agree(
    engine: Engine,
    member: Member,
    household_id: UUID,
    to: Sequence[Organised | UUID],
    parts: tuple[str, ...] = ("identity", "needs"),
    audience: str = "all",
    days: int = 90,
    answer: Answer = Answer.AGREES,
) -> UUID:
    """An agreement every adult of the household gave (or refused), to organisations and to outside services (by id),
    until `days` from today; answers its id."""
    with acting(engine, member) as session:
        return agree_in(session, household_id, to, parts, audience, days, answer)


def agree_in(
    session: ActorSession,
    household_id: UUID,
    to: Sequence[Organised | UUID],
    parts: tuple[str, ...] = ("identity", "needs"),
    audience: str = "all",
    days: int = 90,
    answer: Answer = Answer.AGREES,
) -> UUID:
    """The same, in a transaction that is under way."""
    form = AgreementForm(
        adults=[AdultRow(person=r.person.id, answer=answer) for r in adults_of(session, household_id)],
        recipients=[one if isinstance(one, UUID) else one.id for one in to],
        parts=[SharedPart(part) for part in parts],
        audience=Audience(audience),
        purpose=Purpose.SUPPORT,
        given_how=GivenHow.ORAL,
        valid_until=today() + timedelta(days=days),
    )
    return record_agreement(session, household_id, form).id
