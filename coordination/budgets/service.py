"""Acts on budgets: starting one, its lines, freezing it with what each barème answers."""

from uuid import UUID, uuid4

from sqlalchemy import delete
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from coordination.audit.service import act
from coordination.budgets.answers import freeze_answer, freeze_composition
from coordination.budgets.forms import BudgetForm
from coordination.budgets.models import Assessment, AssessmentResult, BudgetLine, BudgetLineDetail
from coordination.budgets.queries import (
    DRAFT,
    SUPERSEDED,
    VALIDATED,
    assessment_of,
    baremes_of,
    composition_of,
    lines_of,
    open_part,
)
from coordination.budgets.rules import Line, reste_a_vivre
from coordination.households.queries import refuse_ended
from coordination.identity.permissions import Part, Permission
from coordination.kit.clock import now, today
from coordination.kit.db import ActorSession, lock
from coordination.kit.errors import Malformed, NotAllowed, NotKnown, NotNow, Stale


class AlreadyStarted(NotNow):
    """Votre structure a déjà un budget en cours de saisie pour ce foyer : reprenez-le."""

    def __init__(self, draft_id: UUID) -> None:
        super().__init__()
        self.draft_id = draft_id


class Frozen(NotNow):
    """Ce budget est validé : il ne change plus. Si la situation a changé, mettez-le à jour par un nouveau budget."""


class NoLine(Malformed):
    """Ce budget n’a aucune ligne. Si le foyer n’a aucune ressource, inscrivez une ligne à 0 €."""


class Sensitive(Malformed):
    """Une de ces lignes touche à la santé, et cette partie du dossier ne vous est pas ouverte : choisissez
    « Autre ressource » ou « Autre charge ». Rien n’a été enregistré."""


class SomebodyElses(NotAllowed):
    """Ce brouillon peut contenir des lignes qui ne vous sont pas ouvertes : seule la personne qui l’a commencé,
    ou un collègue qui voit tout le budget, peut le reprendre."""


@act("budget.start", "Budget commencé", needs=Permission.WRITE_BUDGETS)
def start_assessment(session: ActorSession, household_id: UUID) -> Assessment:
    """A blank draft for today. Raises `AlreadyStarted` when one's organisation has one."""
    open_part(session, household_id)
    _refuse_second(session, household_id)
    return _new_draft(session, household_id)


@act("budget.copy", "Budget commencé à partir d’un précédent", needs=Permission.WRITE_BUDGETS)
def start_from(session: ActorSession, household_id: UUID, source_id: UUID) -> Assessment:
    """A draft for today with the lines of an earlier budget one may see. Raises `AlreadyStarted`."""
    source = assessment_of(session, household_id, source_id)
    if source.status == DRAFT:
        raise NotKnown
    _refuse_second(session, household_id)
    draft = _new_draft(session, household_id)
    parts = open_part(session, household_id)
    _write_lines(session, draft, lines_of(session, [source_id])[source_id], parts)
    return draft


def _wait(session: ActorSession, household_id: UUID) -> None:
    """Waits for a colleague who starts or validates a budget of this file in the same instant."""
    key = f"budget {household_id} {session.member.organisation_id}"
    session.door("pg_advisory_xact_lock(hashtextextended(:key, 0))", key=key)


def _refuse_second(session: ActorSession, household_id: UUID) -> None:
    _wait(session, household_id)
    found = session.exec(_ours(session, household_id, DRAFT)).first()
    if found is not None:
        raise AlreadyStarted(found.id)


def _ours(session: ActorSession, household_id: UUID, status: str) -> SelectOfScalar[Assessment]:
    return select(Assessment).where(
        Assessment.household_id == household_id,
        Assessment.organisation_id == session.member.organisation_id,
        Assessment.status == status,
    )


def _new_draft(session: ActorSession, household_id: UUID) -> Assessment:
    refuse_ended(session, household_id)
    draft = Assessment(
        network_id=session.member.network_id,
        household_id=household_id,
        organisation_id=session.member.organisation_id,
        status=DRAFT,
        reference_date=today(),
        created_by=session.member.membership_id,
    )
    session.add(draft)
    session.flush()
    return draft


