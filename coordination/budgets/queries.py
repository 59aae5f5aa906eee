"""Reads of budgets: the current ones of a file, their lines, the people who live on them, each barème's answer."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import func
from sqlmodel import col, select

from coordination.budgets.answers import Answer, Totals, answer_of, thaw_answer, totals_of
from coordination.budgets.baremes import Baremes, NoBareme, load_baremes
from coordination.budgets.history import Series, history_of
from coordination.budgets.models import Assessment, AssessmentResult, BudgetLine, BudgetLineDetail
from coordination.budgets.questions import Questions, questions_of
from coordination.budgets.retained import DECISIONS, Decision, decisions_of
from coordination.budgets.rules import (
    Bareme,
    Composition,
    Head,
    Home,
    Line,
    LineKind,
    Origin,
    Period,
    Side,
    Standing,
    reste_a_vivre,
)
from coordination.households.queries import (
    Resident,
    file_header,
    household_codes,
    profile_of,
    reference_names,
    residents,
    visible_parts,
)
from coordination.households.rules import Housing, Precision, is_adult
from coordination.identity.permissions import Part
from coordination.identity.queries import member_names, network, organisations
from coordination.kit.ahead import ABOUT, Question
from coordination.kit.clock import PARIS
from coordination.kit.db import ActorSession
from coordination.kit.errors import NotKnown

BAREMES = Path(__file__).resolve().parents[2] / "policies" / "baremes"
HOMES: dict[str, Home] = {
    Housing.SOCIAL: Home.TENANT,
    Housing.PRIVATE: Home.TENANT,
    Housing.OWNER: Home.OWNER,
    Housing.HOSTED: Home.HOUSED,
    Housing.EMERGENCY: Home.HOUSED,
}
DRAFT, VALIDATED, SUPERSEDED = "draft", "validated", "superseded"


@dataclass(frozen=True)
class Reading:
    """One budget, ready to be shown."""

    assessment: Assessment
    organisation: str
    author: str
    mine: bool
    lines: list[Line]
    totals: Totals
    answers: list[Answer]
    people: list[str]

    def of_side(self, side: Side) -> list[Line]:
        return [line for line in self.lines if line.kind.side is side]

    @property
    def questions(self) -> Questions:
        """What is missing or looks wrong in the lines."""
        return questions_of(self.answers)


@dataclass(frozen=True)
class Draft:
    """A budget somebody of my organisation is typing."""

    id: UUID
    author: str
    created_on: date


@dataclass(frozen=True)
class Earlier:
    """A budget replaced by a newer one."""

    id: UUID
    organisation: str
    reference_date: date


@dataclass(frozen=True)
class FileBudget:
    """The budgets of a file: each organisation's current one, mine first; my organisation's drafts; older ones.

    `decisions`: what organisations retain today, of any of them; `trend`: one's own barème's answers over time, when
    there are several to compare.
    """

    current: list[Reading]
    drafts: list[Draft]
    earlier: list[Earlier]
    decisions: list[Decision]
    trend: Series | None

    @property
    def mine(self) -> Reading | None:
        return next((reading for reading in self.current if reading.mine), None)

    def decided(self, reading: Reading) -> list[Decision]:
        """What is retained of this budget's answers."""
        return [each for each in self.decisions if each.row.assessment_id == reading.assessment.id]

    @property
    def source(self) -> Reading | None:
        """The budget a new one would start from: ours, else the latest of a partner."""
        return self.mine or (self.current[0] if self.current else None)


# ------------------------------------------------------------------ the people and the lines


def open_part(session: ActorSession, household_id: UUID) -> set[str]:
    """The parts of the file that are open to the actor, the budget among them. Raises `NotKnown` otherwise."""
    file_header(session, household_id)
    parts = visible_parts(session, household_id)
    if Part.BUDGET not in parts:
        raise NotKnown
    return parts


def composition_of(
    session: ActorSession, household_id: UUID, on: date, *, named: bool = True
) -> tuple[Composition, list[Resident]]:
    """The people who live on the budget that day; for a day before the file was opened, those of its opening."""
    people = residents(session, household_id, on)
    if not people:
        opened = file_header(session, household_id).opened_at.astimezone(PARIS).date()
        people = residents(session, household_id, opened) if on < opened else []
    adults = sum(is_adult(person.link, person.age) for person in people)
    single = adults == 1 and len(people) > 1
    heads = tuple(_head(person, named=named) for person in people)
    profile = profile_of(session, household_id)
    return Composition(heads, single_parent=single, home=HOMES.get(profile.housing) if profile else None), people


