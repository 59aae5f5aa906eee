"""Pages of imports: hand a list over, say what its columns mean, look at what was found, import it, take it back."""

from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from coordination.households.rules import Link
from coordination.identity.permissions import Permission
from coordination.identity.queries import member_names, organisations
from coordination.imports import queries, service
from coordination.imports.columns import COUNTS, Column, choices, numbered
from coordination.imports.forms import ColumnsForm, ConfirmForm, OtherForm, RowForm, SetAsideForm, UploadForm, examined
from coordination.imports.models import ImportBatch
from coordination.imports.reading import Unreadable, read_list
from coordination.imports.rules import (
    IMPORTED,
    LARGEST_FILE,
    MOST_IMPORTED,
    MOST_ROWS,
    RowState,
    Stage,
)
from coordination.kit.db import ActorSession
from coordination.kit.errors import Malformed, NotNow
from coordination.kit.forms import FormState, read
from coordination.kit.web import Acting, SentFile, Submitted, Walled, go, needs, page

router = APIRouter(prefix="/imports")
UPLOAD = "/imports/nouveau"
BY_ITSELF, BY_HAND = 1.5, 4.0
"""Seconds of checking a request takes: fewer when the page asks again by itself, more when somebody presses."""
TABS = {
    "a-corriger": (RowState.FAULTY,),
    "ressemblances": (RowState.DOUBTFUL,),
    "pretes": IMPORTED,
    "couples": IMPORTED,
    "de-cote": (RowState.OUT,),
}


@router.get("", dependencies=[needs(Permission.OPEN_FILES)])
def lists(request: Request, session: Walled) -> Response:
    """The imports of one's organisation, and those one is preparing."""
    found = queries.batches(session)
    return page(
        request,
        "imports/lists.html",
        title="Imports de listes",
        batches=found,
        Stage=Stage,
        names=member_names(session, {batch.created_by for batch in found}),
    )


# ------------------------------------------------------------------ handing a list over


@router.get("/nouveau", dependencies=[needs(Permission.OPEN_FILES)])
def new_list(request: Request) -> Response:
    """What to send, and what becomes of it."""
    return _new(request, FormState())


def _new(request: Request, form: FormState, status: int = 200) -> Response:
    return page(
        request,
        "imports/new_list.html",
        title="Importer une liste",
        status=status,
        form=form,
        largest=LARGEST_FILE // 1_000_000,
        most_rows=MOST_ROWS,
        most_imported=MOST_IMPORTED,
        columns=Column.options(),
    )


@router.post("/nouveau", dependencies=[needs(Permission.OPEN_FILES)])
def send_list(request: Request, sent: SentFile, session: Walled, member: Acting) -> Response:
    """Reads the file; what cannot be read is told, and nothing of it is kept."""
    content, data = sent
    asked, form = read(UploadForm, data)
    if asked is None:
        return _new(request, form, 422)
    if not content:
        form.refuse("list", "Choisissez un fichier, qui ne soit pas vide.")
        return _new(request, form, 422)
    try:
        listing = read_list(content, asked.sheet)
    except Unreadable as refused:
        form.refuse("sheet" if refused.reason == "sheet" else "list", refused.sentence)
        return _new(request, form, 422)
    home = organisations(session)[member.organisation_id]
    batch = service.deposit(session, listing, home.commune)
    return go(request, f"/imports/{batch.id}/colonnes")


@router.get("/{batch_id}/colonnes", dependencies=[needs(Permission.OPEN_FILES)])
def columns(request: Request, batch_id: UUID, session: Walled) -> Response:
    """What each column means, proposed from its title, with the first rows."""
    batch = queries.batch_of(session, batch_id)
    if not Stage(batch.stage).prepared:
        return go(request, f"/imports/{batch_id}")
    form = FormState.of({f"means_{n}": said for n, said in enumerate(batch.columns)} | {"commune": batch.commune})
    return _columns(request, session, batch, form)


def _columns(
    request: Request, session: ActorSession, batch: ImportBatch, form: FormState, status: int = 200
) -> Response:
    sample = queries.preview(session, batch, queries.SAMPLED)
    rows = sample[: queries.PREVIEWED]
    return page(
        request,
        "imports/columns.html",
        title="Colonnes de la liste",
        status=status,
        batch=batch,
        form=form,
        titles=numbered(batch.titles),
        rows=rows,
        examples=[
            next((row.cells[n] for row in sample if n < len(row.cells) and row.cells[n]), "")
            for n in range(len(batch.titles))
        ],
        options=choices(),
    )


