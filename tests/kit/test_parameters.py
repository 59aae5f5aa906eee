"""Dated parameters: exact values, and errors that name the file, the line and what to write."""

from datetime import date
from enum import StrEnum
from fractions import Fraction
from pathlib import Path

import pytest

from coordination.kit.parameters import BadParameters, Entry, open_parameters, read_dated, read_source


class Colour(StrEnum):
    RED = "red"
    GREEN = "green"


def opened(folder: Path, text: str | bytes) -> Entry:
    path = folder / "delays.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return open_parameters(path)


def the_refusal(error: pytest.ExceptionInfo[BadParameters]) -> str:
    return str(error.value).split("/", 1)[1]


def test_values_are_exact_and_never_floats(tmp_path: Path) -> None:
    root = opened(tmp_path, "days: 365/12\nhalf: 0.1\nrent: 1 234,50\nfrom: 2026-01-31\ncolour: red\nyes: true\n")
    assert root.field("days").fraction() == Fraction(365, 12)
    assert root.field("half").fraction() == Fraction(1, 10)
    assert root.field("rent").cents() == 123450
    assert root.field("from").day() == date(2026, 1, 31)
    assert root.field("colour").choice(Colour) is Colour.RED
    assert root.field("yes").flag() is True


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ("", 1, "vide"),
        ("- a\n- b\n", 1, "section"),
        ("a: 1\nb: [1, 2\n", 3, "syntaxe"),
        ("a: 1\n\tb: 2\n", 2, "tabulation"),
        ("a: &x 1\nb: *x\n", 2, "renvois"),
        ("a: 1\n---\nb: 2\n", 2, "plusieurs documents"),
        ("a: " + "[" * 40 + "]" * 40, 1, "imbriqués"),
        ("a: " + "[" * 5000 + "]" * 5000, 1, "imbriqués"),
        ("a: 1\nb: \x00\n", 2, "interdit"),
        (b"a: 1\nb: \xff\n", 2, "UTF-8"),
        ("a: " + "x" * 300_000, 1, "trop gros"),
    ],
)
def test_a_broken_file_is_refused_where_it_breaks(tmp_path: Path, text: str | bytes, line: int, word: str) -> None:
    with pytest.raises(BadParameters) as error:
        opened(tmp_path, text)
    assert the_refusal(error).startswith(f"delays.yaml, ligne {line} : ")
    assert word in str(error.value)


def test_a_missing_file_is_one_french_sentence(tmp_path: Path) -> None:
    with pytest.raises(BadParameters, match="ne peut pas être lu"):
        open_parameters(tmp_path / "absent.yaml")


def test_no_path_of_the_machine_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadParameters) as error:
        opened(tmp_path, "")
    assert str(tmp_path.parent) not in str(error.value)


@pytest.mark.parametrize(
    ("value", "read", "instead"),
    [
        ("abc", "fraction", "365/12"),
        ("1/0", "fraction", "365/12"),
        ("-3", "fraction", "365/12"),
        ("1e3", "fraction", "365/12"),
        ("1.5", "integer", "14"),
        ("douze", "cents", "740"),
        ("31/01/2026", "day", "2026-01-31"),
        ("2026-02-30", "day", "2026-01-31"),
        ("yes", "flag", "true"),
        ("[1]", "text", "même ligne"),
        ("", "text", "même ligne"),
    ],
)
def test_a_wrong_value_says_what_to_write(tmp_path: Path, value: str, read: str, instead: str) -> None:
    entry = opened(tmp_path, f"# comment\na: {value}\n").pairs()["a"]
    with pytest.raises(BadParameters) as error:
        getattr(entry, read)()
    assert "ligne 2" in str(error.value)
    assert instead in str(error.value)


def test_a_misspelt_word_or_field_gets_its_neighbour(tmp_path: Path) -> None:
    root = opened(tmp_path, "a: 1\ncolour: grene\n")
    with pytest.raises(BadParameters, match=r"ligne 2.*Écrivez « green »"):
        root.field("colour").choice(Colour)
    with pytest.raises(BadParameters, match=r"ligne 2.*« colour » n’existe pas ici\. Écrivez « colours »"):
        root.only("a", "colours")


def test_a_missing_or_repeated_field_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadParameters, match="« days » manque"):
        opened(tmp_path, "a: 1\n").field("days", "30")
    with pytest.raises(BadParameters, match=r"ligne 3.*deux fois"):
        opened(tmp_path, "a: 1\nb: 2\na: 3\n").field("a")


VERSIONS = "versions:\n  - from: 2025-01-01\n    days: 9\n  - from: 2026-01-01\n    days: 21\n"


def test_the_version_in_force_is_the_last_begun(tmp_path: Path) -> None:
    dated = read_dated(opened(tmp_path, VERSIONS).field("versions"), lambda entry, _: entry.field("days").integer())
    assert dated.at(date(2024, 12, 31)) is None
    assert dated.at(date(2025, 12, 31)) == 9
    assert dated.at(date(2026, 1, 1)) == 21
    assert dated.get(date(2025, 1, 1)) == 9
    assert dated.get(date(2025, 1, 2)) is None
    assert dated.first == date(2025, 1, 1)


def test_versions_out_of_order_or_twice_are_refused(tmp_path: Path) -> None:
    text = VERSIONS.replace("2026-01-01", "2025-01-01")
    with pytest.raises(BadParameters, match=r"ligne 4.*plus ancienne à la plus récente"):
        read_dated(opened(tmp_path, text).field("versions"), lambda entry, _: entry)


def test_every_faulty_version_is_told(tmp_path: Path) -> None:
    text = VERSIONS.replace("9", "neuf").replace("21", "vingt")
    with pytest.raises(BadParameters) as error:
        read_dated(opened(tmp_path, text).field("versions"), lambda entry, _: entry.field("days").integer())
    assert [problem.line for problem in error.value.problems] == [3, 5]


def test_a_source_may_not_know_everything_but_invents_nothing(tmp_path: Path) -> None:
    text = "title: Règlement\ndate: 2018\nlink: null\nchecked_on: 2026-11\n"
    source = read_source(opened(tmp_path, text))
    assert (source.title, source.date, source.link, source.checked_on) == ("Règlement", "2018", None, "2026-11")
    with pytest.raises(BadParameters, match="ligne 3"):
        read_source(opened(tmp_path, text.replace("link: null", "link: javascript:alert(1)")))
    with pytest.raises(BadParameters, match="ligne 2"):
        read_source(opened(tmp_path, text.replace("date: 2018", "date: vers 2018", 1)))
