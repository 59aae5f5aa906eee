"""The reste à vivre: published budgets, exactness, thresholds, explanation, doubts and refusals."""

import json
from datetime import date
from fractions import Fraction
from typing import Any

import pytest

from coordination.budgets.rules import (
    Base,
    Composition,
    Every,
    Head,
    Home,
    LandlordAid,
    Line,
    LineKind,
    NoticeCode,
    Origin,
    Outcome,
    Per,
    Period,
    RefusalCode,
    Result,
    Scale,
    Side,
    Terms,
    Treatment,
    Weights,
    Zone,
    ZoneKind,
    same,
)
from coordination.budgets.units import count_units
from coordination.kit.money import rounded
from tests.budgets.make import CASES, TODAY, bareme, case_lines, computed, family, line, refused

F = Fraction
K = LineKind
INSEE = Weights(F(1), F(1, 2), F(3, 10), 14)
G1 = next(case for case in CASES["cases"] if case["id"] == "G1")
PARENT = Head(birth_date=date(1990, 5, 1))


@pytest.mark.parametrize("case", CASES["cases"], ids=lambda case: case["id"])
def test_published_budgets_give_the_published_figures(case: dict[str, Any]) -> None:
    exact = case["exact"]
    result = computed(bareme(30), family(case["persons"]), *case_lines(case))
    assert result.net_month_cents == F(exact["net"]) * 100
    assert rounded(result.per_day_cents / 100, 4) == rounded(F(exact["per_day_30"]), 4)
    if "per_day_30_42" in exact:
        other = computed(bareme(F("30.42")), family(case["persons"]), *case_lines(case))
        assert str(rounded(other.per_day_cents / 100, 4)) == exact["per_day_30_42"]
    if "per_person_month" in exact:
        assert str(rounded(result.net_month_cents / result.unit_count / 100, 2)) == exact["per_person_month"]


def test_the_divisor_decides_for_the_mother_with_two_children() -> None:
    by_30 = computed(bareme(30), family(3), *case_lines(G1))
    by_average = computed(bareme(F(365, 12)), family(3), *case_lines(G1))
    assert by_30.per_day_cents == F(72010, 90)
    assert (by_30.zone, by_average.zone) == (ZoneKind.NOT_ELIGIBLE, ZoneKind.ELIGIBLE)
    assert by_30.sentence == "8,00\u00a0€ (8,0011) par jour et par personne"
    assert by_30.threshold_sentence.startswith("8,0011\u00a0€ : seuil de 8,00\u00a0€ atteint, dépassé de 0,0011\u00a0€")
    assert by_30.rounding_warning == "Affiché 8,00\u00a0€, valeur exacte 8,0011\u00a0€ : seuil atteint."


@pytest.mark.parametrize("case", [c for c in CASES["consumption_units"] if "uc" in c], ids=lambda case: case["id"])
def test_poverty_lines_scale_with_consumption_units(case: dict[str, str]) -> None:
    shapes = {"1.0": (1, 0), "1.5": (2, 0), "1.8": (2, 1), "2.3": (3, 1)}
    adults, children = shapes[case["uc"]]
    heads = (Head(adult=True),) * adults + (Head(birth_year=2020),) * children
    units = count_units(INSEE, Composition(heads), TODAY)
    assert units == F(case["uc"])
    assert isinstance(units, Fraction)
    # the published lines are printed to the euro, rounded either way
    assert abs(F(case["line"]) * units - F(case["published"])) < 1


def test_a_couple_with_two_young_children_counts_2_1_units() -> None:
    heads = (PARENT, PARENT, Head(birth_date=date(2021, 3, 1)), Head(birth_date=date(2018, 3, 1)))
    assert count_units(INSEE, Composition(heads), TODAY) == F("2.1")


