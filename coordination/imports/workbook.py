"""A program of its own: reads one XLSX or ODS workbook from standard input and writes its cells as JSON.

It runs apart from the application, with little memory and time, without its environment and without its modules:
whatever a workbook does to its reader happens here. Formulas are never evaluated: the value a spreadsheet kept is read.
"""

import io
import json
import re
import sys
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

MEMORY = 1_000_000_000
SECONDS = 20
LARGEST_ENTRIES = 2_000
LONGEST_MERGE = 50
LARGEST_INSIDE = 120_000_000
"""Bytes once inflated, all entries together: declared, then counted for real."""
CHUNK = 1 << 20
SPANNED = re.compile(rb'number-rows-spanned="(?:[2-9]|[1-9][0-9])')
UNTYPED = re.compile(rb"(<table:table-cell\b(?:(?!office:value-type)[^>])*(?<!/))>(?=\s*<text:p)")
"""A cell of an ODS that shows words and does not say what they are: the library would call it empty."""
ODS = b"application/vnd.oasis.opendocument.spreadsheet"


class Refused(Exception):
    """The workbook is not read, for a reason that is a word of `reading.SENTENCES`."""


def confine() -> None:
    """Little memory, little time, no file written."""
    try:
        import resource
    except ImportError:  # not on this system: the application still waits no longer than it says
        return
    limits = {
        resource.RLIMIT_AS: MEMORY,
        resource.RLIMIT_CPU: SECONDS,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
    }
    for kind, most in limits.items():
        try:
            resource.setrlimit(kind, (most, most))
        except (ValueError, OSError):  # a system that does not know this limit, or already holds a lower one
            continue


def inspect(content: bytes) -> None:
    """Refuses what is no workbook, and what would not fit once inflated, before anything else looks at it."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            if len(entries) > LARGEST_ENTRIES or sum(entry.file_size for entry in entries) > LARGEST_INSIDE:
                raise Refused("bomb")
            if any(entry.flag_bits & 1 for entry in entries):
                raise Refused("locked")
            names = {entry.filename for entry in entries}
            if not ("xl/workbook.xml" in names or ("mimetype" in names and archive.read("mimetype").strip() == ODS)):
                raise Refused("no_workbook")
            inflate(archive, entries)
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError, EOFError, zlib.error) as damaged:
        raise Refused("damaged") from damaged


def inflate(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo]) -> None:
    """Inflates everything once, keeps nothing, and stops as soon as it is too much."""
    seen = 0
    for entry in entries:
        with archive.open(entry) as inside:
            while piece := inside.read(CHUNK):
                seen += len(piece)
                if seen > LARGEST_INSIDE:
                    raise Refused("bomb")


def text_of(value: Any) -> str:
    """What a cell says, as one would type it: whole numbers without a point, days in French."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "oui" if value else "non"
    if isinstance(value, float):
        return f"{value:.0f}" if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime | date):
        return f"{value.day:02d}/{value.month:02d}/{value.year:04d}"
    return str(value)


def typed(content: bytes) -> bytes:
    """The workbook with a type on every cell that shows words; itself when there is nothing to add."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        said = archive.read("content.xml") if "content.xml" in archive.namelist() else b""
        told, count = UNTYPED.subn(rb'\1 office:value-type="string">', said)
        if not count:
            return content
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w") as copy:
            for name in archive.namelist():
                copy.writestr(name, told if name == "content.xml" else archive.read(name))
        return made.getvalue()


def sheets_of(content: bytes, rows: int, columns: int) -> Iterator[dict[str, Any]]:
    """Every visible sheet: its name and its rows. Raises `Refused`."""
    import python_calamine as calamine

    with calamine.CalamineWorkbook.from_filelike(io.BytesIO(content)) as book:
        for about in book.sheets_metadata:
            if about.typ is calamine.SheetTypeEnum.WorkSheet and about.visible is calamine.SheetVisibleEnum.Visible:
                yield sheet_of(book.get_sheet_by_name(about.name), rows, columns)


def sheet_of(sheet: Any, most: int, columns: int) -> dict[str, Any]:
    """Its rows that say something, each after its number on screen, without what is empty at their end."""
    found: dict[int, list[str]] = {}
    above = merged_down(sheet)
    for number, row in enumerate(sheet.iter_rows() if sheet.start else ()):
        cells = [text_of(value) for value in row]
        for column, top in above.get(number, {}).items():
            if column < len(cells) and not cells[column]:
                cells[column] = dict(enumerate(found.get(top, []))).get(column, "")
        while cells and not cells[-1].strip():
            cells.pop()
        if cells:
            found[number] = cells
        if len(cells) > columns:
            raise Refused("too_wide")
        if len(found) > most:
            raise Refused("too_long")
    return {"name": sheet.name, "rows": [[number + 1, *cells] for number, cells in found.items()]}


def merged_down(sheet: Any) -> dict[int, dict[int, int]]:
    """Rows under a cell merged downwards: `row -> {column: row of the value}`. One household number, all its people."""
    found: dict[int, dict[int, int]] = {}
    left = sheet.start[1] if sheet.start else 0
    for (first, column), (last, other) in sheet.merged_cell_ranges or []:
        if column == other >= left:
            for number in range(first + 1, min(last, first + LONGEST_MERGE) + 1):
                found.setdefault(number, {})[column - left] = first
    return found


def merged_in_ods(content: bytes) -> bool:
    """Whether an ODS merges cells downwards: the library does not tell where, so the screen says so."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return "content.xml" in archive.namelist() and bool(SPANNED.search(archive.read("content.xml")))


def read(content: bytes, rows: int, columns: int) -> dict[str, Any]:
    """The sheets, or why the workbook was refused."""
    try:
        inspect(content)
        return {"sheets": list(sheets_of(typed(content), rows, columns)), "merged": merged_in_ods(content)}
    except Refused as refused:
        return {"refused": str(refused)}
    except MemoryError:
        return {"refused": "bomb"}
    except Exception as failed:  # noqa: BLE001 - whatever the workbook did to its reader, it is damaged
        return {"refused": "locked" if type(failed).__name__ == "PasswordError" else "damaged"}


def main() -> None:
    confine()
    rows, columns = (int(said) for said in sys.argv[1:3])
    answer = read(sys.stdin.buffer.read(), rows, columns)
    sys.stdout.write(json.dumps(answer, ensure_ascii=True))


if __name__ == "__main__":
    main()
