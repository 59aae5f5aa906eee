"""The cases of tests/budgets/cases, which anybody can check by hand: a household, then what each barème must answer."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from coordination.budgets.baremes import load_baremes, read_scheme
from coordination.budgets.case import read_case
from coordination.budgets.report import answered, report
from coordination.kit.money import rounded
from tests.budgets.make import BAREMES, TODAY, as_texts

FOLDER = Path(__file__).parent / "cases"
CASES = [case for path in sorted(FOLDER.glob("*.yaml")) for case in as_texts(path.read_text(encoding="utf-8"))]
SCHEMES = dict(load_baremes(BAREMES).schemes) | dict(load_baremes(FOLDER / "baremes").schemes)


def same_number(given: str, expected: Any) -> bool:
    """Whether the exact figure, rounded half-up to the decimals written, is the one expected."""
    wanted = str(expected)
    decimals = len(wanted.partition(".")[2])
    return rounded(Fraction(given), decimals) == rounded(Fraction(wanted), decimals)


def check_answer(answer: dict[str, Any], expected: dict[str, Any]) -> None:
    counted = {line["kind"]: line["counted"] for line in answer["lines"]}
    share = answer["user_share"]
    for name, wanted in expected.items():
        if name in ("refusal", "about"):
            assert answer["refusal"][{"refusal": "code"}.get(name, name)] == wanted
        elif name == "warning":
            assert wanted in answer["warning"]
        elif name == "user_share":
            assert f"{share['from']} à {share['to']}" == wanted
        elif name in ("zone", "version"):
            assert answer[name] == wanted
        else:
            given = answer[name] if name in answer else counted[name]
            assert same_number(given, wanted), f"{name}: {given}, not {wanted}"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_a_case_gives_what_its_file_says(case: dict[str, Any]) -> None:
    expected = case["expect"]
    household = read_case(case["case"], TODAY)
    answers = [answered(SCHEMES[code], household) for code in expected["baremes"]]
    said = report(household, answers)
    for name in expected.keys() - {"baremes"}:
        assert same_number(said[name], expected[name]), f"{name}: {said[name]}, not {expected[name]}"
    for answer in said["baremes"]:
        check_answer(answer, expected["baremes"][answer["id"]])


def test_every_published_bareme_has_its_case() -> None:
    published = {
        code for code, scheme in load_baremes(BAREMES).schemes.items() if scheme.versions[0][1].organisation is None
    }
    assert published <= {code for case in CASES for code in case["expect"]["baremes"]}


def test_a_wrong_figure_would_be_seen() -> None:
    """The comparison itself: half-up, at the decimals written."""
    assert same_number("8.0011111111", "8.0011")
    assert not same_number("8.0011111111", "8.0012")
    assert same_number("-0.1666666667", "-0.1667")
    with pytest.raises(AssertionError):
        check_answer({"lines": [], "user_share": None, "zone": "council"}, {"zone": "eligible"})
    assert read_scheme(FOLDER / "baremes" / "seuil-de-pauvrete.yaml").first.year == 2012
