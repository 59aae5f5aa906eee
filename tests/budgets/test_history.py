"""The reste à vivre over time: a drawing that tells what its table tells, broken where the barème changed."""

import itertools
import re
from collections.abc import Callable
from datetime import date, timedelta
from fractions import Fraction
from html import unescape
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordination.budgets import service
from coordination.budgets.chart import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, Measured, draw
from coordination.budgets.lines import LineKind
from coordination.budgets.queries import file_budget, file_history
from coordination.kit.clock import today
from coordination.kit.db import acting
from tests.budgets.make import G1, budget_form, mother_and_two, partners_with_baremes, validated
from tests.cast import PASSWORD, Organised
from tests.conftest import Base, Browser
from tests.sharing.make import agree

VALUES = st.builds(
    Measured,
    on=st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    cents=st.fractions(-200_000, 200_000, max_denominator=90),
    version=st.sampled_from([date(year, 1, 1) for year in (2019, 2022, 2025)]),
    bounds=st.lists(st.integers(-1000, 5000), max_size=3).map(lambda them: tuple(sorted(them))),
)


@given(st.lists(VALUES, min_size=1, max_size=12).map(lambda them: sorted(them, key=lambda value: value.on)))
def test_every_value_stands_inside_higher_when_it_is_more_and_later_to_the_right(values: list[Measured]) -> None:
    chart = draw(values)
    assert chart is not None
    assert len(chart.dots) == len(values)
    marks = [(dot.x, dot.y) for dot in chart.dots] + [(one.x1, one.y1) for one in chart.thresholds]
    assert all(LEFT <= x <= WIDTH - RIGHT and TOP <= y <= HEIGHT - BOTTOM for x, y in marks)
    for one, dot in zip(values, chart.dots, strict=True):
        for other, its in zip(values, chart.dots, strict=True):
            assert (one.on < other.on) <= (dot.x <= its.x)
            assert (one.cents < other.cents) <= (dot.y >= its.y)
    versions = [value.version for value in values]
    assert len(chart.breaks) == sum(a != b for a, b in itertools.pairwise(versions))
    assert [tick.cents for tick in chart.ticks] == sorted({tick.cents for tick in chart.ticks})
    assert 2 <= len(chart.ticks) <= 8
    assert 0 in {tick.cents for tick in chart.ticks}


def test_a_line_never_joins_two_versions() -> None:
    days = [date(2026, month, 1) for month in (1, 4, 7, 10)]
    versions = [date(2026, 1, 1)] * 2 + [date(2026, 6, 1)] * 2
    values = [Measured(day, Fraction(800), version, (800,)) for day, version in zip(days, versions, strict=True)]
    chart = draw(values)
    assert chart is not None
    assert [path.count(",") for path in chart.paths] == [2, 2]
    assert draw([]) is None


# ------------------------------------------------------------------ in a database


@pytest.fixture(scope="module")
def partners(shared_base: Base) -> dict[str, Organised]:
    return partners_with_baremes(shared_base.engine)


@pytest.fixture(scope="module")
def household(shared_base: Base, partners: dict[str, Organised]) -> UUID:
    """G1's mother: 5,00 € a day three months ago, 8,00 € today."""
    worker, engine = partners["ccas-carvin"].people["intake"], shared_base.engine
    made = mother_and_two(engine, worker)
    past = {"reference_date": f"{today() - timedelta(days=92):%d/%m/%Y}"}
    with acting(engine, worker) as session:
        first = service.start_assessment(session, made)
        form = budget_form(G1 | {LineKind.RSA: "469,90"}, more=past)
        service.save_lines(session, made, first.id, form)
        service.validate_assessment(session, made, first.id, 2)
    validated(engine, worker, made)
    return made


def test_values_are_told_by_bareme_one_s_own_first_and_the_oldest_first(
    shared_base: Base, partners: dict[str, Organised], household: UUID
) -> None:
    worker = partners["ccas-carvin"].people["intake"]
    with acting(shared_base.engine, worker) as session:
        series = file_history(session, household)
        trend = file_budget(session, household).trend
    own = series[0]
    assert own.mine
    assert [one.mine for one in series] == [True, *[False] * (len(series) - 1)]
    assert [point.answer.result.shown for point in own.points if point.answer.result][-1] == "8,00\u00a0€"
    assert [point.current for point in own.points] == [False, True]
    assert trend == own
    assert "en 2 budgets" in own.summary


def test_a_partner_without_the_budget_reads_no_history(
    shared_base: Base, partners: dict[str, Organised], household: UUID
) -> None:
    shop = partners["epicerie-solidaire"]
    agree(shared_base.engine, partners["ccas-carvin"].people["intake"], household, [shop], parts=("identity", "needs"))
    with acting(shared_base.engine, shop.people["intake"]) as session:
        assert file_history(session, household) == []


def text(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def test_the_page_draws_and_tables_the_same_values(
    partners: dict[str, Organised], browser: Callable[[], Browser], household: UUID
) -> None:
    page = browser().sign_in(partners["ccas-carvin"].emails["intake"], PASSWORD)
    html = page.get(f"/foyers/{household}/budget/historique").text
    svgs = re.findall(r"<svg class=\"chart\".*?</svg>", html, re.DOTALL)
    assert len(svgs) == html.count("<caption")
    for svg in svgs:
        assert svg.count("<title") == svg.count("<desc") == 1
        assert svg.count("chart-dot") <= 2
    said = text(html)
    assert "8,0011 €" in said
    assert said.index("8,0011 €") < said.index("5,0000 €"), "the newest first in the table"
    assert "Historique du reste à vivre" in text(page.get(f"/foyers/{household}").text)
    assert "chart-dot" in page.get(f"/foyers/{household}").text
