"""Codes, partial birth dates, ages, adults."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordination.households.rules import (
    CODE_ALPHABET,
    CODE_LENGTH,
    BirthDate,
    Link,
    Precision,
    household_code,
    is_adult,
    parse_birth,
    read_code,
)
from coordination.kit.text import phone_number, place_name

TODAY = date(2026, 11, 21)
NUMBERS = st.lists(st.integers(0, len(CODE_ALPHABET) - 1), min_size=CODE_LENGTH, max_size=CODE_LENGTH)


@given(NUMBERS)
def test_a_code_reads_back_however_it_is_typed(numbers: list[int]) -> None:
    code = household_code(numbers)
    assert read_code(code) == code
    assert read_code(f" {code.lower().replace('-', ' ')} ") == code


@given(NUMBERS, st.data())
def test_one_wrong_character_is_never_taken_for_another_household(numbers: list[int], data: st.DataObject) -> None:
    plain = household_code(numbers).replace("-", "")
    place = data.draw(st.integers(0, len(plain) - 1))
    other = data.draw(st.sampled_from([c for c in CODE_ALPHABET if c != plain[place]]))
    assert read_code(plain[:place] + other + plain[place + 1 :]) is None


@given(NUMBERS, st.integers(0, CODE_LENGTH - 2))
def test_two_swapped_characters_are_noticed(numbers: list[int], place: int) -> None:
    plain = household_code(numbers).replace("-", "")
    swapped = plain[:place] + plain[place + 1] + plain[place] + plain[place + 2 :]
    assert swapped == plain or read_code(swapped) is None


@pytest.mark.parametrize(
    ("typed", "first", "precision"),
    [
        ("21/11/1990", date(1990, 11, 21), Precision.DAY),
        ("1.2.1990", date(1990, 2, 1), Precision.DAY),
        ("1990-02-01", date(1990, 2, 1), Precision.DAY),
        ("21 novembre 1990", date(1990, 11, 21), Precision.DAY),
        ("21/11/90", date(1990, 11, 21), Precision.DAY),
        ("11/1990", date(1990, 11, 1), Precision.MONTH),
        ("nov. 1990", date(1990, 11, 1), Precision.MONTH),
        ("1990", date(1990, 1, 1), Precision.YEAR),
        ("", None, Precision.UNKNOWN),
    ],
)
def test_a_birth_date_may_be_partial(typed: str, first: date | None, precision: Precision) -> None:
    assert parse_birth(typed, TODAY) == BirthDate(first, precision)


@pytest.mark.parametrize(
    "typed", ["31/02/1990", "2/2/15", "1890", "22/11/2026", "hier", "1990/1990", "12/13/1990", "21111990", "٢٠٠٠"]
)
def test_an_impossible_birth_date_is_refused_with_a_sentence(typed: str) -> None:
    with pytest.raises(ValueError, match=r"\w+ \w+"):
        parse_birth(typed, TODAY)


def test_a_telephone_is_written_by_pairs_however_it_was_typed() -> None:
    for typed in ("0612345678", "06.12.34.56.78", "06-12-34-56-78", "06 12345678", "06/12/34/56/78"):
        assert phone_number(typed) == "06 12 34 56 78"
    for abroad in ("+33612345678", "0033 6 12 34 56 78", "+33 (0)6 12 34 56 78"):
        assert phone_number(abroad) == "+33 6 12 34 56 78"
    for other in ("+32 470 12 34 56", "06 12 34", "", "3949"):
        assert phone_number(other) == other


def test_a_place_shouted_or_whispered_is_written_as_one_writes_it() -> None:
    written = ("HÉNIN-BEAUMONT", "noyelles sous lens", "L’ISLE-D’ABEAU", "les mureaux", "Le Mée-sur-Seine", "Carvin 2")
    assert [place_name(typed) for typed in written] == [
        "Hénin-Beaumont",
        "Noyelles sous Lens",
        "L’Isle-d’Abeau",
        "Les Mureaux",
        "Le Mée-sur-Seine",
        "Carvin 2",
    ]


@given(st.dates(date(1910, 1, 1), TODAY), st.sampled_from([Precision.DAY, Precision.MONTH, Precision.YEAR]))
def test_a_birth_date_typed_as_shown_is_the_same(day: date, precision: Precision) -> None:
    first = day if precision is Precision.DAY else day.replace(day=1)
    born = BirthDate(first.replace(month=1) if precision is Precision.YEAR else first, precision)
    assert parse_birth(str(born), TODAY) == born


def test_an_age_is_told_as_far_as_it_is_known() -> None:
    said = ("21/11/1988", "1985", "11/2008", "05/2026", "2026", "2025", "")
    told = [parse_birth(typed, TODAY).told_age(TODAY) for typed in said]
    assert told[:3] == ["38 ans", "40 ou 41 ans", "17 ou 18 ans"]
    assert told[3:] == ["moins d’un an", "moins d’un an", "0 ou 1 an", ""]
    assert parse_birth("2015", TODAY).told_age(date(2014, 6, 1)) == ""


@given(st.dates(date(1910, 1, 1), TODAY))
def test_an_uncertain_age_is_the_youngest_possible(day: date) -> None:
    exact = BirthDate(day, Precision.DAY).age(TODAY)
    assert exact is not None
    by_year = BirthDate(day.replace(month=1, day=1), Precision.YEAR).age(TODAY)
    assert by_year is not None
    assert exact - 1 <= by_year <= exact


def test_a_child_of_unknown_age_does_not_answer_for_herself() -> None:
    assert is_adult(Link.REFERENCE, None)
    assert not is_adult(Link.CHILD, None)
    assert is_adult(Link.CHILD, 18)
    assert not is_adult(Link.PARTNER, 17)
