"""The estimator itself, by its own interpreter: the reference amounts of the law, and households a social worker knows.

One batch for the module: the package takes seconds to load.
"""

from datetime import date
from fractions import Fraction
from typing import Any

import pytest

from coordination.rights.rules import Amount, Benefit, Human, Right, facts_of, rights_of
from coordination.rights.service import estimate
from coordination.settings import RIGHTS_PYTHON
from tests import servers

ON = date(2026, 11, 22)
ALONE = [Human(date(1992, 8, 4), "reference")]
TWO_CHILDREN = [Human(date(2015, 2, 1), "child"), Human(date(2019, 10, 1), "child")]


def euros(kind: str, amount: float) -> Amount:
    return Amount(kind, Fraction(round(amount * 100)))


CASES: dict[str, tuple[list[Human], list[Amount], str]] = {
    "alone, nothing, housed by a friend": (ALONE, [], "heberge_tiers"),
    "alone, nothing, no home": (ALONE, [], "sans_hebergement"),
    "alone, a small rent": (ALONE, [euros("loyer", 350)], "parc_social"),
    "a mother who works": (
        [Human(date(1992, 8, 4), "reference", "salarie"), *TWO_CHILDREN],
        [euros("salaire", 1300), euros("loyer", 550)],
        "parc_prive",
    ),
    "a small pension": ([Human(date(1955, 8, 4), "reference")], [euros("retraite", 600)], "proprietaire"),
    "a full AAH in a flat": (
        [Human(date(1975, 8, 4), "reference")],
        [euros("aah", 1041.59), euros("loyer", 350)],
        "parc_social",
    ),
    "well off": (
        [Human(date(1985, 8, 4), "reference", "salarie")],
        [euros("salaire", 3500), euros("loyer", 700)],
        "parc_prive",
    ),
}


@pytest.fixture(scope="module")
def answers() -> dict[str, dict[Benefit, Right]]:
    if not RIGHTS_PYTHON.exists():
        servers.require_or_skip("OpenFisca manque : « make rights » permet d’essayer l’estimation des droits.")
    facts: list[dict[str, Any]] = [facts_of(people, lines, housing, ON) for people, lines, housing in CASES.values()]
    said = estimate(RIGHTS_PYTHON, facts)
    assert said is not None
    return {
        name: {right.benefit: right for right in rights_of(answer, lines)}
        for (name, (_, lines, _)), answer in zip(CASES.items(), said["answers"], strict=True)
    }


def test_the_rsa_of_somebody_alone_without_a_home_is_the_amount_of_april_2026(
    answers: dict[str, dict[Benefit, Right]],
) -> None:
    """651,69 € (montant forfaitaire, revalorisation d'avril 2026)."""
    rsa = answers["alone, nothing, no home"][Benefit.RSA]
    assert (rsa.low, rsa.high) == (651_69, 651_69)


def test_free_housing_lowers_it_by_the_forfait_logement(answers: dict[str, dict[Benefit, Right]]) -> None:
    """12 % of the amount for one person."""
    rsa = answers["alone, nothing, housed by a friend"][Benefit.RSA]
    assert rsa.low == rsa.high == pytest.approx(651_69 * 0.88, abs=2)


def test_a_tenant_has_a_housing_aid_too(answers: dict[str, dict[Benefit, Right]]) -> None:
    found = answers["alone, a small rent"]
    assert 0 < found[Benefit.HOUSING].low <= found[Benefit.HOUSING].high < 350_00
    assert found[Benefit.CSS].low


def test_a_mother_who_works_and_claims_nothing(answers: dict[str, dict[Benefit, Right]]) -> None:
    found = answers["a mother who works"]
    assert found[Benefit.RSA].high == 0
    assert all(found[benefit].low > 50_00 for benefit in (Benefit.PPA, Benefit.AF, Benefit.ASF, Benefit.HOUSING))
    # Two children: 32 % of the monthly base of the benefits of April 2026 (478,16 €).
    assert found[Benefit.AF].high == pytest.approx(478_16 * 0.32, abs=150)


def test_a_small_pension_is_completed_up_to_the_minimum_vieillesse(answers: dict[str, dict[Benefit, Right]]) -> None:
    aspa = answers["a small pension"][Benefit.ASPA]
    assert 400_00 < aspa.low <= aspa.high < 460_00


def test_with_a_full_aah_the_complement_for_an_independent_life(answers: dict[str, dict[Benefit, Right]]) -> None:
    assert answers["a full AAH in a flat"][Benefit.MVA].high == 104_77
    assert Benefit.MVA not in answers["well off"]


def test_who_is_well_off_is_offered_nothing(answers: dict[str, dict[Benefit, Right]]) -> None:
    assert all(right.high == 0 for right in answers["well off"].values())
