"""The documentation of barèmes: its walk-through is executed, its schema is the reader's, no field is forgotten."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from typer.testing import CliRunner

from coordination.budgets.rules import LineKind
from coordination.budgets.schema import schema
from coordination.budgets.writing import scheme_text
from coordination.cli import app
from tests.budgets.make import BAREMES, ROOT, as_texts
from tests.budgets.test_baremes import GOOD, MISTAKES
from tests.budgets.test_properties import ANY_BAREME

PAGE = (ROOT / "docs" / "baremes" / "README.md").read_text(encoding="utf-8")
SCHEMA = ROOT / "docs" / "baremes" / "bareme.schema.json"
VALIDATOR = jsonschema_rs.validator_for(schema())


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


def plain(text: str) -> str:
    return text.replace("\u00a0", " ").replace("\u202f", " ").strip()


def instance(text: str) -> Any:
    """What an editor compares with the schema: the names of fields are texts."""
    return json.loads(json.dumps(as_texts(text)))


def test_the_walk_through_gives_what_it_prints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bareme = next(text for text in blocks("yaml") if text.startswith("# epicerie-du-moulin.yaml"))
    (case,) = blocks("json")
    place = tmp_path / "policies" / "baremes"
    place.mkdir(parents=True)
    written = place / "epicerie-du-moulin.yaml"
    written.write_text(bareme.replace("up_to: 9.00", "up_to: 4.00"), encoding="utf-8")
    (tmp_path / "nadia.json").write_text(case, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    consoles = blocks("console")
    assert len(consoles) == 2
    for block in consoles:
        command, _, printed = block.partition("\n")
        done = CliRunner().invoke(app, command.removeprefix("$ coordination ").split())
        assert plain(done.output) == plain(printed)
        written.write_text(bareme, encoding="utf-8")
    published = CliRunner().invoke(app, ["check-policies", "policies/baremes", "--release"])
    assert "Nouvelle version, publiée : epicerie-du-moulin" in published.output
    assert "1 barème, aucune faute" in published.output
    written.write_text(bareme.replace("up_to: 9.00", "up_to: 9.10"), encoding="utf-8")
    assert "ses valeurs ont changé" in CliRunner().invoke(app, ["check-policies", "policies/baremes"]).output
    VALIDATOR.validate(instance(bareme))


def test_the_sum_done_by_hand_in_the_page_is_right() -> None:
    assert "755,51 ÷ 3 ÷ (365 ÷ 12) = 8,2796" in PAGE
    assert round(755.51 / 3 / (365 / 12), 4) == 8.2796
    assert round(780 + 210 + 120 - 240 - 70 - 14.5 - 29.99, 2) == 755.51


def test_the_page_names_every_kind_of_line_and_every_field() -> None:
    fields: set[str] = set()

    def gather(part: Any) -> None:
        if isinstance(part, dict):
            fields.update(part.get("properties", {}) if isinstance(part.get("properties"), dict) else ())
            for each in part.values():
                gather(each)
        elif isinstance(part, list):
            for each in part:
                gather(each)

    gather(schema())
    wanted = (fields - {"from", "to"}) | set(LineKind)
    assert [name for name in sorted(wanted) if not re.search(rf"`{name}\b|[\s{{]{name}:", PAGE)] == []


def test_the_schema_that_ships_is_the_one_of_the_code() -> None:
    """Written again by: coordination check-policies --schema > docs/baremes/bareme.schema.json."""
    said = CliRunner().invoke(app, ["check-policies", "--schema"]).output
    assert SCHEMA.read_text(encoding="utf-8") == said
    assert json.loads(said) == schema()


@pytest.mark.parametrize("path", sorted(BAREMES.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_file_follows_the_schema(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert "# yaml-language-server: $schema=../../docs/baremes/bareme.schema.json" in text
    VALIDATOR.validate(instance(text))


@settings(max_examples=25)
@given(ANY_BAREME)
def test_whatever_can_be_written_follows_the_schema(rule: Any) -> None:
    VALIDATOR.validate(instance(scheme_text([replace(rule, digest="")])))


# What only the reader sees: the name of the file, the order of the zones, the percentages in order.
BEYOND = (
    "code: ccas-carvin",
    "se recouvrent",
    "seule la dernière",
    "le plus petit d’abord",
    "à la fin",
    "entre 0 et 1",
)


@pytest.mark.parametrize(
    ("before", "after"), [(b, a) for b, a, says in MISTAKES if not any(each in says for each in BEYOND)]
)
def test_the_schema_refuses_what_the_reader_refuses(before: str, after: str) -> None:
    assert not VALIDATOR.is_valid(instance(GOOD.replace(before, after, 1)))
