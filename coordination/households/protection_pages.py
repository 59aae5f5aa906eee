"""Pages of protection: who may open a file, how to reach people safely, the broken glass and its reading."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from coordination.audit.service import note_reading
from coordination.households import protection, queries
from coordination.households.forms import (
    AddressForm,
    BarForm,
    GlassForm,
    LiftForm,
    NamedForm,
    ProtectForm,
    SafeContactForm,
)
from coordination.households.reach import BarReason, Way
from coordination.identity.permissions import Part, Permission, parts_of
from coordination.identity.queries import active_members, organisations
from coordination.kit.actor import may
from coordination.kit.db import ActorSession
from coordination.kit.errors import NotAllowed, NotKnown
from coordination.kit.forms import FormState, read
from coordination.kit.web import Acting, Submitted, Walled, carry_out, go, needs, page

router = APIRouter()
F = TypeVar("F")
PAGE = "/foyers/{household_id}/protection"
EDITS = [needs(Permission.EDIT_FILES)]


# ------------------------------------------------------------------ one screen for a file


@router.get(PAGE, dependencies=[needs(Permission.READ_FILES)])
def show(request: Request, household_id: UUID, session: Walled) -> Response:
    """Who may open the file, and how to reach the household safely."""
    queries.file_header(session, household_id)
    note_reading(session, "household.read", household_id)
    return _shown(request, session, household_id)


def _shown(
    request: Request,
    session: ActorSession,
    household_id: UUID,
    wrong: Mapping[str, FormState] | None = None,
    status: int = 200,
) -> Response:
    header = queries.file_header(session, household_id)
    if Part.IDENTITY not in queries.visible_parts(session, household_id):
        raise NotKnown
    member = session.member
    holds = header.holder_organisation_id == member.organisation_id
    edits = holds and may(member, Permission.EDIT_FILES)
    known = organisations(session)
    forms = {**_stored(session, household_id), **(wrong or {})}
    closed = protection.closed_to(session, household_id)
    return page(
        request,
        "households/protection.html",
        title="Protection du dossier",
        status=status,
        file=header,
        edits=edits,
        protected=protection.protection_of(session, household_id),
        readers=protection.readers_of(session, household_id) if edits else [],
        closed=closed,
        address=protection.protected_address(session, household_id),
        care=protection.safe_contact_of(session, household_id),
        organisations=known,
        workers=_workers(session, household_id) if edits else [],
        colleagues=_colleagues(session, {reader.membership_id for reader in closed}),
        reasons=BarReason.options(),
        ways=Way.options(),
        forms=forms,
        wrong=next(iter(wrong.values())) if wrong else FormState(),
    )


def _stored(session: ActorSession, household_id: UUID) -> dict[str, FormState]:
    """Every form of the screen, filled with what is stored."""
    address = protection.protected_address(session, household_id)
    care = protection.safe_contact_of(session, household_id)
    return {
        "protect": FormState(),
        "lift": FormState(),
        "name": FormState(),
        "bar": FormState(),
        "address": FormState.of(
            {"address": address.address, "version": address.version} if address else {"version": 0}
        ),
        "care": FormState.of(
            {
                "ways": [way.value for way in Way if getattr(care, way.value, False)],
                "words": care.words if care else "",
                "version": care.version if care else 0,
            }
        ),
    }


def _workers(session: ActorSession, household_id: UUID) -> list[tuple[str, str]]:
    """Who may be named: those who read identities at the holder's, and at the partners trusted with the identity."""
    known = organisations(session)
    named = {reader.membership_id for reader in protection.readers_of(session, household_id) if reader.until is None}
    member = session.member
    return [
        (str(worker.id), f"{worker.name} — {known[organisation_id].name}")
        for organisation_id in (member.organisation_id, *sorted(queries.heirs(session, household_id)))
        for worker in active_members(session, organisation_id)
        if Part.IDENTITY in parts_of(worker.roles) and worker.id not in named | {member.membership_id}
    ]


def _colleagues(session: ActorSession, closed: set[UUID]) -> list[tuple[str, str]]:
    """Oneself first; then, for intake, whoever else works here and reads identities."""
    member = session.member
    others = [
        (str(worker.id), worker.name)
        for worker in active_members(session, member.organisation_id)
        if worker.id not in closed | {member.membership_id} and Part.IDENTITY in parts_of(worker.roles)
    ]
    me = [(str(member.membership_id), f"{member.name} (moi)")]
    return me + (others if may(member, Permission.EDIT_FILES) else [])


def _carried_out(
    request: Request,
    session: ActorSession,
    household_id: UUID,
    which: str,
    sent: tuple[F | None, FormState],
    deed: Callable[[F], object],
    said: str,
    closes_to: Callable[[F], UUID] | None = None,
) -> Response:
    """One form of the screen; only its holder changes who may open a file. Whoever closed it to herself leaves it."""

    def done(asked: F) -> Response:
        deed(asked)
        if closes_to is not None and closes_to(asked) == session.member.membership_id:
            return go(request, "/foyers", "Ce dossier ne vous est plus ouvert.")
        return go(request, PAGE.format(household_id=household_id), said)

    def again(form: FormState, status: int) -> Response:
        if which != "bar":
            queries.refuse_non_holder(session, household_id)
        return _shown(request, session, household_id, {which: form}, status)

    return carry_out(session, sent, done, again, lambda: _stored(session, household_id)[which].value("version"))


# ------------------------------------------------------------------ protected, and opened by name


@router.post(PAGE, dependencies=EDITS)
def protect(request: Request, household_id: UUID, data: Submitted, session: Walled) -> Response:
    """Opens the file to named workers only."""
    return _carried_out(
        request,
        session,
        household_id,
        "protect",
        read(ProtectForm, data, lists=["named"]),
        lambda asked: protection.protect(session, household_id, asked.named),
        "Dossier protégé : seules les personnes désignées l’ouvrent désormais.",
    )


