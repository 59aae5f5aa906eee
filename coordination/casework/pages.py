"""Pages of casework: the forms of a note, a contact, a task, a referent; and the timeline of a file."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from coordination.appointments import queries as appointments
from coordination.audit.service import note_reading, reading
from coordination.budgets import queries as budgets
from coordination.casework import queries, service
from coordination.casework.forms import ContactForm, DoneForm, NoteForm, ReferentForm, TaskForm
from coordination.casework.rules import Happening, Medium, newest_first, page_of
from coordination.casework.told import told_of_family
from coordination.households import protection
from coordination.households import queries as households
from coordination.identity.permissions import Permission
from coordination.identity.queries import organisations
from coordination.kit.clock import today
from coordination.kit.db import ActorSession
from coordination.kit.errors import Malformed, NotNow, Stale
from coordination.kit.forms import FormState, read
from coordination.kit.money import euros
from coordination.kit.web import Submitted, Walled, date_fr, datetime_fr, go, needs, page
from coordination.referrals import queries as referrals
from coordination.referrals.rules import EVENT_WORDS
from coordination.sharing import queries as sharing

router = APIRouter()
WRITES = [needs(Permission.WRITE_CASEWORK)]
TOLD = 60
TIMELINE = reading("household.timeline", "Chronologie du dossier lue")


def _page(
    request: Request,
    session: ActorSession,
    template: str,
    title: str,
    household_id: UUID,
    form: FormState,
    status: int = 200,
    **context: Any,
) -> Response:
    """A form about a file, under the file's name."""
    header = households.file_header(session, household_id)
    return page(request, f"casework/{template}.html", title=title, status=status, form=form, header=header, **context)


def _back(request: Request, household_id: UUID, said: str) -> Response:
    return go(request, f"/foyers/{household_id}#suivi", said)


# ------------------------------------------------------------------ notes


@router.get("/foyers/{household_id}/suivi/note", dependencies=WRITES)
def new_note(request: Request, session: Walled, household_id: UUID) -> Response:
    """A note to write, with the person's right to read it in mind."""
    return _page(request, session, "new_note", "Nouvelle note", household_id, FormState())


@router.post("/foyers/{household_id}/suivi/note", dependencies=WRITES)
def write_note(request: Request, session: Walled, data: Submitted, household_id: UUID) -> Response:
    """Keeps the note."""
    asked, form = read(NoteForm, data)
    if asked is None:
        return _page(request, session, "new_note", "Nouvelle note", household_id, form, 422)
    service.write_note(session, household_id, asked.words)
    return _back(request, household_id, "Note enregistrée : seule votre structure la lit.")


@router.get("/foyers/{household_id}/suivi/notes/{note_id}", dependencies=WRITES)
def note(request: Request, session: Walled, household_id: UUID, note_id: UUID) -> Response:
    """A note, to correct, and its former versions."""
    found = queries.note_of(session, household_id, note_id)
    return _note(request, session, household_id, found, FormState.of({"words": found.now.words}))


def _note(
    request: Request,
    session: ActorSession,
    household_id: UUID,
    found: queries.NoteView,
    form: FormState,
    status: int = 200,
) -> Response:
    title = "Corriger une note"
    return _page(request, session, "note", title, household_id, form, status, note=found)


@router.post("/foyers/{household_id}/suivi/notes/{note_id}", dependencies=WRITES)
def correct_note(request: Request, session: Walled, data: Submitted, household_id: UUID, note_id: UUID) -> Response:
    """Keeps the correction beside the former version; what was typed comes back when a colleague was first."""
    found = queries.note_of(session, household_id, note_id)
    asked, form = read(NoteForm, data)
    if asked is None:
        return _note(request, session, household_id, found, form, 422)
    if asked.words == found.now.words:
        form.refuse("words", "Le texte est le même : rien à corriger.")
        return _note(request, session, household_id, found, form, 422)
    try:
        service.correct_note(session, household_id, note_id, asked)
    except Stale as stale:
        session.rollback()
        form.refuse("form", stale.sentence)
        return _note(request, session, household_id, queries.note_of(session, household_id, note_id), form, 409)
    return _back(request, household_id, "Note corrigée : la version d’avant est gardée.")


# ------------------------------------------------------------------ contacts


def _contact(
    request: Request, session: ActorSession, household_id: UUID, form: FormState, status: int = 200
) -> Response:
    title = "Nouveau contact"
    return _page(
        request,
        session,
        "new_contact",
        title,
        household_id,
        form,
        status,
        media=Medium.options(),
        people=[one.name for one in households.residents(session, household_id, today())],
        protected=protection.protection_of(session, household_id),
        care=protection.safe_contact_of(session, household_id),
    )


