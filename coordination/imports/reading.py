"""From the bytes of a file to rows of text: the format told by the content, bounded in size, memory and time."""

import csv
import io
import json
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from coordination.imports.columns import proposed, title_row, titled
from coordination.imports.rules import LARGEST_FILE, MOST_COLUMNS, MOST_ROWS, plain
from coordination.kit.errors import Malformed
from coordination.kit.text import fold

PROGRAM = Path(__file__).with_name("workbook.py")
PATIENCE = 30.0
DELIMITERS = ";\t,|"
LONGEST_CELL = 2_000
SENTENCES = {
    "empty": "Ce fichier est vide.",
    "no_row": "Cette liste a des titres, mais aucune ligne en dessous.",
    "large": f"Ce fichier dépasse {LARGEST_FILE // 1_000_000} Mo : coupez la liste en plusieurs.",
    "old": "Ce classeur est dans l’ancien format d’Excel (.xls), ou protégé par un mot de passe. "
    "Ouvrez-le, puis enregistrez-le au format .xlsx, sans mot de passe.",
    "pdf": "Ce fichier est un PDF : il faut la liste elle-même, au format CSV, XLSX ou ODS.",
    "no_workbook": "Ce fichier n’est pas un tableau que nous savons lire : il faut un CSV, un XLSX ou un ODS.",
    "locked": "Ce classeur est protégé par un mot de passe : enregistrez-en une copie sans mot de passe.",
    "damaged": "Ce classeur est abîmé : ouvrez-le dans votre tableur, puis enregistrez-le de nouveau.",
    "bomb": "Ce classeur est démesuré une fois ouvert : copiez les seules lignes utiles dans un nouveau classeur.",
    "too_long": f"Cette liste a plus de {MOST_ROWS} lignes : coupez-la en plusieurs.",
    "too_wide": f"Cette liste a plus de {MOST_COLUMNS} colonnes : ne gardez que les colonnes utiles.",
    "encoding": "Les lettres de ce fichier ne sont pas lisibles : enregistrez-le au format « CSV UTF-8 ».",
    "cell": f"Une case contient plus de {LONGEST_CELL} caractères : ce n’est sans doute pas une liste, "
    "ou un guillemet n’est pas fermé.",
}


class Unreadable(Malformed):
    """Ce fichier n’a pas pu être lu. Rien n’a été gardé."""

    def __init__(self, reason: str, sentence: str = "") -> None:
        self.reason = reason
        super().__init__(f"{sentence or SENTENCES[reason]} Rien n’a été gardé.")


@dataclass(frozen=True)
class Sheet:
    """Rows of text, each with its number on screen; blank rows are left out."""

    name: str
    rows: list[tuple[int, list[str]]]


@dataclass(frozen=True)
class Listing:
    """The list found in a file: its titles, its rows, and what else is worth saying of it."""

    titles: list[str]
    rows: list[tuple[int, list[str]]]
    sheet: str = ""
    other_sheets: list[str] = field(default_factory=list)
    merged: bool = False


def read_list(content: bytes, wanted_sheet: str = "") -> Listing:
    """The list a file holds. Raises `Unreadable`, with what to do."""
    sheets, merged = read_sheets(content)
    filled = [sheet for sheet in sheets if sheet.rows]
    if not filled:
        raise Unreadable("empty")
    chosen = choose(filled, wanted_sheet)
    start = title_row(chosen.rows)
    width = max(len(cells) for _, cells in chosen.rows[start:])
    above = chosen.rows[start - 1][1] if start else []
    titles = titled(above, [" ".join(cell.split()) for cell in (chosen.rows[start][1] + [""] * width)[:width]])
    rows = chosen.rows[start + 1 :]
    if not rows:
        raise Unreadable("no_row")
    others = [sheet.name for sheet in filled if sheet is not chosen]
    return Listing(titles, rows, chosen.name, others, merged)


def choose(filled: list[Sheet], wanted: str) -> Sheet:
    """The sheet named, else the one whose titles say most."""
    if wanted.strip():
        for sheet in filled:
            if fold(sheet.name) == fold(wanted):
                return sheet
        names = ", ".join(f"« {sheet.name} »" for sheet in filled if sheet.name) or "aucune"
        raise Unreadable("sheet", f"Ce fichier n’a pas de feuille « {wanted} ». Feuilles remplies : {names}.")
    return max(filled, key=lambda sheet: sum(1 for said in proposed(sheet.rows[title_row(sheet.rows)][1]) if said))


