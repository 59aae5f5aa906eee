"""The estimator itself, by its own interpreter: the reference amounts of the law, households a social worker knows, and
situations openfisca-france publishes with its own tests (`cases/`).

One batch for the module: the package takes seconds to load.
"""

import os
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from coordination.rights.rules import Amount, Benefit, Human, Right, facts_of, rights_of
from coordination.rights.service import estimate
from coordination.settings import RIGHTS_PYTHON
from tests import servers
from tests.budgets.make import as_texts

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


THOROUGH = os.environ.get("HYPOTHESIS_PROFILE") == "fuzz"
LONG = [pytest.mark.fuzz] if THOROUGH else []
Given = tuple[list[Human], list[Amount], str, date]


class Situation(BaseModel, extra="forbid"):
    """One published situation, as its file writes it."""

    class Somebody(BaseModel, extra="forbid"):
        link: str
        born: date
        activity: str = ""

    source: str
    day: date
    people: list[Somebody]
    housing: str
    expected: dict[Benefit, Decimal]
    margin: Decimal
    lines: dict[str, Decimal] = {}
    within: bool = False
    often: bool = False
    note: str = ""

    @property
    def given(self) -> Given:
        people = [Human(each.born, each.link, each.activity) for each in self.people]
        return (
            people,
            [Amount(kind, Fraction(euros) * 100) for kind, euros in self.lines.items()],
            self.housing,
            self.day,
        )


def published() -> list[Situation]:
    """Those tried: all of them in the long run, those of a few months otherwise."""
    texts: Any = as_texts((Path(__file__).parent / "cases" / "openfisca-france.yaml").read_text("utf-8"))
    every = [Situation.model_validate(each) for each in texts]
    return [each for each in every if each.often or THOROUGH]


PUBLISHED = {each.source: each for each in published()}


@pytest.fixture(scope="module")
def answers() -> dict[str, dict[Benefit, Right]]:
    if not RIGHTS_PYTHON.exists():
        servers.require_or_skip("OpenFisca manque : « make rights » permet d’essayer l’estimation des droits.")
    asked: dict[str, Given] = {name: (*given, ON) for name, given in CASES.items()}
    asked |= {source: situation.given for source, situation in PUBLISHED.items()}
    facts: list[dict[str, Any]] = [facts_of(*given) for given in asked.values()]
    said = estimate(RIGHTS_PYTHON, facts)
    assert said is not None
    return {
        name: {right.benefit: right for right in rights_of(answer, lines)}
        for (name, (_, lines, *_)), answer in zip(asked.items(), said["answers"], strict=True)
    }


@pytest.mark.parametrize("source", [pytest.param(each, marks=LONG) for each in PUBLISHED])
def test_a_published_situation_is_answered_as_published(answers: dict[str, dict[Benefit, Right]], source: str) -> None:
    situation = PUBLISHED[source]
    margin = round(situation.margin * 100)
    for benefit, euros_due in situation.expected.items():
        right, due = answers[source][benefit], round(euros_due * 100)
        assert right.low - margin <= due <= right.high + margin, right
        assert situation.within or right.high - right.low <= 2 * margin, right


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