def test_parts_follow_the_published_departmental_rule() -> None:
    parts = Weights(single_parent=F(1, 2))
    minor, unborn = Head(adult=False), Head(unborn=True)
    assert count_units(parts, Composition((PARENT, minor), single_parent=True), TODAY) == F(5, 2)
    assert count_units(parts, Composition((PARENT, PARENT, minor)), TODAY) == 3
    assert count_units(parts, Composition((PARENT, unborn)), TODAY) == 1
    assert count_units(parts, Composition((PARENT, PARENT, unborn)), TODAY) == 2


def test_shared_custody_and_unborn_children_count_as_the_bareme_says() -> None:
    shared = Composition((PARENT, Head(adult=False, weight=F(1, 2)), Head(unborn=True)))
    assert count_units(Weights(), shared, TODAY) == F(3, 2)
    assert count_units(Weights(unborn=F(1)), shared, TODAY) == F(5, 2)


def test_the_first_adult_is_the_one_most_present() -> None:
    heads = (Head(adult=True, weight=F(1, 2)), PARENT)
    assert count_units(INSEE, Composition(heads), TODAY) == 1 + F(1, 2) * F(1, 2)
    minors = (Head(adult=False, birth_year=2020), Head(birth_year=2021))
    assert count_units(INSEE, Composition(minors), TODAY) == 1 + F(3, 10)


def test_a_birthday_changes_the_units_that_day() -> None:
    people = Composition((PARENT, Head(birth_date=date(2012, 11, 21))))
    assert count_units(INSEE, people, date(2026, 11, 20)) == F("1.3")
    assert count_units(INSEE, people, date(2026, 11, 21)) == F("1.5")


@pytest.mark.parametrize(("year", "month", "units"), [(2013, None, "1.3"), (2011, None, "1.5"), (2012, 12, "1.3")])
def test_a_partial_birth_date_is_enough_when_it_decides(year: int, month: int | None, units: str) -> None:
    people = Composition((PARENT, Head(birth_year=year, birth_month=month)))
    assert count_units(INSEE, people, TODAY) == F(units)


def test_an_age_that_decides_and_is_missing_is_named() -> None:
    rule = bareme(weights=INSEE, per=Per.CONSUMPTION_UNIT)
    for unknown in (Head(birth_year=2012, name="Lina"), Head(adult=False, name="Lina"), Head(name="Lina")):
        no = refused(rule, Composition((PARENT, unknown)), line(K.RSA, "700"))
        assert (no.code, no.about) == (RefusalCode.UNKNOWN_AGE, "Lina")
        assert "Il manque la date de naissance de Lina" in no.says
    assert computed(bareme(), Composition((PARENT, Head())), line(K.RSA, "700")).unit_count == 2


@pytest.mark.parametrize(
    ("people", "code"),
    [
        (Composition(()), RefusalCode.NO_PERSON),
        (Composition((Head(weight=F(0)),)), RefusalCode.ZERO_UNITS),
        (Composition((Head(unborn=True),)), RefusalCode.ZERO_UNITS),
        (Composition((Head(weight=F(-1, 2)),)), RefusalCode.BAD_WEIGHT),
        (Composition((Head(weight=F(30)),)), RefusalCode.BAD_WEIGHT),
        (Composition((Head(birth_date=date(2027, 1, 1)),)), RefusalCode.FUTURE_BIRTH),
        (Composition((Head(birth_year=2000, birth_month=13),)), RefusalCode.UNKNOWN_AGE),
        (Composition((Head(birth_year=0),)), RefusalCode.UNKNOWN_AGE),
        (Composition((Head(age=151),)), RefusalCode.UNKNOWN_AGE),
    ],
)
def test_impossible_households_are_refused_with_the_reason(people: Composition, code: RefusalCode) -> None:
    assert refused(bareme(), people, line(K.RSA, "700")).code is code


def test_impossible_budgets_are_refused_with_the_reason() -> None:
    rsa = line(K.RSA, "700")
    assert refused(bareme(), family(1)).code is RefusalCode.NO_LINE
    assert refused(bareme(), family(1), rsa, rsa).code is RefusalCode.DUPLICATE_LINE
    assert refused(bareme(), family(1), line(K.RSA, "-5")).about == "rsa"
    early = refused(bareme(), family(1), rsa, on=date(2025, 12, 31))
    assert (early.code, "01/01/2026" in early.says) == (RefusalCode.NOT_YET, True)


