"""`coordination rav`: a case in JSON, an answer in words or in JSON, and no database anywhere."""

import json
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from coordination.budgets.case import BadCase, parse_json, read_case
from coordination.cli import app
from tests.budgets.make import ROOT, TODAY

MOTHER: dict[str, Any] = {
    "on": "2026-11-21",
    "people": [{"name": "Aminata", "birth_date": "1990-03-12"}, {"age": 10}, {"birth_date": "2019-04"}],
    "resources": [{"kind": "rsa", "amount": "740.00"}, {"kind": "al", "amount": "440.00"}],
    "charges": [
        {"kind": "loyer", "amount": "350.00"},
        {"kind": "energie", "amount": "1200", "period": "yearly"},
        {"kind": "telephone", "amount": "9,90"},
    ],
}


def rav(tmp_path: Path, case: Any, *options: str) -> tuple[int, str]:
    path = tmp_path / "cas.json"
    path.write_text(case if isinstance(case, str) else json.dumps(case), encoding="utf-8")
    done = CliRunner().invoke(app, ["rav", str(path), *options])
    return done.exit_code, done.output


def test_the_answer_in_json_is_exact_and_complete(tmp_path: Path) -> None:
    code, said = rav(tmp_path, MOTHER, "--bareme", "ccas-carvin", "--bareme", "epicerie-solidaire", "--json")
    answer = json.loads(said, parse_float=lambda text: pytest.fail(f"a binary float: {text}"))
    assert code == 0
    assert (answer["net_monthly"], answer["per_person_per_day"], answer["people"]) == ("720.10", "8.0011111111", 3)
    assert answer["single_parent"] is True
    one, other = answer["baremes"]
    assert (one["id"], one["version"], one["unit_count"], one["zone"]) == ("ccas-carvin", "2026-01-01", "3", "council")
    assert (one["value"], one["value_exact"], one["distance"]) == ("8.0011111111", "7201/900", "0.0011111111")
    assert (one["user_share"], other["value"][:6]) == ({"from": "20", "to": "20"}, "7.8906")
    counted = sum(Decimal(each["counted"]) * (1 if each["side"] == "resource" else -1) for each in one["lines"])
    assert counted == Decimal(one["net_monthly"])
    for each in one["lines"]:
        assert all(each[name] for name in ("says", "rule", "source"))


def test_the_answer_in_words_says_the_same(tmp_path: Path) -> None:
    code, said = rav(tmp_path, MOTHER, "--bareme", "ccas-carvin")
    assert code == 0
    said = said.replace("\u00a0", " ").replace("\u202f", " ")
    for words in (
        "Foyer de 3 personnes, au 21/11/2026",
        "8,00 € (8,0011) par jour et par personne : à examiner par le Conseil",
        "seuil de 8,00 € atteint, dépassé de 0,0011 €",
        "Participation du foyer : 20 %",
        "1 200,00 € par an, soit 100,00 € par mois",
        "valeurs de démonstration",
    ):
        assert words in said


def test_every_bareme_in_force_answers_when_none_is_named(tmp_path: Path) -> None:
    answers = json.loads(rav(tmp_path, MOTHER, "--json", "--on", "2023-06-01")[1])["baremes"]
    assert {each["id"] for each in answers} >= {"les-epis", "la-clairiere", "agorae", "carrefour-solidarites-91"}
    assert {each["standing"] for each in answers} == {"published"}
    assert {each["version"] for each in answers if each["id"] == "carrefour-solidarites-91"} == {"2012-12-01"}


