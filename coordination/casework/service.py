"""Acts of casework: writing a note or a contact, giving a task and ending it, following a file, handing it all over."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlmodel import select

from coordination.audit.service import act
from coordination.casework import queries
from coordination.casework.forms import ContactForm, DebtForm, DocumentsForm, GoalForm, NoteForm, TaskForm
from coordination.casework.models import Contact, Debt, DocumentSeen, Goal, Note, Referent, Task
from coordination.casework.rules import DocumentKind, GoalState, may_be_taken_back
from coordination.households.queries import refuse_ended, visible_parts
from coordination.identity.permissions import Part, Permission
from coordination.kit.clock import now, today
from coordination.kit.db import ActorSession, lock
from coordination.kit.errors import NotAllowed, NotKnown, NotNow, Stale
from coordination.kit.text import counted


class NoColleague(NotNow):
    """Cette personne ne travaille pas sur les dossiers de votre structure : choisissez dans la liste.
    Rien n’a été enregistré."""

    field = "to_whom"


class KeptOut(NotNow):
    """Ce dossier est fermé à cette personne, ou ne lui est pas ouvert : ce qui lui serait confié ne serait vu de
    personne. Choisissez quelqu’un d’autre. Rien n’a été enregistré."""

    field = "to_whom"


class IdentityNeeded(NotNow):
    """L’identité de ce foyer n’est pas partagée avec votre structure : elle ne peut pas désigner de référent."""


class NothingToHandOver(NotNow):
    """Cette personne n’a ni tâche en cours ni dossier à passer. Rien n’a été modifié."""

    field = "from_whom"


class SomebodyElses(NotAllowed):
    """Une autre structure l’a noté : elle seule peut le corriger."""


def _of_file(session: ActorSession, household_id: UUID) -> dict[str, Any]:
    """Whose row it is: my organisation's, on a file I see something of."""
    queries.refuse_unseen(session, household_id)
    refuse_ended(session, household_id, merged_only=True)
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


@act("contact.cancel", "Contact noté par erreur, annulé", needs=Permission.WRITE_CASEWORK)
def cancel_contact(session: ActorSession, household_id: UUID, contact_id: UUID) -> Contact:
    """Takes back a contact one has written by mistake: the row is kept, the last contact ignores it.

    Raises `NotKnown`, `SomebodyElses`, `NotNow` when it was taken back already, or written more than a day ago.
    """
    _of_file(session, household_id)
    found = session.get(Contact, contact_id)
    if found is None or found.household_id != household_id:
        raise NotKnown
    if found.written_by != session.member.membership_id:
        raise SomebodyElses("La personne qui a noté ce contact peut seule l’annuler.")
    if not may_be_taken_back(found.written_at, now()):
        raise NotNow("Ce contact a été noté il y a plus de 24 heures : il ne s’annule plus. Rien n’a été modifié.")
    contact: Contact | None = lock(session, Contact, contact_id)
    if contact is None:  # the wall lets nobody lock it any more
        raise NotNow("Ce contact est déjà annulé. Rien n’a été modifié.")
    contact.cancelled_at, contact.cancelled_by = now(), session.member.membership_id
    session.flush()
    return contact


# ------------------------------------------------------------------ tasks


@act("task.give", "Tâche notée", needs=Permission.WRITE_CASEWORK)
def give_task(session: ActorSession, household_id: UUID, form: TaskForm) -> Task:
    """Something to do, by oneself or a colleague. Raises `NotKnown`, `NoColleague`."""
    place = _of_file(session, household_id)
    _refuse_stranger(session, form.assigned_to)
    _refuse_kept_out(session, household_id, form.assigned_to)
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


def _refuse_kept_out(session: ActorSession, household_id: UUID, membership_id: UUID) -> None:
    if not session.door("access.lets_colleague_in(:file, :who)", file=household_id, who=membership_id):
        raise KeptOut


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
    _refuse_kept_out(session, household_id, membership_id)
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


# ------------------------------------------------------------------ debts, projects, documents seen


def refuse_closed(session: ActorSession, household_id: UUID, part: Part) -> None:
    """Raises `NotKnown` when this part of the file is not open."""
    if part not in visible_parts(session, household_id):
        raise NotKnown


@act("debt.note", "Dette notée", needs=Permission.WRITE_CASEWORK)
def note_debt(session: ActorSession, household_id: UUID, form: DebtForm) -> Debt:
    """What the household owes. Raises `NotKnown` without the part budget."""
    refuse_closed(session, household_id, Part.BUDGET)
    refuse_ended(session, household_id)
    debt = Debt(
        **_of_file(session, household_id),
        creditor_kind=form.creditor_kind.value,
        creditor=form.creditor,
        amount_cents=form.amount,
        plan=form.plan,
        instalment_cents=form.instalment,
        noted_by=session.member.membership_id,
    )
    session.add(debt)
    session.flush()
    return debt


@act("debt.correct", "Dette corrigée", needs=Permission.WRITE_CASEWORK)
def correct_debt(session: ActorSession, household_id: UUID, debt_id: UUID, form: DebtForm) -> Debt:
    """Its amount, its plan, its end. Raises `NotKnown`, `SomebodyElses`, `Stale`."""
    debt = debt_of(session, household_id, debt_id)
    if debt.version != form.version:
        raise Stale
    debt.creditor_kind, debt.creditor = form.creditor_kind.value, form.creditor
    debt.amount_cents, debt.plan, debt.instalment_cents = form.amount, form.plan, form.instalment
    debt.ended_on = (debt.ended_on or today()) if form.ended else None
    debt.version += 1
    session.flush()
    return debt


