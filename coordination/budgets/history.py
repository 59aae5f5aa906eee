"""Reads of a household's reste à vivre over time: every validated budget's frozen answers, barème by barème."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlmodel import col, select

from coordination.budgets.answers import Answer, thaw_answer
from coordination.budgets.bareme import Bareme
from coordination.budgets.chart import Chart, Measured, draw
from coordination.budgets.models import Assessment, AssessmentResult
from coordination.budgets.retained import Decision, decisions_of
from coordination.identity.queries import organisations
from coordination.kit.db import ActorSession

SETTLED = ("validated", "superseded")


@dataclass(frozen=True)
class Point:
    """One budget under one barème: what it answered, who established it, what is retained of it today."""

    assessment_id: UUID
    on: date
    organisation: str
    version: date
    current: bool
    answer: Answer
    decisions: list[Decision]
    rank: int | None = None


@dataclass(frozen=True)
class Series:
    """One barème's answers, the oldest first; `new_version[n]` says that it changed just before the n-th."""

    code: str
    organisation: str
    title: str
    mine: bool
    points: list[Point]
    chart: Chart | None
    units: list[str]

    @property
    def unit(self) -> str:
        """What its values are expressed in, the latest if it changed."""
        return self.units[-1] if self.units else ""

    @property
    def bounds(self) -> list[int]:
        """The thresholds of the latest answer, in cents."""
        results = [point.answer.result for point in self.points if point.answer.result]
        return [each.bound_cents for each in results[-1].distances] if results else []

    @property
    def newest_first(self) -> list[Point]:
        return self.points[::-1]

    def changed_before(self, point: Point) -> bool:
        """Whether the barème's version is not that of the budget before."""
        at = self.points.index(point)
        return at > 0 and self.points[at - 1].version != point.version

    @property
    def summary(self) -> str:
        """What the drawing shows, for those who listen."""
        shown = [point.answer.result.shown for point in self.points if point.answer.result]
        if len(shown) < 2:
            return f"{shown[0]} {self.unit}." if shown else "Aucune valeur."
        breaks = sum(self.changed_before(point) for point in self.points)
        said = f" Le barème a changé {breaks} fois : le trait s’interrompt." if breaks else ""
        return f"De {shown[0]} à {shown[-1]} {self.unit}, en {len(shown)} budgets.{said}"


Known = Callable[[str, str], Bareme | None]


def history_of(session: ActorSession, household_id: UUID, known: Known) -> list[Series]:
    """Every barème that answered a validated budget one may read; one's own organisation's first."""
    query = (
        select(Assessment, AssessmentResult)
        .join(AssessmentResult, col(AssessmentResult.assessment_id) == Assessment.id)
        .where(Assessment.household_id == household_id, col(Assessment.status).in_(SETTLED))
        .order_by(col(Assessment.reference_date), col(Assessment.validated_at), col(Assessment.id))
    )
    rows = list(session.exec(query))
    if not rows:
        return []
    partners = organisations(session)
    slug = partners[session.member.organisation_id].slug
    decided = [each for each in decisions_of(session, household_id) if not each.replaced]
    found: dict[str, list[Point]] = {}
    for budget, row in rows:
        rule = known(row.bareme_code, row.bareme_version)
        point = Point(
            assessment_id=budget.id,
            on=budget.reference_date,
            organisation=partners[budget.organisation_id].name,
            version=date.fromisoformat(row.bareme_version),
            current=budget.status == "validated",
            answer=thaw_answer(row.result, [], rule, mine=rule is not None and rule.organisation == slug),
            decisions=[d for d in decided if (d.row.assessment_id, d.row.bareme_code) == (budget.id, row.bareme_code)],
        )
        found.setdefault(row.bareme_code, []).append(point)
    series = [_series(code, points) for code, points in found.items()]
    return sorted(series, key=lambda one: (not one.mine, one.organisation, one.code))


def _series(code: str, points: list[Point]) -> Series:
    """Values in another unit than the latest are told in the table alone: no one scale would hold them."""
    results = [point.answer.result for point in points if point.answer.result]
    unit = results[-1].unit_phrase if results else ""
    drawn = [(point, point.answer.result) for point in points if point.answer.result]
    values = [
        Measured(point.on, result.value_cents, point.version, tuple(each.bound_cents for each in result.distances))
        for point, result in drawn
        if result.unit_phrase == unit
    ]
    last = points[-1].answer
    units = list(dict.fromkeys(result.unit_phrase for result in results))
    return Series(code, last.organisation, last.title, last.mine, points, draw(values), sorted(units, key=unit.__eq__))
