"""Pages of a family in time: leaving, coming back, a death, the composition on a day, closing the file."""

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from coordination.audit.service import note_reading
from coordination.households import family, life, protection, queries, separation
from coordination.households.forms import (
    WEIGHTS,
    CloseForm,
    DeathForm,
    LeaveForm,
    MoveForm,
    ReopenForm,
    ReturnForm,
    SeparationForm,
    TransferForm,
    read_day,
)
from coordination.households.rules import AddressKind, ClosingReason, EndReason, Link, Place
from coordination.identity.permissions import Part, Permission
from coordination.identity.queries import organisations
from coordination.kit.clock import today
from coordination.kit.db import ActorSession
from coordination.kit.errors import NotKnown
from coordination.kit.forms import FormState, read
from coordination.kit.web import Acting, Submitted, Walled, carry_out, go, needs, page

router = APIRouter(prefix="/foyers/{household_id}")
EDITS = [needs(Permission.EDIT_FILES)]
READ = "household.read"
FOLLOWS = "Les faits touchant à la santé ou aux violences suivront : un accord les lui ouvre."
STAYS_CLOSED = (
    "Les faits touchant à la santé ou aux violences ne lui seront pas ouverts : aucun accord ne les lui donne."
)


# ------------------------------------------------------------------ the composition on a day


@router.get("/composition", dependencies=[needs(Permission.READ_FILES)])
def composition(request: Request, household_id: UUID, session: Walled, member: Acting, au: str = "") -> Response:
    """Who was in the household on a day, and every stay since the file exists."""
    header = queries.file_header(session, household_id)
    if Part.IDENTITY not in queries.visible_parts(session, household_id):
        raise NotKnown
    note_reading(session, READ, household_id)
    on, form = _day_asked(au)
    return page(
        request,
        "households/composition.html",
        title="Composition du foyer",
        status=422 if form.errors else 200,
        file=header,
        form=form,
        on=on,
        there=queries.residents(session, household_id, on),
        stays=sorted(queries.residents(session, household_id), key=lambda r: r.stay.from_date),
        reason=lambda stay: EndReason(stay.end_reason).label if stay.end_reason else "",
        addresses=queries.past_addresses(session, household_id),
        protected=protection.protection_of(session, household_id),
        kind=lambda past: AddressKind(past.address_kind).label,
        back=_who_may_come_back(session, household_id),
        edits=header.holder_organisation_id == member.organisation_id and header.closed_at is None,
    )


def _day_asked(typed: str) -> tuple[date, FormState]:
    """The day to show, today when none is asked or none can be read."""
    form = FormState({"au": [typed or f"{today():%d/%m/%Y}"]})
    try:
        return read_day(typed) or today(), form
    except ValueError as unreadable:
        form.refuse("au", str(unreadable))
        return today(), form


def _who_may_come_back(session: ActorSession, household_id: UUID) -> set[UUID]:
    """The latest stay of everybody who left and may live here again."""
    latest = {r.person.id: r for r in sorted(queries.residents(session, household_id), key=lambda r: r.stay.from_date)}
    return {r.stay.id for r in latest.values() if r.stay.until_date is not None and r.person.deceased_on is None}


# ------------------------------------------------------------------ leaving, dying, coming back


def _shown(
    request: Request,
    session: ActorSession,
    household_id: UUID,
    person_id: UUID,
    verb: str,
    form: FormState | None = None,
    status: int = 200,
) -> Response:
    """The screen of one verb about one person; what was typed is kept."""
    queries.refuse_non_holder(session, household_id)
    found = queries.person_of(session, household_id, person_id)
    others = [
        (str(r.person.id), r.name)
        for r in queries.residents(session, household_id)
        if r.stay.until_date is None and r.person.id != person_id
    ]
    form = form or FormState.of({"on": f"{today():%d/%m/%Y}", "version": found.person.version, "weight": "1"})
    return page(
        request,
        f"households/{verb}.html",
        title={"leave": "Départ", "die": "Décès", "come_back": "Retour"}[verb] + f" — {found.name}",
        status=status,
        file=queries.file_header(session, household_id),
        found=found,
        form=form,
        reasons=EndReason.chosen(),
        successors=others if found.link is Link.REFERENCE and found.stay.until_date is None else [],
        links=Link.options(),
        weights=WEIGHTS,
    )


