"""What is read of a typed budget, and what is said of what cannot be read."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import FormData

from coordination.budgets.forms import (
    FIRST_FREE,
    USUAL,
    BudgetForm,
    filled,
    full,
    kinds_offered,
    named_errors,
    read_budget,
    rows_shown,
)
from coordination.budgets.rules import Line, LineKind, Origin, Period, Side
from coordination.kit.clock import today
from coordination.kit.forms import LONGEST_ROWS, FormState, read
from tests.budgets.make import G1, budget_form, typed


def refused(**fields: str) -> FormState:
    form, state = read(BudgetForm, FormData(typed(G1, 1, {name.replace("__", "-"): v for name, v in fields.items()})))
    assert form is None
    return state


def test_a_row_without_amount_is_dropped_whatever_its_choices_say() -> None:
    blank = {"lines-1-kind": "salaire", "lines-1-amount": " ", "lines-1-period": "yearly", "lines-1-origin": "proof"}
    blank |= {"lines-100-kind": "", "lines-100-amount": "", "lines-100-period": "monthly"}
    lines = budget_form(G1, 1, blank).typed_lines()
    assert [(line.kind, line.amount_cents) for line in lines] == [
        (LineKind.RSA, 74000),
        (LineKind.AL, 44000),
        (LineKind.LOYER, 35000),
        (LineKind.ENERGIE, 10000),
        (LineKind.TELEPHONE, 990),
    ]


def test_zero_is_an_amount() -> None:
    assert [line.amount_cents for line in budget_form({LineKind.SALAIRE: "0"}).typed_lines()] == [0]


def test_every_field_of_a_row_is_read() -> None:
    more = {"lines-9-period": "quarterly", "lines-9-origin": "proof", "lines-9-month": "9/2026"}
    more |= {"lines-9-landlord": "oui", "lines-9-label": " CAF ", "reference_date": ""}
    form = budget_form(G1, 1, more)
    line = form.typed_lines()[1]
    assert form.reference_date == today()
    assert line == Line(
        "1", LineKind.AL, 44000, Period.QUARTERLY, Origin.PROOF, date(2026, 9, 1), paid_to_landlord=True, label="CAF"
    )


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("lines__0__amount", "douze", "en chiffres seulement"),
        ("lines__0__amount", "1,234", "Deux chiffres au plus"),
        ("lines__0__amount", "-5", "sans signe moins"),
        ("lines__0__amount", "99999999999", "trop grand"),
        ("lines__0__amount", "1" * 500, "trop long"),
        ("lines__0__amount", "1,2,3", "plusieurs virgules"),
        ("lines__0__kind", "", "Choisissez de quelle ressource"),
        ("lines__0__kind", "loterie", "Choisissez une des réponses proposées."),
        ("lines__0__period", "parfois", "Choisissez une des réponses proposées."),
        ("lines__0__month", "13/2026", "n’existe pas"),
        ("lines__0__month", "janvier", "Mois illisible"),
        ("lines__0__month", "11/1026", "L’année va de 2000"),
        ("lines__0__landlord", "oui", "Seule une aide au logement"),
        ("lines__0__label", "x" * 81, "Trop long : 80"),
        ("lines__100__label", "Loterie", "Indiquez aussi le montant"),
        ("reference_date", "31/02/2026", "n’existe pas"),
        ("reference_date", "hier", "Date illisible"),
        ("reference_date", "21/11/9999", "L’année va de 2000"),
        ("version", "x", "Un nombre est attendu."),
        ("lines__0__amount", "7\x000", "caractères illisibles"),
    ],
)
def test_a_fault_stands_on_its_field_and_nothing_typed_is_lost(field: str, value: str, sentence: str) -> None:
    state = refused(**{field: value})
    name = field.replace("__", "-")
    assert sentence in (state.error(name) or "")
    assert len(state.errors) == 1
    assert state.value(name) == value.replace("\x00", "")
    assert state.value("lines-14-amount") == "9,90"


def test_the_summary_names_the_line() -> None:
    assert named_errors(refused(lines__10__amount="douze")).errors[0][1].startswith("Loyer : ")
    assert named_errors(refused(reference_date="hier")).errors[0][1].startswith("Date")


@given(
    st.lists(
        st.builds(
            Line,
            st.just(""),
            st.sampled_from(LineKind),
            st.integers(0, 999_999_999),
            st.sampled_from(Period),
            st.sampled_from(Origin),
            st.none() | st.dates(date(2000, 1, 1), date(2026, 12, 1)).map(lambda day: day.replace(day=1)),
            label=st.text("abcéÀ '", max_size=20).map(str.strip),
        ),
        max_size=35,
    )
)
def test_what_is_stored_comes_back_the_same_through_the_form(lines: list[Line]) -> None:
    state = filled(lines, date(2026, 11, 21), 3)
    names = [f"lines-{n}-{f}" for n in state.rows("lines") for f in ("kind", "amount", "period", "origin", "month")]
    names += [f"lines-{n}-label" for n in state.rows("lines")]
    fields = {name: state.value(name) for name in names} | {"version": "3", "reference_date": "21/11/2026"}
    form, again = read(BudgetForm, FormData(fields))
    assert form is not None, again.errors

    def content(line: Line) -> tuple[object, ...]:
        return (line.kind, line.amount_cents, line.period, line.origin, str(line.month), line.label)

    assert sorted(map(content, form.typed_lines())) == sorted(map(content, lines))
    drawn = [row.number for rows in rows_shown(state).values() for row in rows]
    assert len(drawn) == len(set(drawn))
    assert set(state.rows("lines")) <= set(drawn), "every line is drawn"


def test_the_usual_rows_are_offered_then_free_ones_and_one_more_when_asked() -> None:
    state = filled([], today(), 1)
    rows = rows_shown(state)
    assert [row.kind for side in rows.values() for row in side if row.kind] == list(USUAL)
    free = [row.number for row in rows[Side.CHARGE] if row.kind is None]
    assert free == [FIRST_FREE[Side.CHARGE], FIRST_FREE[Side.CHARGE] + 1]
    more = rows_shown(state, Side.CHARGE)[Side.CHARGE]
    assert [row.number for row in more if row.kind is None] == [*free, free[-1] + 1]


def test_rows_stop_being_offered_before_any_would_be_dropped() -> None:
    lines = [Line(str(n), LineKind.SALAIRE, n) for n in range(LONGEST_ROWS - len(USUAL) - 1)]
    rows = rows_shown(filled(lines, today(), 1))
    assert full(rows)


def test_more_rows_than_can_be_read_is_said() -> None:
    fields = {f"lines-{n}-{f}": v for n in range(LONGEST_ROWS + 1) for f, v in (("kind", "rsa"), ("amount", "1"))}
    form, state = read_budget(FormData(fields | {"version": "1"}))
    assert form is None
    assert "Trop de lignes" in (state.error("lines") or "")


def test_kinds_that_tell_of_health_are_offered_only_to_who_may_see_them() -> None:
    seen = {value for value, _, _ in kinds_offered(Side.RESOURCE, sensitive=True)}
    unseen = {value for value, _, _ in kinds_offered(Side.RESOURCE, sensitive=False)}
    assert "aah" in seen - unseen
    assert all(LineKind(value).sensitive for value in seen - unseen)
