"""Whatever bytes are handed over: rows, or a French sentence; never a formula evaluated, never more than the limits."""

import contextlib
import csv
import io
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coordination.imports import reading
from coordination.imports.columns import Column, meaning, numbered, proposed
from coordination.imports.forms import examined
from coordination.imports.reading import Unreadable, read_list
from coordination.imports.rules import (
    DANGEROUS,
    LARGEST_FILE,
    MOST_COLUMNS,
    MOST_ROWS,
    csv_line,
    escaped,
    plain,
    read_birth,
    read_full_name,
    read_phone,
    unescaped,
)
from coordination.imports.workbook import LARGEST_INSIDE
from tests.imports.make import ods, sheet, xlsx, zipped

TITLES = ["N° foyer", "NOM", "Prénom", "Né(e) le"]


def refusal(content: bytes, wanted: str = "") -> str:
    with pytest.raises(Unreadable) as refused:
        read_list(content, wanted)
    assert refused.value.sentence.endswith("Rien n’a été gardé.")
    return refused.value.reason


# ------------------------------------------------------------------ CSV


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("mark", [";", ",", "\t"])
def test_a_csv_is_read_in_the_letters_and_with_the_separator_it_was_written(codec: str, mark: str) -> None:
    text = "\r\n".join(
        mark.join(row) for row in (TITLES, ["1", "LEFÈVRE", "Zoé", "1990"], ["2", "D’OR", "Noël", "1991"])
    )
    found = read_list(text.encode(codec))
    assert found.titles == TITLES
    assert found.rows == [(2, ["1", "LEFÈVRE", "Zoé", "1990"]), (3, ["2", "D’OR", "Noël", "1991"])]


def test_titles_are_found_under_a_heading_and_rows_keep_the_number_seen_on_screen() -> None:
    said = 'Liste 2026;;\n\n"Nom";"Prénom"\n\nMARTIN;"Sophie\nAnne"\n;;\nOBERT;Lise\n'
    found = read_list(said.encode())
    assert found.titles == ["Nom", "Prénom"]
    assert found.rows == [(5, ["MARTIN", "Sophie\nAnne"]), (8, ["OBERT", "Lise"])]


def test_a_list_named_by_excel_with_its_separator_is_read() -> None:
    assert read_list(b"sep=|\nNom|Ville\nMARTIN|Carvin\n").rows == [(3, ["MARTIN", "Carvin"])]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b" \n\n", "empty"),
        (b";;;\n;;\n", "empty"),
        ("Nom;Prénom\n".encode(), "no_row"),
        (b"Nom;Ville\n\"MARTIN;Carvin\n", "quote"),
        (b"Nom;Ville\n" + b"x" * 3000 + b";y\n", "cell"),
        (b"Nom;Ville\n" + b"x;" * (MOST_COLUMNS + 1) + b"y\n", "too_wide"),
        (b"%PDF-1.7 ...", "pdf"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 100, "old"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(32)) * 20, "no_workbook"),
        (b"Nom;Ville\nA\x81;B\n", "encoding"),
        (zipped({"word/document.xml": b"<x/>"}), "no_workbook"),
        (b"PK\x03\x04 not really", "damaged"),
        (b"x" * (LARGEST_FILE + 1), "large"),
    ],
)  # fmt: skip
def test_what_is_no_list_is_refused_with_a_sentence(content: bytes, reason: str) -> None:
    assert refusal(content) == reason


def test_a_list_longer_than_the_limit_is_refused() -> None:
    assert refusal(b"Nom;V\n" + b"a;b\n" * (MOST_ROWS + 1)) == "too_long"


@settings(max_examples=60)
@given(st.one_of(st.binary(max_size=300), st.text(alphabet=";,\t\"\n\r'=a1é ", max_size=120).map(str.encode)))
def test_any_bytes_give_rows_or_a_sentence(content: bytes) -> None:
    if content.startswith(b"PK"):
        content = b" " + content
    try:
        found = read_list(content)
    except Unreadable:
        return
    for _, cells in found.rows:
        assert cells[-1]
        assert len(cells) <= len(found.titles) <= MOST_COLUMNS
        assert all("\x00" not in cell and tidy(cell) for cell in cells)


def tidy(cell: str) -> bool:
    """Whether nothing invisible is left but one line break between two lines."""
    return all(line and line == " ".join(line.split()) for line in cell.split("\n")) or not cell


# ------------------------------------------------------------------ XLSX and ODS


