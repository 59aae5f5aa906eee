"""What an estimate is asked with, what it refuses to guess, and how its answer reads."""

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordination.rights.rules import (
    CANNOT_READ,
    RECEIVED,
    Amount,
    Benefit,
    Human,
    NotEstimable,
    Reading,
    assumptions_of,
    facts_of,
    rights_of,
)

ON = date(2026, 11, 22)
MOTHER = Human(date(1992, 8, 4), "reference", "salarie")
CHILD = Human(date(2015, 2, 1), "child")


def euros(kind: str, amount: int) -> Amount:
    return Amount(kind, Fraction(amount * 100))


def test_the_facts_name_nobody_and_say_what_the_estimate_needs() -> None:
    partner = Human(date(1990, 1, 1), "partner", "salarie")
    lines = [euros("salaire", 1300), euros("salaire", 700), euros("apl", 200), euros("loyer", 500)]
    assert facts_of([MOTHER, partner, CHILD], lines, "parc_social", ON) == {
        "on": "2026-11",
        "adults": [{"born": "1992-08-04", "salaire": "1300.00"}, {"born": "1990-01-01", "salaire": "700.00"}],
        "children": [{"born": "2015-02-01", "shared": False}],
        "rent": "500.00",
        "tenure": "locataire_hlm",
    }


def test_relatives_have_rights_of_their_own() -> None:
    uncle = Human(None, "relative", "")
    facts = facts_of([MOTHER, uncle], [], "proprietaire", ON)
    assert len(facts["adults"]) == 1
    assert any("leurs propres droits" in line for line in assumptions_of([MOTHER, uncle], []))


@pytest.mark.parametrize(
    ("people", "lines", "housing", "said"),
    [
        ([MOTHER, Human(None, "child")], [], "parc_social", "La date de naissance d’une personne"),
        ([MOTHER], [], "", "Le logement n’est pas renseigné"),
        ([CHILD], [], "parc_social", "La personne de référence"),
        ([MOTHER], [euros("revenu_independant", 900)], "parc_social", "indépendant"),
    ],
)
def test_what_is_missing_or_cannot_be_read_is_named(
    people: list[Human], lines: list[Amount], housing: str, said: str
) -> None:
    with pytest.raises(NotEstimable, match=said):
        facts_of(people, lines, housing, ON)


def test_a_kind_that_cannot_be_read_is_no_income_of_the_estimate() -> None:
    from coordination.rights.rules import INCOMES

    assert not set(CANNOT_READ) & set(INCOMES)


@pytest.mark.parametrize(
    ("low", "high", "received", "reading"),
    [
        ("200.00", "250.00", 0, Reading.DUE),
        ("200.00", "250.00", 195, Reading.MAYBE),
        ("200.00", "205.00", 200, Reading.RECEIVED),
        ("0.00", "9.00", 0, Reading.NONE),
        ("0.00", "120.00", 0, Reading.MAYBE),
    ],
)
def test_an_estimate_reads_against_what_is_received(low: str, high: str, received: int, reading: Reading) -> None:
    lines = [euros("prime_activite", received)] if received else []
    (right,) = rights_of({"ppa": [low, high]}, lines)
    assert right.reading is reading


def test_the_css_has_no_amount() -> None:
    (right,) = rights_of({"css": ["1.00", "1.00"]}, [])
    assert right.reading is Reading.MAYBE


@given(st.integers(0, 200_000), st.integers(0, 50_000), st.integers(0, 300_000))
def test_receiving_more_never_makes_a_right_look_more_due(low: int, spread: int, received: int) -> None:
    order = [Reading.DUE, Reading.MAYBE, Reading.RECEIVED]
    answer = {"rsa": [f"{low / 100:.2f}", f"{(low + spread) / 100:.2f}"]}
    readings = [
        rights_of(answer, [Amount("rsa", Fraction(cents))])[0].reading for cents in (received + 1, received + 5001)
    ]
    assert order.index(readings[0]) <= order.index(readings[1])


def test_every_right_says_by_which_lines_it_is_received() -> None:
    assert set(RECEIVED) == set(Benefit)
