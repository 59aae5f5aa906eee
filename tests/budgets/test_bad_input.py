"""Anything may be sent: a case, a barème, and every answer is a result or a sentence, never a failure."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coordination.budgets.bareme import BadBareme
from coordination.budgets.baremes import load_baremes, read_scheme
from coordination.budgets.case import BadCase, parse_json, read_case
from coordination.budgets.report import answered, report, spoken
from coordination.budgets.rules import CHARGES, RESOURCES, Scale, Weights, Zone, ZoneKind
from coordination.kit.parameters import BadParameters
from tests.budgets.make import BAREMES, TODAY
from tests.budgets.test_baremes import GOOD

SCHEMES = tuple(load_baremes(BAREMES).schemes.values())
WORDS = st.sampled_from(
    ["", "rsa", "loyer", "apl", "740.00", "1 234,5", "-3", "0", "2026-10", "1990-05-31", "½", "1/2"]
)
ATOM = st.none() | st.booleans() | st.integers(-5, 200) | WORDS | st.text(max_size=6)
ANYTHING = st.recursive(ATOM, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3))


def shaped(spoiled: bool, fields: dict[str, Any]) -> Any:
    """An object with some of these fields; spoiled, any of them may be replaced by anything."""
    return st.fixed_dictionaries(
        {}, optional={name: value | ATOM if spoiled else value for name, value in fields.items()}
    )


def line(spoiled: bool, kinds: Any) -> Any:
    kind, amount = st.sampled_from([kind.value for kind in kinds]), st.sampled_from(["740.00", "0", "9,90", 12])
    fields = {
        "period": st.sampled_from(["monthly", "yearly", "weekly"]),
        "origin": st.sampled_from(["proof", "declared"]),
        "month": st.just("2026-10"),
        "rent_is_net": st.booleans(),
    }
    must = st.fixed_dictionaries({"kind": kind, "amount": amount})
    return (
        shaped(True, {"kind": kind, "amount": amount} | fields)
        if spoiled
        else st.builds(lambda one, other: one | other, must, shaped(False, fields))
    )


def person(spoiled: bool) -> Any:
    return shaped(
        spoiled,
        {
            "age": st.integers(0, 100),
            "birth_date": st.sampled_from(["1990-05-31", "2019", "2019-04", "2027-01-01"]),
            "weight": st.sampled_from(["1", "0.5", "0", "1/3"]),
            "adult": st.booleans(),
            "unborn": st.booleans(),
            "name": st.text(max_size=5),
        },
    )


def a_case(spoiled: bool) -> Any:
    return shaped(
        spoiled,
        {
            "on": st.sampled_from(["2026-11-21", "2013-01-01", "0001-01-01", "9999-12-31"]),
            "people": st.lists(person(spoiled), max_size=4),
            "resources": st.lists(line(spoiled, RESOURCES), max_size=4) | st.just({"rsa": "740.00"}),
            "charges": st.lists(line(spoiled, CHARGES), max_size=4),
            "single_parent": st.booleans(),
            "home": st.sampled_from(["tenant", "owner", "housed"]),
        },
    )


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(a_case(spoiled=False).filter(lambda case: "people" in case))
def test_a_well_written_case_gets_an_answer_of_every_bareme(data: Any) -> None:
    case = read_case(parse_json(json.dumps(data)), TODAY)
    answers = [answered(scheme, case) for scheme in SCHEMES]
    said = report(case, answers)
    assert json.loads(json.dumps(said, allow_nan=False)) == said
    assert spoken(case, answers)
    for answer in said["baremes"]:
        assert (answer["refusal"] is None) == (answer["zone"] is not None)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(a_case(spoiled=True) | ANYTHING)
def test_a_badly_written_case_gets_its_faults(data: Any) -> None:
    faults: tuple[tuple[str, str], ...] = (("", "Rien à dire."),)
    try:
        read_case(parse_json(json.dumps(data)), TODAY)
    except BadCase as bad:
        faults = bad.faults
    assert faults
    assert [says for _, says in faults if not says.endswith(".")] == []


@given(st.text(max_size=40) | st.binary(max_size=40).map(lambda raw: raw.decode("latin-1")))
def test_any_text_is_a_case_or_a_fault(text: str) -> None:
    with pytest.raises(BadCase):
        read_case(parse_json(text), TODAY)


LINES = GOOD.splitlines()
PIECES = st.sampled_from(
    ["", "null", "-1", "1/0", "8.005", "[]", "{}", "&a", "*a", "- x", "\t", "oui", "2026-13-40", '"']
)


@st.composite
def spoiled(draw: Any) -> str:
    """The barème of the CCAS with a few lines lost, doubled, moved in, or their value replaced."""
    lines = LINES.copy()
    for _ in range(draw(st.integers(1, 4))):
        rank = draw(st.integers(0, len(lines) - 1))
        name, colon, _ = lines[rank].partition(": ")
        harm = draw(st.integers(0, 3))
        if harm == 0:
            del lines[rank]
        elif harm == 1:
            lines.insert(rank, draw(st.sampled_from(LINES)))
        elif harm == 2:
            lines[rank] = f"{name}{colon}{draw(PIECES)}"
        else:
            lines[rank] = "  " + lines[rank]
    return "\n".join(lines)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(spoiled())
def test_a_spoiled_bareme_is_read_or_its_faults_are_told(tmp_path_factory: Any, text: str) -> None:
    path = Path(tmp_path_factory.getbasetemp()) / "ccas-carvin.yaml"
    path.write_text(text, encoding="utf-8")
    try:
        read_scheme(path)
    except BadParameters as bad:
        for problem in bad.problems:
            assert 1 <= problem.line <= text.count("\n") + 1
            assert problem.says


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Weights(other=Weights().first * -1),
        lambda: Weights(child=Weights().first * 3),
        lambda: Weights(shared_custody=Weights().first * 2),
        lambda: Scale(()),
        lambda: Scale((-1,)),
        lambda: Scale((1,), more=-1),
        lambda: Zone(ZoneKind.ELIGIBLE, user_share=(Weights().first, Weights().unborn)),
    ],
)
def test_no_bareme_can_be_built_with_negative_weights_amounts_or_shares(wrong: Any) -> None:
    with pytest.raises(BadBareme):
        wrong()