def test_a_workbook_gives_days_numbers_and_the_values_of_its_formulas_without_evaluating_any() -> None:
    date_cell = '<c s="1"><v>33198</v></c>'
    formula = "<c><f>cmd|' /C calc'!A0</f><v>7</v></c>"
    book = xlsx(
        {
            "Vide": "<sheetData/>",
            "Notes": sheet([["rien"], ["à voir"]]),
            "Liste": sheet(
                [
                    ["Bénéficiaires 2026"],
                    [],
                    [*TITLES, "Tél.", "Calcul"],
                    [1, "MARTIN", "=1+1", date_cell, 612345678, formula],
                ]
            ),
        }
    )
    found = read_list(book)
    assert (found.sheet, found.other_sheets) == ("Liste", ["Notes"])
    assert found.titles == [*TITLES, "Tél.", "Calcul"]
    assert found.rows == [(4, ["1", "MARTIN", "=1+1", "21/11/1990", "612345678", "7"])]


def test_a_cell_merged_downwards_holds_for_each_of_its_rows() -> None:
    rows: list[list[str | int]] = [["Foyer", "Nom"], [7, "MARTIN"], ["", "OBERT"], ["", "QUENTIN"], [8, "PETIT"]]
    found = read_list(xlsx({"L": sheet(rows, '<mergeCells count="1"><mergeCell ref="A2:A4"/></mergeCells>')}))
    assert [cells[0] for _, cells in found.rows] == ["7", "7", "7", "8"]


def test_another_sheet_is_read_when_it_is_named() -> None:
    book = xlsx({"Un": sheet([["Nom", "Prénom"], ["A", "B"]]), "Deux": sheet([["Nom", "Prénom"], ["C", "D"]])})
    assert read_list(book, " deux ").rows == [(2, ["C", "D"])]
    assert refusal(book, "Trois") == "sheet"


def test_an_ods_is_read_and_says_when_merged_cells_could_not_be_taken_up() -> None:
    rows = [["Nom", "Prénom"], ["LEFÈVRE", "Zoé"]]
    found = read_list(ods(rows))
    assert (found.sheet, found.rows, found.merged) == ("Liste", [(2, ["LEFÈVRE", "Zoé"])], False)
    assert read_list(ods(rows, ' table:number-rows-spanned="3"')).merged


@pytest.mark.parametrize("kind", ["", ' table:style-name="ce1"', ' table:formula="of:=[.A1]/2"'])
def test_the_cells_of_an_ods_that_do_not_say_their_type_are_read_as_words(kind: str) -> None:
    assert read_list(ods([["Nom", "Prénom"], ["LEFÈVRE", "Zoé"]], kind=kind)).rows == [(2, ["LEFÈVRE", "Zoé"])]


FAR = (
    '<sheetData><row r="1"><c r="A1"><v>1</v></c></row>'
    '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
)
REPEATED = ' table:number-columns-repeated="16384" table:number-rows-repeated="1048576"'
BOMBS = {
    "declared": lambda: xlsx({"L": "<sheetData/>"}, more={"xl/media/a.bin": b"\0" * (LARGEST_INSIDE + 1)}),
    "entries": lambda: xlsx({"L": "<sheetData/>"}, more={f"xl/media/{n}": b"" for n in range(3000)}),
    "far cell": lambda: xlsx({"L": FAR}),
    "repeated": lambda: ods([["a", "b"]], REPEATED),
    "lying size": lambda: lying(xlsx({"L": "<sheetData>" + " " * (LARGEST_INSIDE + 1) + "</sheetData>"})),
    "nested": lambda: zipped({"a.xlsx": xlsx({"L": sheet([["Nom", "V"], ["a", "b"]])})}),
}


