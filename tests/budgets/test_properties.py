"""What holds for any household, any budget and any barème."""

import json
from dataclasses import replace
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordination.budgets.rules import (
    CHARGES,
    Base,
    Composition,
    Every,
    Head,
    LandlordAid,
    Line,
    LineKind,
    Origin,
    Period,
    Refusal,
    Result,
    Scale,
    Side,
    Treatment,
    Weights,
    Zone,
    ZoneKind,
    reste_a_vivre,
)
from coordination.kit.money import euros
from tests.budgets.make import bareme, computed, family, line

F = Fraction
K = LineKind
INSEE = Weights(F(1), F(1, 2), F(3, 10), 14)

PER_YEAR = {
    Period.WEEKLY: 52,
    Period.MONTHLY: 12,
    Period.BIMONTHLY: 6,
    Period.QUARTERLY: 4,
    Period.HALF_YEARLY: 2,
    Period.YEARLY: 1,
}
ANY_LINE = st.builds(
    Line,
    id=st.uuids().map(str),
    kind=st.sampled_from(list(K)),
    amount_cents=st.integers(0, 999_999_999),
    period=st.sampled_from(list(Period)),
    origin=st.sampled_from(list(Origin)),
    month=st.none() | st.dates(),
    paid_to_landlord=st.booleans(),
    rent_is_net=st.booleans(),
)
LINES = st.lists(ANY_LINE, min_size=1, max_size=8, unique_by=lambda each: each.id)
SCALE = st.builds(
    Scale, st.lists(st.integers(0, 100_000), min_size=1, max_size=3).map(tuple), st.sampled_from([0, 0, 5_000])
)
TREATMENT = st.builds(
    Treatment,
    ignored=st.booleans(),
    share=st.fractions(0, 1, max_denominator=10),
    cap=st.none() | SCALE,
)
FORFAIT = st.builds(Treatment, flat=SCALE, always=st.booleans())
UNPROVED = st.builds(Treatment, flat_unproved=SCALE, always=st.booleans(), cap=st.none() | SCALE)
TREATMENTS = st.builds(
    lambda every, charges: every | charges,
    st.dictionaries(st.sampled_from(list(K)), TREATMENT, max_size=12),
    st.dictionaries(st.sampled_from(CHARGES), FORFAIT | UNPROVED, max_size=6),
)
MONEY = st.integers(-500, 3_000)
ANY_BAREME = st.builds(
    bareme,
    st.sampled_from([F(30), F(31), F(365, 12)]),
    st.none() | MONEY,
    inclusive=st.booleans(),
    every=st.sampled_from(list(Every)),
    base=st.sampled_from(list(Base)),
    weights=st.sampled_from([Weights(), INSEE, Weights(unborn=F(1), single_parent=F(1, 2))]),
    treatments=TREATMENTS,
    unlisted_resources_count=st.booleans(),
    unlisted_charges_count=st.booleans(),
    landlord_aid=st.sampled_from(list(LandlordAid)),
)
ANY_HEAD = st.builds(
    Head,
    birth_date=st.none() | st.dates(),
    weight=st.fractions(-1, 3, max_denominator=4),
    unborn=st.booleans(),
    adult=st.none() | st.booleans(),
    birth_year=st.none() | st.integers(-5, 10_010),
    birth_month=st.none() | st.integers(0, 13),
    age=st.none() | st.integers(-1, 151),
)


@given(LINES, st.integers(1, 9), st.sampled_from([F(30), F(31), F(365, 12), F("30.42")]))
def test_the_value_is_the_formula_exactly(lines: list[Line], persons: int, days: F) -> None:
    total = F(0)
    for each in lines:
        if not (each.kind in (K.APL, K.AL) and each.paid_to_landlord and each.rent_is_net):
            sign = 1 if each.kind.side is Side.RESOURCE else -1
            total += F(sign * each.amount_cents * PER_YEAR[each.period], 12)
    result = computed(bareme(days), family(persons), *lines)
    assert result.net_month_cents == total
    assert result.per_day_cents == total / persons / days