def _head(resident: Resident, *, named: bool) -> Head:
    birth = resident.birth
    year = birth.first.year if birth.first and birth.precision in (Precision.MONTH, Precision.YEAR) else None
    return Head(
        birth_date=birth.first if birth.precision is Precision.DAY else None,
        birth_year=year,
        birth_month=birth.first.month if birth.first and birth.precision is Precision.MONTH else None,
        adult=is_adult(resident.link, None) if birth.first is None else None,
        weight=Fraction(resident.stay.weight),
        name=resident.name if named else "",
    )


_LINES = (
    select(BudgetLine, BudgetLineDetail)
    .join(BudgetLineDetail, col(BudgetLineDetail.line_id) == BudgetLine.id, isouter=True)
    .order_by(col(BudgetLine.side).desc(), col(BudgetLine.position))
)
_OF_FILE = select(Assessment.id).where(Assessment.household_id == ABOUT)
LINES = Question(_LINES.where(col(BudgetLine.assessment_id).in_(_OF_FILE)))


def lines_of(
    session: ActorSession, assessment_ids: Iterable[UUID], known: Sequence[Any] | None = None
) -> dict[UUID, list[Line]]:
    """The lines of budgets as the actor may know them: a health fact's true kind only where its detail is visible.
    `known`: those of the whole file, when they were read already."""
    found: dict[UUID, list[Line]] = {key: [] for key in assessment_ids}
    if known is None:
        known = session.exec(_LINES.where(col(BudgetLine.assessment_id).in_(found))).all() if found else []
    for row, detail in known:
        if row.assessment_id in found:
            found[row.assessment_id].append(_line(row, detail))
    return found


def _line(row: BudgetLine, detail: BudgetLineDetail | None) -> Line:
    return Line(
        id=str(row.id),
        kind=LineKind(detail.kind if detail else row.kind),
        amount_cents=row.amount_cents,
        period=Period(row.period),
        origin=Origin(row.origin),
        month=row.month,
        paid_to_landlord=row.paid_to_landlord,
        label=detail.label if detail else row.label,
    )


# ------------------------------------------------------------------ the answers


def baremes_of(session: ActorSession, on: date) -> list[tuple[Bareme, bool]]:
    """The barèmes of the network's organisations in force that day, one's own first; and whether each is one's own.

    Values of demonstration answer in a network of demonstration alone, even to a structure of the same short name.
    """
    partners = organisations(session)
    home = network(session, session.member.network_id)
    playing = home is not None and home.demo
    mine = partners[session.member.organisation_id].slug
    slugs = [mine, *(partner.slug for partner in partners.values())]
    return [
        (bareme, bareme.organisation == mine)
        for bareme in house_baremes().of(slugs, on)
        if playing or bareme.standing is not Standing.DEMONSTRATION
    ]


def answers(session: ActorSession, composition: Composition, lines: Sequence[Line], on: date) -> list[Answer]:
    """What each barème of the network answers today to these lines."""
    return [
        answer_of(bareme, reste_a_vivre(bareme, composition, lines, on), mine=mine)
        for bareme, mine in baremes_of(session, on)
    ]


def house_baremes() -> Baremes:
    """Every barème of `policies/baremes`, whoever it belongs to."""
    return load_baremes(BAREMES)


# ------------------------------------------------------------------ the budgets of a file


ASSESSMENTS = Question(
    select(Assessment)
    .where(Assessment.household_id == ABOUT)
    .order_by(col(Assessment.reference_date).desc(), col(Assessment.created_at).desc(), col(Assessment.id))
)
RESULTS = Question(select(AssessmentResult).where(col(AssessmentResult.assessment_id).in_(_OF_FILE)))
AUTHORS = select(func.coalesce(Assessment.validated_by, Assessment.created_by)).where(Assessment.household_id == ABOUT)
ASKED = (ASSESSMENTS, LINES, RESULTS, DECISIONS)
"""What the page of a file reads of budgets."""


def assessments_of(session: ActorSession, household_id: UUID) -> list[Assessment]:
    """Every budget of a file one may see, the newest first; drafts of other organisations are left out."""
    mine = session.member.organisation_id
    return [a for a in ASSESSMENTS.of(session, household_id) if a.status != DRAFT or a.organisation_id == mine]


def assessment_of(session: ActorSession, household_id: UUID, assessment_id: UUID) -> Assessment:
    """One budget of one file. Raises `NotKnown`: hidden, of another file, or somebody else's draft."""
    open_part(session, household_id)
    found = session.get(Assessment, assessment_id)
    if found is None or found.household_id != household_id:
        raise NotKnown
    if found.status == DRAFT and found.organisation_id != session.member.organisation_id:
        raise NotKnown
    return found