def lying(content: bytes) -> bytes:
    """The same archive, whose every entry says it is small once inflated."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        biggest = max(entry.file_size for entry in archive.infolist())
    return content.replace(struct.pack("<I", biggest), struct.pack("<I", 1000))


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_is_refused(bomb: str) -> None:
    content = BOMBS[bomb]()
    assert len(content) < LARGEST_FILE
    assert refusal(content) in ("bomb", "damaged", "no_workbook", "too_wide", "too_long")


def test_what_reads_workbooks_may_take_little_memory_and_write_no_file(tmp_path: Path) -> None:
    said = f"import runpy; runpy.run_path({str(reading.PROGRAM)!r})['confine']();"
    written = f"open({str(tmp_path / 'x')!r}, 'wb', buffering=0).write(b'x')"
    for deed, failure in (("bytearray(2_000_000_000)", b"MemoryError"), (written, b"OSError")):
        done = subprocess.run([sys.executable, "-I", "-c", said + deed], capture_output=True, check=False)
        assert done.returncode != 0
        assert failure in done.stderr


def test_a_workbook_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "PATIENCE", 0.0001)
    assert refusal(xlsx({"L": sheet([["Nom", "V"], ["a", "b"]])})) == "bomb"


@settings(max_examples=8)
@given(st.data())
def test_a_damaged_workbook_gives_rows_or_a_sentence(data: st.DataObject) -> None:
    content = bytearray(xlsx({"L": sheet([["Nom", "Prénom"], ["MARTIN", "Sophie"], ["OBERT", "Lise"]])}))
    for place in data.draw(st.lists(st.integers(4, len(content) - 1), max_size=6)):
        content[place] = data.draw(st.integers(0, 255))
    with contextlib.suppress(Unreadable):
        assert read_list(bytes(content)).rows


# ------------------------------------------------------------------ what columns and cells mean


def test_columns_are_recognised_by_their_titles_each_meaning_once() -> None:
    titles = [
        "N° Foyer",
        "NOM D'USAGE",
        "prenom",
        "Date de naissance (jj/mm/aaaa)",
        "Tél. portable",
        "Téléphone",
        "Ville",
        "RQTH",
    ]
    assert proposed(titles) == ["household", "family_name", "given_name", "birth", "phone", "", "commune", ""]
    assert meaning("Nom & Prénom") == meaning("NOM PRÉNOM") == (None, "full_name")
    assert meaning("CP - Ville") == (None, "commune")
    assert numbered(["Tél", "tél", "", "Nom"]) == ["Tél (colonne A)", "tél (colonne B)", "Colonne C", "Nom"]


def test_a_birth_date_comes_as_a_spreadsheet_writes_it() -> None:
    assert read_birth("33198") == "21/11/1990"
    assert read_birth("33198.5") == "21/11/1990"
    assert read_birth("1990-11-21 00:00:00") == "1990-11-21"
    assert [read_birth(said) for said in ("11/1990", "1990", "", "21/11/1990")] == ["11/1990", "1990", "", "21/11/1990"]
    assert read_birth("inconnue") == ""
    for short in ("11/90", "90"):
        with pytest.raises(ValueError, match="deux chiffres"):
            read_birth(short)


def test_a_phone_gets_back_the_zero_the_spreadsheet_took() -> None:
    assert read_phone("612345678") == "06 12 34 56 78"
    assert read_phone("06 12 34 56 78") == "06 12 34 56 78"
    assert read_phone("Pas de tél.") == ""
    with pytest.raises(ValueError, match="Deux numéros"):
        read_phone("0321000001 / 06 12 00 00 02")


def test_names_in_one_cell_are_told_apart_by_capitals_or_not_at_all() -> None:
    assert read_full_name("DE LA TOUR Anne-Lise") == ("DE LA TOUR", "Anne-Lise")
    assert read_full_name("Anne MARTIN") == ("MARTIN", "Anne")
    for unclear in ("Martin Anne", "MARTIN ANNE", "Anne MARTIN Lise"):
        with pytest.raises(ValueError, match="MAJUSCULES"):
            read_full_name(unclear)
    assert read_full_name("Martin Anne", Column.FAMILY_FIRST) == ("Martin", "Anne")
    assert read_full_name("Anne Martin", Column.GIVEN_FIRST) == ("Martin", "Anne")
    assert read_full_name("Anne MARTIN", Column.FAMILY_FIRST) == ("MARTIN", "Anne")  # capitals say more
    with pytest.raises(ValueError, match="MAJUSCULES"):
        read_full_name("Le Goff Anne", Column.FAMILY_FIRST)


def said(**cells: str) -> tuple[dict[str, str], dict[str, str]]:
    """What is wrong with a row, and what it says."""
    _, faults, read = examined({"commune": "Carvin", **cells})
    return faults, read


def test_a_title_is_no_name_and_two_people_are_not_one() -> None:
    faults, read = said(full_name="M. KOWALSKI Jean", commune="62220 CARVIN", birth="12/3/75")
    assert (faults, read["family_name"], read["commune"], read["birth"]) == ({}, "KOWALSKI", "Carvin", "12/03/1975")
    assert said(family_name="Mme Dupont", given_name="Zoé", commune="Hénin (62110)")[1]["family_name"] == "Dupont"
    for two in ("M. et Mme DUPONT", "Mr/Mme DUPONT", "DUPONT Jean et Zoé", "NGUYEN Hoa / PHAM Van"):
        assert "sur la même ligne" in said(full_name=two)[0]["family_name"]
    assert "parenthèses" in said(full_name="KOWALSKI Jean (voir sa sœur)")[0]["family_name"]
    assert said(full_name="M’BAREK Et-Tayeb")[0] == {}


def test_the_sum_at_the_foot_of_a_list_is_nobody() -> None:
    for foot in ("TOTAL", "Sous-total", "Total général", "Nombre de foyers"):
        assert "total de la liste" in said(full_name=foot)[0].get("family_name", ""), foot
    assert said(full_name="TOTAL Aimé")[0] == {}


@given(st.text(max_size=30))
def test_what_is_handed_back_is_never_a_formula_and_comes_back_the_same(cell: str) -> None:
    said = escaped(cell)
    assert not said.startswith(tuple(DANGEROUS))
    assert unescaped(said) == cell
    kept = plain(cell)
    (row,) = csv.reader(io.StringIO(csv_line([kept, "fin"])), delimiter=";")
    assert plain(row[0]) == kept