@router.post(PAGE + "/levee", dependencies=EDITS)
def lift(request: Request, household_id: UUID, data: Submitted, session: Walled) -> Response:
    """Opens the file again as its agreements say."""
    return _carried_out(
        request,
        session,
        household_id,
        "lift",
        read(LiftForm, data),
        lambda asked: protection.lift(session, household_id, with_address=asked.with_address == "oui"),
        "Protection levée : le dossier s’ouvre de nouveau selon les accords du foyer.",
    )


@router.post(PAGE + "/designer", dependencies=EDITS)
def name_worker(request: Request, household_id: UUID, data: Submitted, session: Walled) -> Response:
    """Opens the file to one more worker."""
    return _carried_out(
        request,
        session,
        household_id,
        "name",
        read(NamedForm, data),
        lambda asked: protection.name_worker(session, household_id, asked.member),
        "Personne désignée.",
    )


@router.post(PAGE + "/retirer", dependencies=EDITS)
def unname_worker(request: Request, household_id: UUID, data: Submitted, session: Walled) -> Response:
    """Takes somebody off the list."""
    return _carried_out(
        request,
        session,
        household_id,
        "name",
        read(NamedForm, data),
        lambda asked: protection.unname_worker(session, household_id, asked.member),
        "Ce dossier n’est plus ouvert à cette personne.",
        lambda asked: asked.member,
    )


# ------------------------------------------------------------------ closed to somebody


@router.post(PAGE + "/fermer", dependencies=[needs(Permission.READ_FILES)])
def close_to(request: Request, household_id: UUID, data: Submitted, session: Walled) -> Response:
    """Closes the file to oneself or to a colleague."""
    return _carried_out(
        request,
        session,
        household_id,
        "bar",
        read(BarForm, data),
        lambda asked: protection.close_to(session, household_id, asked.to, asked.reason),
        "Ce dossier est fermé à cette personne.",
        lambda asked: asked.to,
    )


@router.post(PAGE + "/rouvrir", dependencies=EDITS)
def open_again_to(request: Request, household_id: UUID, data: Submitted, session: Walled) -> Response:
    """Lifts the bar of a colleague."""
    return _carried_out(
        request,
        session,
        household_id,
        "bar",
        read(NamedForm, data),
        lambda asked: protection.open_again_to(session, household_id, asked.member),
        "Ce dossier est de nouveau ouvert à cette personne.",
    )


# ------------------------------------------------------------------ where, and how to reach them


@router.post(PAGE + "/adresse", dependencies=EDITS)
def set_address(request: Request, household_id: UUID, data: Submitted, session: Walled) -> Response:
    """Writes where a protected household lives."""
    return _carried_out(
        request,
        session,
        household_id,
        "address",
        read(AddressForm, data),
        lambda asked: protection.set_address(session, household_id, asked),
        "Adresse protégée enregistrée.",
    )


@router.post(PAGE + "/contact", dependencies=EDITS)
def set_safe_contact(request: Request, household_id: UUID, data: Submitted, session: Walled) -> Response:
    """Writes how to reach the household without danger."""
    return _carried_out(
        request,
        session,
        household_id,
        "care",
        read(SafeContactForm, data, lists=["ways"]),
        lambda asked: protection.set_safe_contact(session, household_id, asked),
        "Consignes de contact enregistrées.",
    )


# ------------------------------------------------------------------ the broken glass


@router.get("/urgence", dependencies=EDITS)
def glass(request: Request, member: Acting) -> Response:
    """A protected file to open now, by its code and with a reason."""
    return _glass(request, member.professional, FormState())


def _glass(request: Request, professional: bool, form: FormState, status: int = 200, **said: Any) -> Response:
    return page(
        request,
        "households/glass.html",
        title="Ouvrir un dossier protégé en urgence",
        status=status,
        form=form,
        professional=professional,
        **said,
    )


@router.post("/urgence", dependencies=EDITS)
def break_glass(request: Request, data: Submitted, session: Walled, member: Acting) -> Response:
    """Opens it for two hours; the data protection officer reads why at once."""
    if not member.professional:
        raise NotAllowed
    asked, form = read(GlassForm, data)
    if asked is None:
        return _glass(request, True, form, 422)
    mine = protection.already_open(session, asked.code)
    if mine is not None:
        return go(request, f"/foyers/{mine.id}", "Ce dossier vous est déjà ouvert : personne n’a été averti.")
    try:
        opened = protection.break_glass(session, asked.code, asked.reason)
    except protection.GlassHolds as refused:
        session.commit()  # the question counts, whatever is answered
        form.refuse("code", refused.sentence)
        return _glass(request, True, form, 409)
    said = "Dossier ouvert pour deux heures. Le délégué à la protection des données en est averti."
    return go(request, f"/foyers/{opened.id}", said)


@router.get("/ouvertures-urgentes", dependencies=[needs(Permission.READ_JOURNAL)])
def glasses(request: Request, session: Walled) -> Response:
    """Every broken glass of the network and why, for its data protection officer."""
    return page(
        request,
        "households/glasses.html",
        title="Ouvertures en urgence",
        glasses=protection.broken_glass(session),
        organisations=organisations(session),
    )


@router.post("/ouvertures-urgentes/{opening_id}/lue", dependencies=[needs(Permission.READ_JOURNAL)])
def note_glass_seen(request: Request, opening_id: UUID, session: Walled) -> Response:
    """She has read why."""
    protection.note_glass_seen(session, opening_id)
    return go(request, "/ouvertures-urgentes", "Noté comme lu.")