def test_charges_above_resources_are_flagged_never_clamped() -> None:
    result = computed(bareme(), family(1), line(K.RSA, "489"), line(K.LOYER, "494"))
    assert (result.negative, result.negative_label) == (True, "charges supérieures aux ressources")
    assert result.per_day_cents == F(-500, 30)
    assert not computed(bareme(), family(1), line(K.RSA, "0")).negative


AID = line(K.APL, "226", paid_to_landlord=True)


def test_an_aid_paid_to_the_landlord_is_never_counted_twice() -> None:
    rsa = line(K.RSA, "489")
    net_rent = computed(bareme(), family(1), rsa, AID, line(K.LOYER, "354"))
    whole_rent = computed(
        bareme(), family(1), rsa, line(K.APL, "226", paid_to_landlord=True, rent_is_net=False), line(K.LOYER, "580")
    )
    paid_to_family = computed(bareme(), family(1), rsa, line(K.APL, "226"), line(K.LOYER, "580"))
    assert net_rent.net_month_cents == whole_rent.net_month_cents == paid_to_family.net_month_cents == 13500
    assert "déjà déduite du loyer saisi" in net_rent.lines[1].says
    assert net_rent.lines[1].outcome is Outcome.IGNORED


def test_a_bareme_may_ignore_every_aid_paid_to_the_landlord_and_says_what_to_type() -> None:
    aid = line(K.APL, "226", paid_to_landlord=True, rent_is_net=False)
    result = computed(bareme(landlord_aid=LandlordAid.IGNORED), family(1), aid, line(K.LOYER, "580"))
    assert result.resources_cents == 0
    assert [notice.code for notice in result.notices] == [NoticeCode.AID_IGNORED_RENT_WHOLE]


@pytest.mark.parametrize(
    ("kind", "rule", "counted", "outcome", "words"),
    [
        (K.LOYER, Treatment(cap=same(500_00), because="plafond voté."), 500_00, Outcome.CAPPED, "Plafonnée à 500,00"),
        (K.LOYER, Treatment(cap=same(600_00)), 600_00, Outcome.COUNTED, "Comptée."),
        (K.LOYER, Treatment(share=F(1, 2)), 300_00, Outcome.SHARED, "Comptée à 50 %"),
        (K.LOYER, Treatment(share=F(1, 2), cap=same(200_00)), 200_00, Outcome.CAPPED, "Plafonnée"),
        (K.LOYER, Treatment(share=F(1, 2), cap=same(400_00)), 300_00, Outcome.SHARED, "Comptée à 50 %"),
        (K.LOYER, Treatment(flat=same(80_00)), 80_00, Outcome.FLAT, "forfait de 80,00"),
        (K.LOYER, Treatment(flat_unproved=same(80_00)), 80_00, Outcome.FLAT, "forfait"),
        (K.ARS, Treatment(ignored=True, because="aide à la rentrée."), 0, Outcome.IGNORED, "aide à la rentrée."),
    ],
)
def test_each_treatment_counts_and_explains(
    kind: LineKind, rule: Treatment, counted: int, outcome: Outcome, words: str
) -> None:
    # two lines of one kind share one cap or one forfait
    lines = (line(kind, "400", "a"), line(kind, "200", "b"))
    result = computed(bareme(treatments={kind: rule}), family(1), *lines)
    assert sum(each.counted_cents for each in result.lines) == counted
    assert {each.outcome for each in result.lines} == {outcome}
    assert words in result.lines[0].says.replace("\u00a0", " ")
    assert result.lines[0].source == "Essai"


def test_a_bill_seen_is_preferred_to_the_forfait() -> None:
    rule = bareme(treatments={K.ENERGIE: Treatment(flat_unproved=same(80_00))})
    result = computed(rule, family(1), line(K.ENERGIE, "120", origin=Origin.PROOF))
    assert result.charges_cents == 120_00