def _done(
    request: Request,
    session: ActorSession,
    household_id: UUID,
    person_id: UUID,
    verb: str,
    sent: tuple[Any, FormState],
    said: str,
) -> Response:
    """Does the verb, or shows its screen again with what was refused."""

    def deed(asked: Any) -> Response:
        getattr(family, verb)(session, household_id, person_id, asked)
        return go(request, f"/foyers/{household_id}", said)

    def again(form: FormState, status: int) -> Response:
        return _shown(request, session, household_id, person_id, verb, form, status)

    return carry_out(
        session, sent, deed, again, lambda: queries.person_of(session, household_id, person_id).person.version
    )


@router.get("/personnes/{person_id}/depart", dependencies=EDITS)
def leaving(request: Request, household_id: UUID, person_id: UUID, session: Walled) -> Response:
    """Somebody leaves the household."""
    return _shown(request, session, household_id, person_id, "leave")


@router.post("/personnes/{person_id}/depart", dependencies=EDITS)
def leave(request: Request, household_id: UUID, person_id: UUID, data: Submitted, session: Walled) -> Response:
    """Writes the departure."""
    return _done(request, session, household_id, person_id, "leave", read(LeaveForm, data), "Départ enregistré.")


@router.get("/personnes/{person_id}/deces", dependencies=EDITS)
def death(request: Request, household_id: UUID, person_id: UUID, session: Walled) -> Response:
    """Somebody died."""
    return _shown(request, session, household_id, person_id, "die")


@router.post("/personnes/{person_id}/deces", dependencies=EDITS)
def die(request: Request, household_id: UUID, person_id: UUID, data: Submitted, session: Walled) -> Response:
    """Writes the death."""
    return _done(
        request, session, household_id, person_id, "die", read(DeathForm, data), "La fiche du foyer est à jour."
    )


@router.get("/personnes/{person_id}/retour", dependencies=EDITS)
def returning(request: Request, household_id: UUID, person_id: UUID, session: Walled) -> Response:
    """Somebody comes back."""
    return _shown(request, session, household_id, person_id, "come_back")


@router.post("/personnes/{person_id}/retour", dependencies=EDITS)
def come_back(request: Request, household_id: UUID, person_id: UUID, data: Submitted, session: Walled) -> Response:
    """Writes the return."""
    return _done(request, session, household_id, person_id, "come_back", read(ReturnForm, data), "Retour enregistré.")


# ------------------------------------------------------------------ separation


@router.get("/separation", dependencies=EDITS)
def separating(request: Request, household_id: UUID, session: Walled) -> Response:
    """One household becomes two."""
    return _separation(request, session, household_id, FormState.of({"on": f"{today():%d/%m/%Y}"}))


def _separation(
    request: Request, session: ActorSession, household_id: UUID, form: FormState, status: int = 200
) -> Response:
    queries.refuse_non_holder(session, household_id)
    here = [r for r in queries.residents(session, household_id) if r.stay.until_date is None]
    return page(
        request,
        "households/separation.html",
        title="Séparation",
        status=status,
        file=queries.file_header(session, household_id),
        form=form,
        people=here,
        successors=[(str(r.person.id), r.name) for r in here],
        places=Place.options(),
        links=Link.options(),
    )


@router.post("/separation", dependencies=EDITS)
def separate(request: Request, household_id: UUID, data: Submitted, session: Walled) -> Response:
    """Opens the second file with those who go."""

    def deed(asked: SeparationForm) -> Response:
        made = separation.separate(session, household_id, asked)
        return go(request, f"/foyers/{made.id}", f"Dossier {made.code} créé pour les personnes qui partent.")

    def again(form: FormState, status: int) -> Response:
        return _separation(request, session, household_id, form, status)

    return carry_out(session, read(SeparationForm, data), deed, again)


# ------------------------------------------------------------------ moving


@router.get("/demenagement", dependencies=EDITS)
def moving(request: Request, household_id: UUID, session: Walled) -> Response:
    """The household lives elsewhere."""
    queries.refuse_non_holder(session, household_id)
    form = FormState.of(
        {"on": f"{today():%d/%m/%Y}", "address_kind": "fixe", "version": _profile_version(session, household_id)}
    )
    return _move(request, session, household_id, form)