@router.get("/foyers/{household_id}/suivi/contact", dependencies=WRITES)
def new_contact(request: Request, session: Walled, household_id: UUID) -> Response:
    """A contact that took place, to note."""
    return _contact(request, session, household_id, FormState.of({"met_on": f"{today():%d/%m/%Y}"}))


@router.post("/foyers/{household_id}/suivi/contact", dependencies=WRITES)
def note_contact(request: Request, session: Walled, data: Submitted, household_id: UUID) -> Response:
    """Notes the contact."""
    asked, form = read(ContactForm, data)
    if asked is None:
        return _contact(request, session, household_id, form, 422)
    service.note_contact(session, household_id, asked)
    return _back(request, household_id, "Contact noté.")


@router.post("/foyers/{household_id}/suivi/contacts/{contact_id}/annuler", dependencies=WRITES)
def cancel_contact(request: Request, session: Walled, household_id: UUID, contact_id: UUID) -> Response:
    """Takes back a contact written by mistake."""
    service.cancel_contact(session, household_id, contact_id)
    return _back(request, household_id, "Contact annulé : il ne compte plus. Notez-le de nouveau s’il a eu lieu.")


# ------------------------------------------------------------------ tasks


def _task(request: Request, session: ActorSession, household_id: UUID, form: FormState, status: int = 200) -> Response:
    title, people = "Nouvelle tâche", _people(queries.colleagues(session))
    return _page(request, session, "new_task", title, household_id, form, status, colleagues=people)


def _people(found: list[tuple[UUID, str]]) -> list[tuple[str, str]]:
    return [(str(key), name) for key, name in found]


@router.get("/foyers/{household_id}/suivi/tache", dependencies=WRITES)
def new_task(request: Request, session: Walled, household_id: UUID) -> Response:
    """Something to do for the household."""
    mine = FormState.of({"assigned_to": session.member.membership_id})
    return _task(request, session, household_id, mine)


@router.post("/foyers/{household_id}/suivi/tache", dependencies=WRITES)
def give_task(request: Request, session: Walled, data: Submitted, household_id: UUID) -> Response:
    """Notes the task."""
    asked, form = read(TaskForm, data)
    if asked is None:
        return _task(request, session, household_id, form, 422)
    try:
        service.give_task(session, household_id, asked)
    except service.NoColleague as refused:
        session.rollback()
        form.refuse("assigned_to", refused.sentence)
        return _task(request, session, household_id, form, 422)
    return _back(request, household_id, "Tâche notée.")


@router.post("/foyers/{household_id}/suivi/taches/{task_id}/faite", dependencies=WRITES)
def end_task(request: Request, session: Walled, data: Submitted, household_id: UUID, task_id: UUID) -> Response:
    """The task is done."""
    service.task_of(session, household_id, task_id)
    asked, _ = read(DoneForm, data)
    if asked is None:
        raise Malformed
    service.end_task(session, household_id, task_id, asked.version)
    return _back(request, household_id, "Tâche faite.")


@router.post("/foyers/{household_id}/suivi/taches/{task_id}/rouvrir", dependencies=WRITES)
def reopen_task(request: Request, session: Walled, data: Submitted, household_id: UUID, task_id: UUID) -> Response:
    """The task is to do again."""
    service.task_of(session, household_id, task_id)
    asked, _ = read(DoneForm, data)
    if asked is None:
        raise Malformed
    service.reopen_task(session, household_id, task_id, asked.version)
    return _back(request, household_id, "Tâche rouverte.")


# ------------------------------------------------------------------ who follows the file


def _referent(
    request: Request, session: ActorSession, household_id: UUID, form: FormState, status: int = 200
) -> Response:
    title, people = "Référent du dossier", _people(queries.colleagues(session))
    return _page(request, session, "referent", title, household_id, form, status, colleagues=people)


@router.get("/foyers/{household_id}/suivi/referent", dependencies=WRITES)
def referent(request: Request, session: Walled, household_id: UUID) -> Response:
    """Who follows the file for my organisation."""
    own = next((view for view in queries.referents_of(session, household_id) if view.mine), None)
    chosen = own.row.membership_id if own else session.member.membership_id
    return _referent(request, session, household_id, FormState.of({"membership_id": chosen}))


@router.post("/foyers/{household_id}/suivi/referent", dependencies=WRITES)
def name_referent(request: Request, session: Walled, data: Submitted, household_id: UUID) -> Response:
    """Names the referent."""
    asked, form = read(ReferentForm, data)
    if asked is None:
        return _referent(request, session, household_id, form, 422)
    try:
        service.name_referent(session, household_id, asked.membership_id)
    except NotNow as refused:
        session.rollback()
        form.refuse("membership_id", refused.sentence)
        return _referent(request, session, household_id, form, 422)
    return _back(request, household_id, "Référent désigné.")