def test_kinds_the_bareme_does_not_name_follow_its_rule() -> None:
    rule = bareme(unlisted_charges_count=False, treatments={K.LOYER: Treatment()})
    result = computed(rule, family(1), line(K.RSA, "700"), line(K.LOYER, "300"), line(K.TRANSPORT, "50"))
    assert result.net_month_cents == 400_00
    assert "ne cite pas" in result.lines[2].says


def test_other_periods_say_what_they_make_a_month() -> None:
    result = computed(bareme(), family(1), line(K.ASSURANCE_HABITATION, "120", period=Period.YEARLY))
    assert result.charges_cents == 10_00
    assert "120,00\u00a0€ par an, soit 10,00\u00a0€ par mois." in result.lines[0].says


def test_thresholds_may_be_by_month_or_for_the_household() -> None:
    lines = (line(K.RSA, "900"), line(K.LOYER, "300"))
    by_month = computed(bareme(every=Every.MONTH), family(2), *lines)
    assert (by_month.value_cents, by_month.unit_phrase) == (F(300_00), "par mois et par personne")
    whole = computed(bareme(every=Every.MONTH, base=Base.HOUSEHOLD), family(2), *lines)
    assert (whole.value_cents, whole.unit_phrase) == (F(600_00), "par mois pour le foyer")
    assert whole.per_day_cents == by_month.per_day_cents == F(600_00, 60)


def test_people_alone_may_have_their_own_zones() -> None:
    family_zones = (Zone(ZoneKind.ELIGIBLE, 700), Zone(ZoneKind.NOT_ELIGIBLE))
    single_zones = (Zone(ZoneKind.ELIGIBLE, 800), Zone(ZoneKind.NOT_ELIGIBLE))
    rule = bareme(zones=family_zones, zones_single=single_zones)
    assert computed(rule, family(1), line(K.RSA, "225")).zone is ZoneKind.ELIGIBLE
    assert computed(rule, family(2), line(K.RSA, "450")).zone is ZoneKind.NOT_ELIGIBLE
    expecting = Composition((PARENT, Head(unborn=True)))
    assert computed(rule, expecting, line(K.RSA, "225")).zone is ZoneKind.ELIGIBLE


def test_the_nearest_threshold_is_the_one_told_first() -> None:
    zones = (Zone(ZoneKind.REDIRECT, 120), Zone(ZoneKind.ELIGIBLE, 750), Zone(ZoneKind.NOT_ELIGIBLE))
    result = computed(bareme(zones=zones), family(1), line(K.RSA, "210"))
    assert [distance.gap_cents for distance in result.distances] == [580, -50]
    assert "il manque 0,5000\u00a0€ pour atteindre le seuil de 7,50\u00a0€" in result.threshold_sentence
    assert computed(bareme(below=None), family(1), line(K.RSA, "210")).threshold_sentence == ""


WAGES = line(K.SALAIRE, "900")


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ([WAGES, line(K.LOYER, "5")], NoticeCode.RENT_TOO_LOW),
        ([WAGES, line(K.ASSURANCE_HABITATION, "180")], NoticeCode.MAYBE_YEARLY),
        ([line(K.APL, "440"), line(K.LOYER, "350")], NoticeCode.AID_TWICE),
        ([line(K.APL, "200", paid_to_landlord=True, rent_is_net=False)], NoticeCode.AID_WITHOUT_RENT),
        ([line(K.SALAIRE, "900", month=date(2026, 7, 1))], NoticeCode.OLD_RESOURCE),
        ([line(K.APL, "200"), line(K.AL, "200"), line(K.LOYER, "600")], NoticeCode.EXCLUSIVE),
    ],
)
def test_what_looks_wrong_raises_one_question(lines: list[Line], code: NoticeCode) -> None:
    assert [notice.code for notice in computed(bareme(), family(1), *lines).notices] == [code]


