"""Conventions that matter, read in the source itself."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tests.order import LONG

ROOT = Path(__file__).resolve().parents[2]
HOUSE = ROOT / "coordination"
LONGEST = 400
MODULES = sorted([*HOUSE.rglob("*.py"), *(ROOT / "migrations").rglob("*.py")])
TESTS = sorted((ROOT / "tests").rglob("*.py"))
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
# Names of vocabularies, which no browser ever fetches.
NAMESPACES = ("http://www.w3.org/2000/svg",)


def said(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def short(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(said(path))


def test_every_module_begins_by_saying_what_it_is_for() -> None:
    mute = [short(path) for path in [*MODULES, *TESTS] if said(path).strip() and not ast.get_docstring(parsed(path))]
    assert mute == []


def test_no_module_is_too_long_to_read_at_once() -> None:
    long = {short(path): len(said(path).splitlines()) for path in MODULES}
    assert {name: lines for name, lines in long.items() if lines > LONGEST and "/versions/" not in name} == {}


def test_the_long_files_of_the_suite_that_are_named_exist() -> None:
    assert [path for path in LONG if not (ROOT / path).is_file()] == []


def test_a_yield_dependency_ends_before_the_answer_leaves() -> None:
    """By default FastAPI runs what follows the `yield` after the response was sent: the commit would come too late."""
    generators = {
        node.name
        for path in MODULES
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and any(isinstance(inner, ast.Yield | ast.YieldFrom) for inner in ast.walk(node))
    }
    found = []
    for path in (path for path in MODULES if "Depends" in said(path)):
        for call in ast.walk(parsed(path)):
            if isinstance(call, ast.Call) and ast.unparse(call.func).endswith("Depends") and call.args:
                name = ast.unparse(call.args[0]).rpartition(".")[2]
                if name in generators:
                    scopes = [ast.unparse(k.value) for k in call.keywords if k.arg == "scope"]
                    found.append((short(path), name, scopes))
    assert ("coordination/kit/web.py", "actor_session", ["'function'"]) in found
    assert [line for line in found if line[2] != ["'function'"]] == []


FORBIDDEN = {
    "a style attribute": re.compile(r"<[^>]*\sstyle\s*=", re.IGNORECASE),
    "a style element": re.compile(r"<style\b", re.IGNORECASE),
    "a script without src": re.compile(r"<script\b(?![^>]*\bsrc=)", re.IGNORECASE),
    "an event attribute": re.compile(r"<[^>]*\s(?:on[a-z]+|hx-on[a-z:-]*)\s*=", re.IGNORECASE),
    "a javascript: address": re.compile(r"javascript:", re.IGNORECASE),
    "a value marked as safe": re.compile(r"\|\s*safe\b"),
}


ALLOWED = {"a value marked as safe": {"templates/ui/icons.html"}}  # our own drawings, written in that very file


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_template_contains(what: str) -> None:
    found = {short(path) for path in TEMPLATES if FORBIDDEN[what].search(_without_comments(said(path)))}
    assert found - ALLOWED.get(what, set()) == set()


def _without_comments(template: str) -> str:
    return re.sub(r"\{#.*?#\}", "", template, flags=re.DOTALL)


def test_no_page_asks_anything_of_anybody_else() -> None:
    """No address of another host in what a browser is given: no CDN, no font, no image, no counter."""
    given = [*TEMPLATES, *(path for path in sorted((HOUSE / "static").rglob("*")) if path.is_file())]
    for path in given:
        text = path.read_bytes().decode("utf-8", "ignore")
        for namespace in NAMESPACES:
            text = text.replace(namespace, "")
        assert not re.search(r"(?:https?:)?//[a-z0-9-]+\.[a-z]", _without_comments(text), re.IGNORECASE), short(path)


def test_a_page_of_the_walks_is_waited_for() -> None:
    """A bare click says nothing of the page it leads to, which may be looked at while it is half built."""
    walks = (path for path in TESTS if path.parent.name == "browser" and path.name != "conftest.py")
    assert {short(path) for path in walks if ".click(" in said(path)} == set()


def test_row_security_is_crossed_in_policies_alone() -> None:
    """No code of the application sets who acts by hand, nor takes another role."""
    tricks = re.compile(r"set_config\('app\.|set\s+(?:local\s+)?role\b|security\s+definer|bypassrls", re.IGNORECASE)
    allowed = {"coordination/kit/db.py"}
    assert {short(path) for path in MODULES if tricks.search(said(path))} - allowed == set()
