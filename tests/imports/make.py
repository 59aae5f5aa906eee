"""Makes lists for the tests: files as spreadsheets write them, and batches through the real services."""

import io
import zipfile
from collections.abc import Sequence
from uuid import UUID
from xml.sax.saxutils import escape

from sqlalchemy import Engine

from coordination.imports import service
from coordination.imports.forms import ColumnsForm
from coordination.imports.queries import batch_of, looked, rows_page
from coordination.imports.reading import read_list
from coordination.imports.rules import RowState, Stage
from coordination.kit.actor import Member
from coordination.kit.db import acting

FAULTY_LIST = "Nom;Prénom;Né(e) le\nMARTIN;Sophie;31/02/1990\n"
CONTENT_TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Override PartName="/xl/workbook.xml"'
    ' ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>'
)
MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = 'xmlns="http://schemas.openxmlformats.org/package/2006/relationships"'


def xlsx(sheets: dict[str, str], *, more: dict[str, bytes] | None = None) -> bytes:
    """A workbook from the `<sheetData>` (and what follows) of each sheet; style 1 is a date."""
    names = "".join(f'<sheet name="{name}" sheetId="{n}" r:id="r{n}"/>' for n, name in enumerate(sheets, 1))
    links = "".join(
        f'<Relationship Id="r{n}" Type="{OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>'
        for n in range(1, len(sheets) + 1)
    )
    parts = {
        "[Content_Types].xml": CONTENT_TYPES,
        "_rels/.rels": f'<Relationships {PACKAGE}><Relationship Id="r1" Type="{OFFICE}/officeDocument"'
        ' Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook {MAIN} xmlns:r="{OFFICE}"><sheets>{names}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f"<Relationships {PACKAGE}>{links}"
        f'<Relationship Id="s" Type="{OFFICE}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": f'<styleSheet {MAIN}><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs>'
        "</styleSheet>",
        **{
            f"xl/worksheets/sheet{n}.xml": f"<worksheet {MAIN}>{inside}</worksheet>"
            for n, inside in enumerate(sheets.values(), 1)
        },
    }
    return zipped({name: said.encode() for name, said in parts.items()} | (more or {}))


def sheet(rows: Sequence[Sequence[str | int | float]], after: str = "") -> str:
    """A `<sheetData>` of words and numbers; a word that is already a cell (`<c…`) is taken as it is."""
    lines = []
    for number, row in enumerate(rows, 1):
        cells = "".join(_cell(f"{chr(65 + n)}{number}", value) for n, value in enumerate(row) if value != "")
        lines.append(f'<row r="{number}">{cells}</row>')
    return f"<sheetData>{''.join(lines)}</sheetData>{after}"


def _cell(place: str, value: str | float) -> str:
    if isinstance(value, str) and value.startswith("<c"):
        return value.replace("<c", f'<c r="{place}"', 1)
    if isinstance(value, str):
        return f'<c r="{place}" t="inlineStr"><is><t>{escape(value)}</t></is></c>'
    return f'<c r="{place}"><v>{value}</v></c>'


TYPED = ' office:value-type="string"'


def ods(rows: Sequence[Sequence[str]], attributes: str = "", kind: str = TYPED) -> bytes:
    """A workbook of LibreOffice; `attributes` of the first cell of each row; `kind` of each other."""
    lines = []
    for row in rows:
        cells = [
            f"<table:table-cell{kind}{'' if n else attributes}><text:p>{escape(word)}</text:p>"
            for n, word in enumerate(row)
        ]
        lines.append("<table:table-row>" + "</table:table-cell>".join([*cells, ""]) + "</table:table-row>")
    said = "".join(lines)
    names = " ".join(f'xmlns:{n}="urn:oasis:names:tc:opendocument:xmlns:{n}:1.0"' for n in ("office", "table", "text"))
    content = (
        f"<office:document-content {names}><office:body><office:spreadsheet>"
        f'<table:table table:name="Liste">{said}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    manifest = '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'
    mimetype = b"application/vnd.oasis.opendocument.spreadsheet"
    return zipped({"mimetype": mimetype, "META-INF/manifest.xml": manifest.encode(), "content.xml": content.encode()})


def zipped(parts: dict[str, bytes]) -> bytes:
    """An archive of these parts."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, said in parts.items():
            archive.writestr(name, said)
    return made.getvalue()


def deposited(engine: Engine, worker: Member, said: str | bytes) -> UUID:
    """A list handed over, its columns as proposed, checked to the end."""
    content = said.encode() if isinstance(said, str) else said
    with acting(engine, worker) as session:
        batch = service.deposit(session, read_list(content), "Carvin")
    with acting(engine, worker) as session:
        service.choose_columns(session, batch.id, batch.columns, ColumnsForm(commune="Carvin"))
    stage = Stage.CHECKING.value
    while stage == Stage.CHECKING:
        with acting(engine, worker) as session:
            stage = service.check_some(session, batch.id).stage
    return batch.id


def imported(engine: Engine, worker: Member, said: str) -> UUID:
    """A list imported as it is: every row of it is good, or kept."""
    batch_id = deposited(engine, worker, said)
    with acting(engine, worker) as session:
        service.run(session, batch_id)
    return batch_id


def checked_list(engine: Engine, worker: Member) -> tuple[UUID, UUID]:
    """A list with one row, to correct: the batch and the row."""
    batch_id = deposited(engine, worker, FAULTY_LIST)
    with acting(engine, worker) as session:
        (found,) = rows_page(session, batch_of(session, batch_id), [RowState.FAULTY.value], 0)
        return batch_id, found.row.id


def found_in(
    engine: Engine, worker: Member, batch_id: UUID
) -> dict[int, tuple[str, dict[str, str], dict[str, object]]]:
    """By row number: its state, its faults, whom it resembles."""
    with acting(engine, worker) as session:
        every = rows_page(session, batch_of(session, batch_id), list(RowState), 0)
        return {
            seen.row.number: (seen.row.state, seen.row.faults, seen.row.doubles)
            for seen in looked(session, [one.row for one in every])
        }