@pytest.mark.parametrize(
    "lines",
    [
        [line(K.LOYER, "5"), AID],
        [WAGES, line(K.ASSURANCE_HABITATION, "180", period=Period.YEARLY)],
        [line(K.APL, "200"), line(K.LOYER, "350")],
        [line(K.SALAIRE, "900", month=date(2026, 8, 1)), line(K.LOYER, "400", month=date(2020, 1, 1))],
        [line(K.RSA, "500"), line(K.PRIME_ACTIVITE, "100")],
    ],
)
def test_an_ordinary_budget_raises_no_question(lines: list[Line]) -> None:
    assert computed(bareme(), family(1), *lines).notices == ()


CHILDREN = (Head(age=8), Head(age=5))


def test_two_zones_of_one_name_are_told_apart_by_what_the_household_pays() -> None:
    tenth, fifth = (F(1, 10), F(1, 10)), (F(1, 8), F(1, 5))
    zones = (Zone(ZoneKind.ELIGIBLE, 400, user_share=tenth), Zone(ZoneKind.ELIGIBLE, user_share=fifth))
    said = computed(bareme(zones=zones), family(1), line(K.RSA, "90")).threshold_sentence
    assert "« éligible », participation 10 % : moins de 4,00" in said
    assert "au-dessus, « éligible », participation 12,5 à 20 %" in said


@pytest.mark.parametrize(
    ("people", "lines", "codes"),
    [
        (Composition((PARENT,), home=Home.TENANT), [WAGES], {NoticeCode.MISSING_RENT, NoticeCode.MISSING_ENERGY}),
        (Composition((PARENT,), home=Home.TENANT), [WAGES, line(K.LOYER, "0"), line(K.ENERGIE, "40")], set()),
        (Composition((PARENT,), home=Home.OWNER), [WAGES, line(K.ENERGIE, "40")], {NoticeCode.MISSING_OWNER_COST}),
        (Composition((PARENT,), home=Home.HOUSED), [WAGES], set()),
        (Composition((PARENT,)), [WAGES, line(K.APL, "200")], {NoticeCode.MISSING_RENT}),
        (Composition((PARENT, PARENT, *CHILDREN)), [WAGES], {NoticeCode.MISSING_FAMILY_BENEFITS}),
        (Composition((PARENT, PARENT, *CHILDREN)), [WAGES, line(K.ALLOCATIONS_FAMILIALES, "151")], set()),
        (Composition((PARENT, PARENT, CHILDREN[0], Head(age=18))), [WAGES], set()),
        (Composition((PARENT, CHILDREN[0]), single_parent=True), [WAGES], {NoticeCode.MISSING_SUPPORT}),
        (Composition((PARENT, CHILDREN[0]), single_parent=True), [WAGES, line(K.ASF, "199")], set()),
        (Composition((PARENT,)), [line(K.TELEPHONE, "10")], {NoticeCode.NO_RESOURCE}),
    ],
)
def test_a_usual_line_that_is_missing_is_asked_for(
    people: Composition, lines: list[Line], codes: set[NoticeCode]
) -> None:
    assert {notice.code for notice in computed(bareme(), people, *lines).notices} == codes


def test_a_forfait_may_count_even_when_nothing_was_typed_and_says_so() -> None:
    by_people = Treatment(flat=Scale((60_00, 90_00), more=20_00), always=True, because="forfait voté.")
    rule = bareme(treatments={K.ENERGIE: by_people})
    for persons, counted in ((1, F(60_00)), (2, F(90_00)), (4, F(130_00))):
        result = computed(rule, family(persons), line(K.RSA, "700"))
        (_, added) = result.lines
        assert (added.line_id, added.outcome, added.counted_cents) == ("forfait-energie", Outcome.FLAT, counted)
        assert (added.rule, "forfait voté." in added.says) == ("lines.energie.always", True)
        assert result.net_month_cents == 700_00 - counted
    assert computed(rule, family(1), line(K.ENERGIE, "120")).charges_cents == 60_00