@router.post("/{batch_id}/colonnes", dependencies=[needs(Permission.OPEN_FILES)])
def choose_columns(request: Request, batch_id: UUID, data: Submitted, session: Walled) -> Response:
    """Keeps the choice and begins to check: an ordinary list is checked at once."""
    batch = queries.batch_of(session, batch_id)
    asked, form = read(ColumnsForm, data)
    if asked is None:
        return _columns(request, session, batch, form, 422)
    means = [form.value(f"means_{n}") for n in range(len(batch.titles))]
    try:
        service.choose_columns(session, batch_id, means, asked)
    except Malformed as refused:
        form.refuse("means_0", refused.sentence)
        return _columns(request, session, batch, form, 422)
    service.check_some(session, batch_id)
    return go(request, f"/imports/{batch_id}")


# ------------------------------------------------------------------ what was found


@router.get("/{batch_id}", dependencies=[needs(Permission.OPEN_FILES)])
def show(request: Request, batch_id: UUID, session: Walled, voir: str = "", apres: int = 0) -> Response:
    """Where the import is: being checked, checked, or done."""
    batch = queries.batch_of(session, batch_id)
    match Stage(batch.stage):
        case Stage.COLUMNS:
            return go(request, f"/imports/{batch_id}/colonnes")
        case Stage.CHECKING:
            return _checking(request, batch)
        case Stage.READY:
            return _review(request, session, batch, voir, apres)
    return _done(request, session, batch)


def _checking(request: Request, batch: ImportBatch) -> Response:
    return page(request, "imports/checking.html", title="Vérification de la liste", block="progress", batch=batch)


def _review(
    request: Request,
    session: ActorSession,
    batch: ImportBatch,
    tab: str = "",
    after: int = 0,
    status: int = 200,
    refused: str = "",
) -> Response:
    sums = queries.tally(session, batch)
    waiting = {"a-corriger": sums["faulty"], "ressemblances": sums["doubtful"]}
    chosen = tab if tab in TABS else next((name for name, count in waiting.items() if count), "pretes")
    states, after = [state.value for state in TABS[chosen]], max(0, min(after, 10**9))
    rows = queries.rows_page(session, batch, states, after, couples=chosen == "couples")
    return page(
        request,
        "imports/review.html",
        title="Liste vérifiée",
        status=status,
        batch=batch,
        sums=sums,
        tab=chosen,
        rows=rows[: queries.PAGE],
        next_after=queries.place(rows[queries.PAGE - 1].row) if len(rows) > queries.PAGE else 0,
        labels=dict(Column.options()),
        wide=any("." in means or means == Column.KIDS for means in batch.columns),
        too_many=sums["people"] > MOST_IMPORTED,
        most_imported=MOST_IMPORTED,
        refused=refused,
        RowState=RowState,
    )


def _done(
    request: Request, session: ActorSession, batch: ImportBatch, status: int = 200, refused: str = ""
) -> Response:
    return page(
        request,
        "imports/done.html",
        title="Liste importée" if batch.stage == Stage.DONE else "Import annulé",
        status=status,
        batch=batch,
        author=member_names(session, {batch.created_by}).get(batch.created_by, ""),
        files=queries.made_files(session, batch),
        done=batch.stage == Stage.DONE,
        refused=refused,
    )


@router.post("/{batch_id}/verifier", dependencies=[needs(Permission.OPEN_FILES)])
def check(request: Request, batch_id: UUID, session: Walled) -> Response:
    """Checks some more rows: asked again and again by the page, or by its button."""
    by_itself = request.headers.get("hx-request") == "true"
    batch = service.check_some(session, batch_id, BY_ITSELF if by_itself else BY_HAND)
    if not by_itself:
        return go(request, f"/imports/{batch_id}")
    if batch.stage == Stage.CHECKING:
        return _checking(request, batch)
    return Response(headers={"HX-Redirect": f"/imports/{batch_id}"})


@router.get("/{batch_id}/a-corriger.csv", dependencies=[needs(Permission.OPEN_FILES)])
def to_correct(batch_id: UUID, session: Walled) -> Response:
    """The rows to correct, to be opened in a spreadsheet: no cell of it is a formula."""
    said = queries.to_correct(session, queries.batch_of(session, batch_id))
    return Response(
        said,
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": 'attachment; filename="lignes-a-corriger.csv"', "cache-control": "no-store"},
    )


@router.get("/{batch_id}/lignes/{row_id}", dependencies=[needs(Permission.OPEN_FILES)])
def row(request: Request, batch_id: UUID, row_id: UUID, session: Walled) -> Response:
    """One row, to correct, to keep or to leave out."""
    batch = queries.batch_of(session, batch_id)
    found = queries.row_of(session, batch, row_id)
    _, faults, said = examined(found.said, found.rank)
    form = FormState({name: [value] for name, value in said.items()}, {**faults, **found.faults})
    return _row(request, session, batch, row_id, form)