def read_sheets(content: bytes) -> tuple[list[Sheet], bool]:
    """Every filled sheet (one for a CSV), and whether merged cells could not be taken up."""
    if not content.strip():
        raise Unreadable("empty")
    if len(content) > LARGEST_FILE:
        raise Unreadable("large")
    if content.startswith(b"PK"):
        return workbook(content)
    for mark, reason in ((b"\xd0\xcf\x11\xe0", "old"), (b"%PDF", "pdf")):
        if content.startswith(mark):
            raise Unreadable(reason)
    return [Sheet("", rows_of(decoded(content)))], False


# ------------------------------------------------------------------ CSV


def decoded(content: bytes) -> str:
    """Text in UTF-8, in UTF-16 with its mark, or as Windows writes it. Raises `Unreadable`."""
    codecs = ["utf-16"] if content.startswith((b"\xff\xfe", b"\xfe\xff")) else ["utf-8-sig", "cp1252"]
    for codec in codecs:
        try:
            text = content.decode(codec)
        except UnicodeDecodeError:
            continue
        odd = sum(1 for c in text if c < " " and c not in "\t\r\n")
        if odd * 50 > len(text):  # an image, a program…
            raise Unreadable("no_workbook")
        return text
    raise Unreadable("encoding")


def rows_of(text: str) -> list[tuple[int, list[str]]]:
    """The rows of a CSV; the separator is the one that cuts the first lines most evenly."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    if lines.startswith("sep=") and len(lines) > 5 and lines[5] == "\n":
        return parsed(lines, lines[4], skip=1)
    return parsed(lines, separator(lines))


def separator(lines: str) -> str:
    """Among those in use, the one that gives the first twenty lines the same number of cells, and the most."""
    head = [line for line in lines.split("\n", 40)[:40] if line.strip()][:20]

    def evenness(mark: str) -> tuple[int, int]:
        widths = [len(row) for row in csv.reader(head, delimiter=mark)]
        common = max(set(widths), key=lambda width: (width > 1, widths.count(width), width), default=1)
        return (widths.count(common) if common > 1 else 0, common)

    try:
        return max(DELIMITERS, key=evenness)
    except csv.Error:
        return ";"


def parsed(lines: str, mark: str, skip: int = 0) -> list[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(lines), delimiter=mark, strict=True)
    found: list[tuple[int, list[str]]] = []
    before = 0
    try:
        for row in reader:
            number, before = before + 1, reader.line_num
            if number > skip:
                keep(found, number, row)
    except csv.Error as fault:
        if "field larger" in str(fault):
            raise Unreadable("cell") from fault
        sentence = f"Ligne {reader.line_num} : un guillemet est mal placé ou n’est pas fermé."
        raise Unreadable("quote", sentence) from fault
    return found


def keep(found: list[tuple[int, list[str]]], number: int, row: Iterable[str]) -> None:
    """Adds a row that says something, tidied; refuses what is not a list."""
    cells = [plain(cell) for cell in row]
    while cells and not cells[-1]:
        cells.pop()
    if not cells:
        return
    if len(cells) > MOST_COLUMNS:
        raise Unreadable("too_wide")
    if max(map(len, cells)) > LONGEST_CELL:
        raise Unreadable("cell")
    found.append((number, cells))
    if len(found) > MOST_ROWS:
        raise Unreadable("too_long")


# ------------------------------------------------------------------ XLSX and ODS


def workbook(content: bytes) -> tuple[list[Sheet], bool]:
    """The sheets of a workbook, read by a program of its own. Raises `Unreadable`."""
    command = [sys.executable, "-I", "-B", str(PROGRAM), str(MOST_ROWS), str(MOST_COLUMNS)]
    try:
        done = subprocess.run(command, input=content, capture_output=True, timeout=PATIENCE, env={}, check=False)
    except subprocess.TimeoutExpired:
        raise Unreadable("bomb") from None
    said: dict[str, Any] = {"refused": "bomb"}  # it outgrew its limits, and died of it
    if done.returncode == 0:
        said = json.loads(done.stdout)
    if "refused" in said:
        raise Unreadable(said["refused"])
    sheets = []
    for sheet in said["sheets"]:
        rows: list[tuple[int, list[str]]] = []
        for number, *cells in sheet["rows"]:
            keep(rows, number, cells)
        sheets.append(Sheet(plain(sheet["name"]), rows))
    return sheets, said["merged"]