@act("budget.lines", "Lignes du budget enregistrées", needs=Permission.WRITE_BUDGETS)
def save_lines(session: ActorSession, household_id: UUID, assessment_id: UUID, form: BudgetForm) -> Assessment:
    """Replaces the lines of a draft. Raises `Frozen`, `Stale`, `Sensitive`."""
    draft = _draft(session, household_id, assessment_id, form.version)
    parts = open_part(session, household_id)
    session.flush()
    session.connection().execute(delete(BudgetLine).where(col(BudgetLine.assessment_id) == draft.id))
    _write_lines(session, draft, form.typed_lines(), parts)
    draft.reference_date = form.reference_date
    draft.version += 1
    return draft


def _draft(session: ActorSession, household_id: UUID, assessment_id: UUID, version: int) -> Assessment:
    """One's organisation's draft, locked, in the version one has read."""
    found = assessment_of(session, household_id, assessment_id)
    if found.organisation_id != session.member.organisation_id:
        raise NotKnown
    refuse_reader(session, found)
    refuse_ended(session, household_id)
    locked: Assessment | None = lock(session, Assessment, assessment_id)
    if locked is None or locked.status != DRAFT:
        raise Frozen
    if locked.version != version:
        raise Stale
    return locked


def refuse_reader(session: ActorSession, draft: Assessment) -> None:
    """A draft may hold lines about health: it is taken up by its author, or by who sees such lines."""
    hers = draft.created_by == session.member.membership_id
    if not hers and Part.SENSITIVE not in open_part(session, draft.household_id):
        raise SomebodyElses


def _write_lines(session: ActorSession, draft: Assessment, lines: list[Line], parts: set[str]) -> None:
    """Adds lines to a draft; what a kind says of health goes apart, where the sensitive part opens."""
    details = []
    for position, line in enumerate(lines):
        if line.kind.sensitive and Part.SENSITIVE not in parts:
            raise Sensitive
        row = BudgetLine(
            id=uuid4(),
            network_id=draft.network_id,
            household_id=draft.household_id,
            assessment_id=draft.id,
            position=position,
            side=line.kind.side.value,
            kind=line.kind.public_kind.value,
            amount_cents=line.amount_cents,
            period=line.period.value,
            origin=line.origin.value,
            month=line.month,
            paid_to_landlord=line.paid_to_landlord,
            label="" if line.kind.sensitive else line.label,
        )
        session.add(row)
        if line.kind.sensitive:
            details.append((row.id, line))
    session.flush()
    for line_id, line in details:
        session.add(
            BudgetLineDetail(
                line_id=line_id,
                network_id=draft.network_id,
                household_id=draft.household_id,
                kind=line.kind.value,
                label=line.label,
            )
        )
    session.flush()


@act("budget.validate", "Budget validé", needs=Permission.WRITE_BUDGETS)
def validate_assessment(session: ActorSession, household_id: UUID, assessment_id: UUID, version: int) -> Assessment:
    """Freezes a draft with its people and each barème's answer; it replaces the organisation's previous one."""
    _wait(session, household_id)
    draft = _draft(session, household_id, assessment_id, version)
    lines = lines_of(session, [draft.id])[draft.id]
    if not lines:
        raise NoLine
    on = draft.reference_date
    composition, people = composition_of(session, household_id, on, named=False)
    for rule, _ in baremes_of(session, on):
        session.add(
            AssessmentResult(
                network_id=draft.network_id,
                household_id=household_id,
                assessment_id=draft.id,
                bareme_code=rule.code,
                bareme_version=rule.version.isoformat(),
                result=freeze_answer(rule, reste_a_vivre(rule, composition, lines, on)),
            )
        )
    session.flush()  # results are only accepted while the budget is a draft
    _supersede(session, draft)
    draft.composition = freeze_composition(composition, [str(p.person.id) for p in people], on.isoformat())
    draft.status = VALIDATED
    draft.validated_at = now()
    draft.validated_by = session.member.membership_id
    draft.version += 1
    return draft


def _supersede(session: ActorSession, draft: Assessment) -> None:
    for previous in session.exec(_ours(session, draft.household_id, VALIDATED).with_for_update()):
        previous.status = SUPERSEDED
        previous.superseded_by = draft.id
    session.flush()
