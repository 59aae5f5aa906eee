"""A barème written back is read again as the same barème."""

import tempfile
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coordination.budgets.baremes import load_baremes, read_scheme
from coordination.budgets.rules import Bareme, Scale, Terms, Weights, Zone, ZoneKind
from coordination.budgets.writing import scheme_text, version_text
from tests.budgets.make import BAREMES, bareme
from tests.budgets.test_properties import ANY_BAREME, SCALE

MONTHS = st.none() | st.integers(0, 36)
TERMS = st.builds(
    Terms, st.sampled_from([None, (3, 6), (3, 3)]), renewals=MONTHS, waiting=MONTHS, longest=MONTHS, purchase=SCALE
)


def read_back(text: str) -> list[Bareme]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "essai.yaml"
        path.write_text(text, encoding="utf-8")
        return [replace(each, digest="") for _, each in read_scheme(path).versions]


@settings(max_examples=25)
@given(ANY_BAREME, TERMS, st.sampled_from([None, Fraction(1), Fraction(1, 3)]))
def test_what_is_written_is_read_back_the_same(rule: Any, terms: Terms, custody: Fraction | None) -> None:
    changed = replace(
        rule, terms=terms, weights=replace(rule.weights, shared_custody=custody), notes=("Oui : « non » # pas",)
    )
    assert read_back(scheme_text([changed])) == [changed]


@pytest.mark.parametrize("code", sorted(load_baremes(BAREMES).schemes))
def test_every_shipped_bareme_is_written_back(code: str) -> None:
    versions = [replace(each, code="essai", digest="") for _, each in load_baremes(BAREMES).schemes[code].versions]
    assert read_back(scheme_text(versions)) == versions


def test_a_version_tried_out_is_pasted_at_the_end_of_its_file() -> None:
    text = (BAREMES / "ccas-carvin.yaml").read_text(encoding="utf-8").replace("code: ccas-carvin", "code: essai")
    (before,) = read_back(text)
    share = (Fraction(1, 10), Fraction(1, 10))
    zones = (Zone(ZoneKind.ELIGIBLE, 8_50, user_share=share), *before.zones[1:])
    after = replace(before, version=before.version.replace(year=2027), zones=zones)
    assert read_back(text + version_text(after)) == [before, after]


def test_amounts_are_written_as_people_write_them() -> None:
    rule = bareme(
        Fraction(365, 12), 850, weights=Weights(other=Fraction(1, 2)), terms=Terms(purchase=Scale((6000,), 5))
    )
    text = scheme_text([rule])
    for line in ("days: 365/12", "below: 8.50", "other: 0.5", "from: 2026-01-01", "more: 0.05", "organisation: null"):
        assert f"{line}\n" in text
