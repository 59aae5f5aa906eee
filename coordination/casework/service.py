"""Acts of casework: writing a note or a contact, giving a task and ending it, following a file, handing it all over."""

from typing import Any
from uuid import UUID

from sqlmodel import select

from coordination.audit.service import act
from coordination.casework import queries
from coordination.casework.forms import ContactForm, NoteForm, TaskForm
from coordination.casework.models import Contact, Note, Referent, Task
from coordination.households.queries import visible_parts
from coordination.identity.permissions import Part, Permission
from coordination.kit.clock import now, today
from coordination.kit.db import ActorSession, lock
from coordination.kit.errors import NotKnown, NotNow, Stale


class NoColleague(NotNow):
    """Cette personne ne travaille pas sur les dossiers de votre structure : choisissez dans la liste.
    Rien n’a été enregistré."""


class IdentityNeeded(NotNow):
    """L’identité de ce foyer n’est pas partagée avec votre structure : elle ne peut pas désigner de référent."""


class NothingToHandOver(NotNow):
    """Cette personne n’a ni tâche en cours ni dossier à passer. Rien n’a été modifié."""


def _of_file(session: ActorSession, household_id: UUID) -> dict[str, Any]:
    """Whose row it is: my organisation's, on a file I see something of."""
    queries.refuse_unseen(session, household_id)
    member = session.member
    return {
        "network_id": member.network_id,
        "household_id": household_id,
        "organisation_id": member.organisation_id,
    }


# ------------------------------------------------------------------ notes and contacts


@act("note.write", "Note professionnelle écrite", needs=Permission.WRITE_CASEWORK)
def write_note(session: ActorSession, household_id: UUID, words: str) -> Note:
    """A note that my organisation alone reads. Raises `NotKnown`."""
    note = Note(**_of_file(session, household_id), words=words, written_by=session.member.membership_id)
    session.add(note)
    session.flush()
    return note


@act("note.correct", "Note professionnelle corrigée", needs=Permission.WRITE_CASEWORK)
def correct_note(session: ActorSession, household_id: UUID, note_id: UUID, form: NoteForm) -> Note:
    """A new version of a note; the former is kept. Raises `NotKnown`, or `Stale` when it was corrected meanwhile."""
    session.door("pg_advisory_xact_lock(hashtextextended(:key, 0))", key=f"notes {household_id}")
    found = queries.note_of(session, household_id, note_id)
    if form.latest != found.now.id:
        raise Stale
    note = Note(
        **_of_file(session, household_id),
        replaces=found.now.id,
        words=form.words,
        written_by=session.member.membership_id,
    )
    session.add(note)
    session.flush()
    return note


@act("contact.note", "Contact noté", needs=Permission.WRITE_CASEWORK)
def note_contact(session: ActorSession, household_id: UUID, form: ContactForm) -> Contact:
    """A contact that took place. Raises `NotKnown`."""
    contact = Contact(
        **_of_file(session, household_id),
        met_on=form.met_on,
        medium=form.medium.value,
        with_whom=form.with_whom,
        words=form.words,
        written_by=session.member.membership_id,
    )
    session.add(contact)
    session.flush()
    return contact


# ------------------------------------------------------------------ tasks


@act("task.give", "Tâche notée", needs=Permission.WRITE_CASEWORK)
def give_task(session: ActorSession, household_id: UUID, form: TaskForm) -> Task:
    """Something to do, by oneself or a colleague. Raises `NotKnown`, `NoColleague`."""
    place = _of_file(session, household_id)
    _refuse_stranger(session, form.assigned_to)
    task = Task(
        **place,
        what=form.what,
        due_on=form.due_on,
        assigned_to=form.assigned_to,
        created_by=session.member.membership_id,
    )
    session.add(task)
    session.flush()
    return task


def _refuse_stranger(session: ActorSession, membership_id: UUID) -> None:
    if membership_id not in {key for key, _ in queries.colleagues(session)}:
        raise NoColleague


@act("task.done", "Tâche faite", needs=Permission.WRITE_CASEWORK)
def end_task(session: ActorSession, household_id: UUID, task_id: UUID, version: int) -> Task:
    """Done, by whoever says so. Raises `NotKnown`, `Stale`."""
    task = _task(session, household_id, task_id, version)
    task.done_at, task.done_by = now(), session.member.membership_id
    session.flush()
    return task


@act("task.reopen", "Tâche rouverte", needs=Permission.WRITE_CASEWORK)
def reopen_task(session: ActorSession, household_id: UUID, task_id: UUID, version: int) -> Task:
    """To do again. Raises `NotKnown`, `Stale`."""
    task = _task(session, household_id, task_id, version)
    task.done_at, task.done_by = None, None
    session.flush()
    return task


def task_of(session: ActorSession, household_id: UUID, task_id: UUID) -> Task:
    """One task of one file. Raises `NotKnown`."""
    found: Task | None = lock(session, Task, task_id)
    if found is None or found.household_id != household_id:
        raise NotKnown
    return found


def _task(session: ActorSession, household_id: UUID, task_id: UUID, version: int) -> Task:
    found = task_of(session, household_id, task_id)
    if found.version != version:
        raise Stale
    found.version += 1
    return found


# ------------------------------------------------------------------ who follows the file


@act("referent.name", "Référent du dossier désigné", needs=Permission.WRITE_CASEWORK)
def name_referent(session: ActorSession, household_id: UUID, membership_id: UUID) -> Referent:
    """Who follows the file for my organisation. Raises `NotKnown`, `IdentityNeeded`, `NoColleague`."""
    place = _of_file(session, household_id)
    if Part.IDENTITY not in visible_parts(session, household_id):
        raise IdentityNeeded
    _refuse_stranger(session, membership_id)
    session.door("pg_advisory_xact_lock(hashtextextended(:key, 0))", key=f"referent {household_id}")
    own = session.member.organisation_id
    found = session.exec(
        select(Referent).where(Referent.household_id == household_id, Referent.organisation_id == own)
    ).first()
    if found is None:
        found = Referent(**place, membership_id=membership_id, since=today())
        session.add(found)
    elif found.membership_id != membership_id:
        found.membership_id, found.since = membership_id, today()
    session.flush()
    return found
