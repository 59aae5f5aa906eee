"""The reste à vivre in JSON, for anybody and without any file: the same answer as the command line, nothing kept."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from typer.testing import CliRunner

from coordination.budgets import stateless_api
from coordination.cli import app as command_line
from tests.api.make import API, Client, problem
from tests.cast import Cast

MOTHER: dict[str, Any] = {
    "on": "2026-11-21",
    "people": [{"age": 36}, {"age": 10}, {"birth_date": "2019-04"}],
    "resources": [{"kind": "rsa", "amount": "740.00"}, {"kind": "al", "amount": "440.00"}],
    "charges": [
        {"kind": "loyer", "amount": "350.00"},
        {"kind": "energie", "amount": "1200", "period": "yearly"},
        {"kind": "telephone", "amount": "9,90"},
    ],
}
Api = Callable[[], Client]


def asked(client: Client, **changes: Any) -> Any:
    answer = client.post(f"{API}/reste-a-vivre", json=MOTHER | changes)
    assert answer.status_code == 200, answer.text
    assert "set-cookie" not in answer.headers
    return json.loads(answer.text, parse_float=lambda text: pytest.fail(f"a binary float: {text}"))


def test_anybody_is_answered_as_on_the_command_line(api: Api, tmp_path: Path) -> None:
    names = ["ccas-carvin", "secours-populaire", "la-clairiere"]
    case = tmp_path / "cas.json"
    case.write_text(json.dumps(MOTHER), encoding="utf-8")
    options = [word for name in names for word in ("--bareme", name)]
    said = CliRunner().invoke(command_line, ["rav", str(case), "--json", *options])
    answer = asked(api(), baremes=names)
    assert answer == json.loads(said.output)
    assert (answer["net_monthly"], answer["per_person_per_day"]) == ("720.10", "8.0011111111")


def test_values_of_demonstration_answer_where_they_serve_or_when_they_are_named(app: FastAPI, api: Api) -> None:
    assert {each["standing"] for each in asked(api())["baremes"]} == {"published", "demonstration"}
    settings = app.state.settings
    app.state.settings = settings.model_copy(update={"demo_asked": False})
    try:
        assert {each["standing"] for each in asked(api())["baremes"]} == {"published"}
        (named,) = asked(api(), baremes=["ccas-carvin"])["baremes"]
    finally:
        app.state.settings = settings
    assert named["standing"] == "demonstration"


def test_without_a_token_an_address_waits_its_turn(api: Api, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stateless_api, "MOST_ANSWERS", 0)
    refused = api().post(f"{API}/reste-a-vivre", json=MOTHER)
    assert problem(refused)["status"] == 429
    assert refused.headers["retry-after"] == "600"
    asked(api().sign_in(cast.ccas.emails["intake"]))


def test_what_is_missing_is_said_by_each_bareme(api: Api) -> None:
    answer = asked(api(), people=[{"name": "Lina"}, {}], baremes=["secours-populaire", "ccas-carvin"])
    units, heads = answer["baremes"]
    assert (units["value"], units["refusal"]["code"], units["refusal"]["about"]) == (None, "unknown_age", "Lina")
    assert (heads["refusal"], heads["unit_count"]) == (None, "2")


@pytest.mark.parametrize(
    ("change", "field", "says"),
    [
        ({"resources": [{"kind": "rssa", "amount": "1"}]}, "resources.0.kind", "Écrivez « rsa »"),
        ({"resources": [{"kind": "loyer", "amount": "1"}]}, "resources.0.kind", "dans « charges »"),
        ({"resources": [{"kind": "rsa", "amount": 740.1}]}, "resources.0.amount", "texte"),
        ({"resources": [{"kind": "rsa", "amount": "-1"}]}, "resources.0.amount", "négatif"),
        ({"people": [{"weight": "9"}]}, "people.0.weight", "entre 0 et 2"),
        ({"people": [{"age": 400}]}, "people.0.age", ""),
        ({"baremes": ["inconnu"]}, "baremes", "n’existe pas"),
        ({"on": "2026-02-30"}, "on", "n’existe pas"),
        ({"household_id": "1"}, "household_id", "inconnu"),
    ],
)
def test_a_fault_is_a_problem_with_its_field(api: Api, change: dict[str, Any], field: str, says: str) -> None:
    answer = api().post(f"{API}/reste-a-vivre", json=MOTHER | change)
    assert answer.status_code == 422
    faults = {each["field"]: each["detail"] for each in problem(answer)["errors"]}
    assert says in faults[field]
