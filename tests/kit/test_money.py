"""Amounts as French workers type them and as screens show them."""

import contextlib
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordination.kit.money import MAX_CENTS, BadAmount, euros, euros_exact, french_number, parse_cents, rounded


@pytest.mark.parametrize(
    ("typed", "cents"),
    [
        ("1 234,50", 123450),
        ("1234.5", 123450),
        ("740 €", 74000),
        ("740€", 74000),
        ("740 euros", 74000),
        ("  9,90  ", 990),
        ("1\u202f234,50\u00a0€", 123450),
        ("1\u00a0234\u00a0567", 123456700),
        ("1\u2009234", 123400),
        ("-5", -500),
        ("\u22125,00", -500),
        ("- 5", -500),
        ("0", 0),
        ("740,", 74000),
        (",5", 50),
        ("007", 700),
        ("9 999 999,99", MAX_CENTS),
    ],
)
def test_what_a_worker_types_is_read(typed: str, cents: int) -> None:
    assert parse_cents(typed) == cents


@pytest.mark.parametrize(
    ("typed", "word"),
    [
        ("", "Indiquez"),
        ("   ", "Indiquez"),
        ("€", "Indiquez"),
        ("abc", "chiffres"),
        ("12a", "chiffres"),
        ("1e5", "chiffres"),
        ("inf", "chiffres"),
        ("7\x0040", "chiffres"),
        ("\u0667\u0664", "chiffres"),
        ("½", "chiffres"),
        ("12\n34", "chiffres"),
        ("1,2,3", "plusieurs"),
        ("1.234,50", "plusieurs"),
        ("1,234", "Deux chiffres"),
        ("12 34", "lisible"),
        ("--5", "lisible"),
        ("5-", "lisible"),
        (",", "lisible"),
        ("-", "lisible"),
        ("10 000 000", "trop grand"),
        ("9" * 30, "trop grand"),
        ("9" * 10_000, "trop long"),
    ],
)
def test_anything_else_is_refused_in_french(typed: str, word: str) -> None:
    with pytest.raises(BadAmount, match=word):
        parse_cents(typed)


@given(st.integers(-MAX_CENTS, MAX_CENTS))
def test_what_is_shown_can_be_typed_back(cents: int) -> None:
    assert parse_cents(euros(cents)) == cents


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(typed: str) -> None:
    with contextlib.suppress(BadAmount):
        assert abs(parse_cents(typed)) <= MAX_CENTS


def test_money_is_shown_the_french_way() -> None:
    assert euros(123450) == "1\u202f234,50\u00a0€"
    assert euros(-500) == "\u22125,00\u00a0€"
    assert euros(0) == "0,00\u00a0€"
    assert euros_exact(Fraction(72010, 90), 4) == "8,0011\u00a0€"
    assert french_number(Fraction(61, 2), 0) == "31"


def test_rounding_is_half_up_away_from_zero() -> None:
    assert str(rounded(Fraction(1, 8), 2)) == "0.13"
    assert str(rounded(Fraction(-1, 8), 2)) == "-0.13"
    assert str(rounded(Fraction(1, 200), 2)) == "0.01"
    assert euros_exact(Fraction(-1, 10), 2) == "0,00\u00a0€", "no minus sign before zero"


@given(st.fractions(), st.integers(0, 6))
def test_rounding_is_never_further_than_half_a_unit(value: Fraction, digits: int) -> None:
    assert abs(Fraction(rounded(value, digits)) - value) <= Fraction(1, 2 * 10**digits)


def test_long_numbers_keep_all_their_digits() -> None:
    assert str(rounded(Fraction(10**40 + 1), 2)) == f"1{'0' * 39}1.00"