def debt_of(session: ActorSession, household_id: UUID, debt_id: UUID) -> Debt:
    """One debt of one file, ours to correct. Raises `NotKnown`, `SomebodyElses`."""
    found: Debt = _ours(session, Debt, household_id, debt_id)
    return found


def goal_of(session: ActorSession, household_id: UUID, goal_id: UUID) -> Goal:
    """One project of one file, ours to correct. Raises `NotKnown`, `SomebodyElses`."""
    found: Goal = _ours(session, Goal, household_id, goal_id)
    return found


def _ours(session: ActorSession, kind: type[Any], household_id: UUID, key: UUID) -> Any:
    """The row, locked; asked for reading first: what one may not change cannot be locked either."""
    found = session.get(kind, key)
    if found is None or found.household_id != household_id:
        raise NotKnown
    if found.organisation_id != session.member.organisation_id:
        raise SomebodyElses
    refuse_ended(session, household_id)
    return lock(session, kind, key)


@act("goal.note", "Projet du foyer noté", needs=Permission.WRITE_CASEWORK)
def note_goal(session: ActorSession, household_id: UUID, form: GoalForm) -> Goal:
    """What the household wants to reach. Raises `NotKnown` without the part needs."""
    refuse_closed(session, household_id, Part.NEEDS)
    refuse_ended(session, household_id)
    goal = Goal(
        **_of_file(session, household_id),
        words=form.words,
        until_date=form.until_date,
        state=GoalState.OPEN.value,
        noted_by=session.member.membership_id,
    )
    session.add(goal)
    session.flush()
    return goal


@act("goal.correct", "Projet du foyer corrigé", needs=Permission.WRITE_CASEWORK)
def correct_goal(session: ActorSession, household_id: UUID, goal_id: UUID, form: GoalForm) -> Goal:
    """Its words, its end, where it stands. Raises `NotKnown`, `SomebodyElses`, `Stale`."""
    goal = goal_of(session, household_id, goal_id)
    if goal.version != form.version:
        raise Stale
    goal.words, goal.until_date, goal.state = form.words, form.until_date, form.state.value
    goal.version += 1
    session.flush()
    return goal


def see_documents(session: ActorSession, household_id: UUID, form: DocumentsForm) -> list[DocumentSeen]:
    """Documents shown by the household: one act and one journal line each."""
    return [see_document(session, household_id, kind, form.seen_on) for kind in dict.fromkeys(form.kinds)]


@act("document.see", "Document vu", needs=Permission.WRITE_CASEWORK)
def see_document(session: ActorSession, household_id: UUID, kind: DocumentKind, on: date) -> DocumentSeen:
    """A kind of document was seen that day. Raises `NotKnown` without the part identity."""
    refuse_closed(session, household_id, Part.IDENTITY)
    seen = DocumentSeen(
        **_of_file(session, household_id), kind=kind.value, seen_on=on, noted_by=session.member.membership_id
    )
    session.add(seen)
    session.flush()
    return seen


# ------------------------------------------------------------------ handing over


@dataclass(frozen=True)
class HandedOver:
    """What went from one colleague to another: how many tasks, how many files."""

    tasks: int
    files: int

    @property
    def sentence(self) -> str:
        """« 3 tâches et 2 dossiers »."""
        return counted((self.tasks, "tâche"), (self.files, "dossier"))


def hand_over(session: ActorSession, from_whom: UUID, to_whom: UUID) -> HandedOver:
    """Every open task and followed file of one colleague to another: all or nothing, a journal line for each.

    Files no longer open to the organisation stay where they are: nobody of it may read them.
    Raises `NoColleague`, `NothingToHandOver`, `KeptOut`.
    """
    _refuse_stranger(session, to_whom)
    if from_whom not in {key for key, _ in queries.loaded_colleagues(session)}:
        raise NothingToHandOver
    tasks = [_hand_task(session, task.id, to_whom) for task in queries.open_tasks_to(session, from_whom)]
    files = [_hand_file(session, row.id, to_whom) for row in queries.files_followed_by(session, from_whom)]
    return HandedOver(len(tasks), len(files))


@act("task.hand_over", "Tâche passée à un collègue", needs=Permission.WRITE_CASEWORK)
def _hand_task(session: ActorSession, task_id: UUID, to_whom: UUID) -> Task:
    task: Task | None = lock(session, Task, task_id)
    if task is None:
        raise NotKnown
    _refuse_kept_out(session, task.household_id, to_whom)
    task.assigned_to = to_whom
    task.version += 1
    session.flush()
    return task


@act("referent.hand_over", "Dossier passé à un collègue", needs=Permission.WRITE_CASEWORK)
def _hand_file(session: ActorSession, referent_id: UUID, to_whom: UUID) -> Referent:
    row: Referent | None = lock(session, Referent, referent_id)
    if row is None:
        raise NotKnown
    _refuse_kept_out(session, row.household_id, to_whom)
    row.membership_id, row.since = to_whom, today()
    session.flush()
    return row
