"""The commands of the Makefile, when the machine is not what one hopes."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

CLONE = Path(__file__).resolve().parents[2]
TOOLS = ("bash", "sh", "dirname", "cmp", "printf", "env")


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A clone reduced to its set-up, and a machine whose only programs are in `bin`."""
    shutil.copytree(CLONE / "scripts", tmp_path / "scripts")
    shutil.copytree(CLONE / "requirements", tmp_path / "requirements")
    (tmp_path / "bin").mkdir()
    for tool in TOOLS:
        found = shutil.which(tool)
        assert found
        (tmp_path / "bin" / tool).symlink_to(found)
    return tmp_path


def program(machine: Path, name: str, text: str) -> None:
    path = machine / "bin" / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def run(machine: Path, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [machine / command[0], *command[1:]],
        check=False,
        cwd=machine,
        env={"PATH": str(machine / "bin"), "LC_ALL": "C.UTF-8", **environment},
        capture_output=True,
        text=True,
        timeout=30,
    )


def test_without_the_venv_module_one_sentence_says_what_to_install(machine: Path) -> None:
    program(machine, "python3", 'case "$2" in *ensurepip*) exit 1 ;; *"%d.%d"*) echo 3.12 ;; esac')
    done = run(machine, "scripts/setup", "app")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "apt install python3-venv" in done.stderr
    assert "python3.12-venv" in done.stderr
    assert not (machine / ".venv").exists()


def test_an_old_python_is_passed_over_for_a_newer_one(machine: Path) -> None:
    program(machine, "python3", "exit 1")
    program(machine, "python3.12", 'case "$2" in *ensurepip*) exit 1 ;; *"%d.%d"*) echo 3.12 ;; esac')
    assert "python3.12-venv" in run(machine, "scripts/setup", "app").stderr


def test_without_a_recent_python_one_sentence_says_so(machine: Path) -> None:
    program(machine, "python3", "exit 1")
    done = run(machine, "scripts/setup", "app")
    assert done.returncode == 1
    assert "Il faut Python 3.11 ou plus récent" in done.stderr
    assert done.stderr.count("\n") == 1


def test_an_ordinary_user_is_told_which_tests_are_skipped(machine: Path) -> None:
    program(machine, "id", "echo 1000")
    done = run(machine, "scripts/system")
    assert done.returncode == 0
    assert "tests dans un navigateur seront SAUTÉS" in done.stderr


def test_where_all_is_required_a_skip_is_a_failure(machine: Path) -> None:
    program(machine, "id", "echo 1000")
    done = run(machine, "scripts/system", COORDINATION_REQUIRE_ALL="1")
    assert done.returncode == 1
    assert "obligatoire" in done.stderr


def test_the_command_finds_its_house_through_a_link(machine: Path, tmp_path: Path) -> None:
    venv = machine / ".venv" / "bin"
    venv.mkdir(parents=True)
    (venv / "python").write_text('#!/bin/sh\necho "$PYTHONPATH" "$@"\n')
    (venv / "python").chmod(0o755)
    (venv / "coordination").symlink_to("../../scripts/coordination")
    for name in ("readlink", "pwd"):
        (machine / "bin" / name).symlink_to(shutil.which(name) or name)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.symlink_to(venv / "coordination")
    done = run(machine, "elsewhere", "upgrade", "--help")
    assert done.stdout.strip() == f"{machine.resolve()} -m coordination upgrade --help", done.stderr


def test_the_locks_hash_everything_and_name_no_registry() -> None:
    for name in ("app", "test"):
        text = (CLONE / "requirements" / f"{name}.txt").read_text()
        assert not re.search(r"://|--index|--find-links|--extra", text)
        blocks = re.split(r"\n(?=\S)", text.strip())
        assert blocks
        assert all("--hash=sha256:" in block for block in blocks)


def test_the_test_lock_holds_the_app_lock_with_the_same_versions() -> None:
    pins = [
        set(re.findall(r"^([a-z0-9._-]+==\S+)", (CLONE / "requirements" / f"{name}.txt").read_text(), re.MULTILINE))
        for name in ("app", "test")
    ]
    assert pins[0] <= pins[1]


def test_every_target_of_the_makefile_is_told_by_help() -> None:
    done = subprocess.run(["make", "help"], check=True, cwd=CLONE, capture_output=True, text=True)
    targets = set(re.findall(r"^([a-z]+):", (CLONE / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"make ([a-z]+)", done.stdout)) == targets


def test_scripts_and_ci_can_be_run() -> None:
    for path in (*(CLONE / "scripts").iterdir(), CLONE / ".ci" / "run"):
        assert os.access(path, os.X_OK), path