def _row(
    request: Request, session: ActorSession, batch: ImportBatch, row_id: UUID, form: FormState, status: int = 200
) -> Response:
    (found,) = queries.looked(session, [queries.row_of(session, batch, row_id)])
    line = queries.line_of(session, batch, found.row.number)
    told = {name for name in COUNTS if found.row.said.get(name) or name in found.row.faults}
    return page(
        request,
        "imports/row.html",
        title=f"Ligne {found.row.number}",
        line=queries.looked(session, line),
        cells=line[0].cells,
        counts=[(name, Column(name).label) for name in COUNTS if name in {*batch.columns, *told}],
        status=status,
        batch=batch,
        found=found,
        form=form,
        links=Link.options(),
        RowState=RowState,
        titles=numbered(batch.titles),
    )


@router.post("/{batch_id}/lignes/{row_id}", dependencies=[needs(Permission.OPEN_FILES)])
def save_row(request: Request, batch_id: UUID, row_id: UUID, data: Submitted, session: Walled) -> Response:
    """Corrects the row, keeps it in spite of a likeness, leaves it out, or takes that back."""
    batch = queries.batch_of(session, batch_id)
    found = queries.row_of(session, batch, row_id)
    chosen = data.get("faire")
    if chosen in ("out", "line", "keep", "back"):
        service.set_row(session, batch_id, row_id, str(chosen))
        return go(request, f"/imports/{batch_id}")
    asked, form = read(OtherForm if found.rank else RowForm, data)
    typed = {name: form.value(name) for name in RowForm.model_fields if name in form.typed}
    person, faults, _ = examined({**found.said, **typed}, found.rank)
    if asked is None or person is None:
        for name, sentence in faults.items():
            form.refuse(name, sentence)
        return _row(request, session, batch, row_id, form, 422)
    saved = service.correct(session, batch_id, row_id, typed)
    if saved.state == RowState.FAULTY:
        return go(request, f"/imports/{batch_id}/lignes/{row_id}")
    said = "elle ressemble à une personne déjà connue." if saved.state == RowState.DOUBTFUL else "elle est prête."
    return go(request, f"/imports/{batch_id}", f"Ligne {saved.number} corrigée : {said}")


@router.post("/{batch_id}/laisser", dependencies=[needs(Permission.OPEN_FILES)])
def set_aside(request: Request, batch_id: UUID, data: Submitted, session: Walled) -> Response:
    """Every row to correct, or every likeness, left out (or kept) at once."""
    batch = queries.batch_of(session, batch_id)
    asked, _ = read(SetAsideForm, data)
    if asked is None:
        if batch.stage != Stage.READY:
            raise service.NotHere
        return _review(request, session, batch, status=422, refused="Choisissez ce que deviennent ces lignes.")
    count = service.set_aside(session, batch_id, asked)
    s = "s" if count > 1 else ""
    said = f"gardée{s}" if asked.which == "doubtful_kept" else f"laissée{s} de côté"
    return go(request, f"/imports/{batch_id}", f"{count} ligne{s} {said}.")


# ------------------------------------------------------------------ importing, and taking back


@router.post("/{batch_id}/importer", dependencies=[needs(Permission.OPEN_FILES)])
def run(request: Request, batch_id: UUID, session: Walled) -> Response:
    """All the files of the list, or none."""
    try:
        batch = service.run(session, batch_id)
    except NotNow as refused:
        session.rollback()
        batch = queries.batch_of(session, batch_id)
        if batch.stage != Stage.READY:
            raise
        return _review(request, session, batch, status=409, refused=refused.sentence)
    s = "s" if batch.files > 1 else ""
    return go(request, f"/imports/{batch_id}", f"{batch.files} dossier{s} créé{s}.")


@router.post("/dossiers/{household_id}/complet", dependencies=[needs(Permission.EDIT_FILES)])
def settle(household_id: UUID, request: Request, session: Walled) -> Response:
    """What the list said of this household has been dealt with."""
    service.settle(session, household_id)
    return go(request, f"/foyers/{household_id}", "C’est noté : la liste n’est plus rappelée dans ce dossier.")


@router.post("/{batch_id}/abandonner", dependencies=[needs(Permission.OPEN_FILES)])
def give_up(request: Request, batch_id: UUID, session: Walled) -> Response:
    """Forgets the list."""
    service.give_up(session, batch_id)
    return go(request, "/imports", "Liste abandonnée : ses lignes ont été effacées.")


@router.post("/{batch_id}/annuler", dependencies=[needs(Permission.OPEN_FILES)])
def undo(request: Request, batch_id: UUID, data: Submitted, session: Walled) -> Response:
    """Takes the whole import back, when none of its files has served."""
    batch = queries.batch_of(session, batch_id)
    asked, _ = read(ConfirmForm, data)
    if asked is None:
        if batch.stage != Stage.DONE:
            raise service.NotHere
        return _done(request, session, batch, 422, "Cochez la case pour confirmer l’annulation.")
    try:
        service.undo(session, batch_id)
    except service.StillUsed as refused:
        session.rollback()
        return _done(request, session, queries.batch_of(session, batch_id), 409, refused.sentence)
    return go(request, f"/imports/{batch_id}", "Import annulé : ses dossiers ont été retirés.")
