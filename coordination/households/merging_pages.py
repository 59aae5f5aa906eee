"""Pages of two files that become one: finding the other one, side by side, and the way back."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from coordination.audit.service import note_reading
from coordination.households import comparing, merging, queries
from coordination.households.forms import MergeForm, MergeWithForm, UndoMergeForm
from coordination.households.pairing import Compared, Side
from coordination.households.rules import AddressKind, FamilySituation, Housing, Link, Origin
from coordination.identity.permissions import Permission
from coordination.kit.db import ActorSession
from coordination.kit.errors import NotKnown, NotNow, Stale
from coordination.kit.forms import FormState, read
from coordination.kit.web import Submitted, Walled, go, needs, page

router = APIRouter(prefix="/foyers/{household_id}")
EDITS = [needs(Permission.EDIT_FILES)]
READ = "household.read"
EMPTY = "non renseigné"


# ------------------------------------------------------------------ with which other file


@router.get("/reunir", dependencies=EDITS)
def choosing(request: Request, household_id: UUID, session: Walled) -> Response:
    """The files that look like the same household, or a code."""
    return _choosing(request, session, household_id, FormState())


def _choosing(
    request: Request, session: ActorSession, household_id: UUID, form: FormState, status: int = 200
) -> Response:
    queries.refuse_non_holder(session, household_id)
    return page(
        request,
        "households/merge_with.html",
        title="Réunir avec un autre dossier",
        status=status,
        file=queries.file_header(session, household_id),
        form=form,
        likely=comparing.likely(session, household_id),
    )


@router.post("/reunir", dependencies=EDITS)
def choose(request: Request, household_id: UUID, data: Submitted, session: Walled) -> Response:
    """Looks for the file of a code and shows both side by side."""
    asked, form = read(MergeWithForm, data)
    if asked is None:
        return _choosing(request, session, household_id, form, 422)
    try:
        other = comparing.find_other(session, asked.code)
        comparing.both(session, household_id, other.id)
    except (NotKnown, NotNow) as refused:
        queries.refuse_non_holder(session, household_id)
        form.refuse("code", refused.sentence)
        return _choosing(request, session, household_id, form, 422 if isinstance(refused, NotKnown) else 409)
    return go(request, f"/foyers/{household_id}/reunir/{other.id}")


# ------------------------------------------------------------------ side by side


@router.get("/reunir/{other_id}", dependencies=EDITS)
def side_by_side(request: Request, household_id: UUID, other_id: UUID, session: Walled) -> Response:
    """Both files, field by field, and what closes to partners."""
    two = comparing.comparison(session, household_id, other_id)
    note_reading(session, READ, other_id)
    return _compared(request, session, two, _typed(comparing.proposed(two)), comparing.proposed(two))


def _typed(form: MergeForm) -> FormState:
    values: dict[str, Any] = form.model_dump(exclude={"people"})
    for n, row in enumerate(form.people):
        values |= {f"people-{n}-{name}": value for name, value in row.model_dump().items() if value is not None}
    return FormState.of(values)


def _compared(
    request: Request,
    session: ActorSession,
    two: comparing.Comparison,
    form: FormState,
    asked: MergeForm,
    status: int = 200,
) -> Response:
    sights, refused = [], ""
    try:
        sights = comparing.sights(session, two.kept, two.absorbed, asked)
    except comparing.NotTheSameParts as narrower:
        refused = narrower.sentence
    form = form.with_value("kept_version", str(two.kept_version))
    form = form.with_value("absorbed_version", str(two.absorbed_version))
    return page(
        request,
        "households/merge.html",
        title="Réunir deux dossiers",
        status=status,
        file=queries.file_header(session, two.kept.id),
        two=two,
        form=form.with_value("closing", comparing.closing_key(sights)),
        lines=[(line, _words(line, line.kept), _words(line, line.absorbed)) for line in two.profile],
        Side=Side,
        same=[(str(person.id), person.words) for person in two.kept_people],
        links=[(value, label) for value, label in Link.options() if value != Link.REFERENCE],
        sights=sights,
        refused=refused,
    )


def _words(line: Compared, values: tuple[str, ...]) -> str:
    """A part of the profile as the screen says it."""
    enums = {"family_situation": FamilySituation, "housing": Housing, "origin": Origin}
    if line.name in enums:
        return enums[line.name](values[0]).label if values[0] else EMPTY
    if line.name == "address":
        kind, address = values
        return address or EMPTY if kind == AddressKind.FIXED else f"{AddressKind(kind).label} {address}".strip()
    return ", ".join(value for value in values if value) or EMPTY


@router.post("/reunir/{other_id}", dependencies=EDITS)
def merge(request: Request, household_id: UUID, other_id: UUID, data: Submitted, session: Walled) -> Response:
    """Merges the two files."""
    asked, form = read(MergeForm, data)
    if asked is None:
        two = comparing.comparison(session, household_id, other_id)
        return _compared(request, session, two, form, comparing.proposed(two), 422)
    try:
        kept = merging.merge_files(session, household_id, other_id, asked)
    except (merging.Closes, comparing.NotThesePeople, comparing.NotTheSameParts, Stale) as refused:
        session.rollback()
        two = comparing.comparison(session, household_id, other_id)
        if isinstance(refused, comparing.NotThesePeople):
            form, asked = _typed(comparing.proposed(two)), comparing.proposed(two)
        form = form.with_value("sure", "")
        form.refuse("sure" if isinstance(refused, merging.Closes) else "form", refused.sentence)
        return _compared(request, session, two, form, asked, 409)
    said = "Les deux dossiers n’en font plus qu’un. La réunion peut être défaite."
    if asked.closing:
        said += " Proposez au foyer un nouvel accord pour les structures qui ne lisent plus."
    return go(request, f"/foyers/{kept.id}", said)


# ------------------------------------------------------------------ the way back


@router.get("/reunions/{merge_id}", dependencies=EDITS)
def told(request: Request, household_id: UUID, merge_id: UUID, session: Walled) -> Response:
    """One merge: when, by whom, and what its undoing brings back."""
    return _told(request, session, household_id, merge_id, FormState())


def _told(
    request: Request, session: ActorSession, household_id: UUID, merge_id: UUID, form: FormState, status: int = 200
) -> Response:
    queries.refuse_non_holder(session, household_id)
    merge = merging.merge_of(session, household_id, merge_id)
    return page(
        request,
        "households/merge_told.html",
        title="Réunion de deux dossiers",
        status=status,
        file=queries.file_header(session, household_id),
        merge=merge,
        form=form,
        reopening=merging.reopening(session, merge) if merge.may_be_undone else [],
    )


@router.post("/reunions/{merge_id}", dependencies=EDITS)
def undo(request: Request, household_id: UUID, merge_id: UUID, data: Submitted, session: Walled) -> Response:
    """Parts the two files again."""
    asked, form = read(UndoMergeForm, data)
    if asked is None:
        return _told(request, session, household_id, merge_id, form, 422)
    try:
        kept = merging.undo_merge(session, household_id, merge_id)
    except NotNow as refused:
        session.rollback()
        form.refuse("form", refused.sentence)
        return _told(request, session, household_id, merge_id, form, 409)
    return go(request, f"/foyers/{kept.id}", "La réunion est défaite : les deux dossiers sont de nouveau séparés.")