def test_a_day_before_any_version_is_a_refusal_that_says_when_it_begins(tmp_path: Path) -> None:
    code, said = rav(tmp_path, MOTHER, "--bareme", "ccas-carvin", "--on", "2020-01-01", "--json")
    (answer,) = json.loads(said)["baremes"]
    assert (code, answer["zone"], answer["refusal"]["code"]) == (1, None, "not_yet")
    assert "commence le 01/01/2026" in answer["refusal"]["says"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"people": []}, "Aucune personne dans le foyer"),
        ({"people": [{"age": 4, "weight": "0"}]}, "ne compte pour aucune personne"),
        ({"resources": [], "charges": []}, "Aucune ressource ni charge"),
        ({"people": [{"birth_date": "2027-01-01"}]}, "n’est pas encore né·e"),
    ],
)
def test_a_household_that_cannot_be_counted_is_refused_with_the_reason(
    tmp_path: Path, change: dict[str, Any], says: str
) -> None:
    code, said = rav(tmp_path, MOTHER | change, "--bareme", "ccas-carvin", "--json")
    (answer,) = json.loads(said)["baremes"]
    assert (code, answer["value"]) == (1, None)
    assert says in answer["refusal"]["says"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            {"resources": [{"kind": "rssa", "amount": "1"}]},
            "« rssa » n’est pas connu. Écrivez « rsa »",
        ),
        ({"resources": [{"kind": "loyer", "amount": "1"}]}, "Écrivez cette ligne dans « charges »"),
        ({"resources": [{"kind": "rsa", "amount": "mille"}]}, "en chiffres seulement"),
        ({"resources": [{"kind": "rsa", "amount": "1.005"}]}, "Deux chiffres au plus"),
        ({"resources": [{"kind": "rsa", "amount": "-1"}]}, "ce montant est négatif"),
        ({"resources": [{"kind": "rsa", "amount": True}]}, "il manque le montant"),
        ({"resources": [{"kind": "rsa"}]}, "il manque le montant"),
        ({"resources": [{"kind": "rsa", "amount": "1", "period": "montly"}]}, "Écrivez « monthly »"),
        ({"resources": [{"kind": "rsa", "amount": "1", "month": "10/2026"}]}, '"2026-10"'),
        ({"resources": [{"kind": "rsa", "amount": "1", "paid_to_landlord": True}]}, "seule une aide au logement"),
        ({"resources": "740"}, "écrivez une liste"),
        ({"people": [{"weight": "-1"}]}, "une part entre 0 et 2"),
        ({"people": [{"weight": "3"}]}, "une part entre 0 et 2"),
        ({"people": [{"age": -3}]}, "un âge en années"),
        ({"people": [{"birth_date": "1990-02-30"}]}, "cette date n’existe pas"),
        ({"people": [{"sex": "f"}]}, "people.0.sex : ce champ n’existe pas"),
        ({"people": "trois"}, "écrivez la liste des personnes"),
        ({"people": 400}, "écrivez la liste des personnes"),
        ({"on": "demain"}, "cette date n’existe pas"),
        ({"home": "hotel"}, "tenant, owner, housed"),
        ({"peeple": []}, "Écrivez « people »"),
    ],
)
def test_a_mistake_in_a_case_is_told_with_its_place_and_what_to_write(
    tmp_path: Path, change: dict[str, Any], says: str
) -> None:
    code, said = rav(tmp_path, MOTHER | change)
    assert (code, says in said.replace("\n", " ")) == (2, True), said


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "ligne 1"),
        ('{"people": [}', "Vérifiez les virgules"),
        ('{"on": "2026-01-01", "on": "2026-01-02"}', "écrit deux fois"),
        ("[" * 100_000, "pas du JSON lisible"),
        ('{"people": ' + "9" * 5_000 + "}", "pas du JSON lisible"),
        ("[1]", "un objet JSON est attendu"),
        (" " * 200_001, "trop gros"),
    ],
)
def test_what_is_not_json_is_refused(text: str, says: str) -> None:
    with pytest.raises(BadCase, match=says):
        read_case(parse_json(text), TODAY)


def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    case = {"people": [{"age": "x"}], "resources": [{"kind": "zzz", "amount": "?"}], "on": "x"}
    said = rav(tmp_path, case)[1]
    assert all(place in said for place in ("on :", "people.0.age :", "resources.0.kind :", "resources.0.amount :"))


@pytest.mark.parametrize("name", ["nulle-part", "nulle/part.yaml"])
def test_an_unknown_bareme_is_told(tmp_path: Path, name: str) -> None:
    code, said = rav(tmp_path, MOTHER, "--bareme", name)
    assert code == 2
    assert "n’existe pas" in said or "ne peut pas être lu" in said


def test_shorthands_read_as_the_long_form() -> None:
    long = read_case(MOTHER | {"people": [{}, {}]}, TODAY)
    short = read_case(MOTHER | {"people": 2, "resources": {"rsa": "740", "al": 440}}, TODAY)
    assert (short.composition, short.lines) == (long.composition, long.lines)


def test_words_are_read_as_people_write_them() -> None:
    typed = {"people": 1, "resources": {"RSA": "1", "Allocation de soutien familial (ASF)": "2"}}
    typed["charges"] = [{"kind": "Énergie", "amount": "36", "period": "trimestre"}]
    lines = read_case(typed, TODAY).lines
    assert [line.kind.value for line in lines] == ["rsa", "asf", "energie"]
    assert lines[2].monthly_cents == 1200


def test_a_number_is_kept_as_it_is_written() -> None:
    case = read_case(parse_json('{"people": 1, "resources": {"rsa": 0.10, "al": 9.95}}'), TODAY)
    assert [line.amount_cents for line in case.lines] == [10, 995]


def test_the_command_needs_neither_database_nor_settings(tmp_path: Path) -> None:
    """Run apart, with nothing in the environment: none of the heavy libraries is even read."""
    path = tmp_path / "cas.json"
    path.write_text(json.dumps(MOTHER), encoding="utf-8")
    script = (
        "import sys\nfrom coordination.cli import app\n"
        f"try:\n    app(['rav', {str(path)!r}, '--json'])\nexcept SystemExit as end:\n    assert end.code == 0\n"
        "heavy = {'sqlalchemy', 'sqlmodel', 'psycopg', 'fastapi', 'coordination.settings'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)\n"
    )
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stderr.strip() == "[]"
    assert len(json.loads(done.stdout)["baremes"]) >= 8
