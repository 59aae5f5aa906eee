"""`coordination check-policies`: what is wrong in a folder of barèmes; a released version never changes."""

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from coordination.budgets.released import NAME
from coordination.cli import app
from tests.budgets.make import BAREMES

FILE = "ccas-carvin.yaml"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of one barème, released."""
    place = tmp_path / "baremes"
    place.mkdir()
    shutil.copy(BAREMES / FILE, place / FILE)
    lines = (BAREMES / NAME).read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if line.startswith(("#", "ccas-carvin "))]
    (place / NAME).write_text("\n".join(kept) + "\n", encoding="utf-8")
    return place


def checked(folder: Path, *options: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["check-policies", str(folder), *options])
    return done.exit_code, done.output


def change(folder: Path, before: str, after: str, name: str = FILE) -> None:
    text = (folder / name).read_text(encoding="utf-8")
    assert before in text
    (folder / name).write_text(text.replace(before, after, 1), encoding="utf-8")


def test_the_baremes_of_the_house_have_no_fault() -> None:
    code, said = checked(BAREMES)
    assert (code, "aucune faute" in said) == (0, True)


def test_a_fault_is_told_with_its_file_its_line_and_what_to_write(folder: Path) -> None:
    change(folder, "per: head", "per: haed")
    code, said = checked(folder)
    line = (folder / FILE).read_text(encoding="utf-8").splitlines().index("    per: haed") + 1
    assert code == 1
    assert f"baremes/{FILE}, ligne {line} : « per : haed » n’est pas connu. Écrivez « head »." in said
    assert "1 faute à corriger." in said


def test_a_released_version_that_was_written_over_is_told(folder: Path) -> None:
    change(folder, "below: 8.00", "below: 8.50")
    code, said = checked(folder)
    assert code == 1
    assert "la version du 2026-01-01 est publiée et ses valeurs ont changé. Remettez-la telle qu’elle était" in said
    assert checked(folder, "--release")[0] == 1, "what was written over cannot be released again"


def test_comments_and_layout_may_change(folder: Path) -> None:
    change(folder, "# choix local", "#  un choix local")
    assert checked(folder)[0] == 0


def test_a_released_version_that_disappears_is_told(folder: Path) -> None:
    (folder / FILE).rename(folder / "autre.yaml")
    change(folder, "code: ccas-carvin", "code: autre", "autre.yaml")
    assert "son fichier manque" in checked(folder)[1]


def test_a_new_version_is_told_then_released(folder: Path) -> None:
    text = (folder / FILE).read_text(encoding="utf-8")
    version = text[text.index("  - from:") :]
    (folder / FILE).write_text(text + version.replace("2026-01-01", "2027-01-01", 1), encoding="utf-8")
    assert "pas encore publiée" in checked(folder)[1]
    assert "publiée : ccas-carvin, 01/01/2027" in checked(folder, "--release")[1]
    assert "Nouvelle version" not in checked(folder)[1]
    change(folder, "2027-01-01", "2027-02-01")
    assert "n’est plus dans le fichier" in checked(folder)[1]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n", "ligne 2 : les renvois YAML (« * ») ne sont pas admis."),
        ("[" * 40 + "]" * 40, "trop de niveaux imbriqués"),
        ("a: 1\n---\nb: 2\n", "plusieurs documents"),
        ("a: [1\n", "la syntaxe YAML est rompue ici"),
        ("a:\t1\n\tb: 2\n", "Remplacez la tabulation"),
        ("x" * 200_001, "trop gros"),
        ("!!python/object/apply:os.system ['true']\n", "n’est pas une section"),
    ],
)
def test_a_trap_in_a_file_is_refused_and_nothing_changes(folder: Path, text: str, says: str) -> None:
    (folder / "bombe.yaml").write_text(text, encoding="utf-8")
    code, said = checked(folder, "--release")
    assert (code, says in said) == (1, True), said
    assert "bombe" not in (folder / NAME).read_text(encoding="utf-8")


@pytest.mark.parametrize("text", ["ccas-carvin 2026\n", "un deux trois\n"])
def test_a_list_of_released_versions_that_was_spoiled_is_told(folder: Path, text: str) -> None:
    (folder / NAME).write_text(text, encoding="utf-8")
    assert "released.txt, ligne 1" in checked(folder)[1]


def test_an_empty_folder_is_told(tmp_path: Path) -> None:
    assert "aucun barème dans ce dossier" in checked(tmp_path)[1]