def _profile_version(session: ActorSession, household_id: UUID) -> int:
    profile = queries.profile_of(session, household_id)
    return profile.version if profile else 0


def _move(request: Request, session: ActorSession, household_id: UUID, form: FormState, status: int = 200) -> Response:
    queries.refuse_non_holder(session, household_id)
    return page(
        request,
        "households/move.html",
        title="Déménagement",
        status=status,
        file=queries.file_header(session, household_id),
        form=form,
        address_kinds=AddressKind.options(),
    )


@router.post("/demenagement", dependencies=EDITS)
def move(request: Request, household_id: UUID, data: Submitted, session: Walled) -> Response:
    """Writes where the household lives now, and keeps where it lived."""

    def deed(asked: MoveForm) -> Response:
        life.move(session, household_id, asked)
        return go(request, f"/foyers/{household_id}", "Nouvelle adresse enregistrée.")

    def again(form: FormState, status: int) -> Response:
        return _move(request, session, household_id, form, status)

    return carry_out(session, read(MoveForm, data), deed, again, lambda: _profile_version(session, household_id))


# ------------------------------------------------------------------ handing the file over


@router.get("/confier", dependencies=EDITS)
def handing_over(request: Request, household_id: UUID, session: Walled) -> Response:
    """Which partner will hold the file, and what one's own organisation loses."""
    return _transfer(request, session, household_id, FormState())


def _transfer(
    request: Request, session: ActorSession, household_id: UUID, form: FormState, status: int = 200
) -> Response:
    queries.refuse_non_holder(session, household_id)
    partners = organisations(session)
    return page(
        request,
        "households/transfer.html",
        title="Confier le dossier",
        status=status,
        file=queries.file_header(session, household_id),
        form=form,
        choices=[
            (str(key), partners[key].name, FOLLOWS if Part.SENSITIVE in parts else STAYS_CLOSED)
            for key, parts in queries.heirs(session, household_id).items()
        ],
    )


@router.post("/confier", dependencies=EDITS)
def transfer(request: Request, household_id: UUID, data: Submitted, session: Walled) -> Response:
    """Hands the file over."""

    def deed(asked: TransferForm) -> Response:
        life.transfer(session, household_id, asked.to)
        name = organisations(session)[asked.to].name
        return go(request, "/foyers", f"Dossier confié à {name}. Votre structure ne le voit plus.")

    def again(form: FormState, status: int) -> Response:
        return _transfer(request, session, household_id, form, status)

    return carry_out(session, read(TransferForm, data), deed, again)


# ------------------------------------------------------------------ closing and reopening


@router.get("/clore", dependencies=EDITS)
def closing(request: Request, household_id: UUID, session: Walled) -> Response:
    """Closing a file, or opening it again."""
    return _closing(request, session, household_id, FormState())


def _closing(
    request: Request, session: ActorSession, household_id: UUID, form: FormState, status: int = 200
) -> Response:
    queries.refuse_non_holder(session, household_id)
    header = queries.file_header(session, household_id)
    return page(
        request,
        "households/close.html",
        title="Rouvrir le dossier" if header.closed_at else "Clore le dossier",
        status=status,
        file=header,
        form=form,
        reasons=ClosingReason.options(),
        closed_for=ClosingReason(header.closing_reason).label if header.closing_reason else "",
    )


def _closing_again(request: Request, session: ActorSession, household_id: UUID) -> Callable[[FormState, int], Response]:
    return lambda form, status: _closing(request, session, household_id, form, status)


@router.post("/clore", dependencies=EDITS)
def close(request: Request, household_id: UUID, data: Submitted, session: Walled) -> Response:
    """Closes the file."""

    def deed(asked: CloseForm) -> Response:
        life.close(session, household_id, asked)
        return go(request, f"/foyers/{household_id}", "Dossier clos. Il reste lisible, et peut être rouvert.")

    return carry_out(session, read(CloseForm, data), deed, _closing_again(request, session, household_id))


@router.post("/rouvrir", dependencies=EDITS)
def reopen(request: Request, household_id: UUID, data: Submitted, session: Walled) -> Response:
    """Opens a closed file again."""

    def deed(_: ReopenForm) -> Response:
        life.reopen(session, household_id)
        return go(request, f"/foyers/{household_id}", "Dossier rouvert.")

    return carry_out(session, read(ReopenForm, data), deed, _closing_again(request, session, household_id))
