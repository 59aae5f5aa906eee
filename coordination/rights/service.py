"""Acts on estimated rights: asking, answering in a batch, and turning one into a need."""

import json
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Engine

from coordination.audit.service import act
from coordination.budgets.queries import VALIDATED, assessment_of
from coordination.households.queries import refuse_ended
from coordination.identity.permissions import Permission
from coordination.kit.db import ActorSession
from coordination.kit.errors import NotNow
from coordination.notices.service import networks, working
from coordination.referrals.rules import Domain
from coordination.referrals.service import add_need
from coordination.rights import queries
from coordination.rights.models import RightsEstimate
from coordination.rights.rules import CAF, Benefit, NotEstimable, Right, assumptions_of, facts_of

ESTIMATOR = Path(__file__).with_name("estimator.py")
PATIENCE = 600
STALE = timedelta(minutes=15)
BATCH = 50

log = structlog.get_logger("coordination.worker")


class CannotEstimate(NotNow):
    """L’estimation ne peut pas se faire."""


class NoSuchRight(NotNow):
    """Ce droit n’est pas dans l’estimation : rechargez la page. Rien n’a été noté."""


@act("rights.ask", "Estimation des droits demandée", needs=Permission.READ_BUDGETS)
def ask(session: ActorSession, household_id: UUID, assessment_id: UUID) -> RightsEstimate:
    """Asks the worker what a validated budget seems to open. Raises `CannotEstimate`, naming what is missing."""
    refuse_ended(session, household_id)
    assessment = assessment_of(session, household_id, assessment_id)
    if assessment.status != VALIDATED:
        raise CannotEstimate("Validez d’abord ce budget : l’estimation part d’un budget qui ne bouge plus.")
    known = queries.known_of(session, household_id, assessment_id)
    try:
        facts = facts_of(known.people, known.amounts, known.housing, known.on)
    except NotEstimable as missing:
        raise CannotEstimate(str(missing)) from missing
    asked = RightsEstimate(
        network_id=session.member.network_id,
        household_id=household_id,
        assessment_id=assessment_id,
        organisation_id=session.member.organisation_id,
        asked_by=session.member.membership_id,
        sensitive=known.sensitive,
        facts=facts,
        assumptions=assumptions_of(known.people, known.amounts),
    )
    session.add(asked)
    session.flush()
    return asked


def note_need(session: ActorSession, household_id: UUID, assessment_id: UUID, benefit: Benefit) -> UUID:
    """A need « accès aux droits » about one estimated right; its words carry the range and that it is to be checked."""
    shown = queries.latest(session, household_id, assessment_id)
    found = next((right for right in shown.rights if right.benefit is benefit), None) if shown else None
    if found is None:
        raise NoSuchRight
    domain = Domain.HEALTH if benefit.sensitive else Domain.RIGHTS
    return add_need(session, household_id, domain, words_of(found)).id


def words_of(right: Right) -> str:
    """« Prime d’activité : entre 181 et 211 € par mois semblent dus. Estimation, à vérifier auprès de la CAF. »"""
    if right.benefit is Benefit.CSS:
        return f"{right.benefit.label} : semble ouverte. {CAF[0].upper()}{CAF[1:]}."
    low, high = (max(0, amount - right.received) // 100 for amount in (right.low, right.high))
    much = f"{high} €" if low == high else f"entre {low} et {high} €"
    return f"{right.benefit.label} : {much} par mois semblent dus et non reçus. {CAF[0].upper()}{CAF[1:]}."


# ------------------------------------------------------------------ the worker's part


def answer_waiting(engine: Engine, interpreter: Path) -> int:
    """Answers every question that waits, a batch for each network; answers how many."""
    return sum(_answer_in(engine, network_id, interpreter) for network_id in networks(engine))


def _answer_in(engine: Engine, network_id: UUID, interpreter: Path) -> int:
    with working(engine, network_id) as session:
        asked = session.rows("select * from access.take_estimates(:stale, :most)", stale=STALE, most=BATCH)
    if not asked:
        return 0
    said = estimate(interpreter, [row.facts for row in asked])
    with working(engine, network_id) as session:
        for place, row in enumerate(asked):
            session.door(
                "access.note_estimate(:id, cast(:said as jsonb), :version, :why)",
                id=row.id,
                said=json.dumps(said["answers"][place]) if said else None,
                version=said["package"] if said else "",
                why="" if said else "estimator_failed",
            )
    return len(asked)


def estimate(interpreter: Path, facts: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The estimator's answers, in the order of the facts; None when it fails, which is told on screen."""
    try:
        done = subprocess.run(
            [str(interpreter), str(ESTIMATOR)],
            input=json.dumps({"households": facts}),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=True,
        )
        said: dict[str, Any] = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError) as failure:
        log.warning("estimator_failed", why=type(failure).__name__)
        return None
    return said
