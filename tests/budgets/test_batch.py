"""Many households at once: exactly the answers of the single path, on every household."""

import random
import time
from datetime import date
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coordination.budgets.batch import Amount, Population, route
from coordination.budgets.population import NARROW, WIDE
from coordination.budgets.rules import (
    Bareme,
    Composition,
    Head,
    Line,
    LineKind,
    Origin,
    Result,
    Treatment,
    Weights,
    reste_a_vivre,
    same,
)
from tests.budgets.make import TODAY, bareme, family, line
from tests.budgets.test_properties import ANY_BAREME, ANY_HEAD, ANY_LINE

F = Fraction
K = LineKind
KINDS = (K.RSA, K.SALAIRE, K.APL, K.ARS, K.LOYER, K.ENERGIE, K.TELEPHONE, K.MUTUELLE)
LIKELY_HEAD = st.builds(
    Head,
    age=st.integers(0, 90),
    weight=st.sampled_from([F(1), F(1), F(1, 2), F(0)]),
    unborn=st.sampled_from([False, False, False, True]),
)
PEOPLE = st.builds(Composition, st.lists(ANY_HEAD | LIKELY_HEAD, max_size=4).map(tuple), st.booleans())
HOUSEHOLDS = st.lists(
    st.tuples(PEOPLE | st.builds(family, st.integers(1, 4)), st.lists(ANY_LINE, max_size=5, unique_by=lambda x: x.id)),
    max_size=6,
)


def same_answers(rule: Bareme, households: list[tuple[Composition, list[Line]]], on: date) -> None:
    population = Population()
    for people, lines in households:
        population.add_household(people, lines, on)
    routed = route(rule, population)
    for row, (people, lines) in enumerate(households):
        alone = reste_a_vivre(rule, people, lines, on)
        if isinstance(alone, Result):
            assert (routed.zone(row), routed.value_cents(row)) == (alone.zone, alone.value_cents)
            assert routed.net_cents(row) == alone.net_month_cents
        else:
            assert (routed.zone(row), routed.value_cents(row)) == (None, None)


@given(ANY_BAREME, HOUSEHOLDS, st.dates(date(2026, 1, 1), date(2030, 1, 1)))
def test_every_household_is_answered_as_it_is_alone(rule: Any, households: Any, on: date) -> None:
    same_answers(rule, households, on)


@given(st.integers(-2, 2), st.booleans(), st.sampled_from([F(30), F(31), F(365, 12), F("30.42")]), st.integers(1, 4))
def test_at_the_very_threshold_both_paths_agree(step: int, inclusive: bool, days: F, persons: int) -> None:
    rule = bareme(days, 800, inclusive=inclusive, weights=Weights(F(1), F(1, 2), F(3, 10), 14))
    net = int(800 * days * persons) + step
    same_answers(rule, [(family(persons), [Line("r", K.SALAIRE, net), Line("c", K.LOYER, 0)])], TODAY)


HUGE = st.sampled_from([10**6, 10**9, 10**12, 10**17, 10**19, 10**24])


@settings(max_examples=60)
@given(ANY_BAREME, HUGE, st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 10**6)), min_size=1, max_size=30))
def test_numbers_of_any_size_are_reckoned_exactly(rule: Any, size: int, typed: list[tuple[K, int]]) -> None:
    """32 bits, 64 bits, or no limit: whichever is taken, the answer is the one of the single path."""
    same_answers(rule, [(family(1 + rank % 3), [Line("a", k, n * size)]) for rank, (k, n) in enumerate(typed)], TODAY)


@pytest.mark.parametrize("most", [NARROW, WIDE])
def test_the_last_number_that_fits_and_the_first_that_does_not(most: int) -> None:
    for cents in range(most // 24 - 3, most // 24 + 3):
        households = [(family(n), [Line("r", K.SALAIRE, cents), Line("c", K.LOYER, cents - n)]) for n in (1, 2)]
        same_answers(bareme(F(30), 800, treatments={K.LOYER: Treatment(share=F(1, 7))}), households, TODAY)


@given(st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 10**6), st.booleans()), min_size=9, max_size=40))
def test_a_kind_few_have_and_a_kind_most_have_are_counted_alike(typed: list[tuple[K, int, bool]]) -> None:
    always = {K.MUTUELLE: Treatment(flat_unproved=same(40_00), always=True), K.ENERGIE: Treatment(flat=same(70_00))}
    origins = {True: Origin.PROOF, False: Origin.DECLARED}
    households = [(family(1 + n % 4), [Line("a", k, c, origin=origins[p])]) for n, (k, c, p) in enumerate(typed)]
    same_answers(bareme(treatments=always | {K.LOYER: Treatment(cap=same(500_00))}), households, TODAY)


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(0, 150_000), st.integers(-80, 80)), min_size=1, max_size=20))
def test_a_shift_answers_as_if_each_had_that_much_more(households: list[tuple[int, int, int]]) -> None:
    shifted, richer = Population(), Population()
    for persons, cents, shift in households:
        shifted.add_household(family(persons), [Line("r", K.SALAIRE, cents + 9_600)], TODAY)
        richer.add_household(family(persons), [Line("r", K.SALAIRE, cents + 9_600 + shift * persons * 30)], TODAY)
    shifts = np.array([shift for *_, shift in households])
    assert route(bareme(), shifted, shifts).zones.tolist() == route(bareme(), richer).zones.tolist()


def test_alike_households_share_their_class_and_what_is_unknown_is_refused() -> None:
    population = Population()
    one = population.class_for(family(3), TODAY)
    turned = Composition(tuple(reversed(family(3).heads)), single_parent=True)
    assert population.class_for(turned, TODAY) == one
    assert population.class_for(family(2), TODAY) != one
    population.add(one, [Amount(K.RSA, 700_00 * 12)])
    population.add(one, [])
    population.add(population.class_for(Composition(()), TODAY), [Amount(K.RSA, 700_00 * 12)])
    assert [route(bareme(), population).zone(row) is None for row in range(3)] == [False, True, True]


def crowd(size: int) -> Population:
    """Plausible invented households: eight lines, one to six people."""
    chance = random.Random(7)
    population = Population()
    shapes = [
        population.class_for(Composition(tuple(Head(age=age) for age in ages)), TODAY)
        for ages in ([35], [70], [40, 38], [30, 4], [36, 12, 8], [41, 40, 16, 9], [33, 31, 7, 4, 1])
    ]
    for _ in range(size):
        amounts = [Amount(kind, chance.randrange(0, 900_00) * 12, chance.random() < 0.5) for kind in KINDS]
        population.add(chance.choice(shapes), amounts)
    return population


def test_a_changed_bareme_answers_a_crowd_faster_than_reading_it_one_by_one() -> None:
    """A ratio within one run, far under what is measured, of the processor's own time: what the others of a busy
    machine take from either is not counted."""
    size = 5_000
    rule = bareme(
        treatments={
            K.ARS: Treatment(ignored=True),
            K.LOYER: Treatment(cap=same(500_00)),
            K.APL: Treatment(share=F(1, 2)),
        }
    )
    population = crowd(size)
    started = time.process_time()
    route(rule, population)
    batch = (time.process_time() - started) / size
    lines = [
        line(kind, "300") for kind in (K.RSA, K.SALAIRE, K.APL, K.ARS, K.LOYER, K.ENERGIE, K.TELEPHONE, K.MUTUELLE)
    ]
    started = time.process_time()
    for _ in range(200):
        reste_a_vivre(rule, family(3), lines, TODAY)
    alone = (time.process_time() - started) / 200
    assert alone / batch > 20