def assessment_view(session: ActorSession, household_id: UUID, assessment_id: UUID) -> Reading:
    """One budget with its lines and answers: frozen when validated, as of now when it is a draft."""
    found = assessment_of(session, household_id, assessment_id)
    return _readings(session, household_id, [found])[0]


def file_budget(session: ActorSession, household_id: UUID) -> FileBudget:
    """What the file page says of budgets."""
    found = assessments_of(session, household_id)
    partners = organisations(session)
    current = _readings(session, household_id, [a for a in found if a.status == VALIDATED])
    authors = member_names(session, {a.created_by for a in found if a.status == DRAFT})
    return FileBudget(
        current=sorted(current, key=lambda reading: not reading.mine),
        drafts=[
            Draft(a.id, authors.get(a.created_by, ""), a.created_at.astimezone(PARIS).date())
            for a in found
            if a.status == DRAFT
        ],
        earlier=[
            Earlier(a.id, partners[a.organisation_id].name, a.reference_date) for a in found if a.status == SUPERSEDED
        ],
        decisions=[each for each in file_decisions(session, household_id) if not each.replaced] if found else [],
        trend=_trend(session, household_id) if len(found) > 1 else None,
    )


def _trend(session: ActorSession, household_id: UUID) -> Series | None:
    return next((one for one in file_history(session, household_id) if len(one.points) > 1), None)


def file_history(session: ActorSession, household_id: UUID) -> list[Series]:
    """Each barème's answers to the validated budgets of a file over time; one's own organisation's first."""
    return history_of(session, household_id, known_bareme)


def file_decisions(session: ActorSession, household_id: UUID) -> list[Decision]:
    """Every decision one may read of a file's budgets, replaced or not; one's own organisation's first."""
    return decisions_of(session, household_id)


@dataclass(frozen=True)
class OwnDraft:
    """A budget one began and has not validated, on the home page."""

    id: UUID
    household_id: UUID
    title: str
    created_at: datetime


def my_drafts(session: ActorSession, most: int = 8) -> list[OwnDraft]:
    """The member's own drafts, the newest first, under the household's name or code."""
    query = (
        select(Assessment)
        .where(Assessment.created_by == session.member.membership_id, Assessment.status == DRAFT)
        .order_by(col(Assessment.created_at).desc(), col(Assessment.id))
        .limit(most)
    )
    found = session.exec(query).all()
    names = reference_names(session, {a.household_id for a in found})
    codes = household_codes(session, {a.household_id for a in found})
    return [
        OwnDraft(a.id, a.household_id, names.get(a.household_id) or codes[a.household_id], a.created_at) for a in found
    ]


def _readings(session: ActorSession, household_id: UUID, found: Sequence[Assessment]) -> list[Reading]:
    """These budgets of one file, ready to be shown."""
    if not found:
        return []
    partners = organisations(session)
    mine = partners[session.member.organisation_id]
    by_assessment = lines_of(session, [a.id for a in found], LINES.ahead(session, household_id))
    authors = member_names(session, {a.validated_by or a.created_by for a in found})
    names = {str(person.person.id): person.name for person in residents(session, household_id)}
    made = []
    for a in found:
        lines = by_assessment[a.id]
        if a.status == DRAFT:
            composition, people = composition_of(session, household_id, a.reference_date)
            given, who = answers(session, composition, lines, a.reference_date), [p.name for p in people]
        else:
            given = _frozen_answers(session, a, lines, mine.slug)
            who = [names.get(head["person_id"], f"Personne n° {n}") for n, head in enumerate(_heads(a), 1)]
        made.append(
            Reading(
                assessment=a,
                organisation=partners[a.organisation_id].name,
                author=authors.get(a.validated_by or a.created_by, ""),
                mine=a.organisation_id == mine.id,
                lines=lines,
                totals=totals_of(lines),
                answers=given,
                people=who,
            )
        )
    return made


def _frozen_answers(session: ActorSession, a: Assessment, lines: Sequence[Line], mine: str) -> list[Answer]:
    rows = [row for row in RESULTS.of(session, a.household_id) if row.assessment_id == a.id]
    known = [(row, known_bareme(row.bareme_code, row.bareme_version)) for row in rows]
    given = [
        thaw_answer(row.result, lines, rule, mine=rule is not None and rule.organisation == mine) for row, rule in known
    ]
    return sorted(given, key=lambda answer: (not answer.mine, answer.organisation))


def known_bareme(code: str, version: str) -> Bareme | None:
    """The version of the barème that answered, when its file still holds it."""
    try:
        return house_baremes().get(code, date.fromisoformat(version))
    except (NoBareme, ValueError):
        return None


def _heads(a: Assessment) -> list[dict[str, Any]]:
    heads: list[dict[str, Any]] = (a.composition or {}).get("heads", [])
    return heads