def test_a_cap_may_depend_on_the_number_of_people() -> None:
    rule = bareme(treatments={K.LOYER: Treatment(cap=Scale((400_00, 500_00)))})
    charges = [computed(rule, family(persons), line(K.LOYER, "900")).charges_cents for persons in (1, 2, 5)]
    assert charges == [400_00, 500_00, 500_00]


def test_an_access_says_how_long_it_lasts_and_what_may_be_bought() -> None:
    terms = Terms((3, 6), renewals=1, waiting=6, longest=24, purchase=Scale((60_00, 90_00), more=20_00))
    zones = (Zone(ZoneKind.ELIGIBLE, None, user_share=(F(1, 10), F(1, 5))),)
    result = computed(bareme(terms=terms, zones=zones), family(3), line(K.RSA, "700"))
    assert result.terms == (
        "Accès pour 3 à 6 mois, renouvelable 1 fois, 24 mois au plus en tout, "
        "6 mois d’attente avant une nouvelle demande."
    )
    assert (result.purchase_cents, result.user_pays_cents) == (110_00, (11_00, 22_00))
    assert "110,00\u00a0€ de produits par mois, dont 11,00\u00a0€ à 22,00\u00a0€ à payer" in result.purchase_sentence
    assert Result.from_json(result.to_json()) == result


def test_a_bareme_may_count_shared_custody_its_own_way() -> None:
    shared = Composition((PARENT, Head(age=8, weight=F(1, 2))))
    units = [count_units(Weights(shared_custody=custody), shared, TODAY) for custody in (None, F(1), F(1, 4))]
    assert units == [F(3, 2), 2, F(5, 4)]


def test_facts_of_health_disappear_for_those_who_may_not_see_them() -> None:
    lines = (
        line(K.RSA, "100", "1"),
        line(K.AAH, "1041,59", "2", label="AAH de Marc"),
        line(K.ASS, "10", "3"),
        line(K.AUTRE_RESSOURCE, "20", "4"),
        line(K.FRAIS_SANTE, "30", "5"),
        line(K.LOYER, "400", "6"),
    )
    rule = bareme(treatments={K.AAH: Treatment(because="l’AAH est comptée.")})
    result = computed(rule, family(1), *lines)
    assert NoticeCode.EXCLUSIVE in {notice.code for notice in result.notices}
    for veiled in (result.neutral(), result.without_health()):
        text = json.dumps(veiled.to_json(), ensure_ascii=False)
        assert not any(word in text for word in ("AAH", "aah", "handicap", "Marc", "santé"))
        assert veiled.net_month_cents == sum(
            each.counted_cents * (1 if each.side is Side.RESOURCE else -1) for each in veiled.lines
        )
    assert [each.line_id for each in result.neutral().lines] == [each.line_id for each in result.lines]
    assert "1041" not in json.dumps(result.without_health().to_json())


def test_every_sensitive_kind_has_a_neutral_one_of_its_side() -> None:
    for kind in K:
        assert kind.label
        assert kind.public_kind.side is kind.side
        assert not kind.public_kind.sensitive
    assert {K.AAH, K.AAH_COMPLEMENT, K.AEEH, K.IJ_MALADIE, K.PENSION_INVALIDITE} <= {k for k in K if k.sensitive}


def test_a_distance_is_said_shortly_with_decimals_only_where_they_tell() -> None:
    value = computed(bareme(below=800), family(3), line(LineKind.RSA, "720,10")).distances[0]
    assert value.short == "seuil de 8,00\u00a0€ : dépassé de 0,0011\u00a0€"
    assert computed(bareme(below=1000), family(3), line(LineKind.RSA, "720")).distances[0].short == (
        "seuil de 10,00\u00a0€ : il manque 2,00\u00a0€"
    )
    assert computed(bareme(below=800), family(3), line(LineKind.RSA, "720")).distances[0].short == (
        "seuil de 8,00\u00a0€ : atteint exactement"
    )