@given(ANY_BAREME, LINES, st.randoms(use_true_random=False))
def test_the_order_of_lines_and_people_does_not_matter(rule: Any, lines: list[Line], chance: Any) -> None:
    people = family(3)
    shuffled, heads = lines.copy(), list(people.heads)
    chance.shuffle(shuffled)
    chance.shuffle(heads)
    one = computed(rule, people, *lines)
    other = computed(rule, Composition(tuple(heads), people.single_parent), *shuffled)
    assert (one.value_cents, one.zone, one.distances) == (other.value_cents, other.zone, other.distances)
    assert sorted(one.lines, key=lambda each: each.line_id) == sorted(other.lines, key=lambda each: each.line_id)


@given(ANY_BAREME, LINES, st.data())
def test_more_of_a_resource_never_lowers_the_value(rule: Any, lines: list[Line], data: st.DataObject) -> None:
    rank = data.draw(st.integers(0, len(lines) - 1))
    more = lines.copy()
    more[rank] = replace(lines[rank], amount_cents=lines[rank].amount_cents + data.draw(st.integers(0, 100_000)))
    before, after = computed(rule, family(2), *lines), computed(rule, family(2), *more)
    if lines[rank].kind.side is Side.RESOURCE:
        assert after.value_cents >= before.value_cents
    else:
        assert after.value_cents <= before.value_cents


@given(ANY_BAREME, LINES, st.sampled_from(list(Period)))
def test_an_amount_means_the_same_whatever_its_period(rule: Any, lines: list[Line], period: Period) -> None:
    """So much a month, or as many times more for a period as many times longer (a week is 12/52 of a month)."""
    monthly = [replace(each, period=Period.MONTHLY, amount_cents=each.amount_cents * 52) for each in lines]
    other = [replace(each, period=period, amount_cents=int(each.amount_cents * period.months)) for each in monthly]
    one, same = computed(rule, family(3), *monthly), computed(rule, family(3), *other)
    assert (one.value_cents, one.zone, one.distances) == (same.value_cents, same.zone, same.distances)
    assert [each.counted_cents for each in one.lines] == [each.counted_cents for each in same.lines]


@given(st.lists(st.tuples(MONEY, st.booleans()), max_size=5, unique=True), MONEY)
def test_a_household_is_in_exactly_one_zone(bounds: list[tuple[int, bool]], value: int) -> None:
    """The zones where it is, each between its own two bounds: one, and the engine's."""
    ranked = [*sorted(bounds), (None, False)]
    zones = tuple(Zone(ZoneKind.ELIGIBLE, cents, within, (F(n, 100), F(1))) for n, (cents, within) in enumerate(ranked))
    places = [
        rank
        for rank, zone in enumerate(zones)
        if _under(zone, value) and (rank == 0 or not _under(zones[rank - 1], value))
    ]
    rule = bareme(zones=zones, every=Every.MONTH, base=Base.HOUSEHOLD)
    result = computed(rule, family(1), Line("r", K.SALAIRE, max(value, 0)), Line("c", K.LOYER, max(-value, 0)))
    assert result.value_cents == value
    assert [zones[rank].user_share for rank in places] == [result.user_share]


def _under(zone: Zone, value: int) -> bool:
    bound = zone.bound_cents
    return bound is None or value < bound or (value == bound and zone.inclusive)


@given(ANY_BAREME, LINES)
def test_the_explanation_sums_to_the_result_and_names_every_line(rule: Any, lines: list[Line]) -> None:
    result = computed(rule, family(2), *lines)
    added = [f"forfait-{kind}" for kind, each in rule.treatments.items() if _added(kind, each, lines)]
    assert [each.line_id for each in result.lines] == [each.id for each in lines] + added
    signed = (each.counted_cents if each.side is Side.RESOURCE else -each.counted_cents for each in result.lines)
    assert sum(signed) == result.net_month_cents
    assert all(each.says for each in result.lines)