# ------------------------------------------------------------------ the file's timeline


@router.get("/foyers/{household_id}/chronologie", dependencies=[needs(Permission.READ_FILES)])
def timeline(request: Request, session: Walled, household_id: UUID, avant: str = "") -> Response:
    """Everything dated one may read of a file before a day, the newest first; its reading is written in the journal."""
    header = households.file_header(session, household_id)
    try:
        before = date.fromisoformat(avant) if avant else None
    except ValueError as unreadable:
        raise Malformed from unreadable
    note_reading(session, TIMELINE, household_id)
    told = newest_first(
        [
            *told_of_family(session, household_id),
            *_written(session, household_id),
            *_agreed(session, household_id),
            *_moved(session, household_id),
        ]
    )
    shown, older = page_of(told, before, TOLD)
    events = [
        {"when": _when(one), "title": one.title, "text": one.text, "who": one.who, "tone": one.tone} for one in shown
    ]
    return page(
        request, "casework/timeline.html", title="Chronologie", header=header, events=events, older=older, before=before
    )


def _when(one: Happening) -> str:
    return datetime_fr(one.at) if isinstance(one.at, datetime) else date_fr(one.at)


def _written(session: ActorSession, household_id: UUID) -> Iterator[Happening]:
    """What casework kept: each query answers with what its part opens, and nothing else."""
    for note in queries.notes_of(session, household_id):
        title = "Note professionnelle, corrigée depuis" if note.former else "Note professionnelle"
        yield Happening(note.first_written_at, title, note.now.words, note.now.author)
    for contact in queries.contacts_of(session, household_id):
        title = f"Contact : {contact.medium.label.lower()}, {contact.row.with_whom}"
        yield Happening(contact.row.met_on, title, contact.row.words, contact.author, "info")
    for task in queries.tasks_of(session, household_id):
        if task.row.done_at:
            yield Happening(task.row.done_at, "Tâche faite", task.row.what, task.assigned, "success")
    for seen in queries.documents_of(session, household_id):
        yield Happening(seen.row.seen_on, f"Document vu : {seen.kind.label}", "", seen.organisation)
    for goal in queries.goals_of(session, household_id):
        yield Happening(goal.row.noted_at, "Projet du foyer", goal.row.words, goal.organisation, goal.state.tone)
    for debt in queries.debts_of(session, household_id):
        who, title = debt.organisation, debt.kind.label
        yield Happening(debt.row.noted_at, f"Dette notée : {title}", euros(debt.row.amount_cents), who)
        if debt.row.ended_on:
            yield Happening(debt.row.ended_on, f"Dette soldée : {title}", "", who, "success")


def _agreed(session: ActorSession, household_id: UUID) -> list[Happening]:
    """Agreements and their withdrawal, the budgets that were validated, and what was decided on them."""
    partners, found = organisations(session), []
    for view in sharing.agreements_of(session, household_id):
        to = ", ".join(name for name, _ in view.recipients)
        row, who = view.agreement, partners[view.agreement.organisation_id].name
        title = "Accord refusé" if view.refused else "Accord de partage"
        found.append(Happening(row.recorded_at, f"{title} : {to}" if to else title, view.purpose.label, who, "info"))
        if row.withdrawn_at:
            found.append(Happening(row.withdrawn_at, "Accord retiré", to, who, "warning"))
    for budget in budgets.assessments_of(session, household_id):
        if budget.validated_at:
            title = f"Budget validé, au {date_fr(budget.reference_date)}"
            found.append(Happening(budget.validated_at, title, "", partners[budget.organisation_id].name))
    for one in budgets.file_decisions(session, household_id):
        title = f"Décision sur le reste à vivre ({one.of}) : {one.label}"
        found.append(
            Happening(one.at, title, one.row.reason, one.organisation, "warning" if one.departs else "success")
        )
    return found


def _moved(session: ActorSession, household_id: UUID) -> list[Happening]:
    """The needs that are open to the actor, and every move of the referrals she may see."""
    found = [
        Happening(need.row.opened_at, f"Besoin : {need.domain.label}", need.row.summary, need.organisation)
        for need in referrals.needs_of(session, household_id)
    ]
    for line in referrals.referrals_of(session, household_id):
        for move in referrals.show(session, line.row.id).moves:
            title = f"{EVENT_WORDS[move.verb]} : {line.domain.label}, vers {line.receiver}"
            found.append(Happening(move.at, title, move.reason, move.organisation, move.state.tone))
    return found + [
        Happening(met.row.starts_at, "Rendez-vous", met.label, met.referral.receiver, met.tone)
        for met in appointments.recorded_of(session, household_id)
    ]