def _added(kind: K, rule: Treatment, lines: list[Line]) -> bool:
    return rule.always and kind not in {each.kind for each in lines}


@given(MONEY, st.booleans(), st.integers(-1, 1))
def test_at_the_threshold_the_comparison_is_the_baremes_own(bound: int, inclusive: bool, step: int) -> None:
    net = bound * 30 + step
    lines = (Line("r", K.SALAIRE, max(net, 0)), Line("c", K.LOYER, max(-net, 0)))
    result = computed(bareme(30, bound, inclusive=inclusive), family(1), *lines)
    eligible = step < 0 or (step == 0 and inclusive)
    assert result.zone is (ZoneKind.ELIGIBLE if eligible else ZoneKind.NOT_ELIGIBLE)
    assert result.distances[0].gap_cents == F(step, 30)
    assert bool(result.rounding_warning) == (step != 0), "less than half a cent away reads as the threshold"
    if step < 0:
        assert "il manque 0,0003\u00a0€" in result.threshold_sentence
    elif step == 0:
        assert f"seuil de {euros(bound)} atteint exactement" in result.threshold_sentence


@given(ANY_BAREME, LINES)
def test_what_is_frozen_comes_back_the_same(rule: Any, lines: list[Line]) -> None:
    result = computed(rule, family(2), *lines)
    frozen = json.dumps(result.to_json(), allow_nan=False)
    assert "." not in str(json.loads(frozen)["per_day_cents"])
    assert Result.from_json(json.loads(frozen)) == result


@given(st.lists(ANY_HEAD, max_size=4), st.booleans(), st.lists(ANY_LINE, max_size=4), ANY_BAREME, st.dates())
def test_any_household_gets_a_result_or_a_reason(
    heads: list[Head], alone: bool, lines: list[Line], rule: Any, on: date
) -> None:
    answer = reste_a_vivre(rule, Composition(tuple(heads), alone), lines, on)
    assert isinstance(answer, (Result, Refusal))
    if isinstance(answer, Refusal):
        assert answer.says.endswith(".")


@pytest.mark.parametrize(
    "harm",
    [
        {"format": 3},
        {"purchase_cents": "150"},
        {"zone": "x"},
        {"per_day_cents": "1/0"},
        {"per_day_cents": 1.5},
        {"lines": "x"},
        {"user_share": []},
    ],
)
def test_a_frozen_result_that_was_tampered_with_is_refused(harm: dict[str, Any]) -> None:
    frozen = computed(bareme(), family(1), line(K.RSA, "700")).to_json()
    with pytest.raises(ValueError, match="illisible"):
        Result.from_json(frozen | harm)


def test_a_result_frozen_before_the_terms_existed_is_still_read() -> None:
    frozen = json.loads((Path(__file__).parent / "frozen" / "format_1.json").read_text(encoding="utf-8"))
    assert frozen["format"] == 1
    result = Result.from_json(frozen)
    assert (result.sentence, result.zone) == ("8,00\u00a0€ (8,0011) par jour et par personne", ZoneKind.COUNCIL)
    assert (result.terms, result.purchase_cents, {each.rule for each in result.lines}) == ("", None, {""})
    assert Result.from_json(json.loads(json.dumps(result.to_json()))) == result


def test_a_result_frozen_with_its_terms_is_still_read() -> None:
    frozen = json.loads((Path(__file__).parent / "frozen" / "format_2.json").read_text(encoding="utf-8"))
    assert frozen["format"] == 2
    result = Result.from_json(frozen)
    assert (result.sentence, result.zone) == ("7,89\u00a0€ (7,8906) par jour et par personne", ZoneKind.ELIGIBLE)
    assert result.terms.startswith("Accès pour 3 mois, renouvelable 3 fois")
    assert (result.purchase_cents, result.user_pays_cents) == (110_00, (22_00, 22_00))
    assert "lines.ars.ignored" in {each.rule for each in result.lines}
